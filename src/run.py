"""Run a stage with the code beside this file, also in the copies that DVC makes for queued experiments."""

import sys

from driftloop.cli import main

sys.argv[1:1] = ["stage"]
main()

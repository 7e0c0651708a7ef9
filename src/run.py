"""Run a stage with the code beside this file, also in the copies that DVC makes for queued experiments."""

import sys

from driftloop.cli import main

if __name__ == "__main__":
    sys.argv[1:1] = ["stage"]
    main()

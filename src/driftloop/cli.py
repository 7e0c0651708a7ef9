"""The program: a stage, as DVC calls it, or a verb; errors become one line and exit code 1 here alone."""

from __future__ import annotations

import gc
import os
import sys

from driftloop.core import text
from driftloop.errors import LoopError

# What libraries make when they are imported stays. By default Python looks for garbage among it each time 700 objects are new.
NEW_OBJECTS = 50_000
INTERRUPTED = 130  # as shells say it


def main() -> None:
    """Run a stage or a verb."""
    gc.set_threshold(NEW_OBJECTS)
    os.environ.setdefault(
        "PYDANTIC_DISABLE_PLUGINS", "__all__"
    )  # else it looks for some in all packages that are installed
    try:
        _run(sys.argv[1:])
    except LoopError as exc:
        line = text.log(text.line(str(exc)))
        sys.stderr.write(f"{line}\n")
        _tell_run(line)
        raise SystemExit(1) from exc
    except KeyboardInterrupt:
        raise SystemExit(
            INTERRUPTED
        ) from None  # who pressed Ctrl-C needs no traceback; files are whole, see `store.files`


def _run(words: list[str]) -> None:
    match words:
        case ["stage", name] if not name.startswith("-"):  # without all verbs and their options, seven times in a run
            from driftloop.stages import running

            running.run(name)
        case _:
            from driftloop.verbs import program

            program.app()


def _tell_run(line: str) -> None:
    """Put an error on the page of the run, where people look first."""
    from driftloop.github import steps

    steps.summarise(os.environ, f"**Failed:**\n\n    {line}")  # indented: nothing in it is Markdown

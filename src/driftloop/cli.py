"""The verbs. Each imports what it needs when it runs; errors become one line and exit code 1 here alone."""

from __future__ import annotations

import os
import sys

import typer

from driftloop import ci
from driftloop.core import text
from driftloop.errors import LoopError
from driftloop.verbs import hosting, production, project, showing

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Keep a tabular model healthy in production from inside a Git repository.",
    epilog="The pipeline itself is plain DVC: `dvc repro`, `dvc exp run -S …`, `dvc metrics diff`.",
)
for each in (project, showing, production, hosting):
    app.add_typer(each.app)
app.add_typer(ci.app, name="ci")


def main() -> None:
    """Run a verb."""
    try:
        app()
    except LoopError as exc:
        line = text.log(text.line(str(exc)))
        sys.stderr.write(f"{line}\n")
        _tell_run(line)
        raise SystemExit(1) from exc


def _tell_run(line: str) -> None:
    """Put an error on the page of the run, where people look first."""
    from driftloop.github import steps

    steps.summarise(os.environ, f"**Failed:**\n\n    {line}")  # indented: nothing in it is Markdown

"""Verbs about the repository that the loop lives in."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from driftloop.core import text

app = typer.Typer()


@app.command(
    epilog="Examples: driftloop doctor · GITHUB_TOKEN=$(gh auth token) driftloop doctor · driftloop doctor --json"
)
def doctor(*, as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False) -> None:
    """Look for all that could stop the loop, here and on GitHub, and change nothing; exit code 1 if something does."""
    from rich.console import Console

    from driftloop.doctor.run import examine
    from driftloop.report import examination

    found = examine(Path(), os.environ, now=datetime.now(tz=UTC))
    if as_json:
        typer.echo(text.data(found.model_dump(mode="json")["results"]))
    else:
        examination.show(found, Console(width=max(Console().width, examination.NARROWEST), highlight=False))
    if found.having("wrong"):
        raise typer.Exit(1)


@app.command(epilog="Examples: driftloop setup --dry-run · GITHUB_TOKEN=$(gh auth token) driftloop setup")
def setup(
    *, dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be made, and touch nothing.")] = False
) -> None:
    """Make the labels and the branch of records on GitHub; what is there stays as it is."""
    from driftloop import setup as setting_up
    from driftloop.doctor import hosting
    from driftloop.git import Git
    from driftloop.github.hub import Hub

    runtime = hosting.runtime(os.environ, Git(Path()))
    git = Git(Path(), token=runtime.token, server_url=runtime.server_url)
    with Hub(runtime) as hub:
        missing = setting_up.plan(hub, git)
        if not dry_run:
            setting_up.act(hub, git, missing, datetime.now(tz=UTC))
    for line in setting_up.told(missing, dry_run=dry_run):
        typer.echo(line)

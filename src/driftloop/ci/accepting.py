"""The verb that answers the label new-normal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from driftloop.ci import run
from driftloop.github import steps

app = typer.Typer()


@app.command(epilog="Examples: driftloop ci accept --issue 12 · driftloop ci accept --issue 12 --dry-run")
def accept(
    *,
    issue: Annotated[int, typer.Option(help="Number of the alert on which new-normal was set or taken off.", min=1)],
    dry_run: run.DryRun = False,
) -> None:
    """Answer the label new-normal: open or close the pull request that accepts changes, or say why there is none."""
    from driftloop.acceptance import act as accepting
    from driftloop.github.hub import Hub
    from driftloop.params import load_params

    runtime = run.runtime()
    git = run.git(runtime)
    with Hub(runtime) as hub:
        action = accepting.plan(hub, git, runtime, issue, load_params(Path("params.yaml")).model)
        if dry_run:
            run.would(accepting.shown(action), accepting.worded(action))
            return
        said = accepting.act(hub, git, action)
    steps.say(said)
    run.summarise(runtime, f"{said[:1].upper()}{said[1:]}.")

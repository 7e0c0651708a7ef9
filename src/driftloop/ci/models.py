"""Verbs for a repository of several models: which of them a run is about, and the start of the runs of each."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from driftloop.ci import run
from driftloop.github import steps

app = typer.Typer()


@app.command(
    epilog="Examples: driftloop ci folder --issue 12 · driftloop ci folder --folder models-of/churn · driftloop ci folder"
)
def folder(
    *,
    issue: Annotated[int, typer.Option(help="Number of an alert: the folder of the model that it is about.")] = 0,
    given: Annotated[
        str, typer.Option("--folder", envvar="FOLDER", help="A folder that somebody has chosen: is it one of a model?")
    ] = "",
) -> None:
    """Put out the folder of the model that a run is about: by its alert, its input, its push or its pull request."""
    from driftloop import folders
    from driftloop.github.hub import Hub

    runtime = run.runtime()
    git = run.git(runtime)
    models = folders.find(git)
    if given or len(models) == 1:
        found = folders.chosen(models, given)
    elif issue:
        from driftloop.retraining import standing

        with Hub(runtime) as hub:
            about, login = hub.issue(issue), hub.login()
        # A strange issue is refused by the verb that answers it.
        found = next((each for each in models if standing.is_ours(about, each.name, login)), models[0])
    else:
        found = folders.about(git, models, runtime.event_name, runtime.event)
    steps.say(f"{found.name} in {found.path}")
    steps.output(os.environ, "folder", found.path)


@app.command(epilog="Examples: driftloop ci monitor-all · driftloop ci monitor-all --dry-run")
def monitor_all(*, dry_run: run.DryRun = False) -> None:
    """Start Monitor for the model of each folder; that of the top folder has a schedule of its own."""
    from driftloop import folders
    from driftloop.git import Git
    from driftloop.github.hub import Hub

    runtime = run.runtime()
    wanted = [model.folder for model in folders.find(Git(Path())) if model.folder]
    named = ", ".join(wanted) or "no model: there is none in a folder"
    if dry_run:
        run.would({"folders": wanted}, f"would start {folders.MONITOR} for {named}")
        return
    with Hub(runtime) as hub:
        branch = hub.default_branch()
        for each in wanted:
            hub.dispatch(folders.MONITOR, branch, {"folder": each, "only_news": "true"})
    said = f"started {folders.MONITOR} for {named}"
    steps.say(said)
    steps.summarise(os.environ, f"{said[:1].upper()}{said[1:]}.")

"""Verbs about the loop itself: whether its runs end well, who hears of it, and what could stop it."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from driftloop.ci import run
from driftloop.github import steps

app = typer.Typer()


@app.command(epilog="Examples: driftloop ci watch · driftloop ci watch --dry-run")
def watch(*, dry_run: run.DryRun = False) -> None:
    """Open the issue that says that monitoring itself fails, from the second failed run in a row; close it after a good one."""
    from driftloop import records
    from driftloop.github.hub import Hub
    from driftloop.watching import failing

    runtime = run.runtime()
    with Hub(runtime) as hub:
        git = run.git(runtime)
        folder = git.folder
        actions = failing.plan(failing.runs(records.read(git)), failing.ours(hub, folder), runtime.run_url, folder)
        if dry_run:
            run.would([failing.shown(action) for action in actions], "\n\n".join(map(failing.worded, actions)))
            return
        said = "; ".join([failing.act(hub, action) for action in actions])
    steps.say(said)
    if about := re.search(r"(opened|updated|closed) #(\d+)", said):
        page = f"{runtime.server_url}/{runtime.repository}/issues/{about[2]}"
        run.summarise(runtime, f"{about[1].capitalize()} [#{about[2]}]({page}): monitoring itself.")


@app.command(epilog="Example: driftloop ci ping")
def ping(
    *,
    url: Annotated[
        str,
        typer.Option(envvar="DRIFTLOOP_PING_URL", help="Address to call, a secret.", show_default=False),
    ] = "",
    dry_run: run.DryRun = False,
) -> None:
    """Call the address of a dead man's switch, if one is set: this run was good. It never fails, and never prints the address."""
    from driftloop.watching import ping as pinging

    if dry_run:
        run.would({"set": bool(url.strip())}, f"would ping, if {pinging.NAME} is set")
        return
    steps.say(pinging.ping(url.strip()))


@app.command(epilog="Examples: driftloop ci doctor · driftloop ci doctor --dry-run")
def doctor(*, dry_run: run.DryRun = False) -> None:
    """Look for what could stop the loop, as far as a run of Monitor can see it; for its page and the dashboard. It never fails."""
    from driftloop.doctor.run import examine
    from driftloop.report import examination
    from driftloop.store.files import write_json

    found = examine(Path(), os.environ, now=datetime.now(tz=UTC), in_run=True)
    said = examination.markdown(found)
    if dry_run:
        run.would(found.model_dump(mode="json")["results"], f"would say: {said}")
        return
    write_json(examination.EXAMINATION, found.model_dump(mode="json"))
    steps.say(said)
    steps.summarise(os.environ, said)

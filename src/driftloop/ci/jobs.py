"""Verbs about what the jobs of a workflow hand to each other, store, check and publish, and what they can leave out."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from driftloop.ci import run
from driftloop.errors import LoopError
from driftloop.github import steps

app = typer.Typer()


@app.command(
    epilog="Examples: driftloop ci retrain --issue 12 --out handover · driftloop ci retrain --issue 12 --out h --dry-run"
)
def retrain(
    *,
    issue: Annotated[int, typer.Option(help="Number of the alert on which it was asked for.", min=1)],
    out: Annotated[Path, typer.Option(help="Folder for the hand-over; an earlier one is replaced.")],
    until: Annotated[str | None, typer.Option(help="As for `driftloop refresh`.")] = None,
    dry_run: run.DryRun = False,
) -> None:
    """Check a request to retrain, refresh, run the pipeline, and write what `propose` needs into a folder."""
    from driftloop.core.judging.verdict import Report
    from driftloop.github.hub import Hub
    from driftloop.params import load_params
    from driftloop.retraining import train as retraining
    from driftloop.retraining.wording import answer
    from driftloop.store import files

    runtime = run.runtime()
    with Hub(runtime) as hub:
        action = retraining.plan(hub, runtime, issue, load_params(Path("params.yaml")).model)
    if dry_run:
        run.would(retraining.shown(action), retraining.worded(action, out))
        return
    if isinstance(action, retraining.Request):
        made = retraining.act(Path(), run.git(runtime), action, out, until=until, now=datetime.now(tz=UTC))
        steps.say(f"handed over in {out}: {made.outcome}, data until {made.until}")
        steps.output(os.environ, "base", made.base)
        said = answer.verdict(files.read_value(out / "data" / files.VERDICT, Report))
    elif isinstance(action, retraining.Refused):
        said = retraining.refusal(action)
        steps.say(said)
        steps.output(os.environ, "refused", "true")
    else:
        said = f"nothing to do: {action.reason}"
        steps.say(said)
    run.summarise(runtime, said)


@app.command(
    epilog="Examples: driftloop ci rollback --to v1 --out handover · driftloop ci rollback --to v1 --out h --dry-run"
)
def rollback(
    *,
    to: Annotated[
        str,
        typer.Option(envvar="DRIFTLOOP_VERSION", metavar="VERSION", help="Which version: see `driftloop versions`."),
    ],
    out: Annotated[Path, typer.Option(help="Folder for the hand-over; an earlier one is replaced.")],
    until: Annotated[str | None, typer.Option(help="As for `driftloop refresh`.")] = None,
    dry_run: run.DryRun = False,
) -> None:
    """Refresh, run the pipeline, bring an earlier version back, and write what `propose` needs into a folder."""
    from driftloop import rollback as restoring
    from driftloop.git import Git
    from driftloop.params import load_params
    from driftloop.report.markdown import plain
    from driftloop.retraining import restore
    from driftloop.store.files import read_card

    root, git, version = Path(), Git(Path()), restoring.number(to)
    if dry_run:
        params = load_params(root / "params.yaml")
        earlier, before = restoring.find(git, version, params), read_card(root, params)
        restoring.check(earlier, before, params)
        new = {"restores": version, "before": before.version, "after": earlier.highest + 1, "commit": earlier.commit}
        run.would(
            {"action": "rollback", **new},
            f"would refresh, run `dvc repro`, restore v{version} of {earlier.commit[:12]} as v{earlier.highest + 1}, and "
            f"leave the hand-over in {out}",
        )
        return
    made, found = restore.act(root, git, version, out, until=until, now=datetime.now(tz=UTC))
    steps.say(f"handed over in {out}: {restoring.worded(found)}, data until {made.until}")
    steps.output(os.environ, "base", made.base)
    steps.summarise(os.environ, f"{plain(restoring.worded(found))}. *propose* opens the pull request.")


@app.command(epilog="Example: driftloop ci take --from measured")
def take(
    *, folder: Annotated[Path, typer.Option("--from", help="Folder with the files that the pipeline wrote.")]
) -> None:
    """Check what a job without a token measured, and put it into this checkout."""
    from driftloop.git import Git
    from driftloop.retraining import results

    taken = results.take(Git(Path()), folder)
    steps.say(f"took over {len(taken)} files: {', '.join(taken)}")


@app.command(epilog="Example: driftloop ci lock")
def lock() -> None:
    """Check that driftloop.lock and dvc.lock are up to date with this checkout; no data is needed, nothing runs."""
    from driftloop import dvc
    from driftloop.acceptance.lock import but_for_accepted
    from driftloop.git import Git
    from driftloop.lock import check
    from driftloop.params import load_params

    if why := check.stale(Path(), load_params(Path("params.yaml"))):
        raise LoopError(why)
    said = "dvc.lock is up to date with this commit"
    if why := dvc.stale(Path()):
        if not but_for_accepted(Git(Path())):
            msg = f"dvc.lock: not up to date with this commit: {why}; run `dvc repro`, and commit dvc.lock and metrics"
            raise LoopError(msg)
        said = f"{said} but for data.accepted, which the next promotion brings in"
    steps.say(said)
    steps.summarise(os.environ, f"{said}; nothing was run.")


@app.command(epilog="Example: driftloop ci pull")
def pull() -> None:
    """Fetch what earlier runs wrote from the DVC remote, if one is set; what is missing is computed again."""
    from driftloop import dvc_remote

    said = dvc_remote.pull(Path())
    steps.say(said)
    if "failed" in said:
        steps.summarise(os.environ, said)


@app.command(epilog="Examples: driftloop ci push · driftloop ci push --alert")
def push(
    *,
    alert: Annotated[
        bool, typer.Option("--alert", help="Only the rows, and only if the decision is an alert.")
    ] = False,
) -> None:
    """Store what the pipeline wrote on the DVC remote, if one is set, and check that it is there."""
    from driftloop import dvc_remote
    from driftloop.core.decision.values import Decision
    from driftloop.store import files

    if not alert:
        steps.say(dvc_remote.push(Path()))
    elif files.read_value(files.DECISION, Decision).alert:
        steps.say(dvc_remote.push_rows(Path()))
    else:
        steps.say("no alert: its rows are not kept")


@app.command(epilog="Examples: driftloop ci pages · driftloop ci pages --dry-run")
def pages(*, dry_run: run.DryRun = False) -> None:
    """Decide whether the report may be published, by report.pages and by who can read the repository."""
    from driftloop import publication
    from driftloop.github.hub import Hub
    from driftloop.params import load_params

    runtime = run.runtime()
    with Hub(runtime) as hub:
        found = publication.decide(load_params(Path("params.yaml")).report.pages, hub.repository)
    if dry_run:
        run.would({"pages": found.pages, "why": found.why}, f"would say: {found.why}")
        return
    steps.say(found.why)
    steps.output(os.environ, "pages", "true" if found.pages else "false")
    steps.summarise(os.environ, found.why)


@app.command(epilog="Example: driftloop ci code")
def code() -> None:
    """Report whether the pull request that is checked out changes code, so that lint and tests have to run."""
    from driftloop import folders, skips
    from driftloop.git import Git

    git = Git(Path())
    changed = skips.code(git, [model.folder for model in folders.find(git) if model.folder])
    said = f"code changes: {', '.join(changed[:5])}{' …' if len(changed) > 5 else ''}" if changed else skips.NO_CODE  # noqa: PLR2004 - enough to see why
    steps.say(said)
    steps.output(os.environ, "code", "true" if changed else "false")
    if not changed:
        steps.summarise(os.environ, said)


@app.command(epilog="Example: driftloop ci unchanged")
def unchanged() -> None:
    """Report whether a recorded run has measured the same data with the same commit and parameters already."""
    from driftloop import records, skips
    from driftloop.params import load_params
    from driftloop.watching import failing

    runtime = run.runtime()
    git = run.git(runtime)
    found = skips.recorded(git, load_params(Path("params.yaml")))
    if found and failing.failing(failing.runs(records.read(git))):
        found = ""  # a good run is wanted: it closes the issue that monitoring fails
    said = (
        f"Nothing new: {found} has measured the same data with the same commit." if found else "There is something new."
    )
    steps.say(said)
    steps.output(os.environ, "unchanged", "true" if found else "false")
    if found:
        steps.summarise(os.environ, f"{said} *Run workflow* measures it again.")

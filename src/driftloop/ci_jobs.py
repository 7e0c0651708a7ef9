"""`driftloop ci …`, continued: what jobs of a workflow hand to each other, store, check and publish, and what they leave out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from driftloop import ci
from driftloop.errors import LoopError
from driftloop.github import steps

app = ci.app


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
    """Check that dvc.lock is up to date with code, parameters and data of this checkout; no data is needed, nothing runs."""
    from driftloop import dvc

    if why := dvc.stale(Path()):
        msg = f"dvc.lock: not up to date with this commit: {why}; run `dvc repro`, and commit dvc.lock and metrics"
        raise LoopError(msg)
    said = "dvc.lock is up to date with this commit"
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


@app.command(epilog="Example: driftloop ci push")
def push() -> None:
    """Store what the pipeline wrote on the DVC remote, if one is set, and check that it is there."""
    from driftloop import dvc_remote

    steps.say(dvc_remote.push(Path()))


@app.command(epilog="Examples: driftloop ci pages · driftloop ci pages --dry-run")
def pages(*, dry_run: ci.DryRun = False) -> None:
    """Decide by report.pages and by who can read the repository whether the report may be published."""
    from driftloop.github.hub import Hub
    from driftloop.github.runtime import from_environment
    from driftloop.params import load_params
    from driftloop.report import site

    runtime = from_environment(os.environ)
    with Hub(runtime) as hub:
        found = site.publication(load_params(Path("params.yaml")).report.pages, hub.repository)
    if dry_run:
        ci.would({"pages": found.pages, "why": found.why}, f"would say: {found.why}")
        return
    steps.say(found.why)
    steps.output(os.environ, "pages", "true" if found.pages else "false")
    steps.summarise(os.environ, found.why)


@app.command(epilog="Examples: driftloop ci release · driftloop ci release --dry-run")
def release(*, dry_run: ci.DryRun = False) -> None:
    """Tag and release the version that a push made production."""
    from driftloop import release as releasing
    from driftloop.git import Git
    from driftloop.github.hub import Hub
    from driftloop.github.runtime import from_environment
    from driftloop.params import load_params

    runtime = from_environment(os.environ)
    action = releasing.plan(Git(Path()), runtime, load_params(Path("params.yaml")))
    if dry_run:
        ci.would(releasing.shown(action), releasing.worded(action))
        return
    with Hub(runtime) as hub:
        done = releasing.act(hub, action)
    steps.say(done.said)
    steps.output(os.environ, "tag", action.tag if isinstance(action, releasing.Release) else "")
    steps.summarise(os.environ, done.summary)


@app.command(epilog="Examples: driftloop ci failed --issue 12 · driftloop ci failed --issue 12 --dry-run")
def failed(
    *,
    issue: Annotated[int, typer.Option(help="Number of the alert on which retraining was asked for.", min=1)],
    dry_run: ci.DryRun = False,
) -> None:
    """Say on the alert that retraining failed, where it is one of the loop."""
    from driftloop.github.hub import Hub
    from driftloop.github.runtime import from_environment
    from driftloop.params import load_params
    from driftloop.retraining import failure

    runtime = from_environment(os.environ)
    if dry_run:
        told = failure.text(runtime.run_url)
        ci.would({"issue": issue, "comment": told}, f"would comment on #{issue}: {told}")
        return
    with Hub(runtime) as hub:
        steps.say(failure.tell(hub, issue, load_params(Path("params.yaml")).model, runtime.run_url))


@app.command(epilog="Examples: driftloop ci refused --issue 12 · driftloop ci refused --issue 12 --dry-run")
def refused(
    *,
    issue: Annotated[int, typer.Option(help="Number of the alert on which retraining was asked for.", min=1)],
    dry_run: ci.DryRun = False,
) -> None:
    """Check a request to retrain again, and say on the alert why it does not count, if it does not."""
    from driftloop.github.hub import Hub
    from driftloop.github.runtime import from_environment
    from driftloop.params import load_params
    from driftloop.retraining import failure, train

    runtime, model = from_environment(os.environ), load_params(Path("params.yaml")).model
    with Hub(runtime) as hub:
        if dry_run:
            found = train.check(hub, runtime, issue, model)
            said = train.refusal(found) if isinstance(found, train.Refused) else ""
            ci.would(train.shown(found), f"would comment on #{issue}: {said}" if said else "would say nothing")
            return
        steps.say(failure.refuse(hub, runtime, issue, model))


@app.command(epilog="Example: driftloop ci code")
def code() -> None:
    """Say whether the merge of a pull request that is checked out changes code, which lint and tests are about."""
    from driftloop import skips
    from driftloop.git import Git

    changed = skips.code(Git(Path()))
    said = f"code changes: {', '.join(changed[:5])}{' …' if len(changed) > 5 else ''}" if changed else skips.NO_CODE  # noqa: PLR2004 - enough to see why
    steps.say(said)
    steps.output(os.environ, "code", "true" if changed else "false")
    if not changed:
        steps.summarise(os.environ, said)


@app.command(epilog="Example: driftloop ci unchanged")
def unchanged() -> None:
    """Say whether a run is recorded already that measured the same data with the same commit and parameters."""
    from driftloop import skips
    from driftloop.git import Git
    from driftloop.github.runtime import from_environment
    from driftloop.params import load_params

    runtime = from_environment(os.environ)
    git = Git(Path(), token=runtime.token, server_url=runtime.server_url)
    found = skips.recorded(git, load_params(Path("params.yaml")))
    said = (
        f"Nothing new: {found} has measured the same data with the same commit." if found else "There is something new."
    )
    steps.say(said)
    steps.output(os.environ, "unchanged", "true" if found else "false")
    if found:
        steps.summarise(os.environ, f"{said} *Run workflow* measures it again.")

"""`driftloop ci …`: what workflows call, and what a person may call in their place.

Facts of the run come from the environment of Actions, and the time of day from here. Each verb imports what it needs when
it runs.
"""

from __future__ import annotations

import os
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from driftloop.core.text import data as as_json
from driftloop.core.text import log
from driftloop.errors import LoopError
from driftloop.github import steps

if TYPE_CHECKING:
    from driftloop.git import Git
    from driftloop.github.runtime import Runtime

app = typer.Typer(
    no_args_is_help=True,
    help="What workflows call: the loop on GitHub. `--dry-run` prints JSON, says it in words on standard error, and "
    "touches nothing.",
)

DryRun = Annotated[
    bool, typer.Option("--dry-run", envvar="DRIFTLOOP_DRY_RUN", help="Say what would be done, and touch nothing.")
]


@app.command(epilog="Examples: driftloop ci alert · driftloop ci alert --dry-run")
def alert(
    *,
    dashboard: Annotated[
        str, typer.Option(envvar="DRIFTLOOP_DASHBOARD", help="Address of the published pages, to link to.")
    ] = "",
    dry_run: DryRun = False,
) -> None:
    """Open, update or close the issue that tells of the newest decision."""
    from driftloop.alerting import act as alerting
    from driftloop.alerting import memory, wording
    from driftloop.github.hub import Hub

    runtime = _runtime()
    decision = alerting.newest(Path())
    links = wording.Links(run=runtime.run_url, dashboard=_address(dashboard), commit=_revision(runtime))
    with Hub(runtime) as hub:
        if dry_run:
            actions = alerting.plan(decision, memory.every(hub), links)
            would([alerting.shown(action) for action in actions], "\n\n".join(map(alerting.worded, actions)))
            return
        done = alerting.run(hub, decision, links)
    said = "; ".join(each.text for each in done)
    steps.say(said)
    pages = f"{runtime.server_url}/{runtime.repository}/issues"
    linked = re.sub(r"#(\d+)", rf"[#\1]({pages}/\1)", said)
    _summarise(runtime, wording.paragraph(decision, linked))


@app.command(epilog="Examples: driftloop ci record --kind monitor · driftloop ci record --kind retrain --failed")
def record(
    *,
    kind: Annotated[str, typer.Option(help="What the run was for: monitor, retrain, propose or promote.")] = "monitor",
    failed: Annotated[bool, typer.Option("--failed", help="The run failed: record what there is.")] = False,
    dry_run: DryRun = False,
) -> None:
    """Put one JSON record of this run on the branch `driftloop`."""
    from driftloop import records as recording

    if kind not in list(recording.Kind):
        msg = f"--kind: expected one of {', '.join(recording.Kind)}, got {kind!r}"
        raise LoopError(msg)
    runtime = _runtime()
    revision = _revision(runtime)
    commit = f"{runtime.server_url}/{runtime.repository}/commit/{revision}" if revision else ""
    links = {"run": runtime.run_url, "commit": commit}
    made = recording.collect(
        Path(),
        recording.Run(
            kind=recording.Kind(kind),
            outcome="failed" if failed else "ok",
            time=datetime.now(tz=UTC),
            id=_digits(runtime.run_id),
            attempt=_digits(os.environ.get("GITHUB_RUN_ATTEMPT", "")),
            revision=revision,
            links={name: link for name, link in links.items() if link},
        ),
    )
    if dry_run:
        would({"path": made.path, **made.content}, f"would write {made.path} to the branch {recording.BRANCH}")
        return
    recording.write(_git(runtime), made)
    steps.say(f"recorded: {made.path} on the branch {recording.BRANCH}")


@app.command(epilog="Examples: driftloop ci pr-comment --pull 7 · driftloop ci pr-comment --pull 7 --dry-run")
def pr_comment(
    *,
    pull: Annotated[int, typer.Option(help="Number of the pull request whose head is checked out.", min=1)],
    dry_run: DryRun = False,
) -> None:
    """Comment on a pull request what it changes in metrics and parameters."""
    from driftloop.comparison import act as commenting
    from driftloop.comparison import wording as comparing
    from driftloop.github.hub import Hub

    runtime = _runtime()
    with Hub(runtime) as hub:
        if dry_run:
            comparison = commenting.compare(_git(runtime), hub.pull(pull).base)
            would(commenting.shown(pull, comparison), f"would comment on #{pull}:\n\n{comparing.text(comparison)}")
            return
        told = commenting.run(hub, _git(runtime), pull)
    if told.url:
        steps.say(f"commented on #{pull}: {told.url}")
        return
    steps.say(f"no comment on #{pull}: {told.refused}")
    if not _summarise(runtime, told.text):
        steps.say(told.text)


@app.command(
    epilog="Examples: driftloop ci retrain --issue 12 --out handover · driftloop ci retrain --issue 12 --out h --dry-run"
)
def retrain(
    *,
    issue: Annotated[int, typer.Option(help="Number of the alert on which it was asked for.", min=1)],
    out: Annotated[Path, typer.Option(help="Folder for the hand-over; an earlier one is replaced.")],
    until: Annotated[str | None, typer.Option(help="As for `driftloop refresh`.")] = None,
    dry_run: DryRun = False,
) -> None:
    """Check a request to retrain, refresh, run the pipeline, and leave what `propose` needs in a folder."""
    from driftloop.core.judging.verdict import Report
    from driftloop.github.hub import Hub
    from driftloop.params import load_params
    from driftloop.retraining import train as retraining
    from driftloop.retraining.wording import answer
    from driftloop.store import files

    runtime = _runtime()
    with Hub(runtime) as hub:
        action = retraining.plan(hub, runtime, issue, load_params(Path("params.yaml")).model)
    if dry_run:
        would(retraining.shown(action), retraining.worded(action, out))
        return
    if isinstance(action, retraining.Request):
        made = retraining.act(Path(), _git(runtime), action, out, until=until, now=datetime.now(tz=UTC))
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
    _summarise(runtime, said)


@app.command(epilog="Examples: driftloop ci propose --from handover · driftloop ci propose --from handover --dry-run")
def propose(
    *,
    folder: Annotated[Path, typer.Option("--from", help="Folder that `driftloop ci retrain` has left.")],
    dry_run: DryRun = False,
) -> None:
    """Verify a hand-over; open its pull request, or say on the issue why there is none."""
    from driftloop.github.hub import Hub
    from driftloop.retraining import propose as proposing

    runtime = _runtime()
    git = _git(runtime)
    with Hub(runtime) as hub:
        action = proposing.plan(hub, runtime, git, folder)
        if dry_run:
            would(proposing.shown(action), proposing.worded(action))
            return
        done = proposing.act(hub, git, action)
    steps.say(done.said)
    if done.summary:
        _summarise(runtime, done.summary)


# What the verbs share


def _runtime() -> Runtime:
    from driftloop.github.runtime import from_environment

    return from_environment(os.environ)


def _git(runtime: Runtime) -> Git:
    from driftloop.git import Git

    return Git(Path(), token=runtime.token, server_url=runtime.server_url)


def _revision(runtime: Runtime) -> str:
    """Name the commit that is checked out; where there is no repository, the one that Actions names."""
    from driftloop.git import GitError

    try:
        return _git(runtime).head()
    except GitError:
        named = os.environ.get("GITHUB_SHA", "")
        return named if re.fullmatch(r"[0-9a-f]{7,64}", named) else ""


def _address(given: str) -> str:
    if given and not re.fullmatch(r"https?://[^\s()<>\[\]]+", given):
        msg = f"--dashboard: expected an https:// address, got {given!r}"
        raise LoopError(msg)
    return given


def _digits(given: str) -> str:
    """Take a number that goes into the name of a file."""
    return given if given.isdecimal() else ""


def would(data: Any, text: str) -> None:
    """Print a dry run: data on standard output, words on standard error and on the page of the run."""
    sys.stdout.write(f"{as_json(data)}\n")
    sys.stderr.write(f"{log(text)}\n")
    steps.summarise(os.environ, text)


def _summarise(runtime: Runtime, text: str) -> bool:
    """Add to the page of the run, where there is one."""
    return steps.summarise({"GITHUB_STEP_SUMMARY": str(runtime.summary or "")}, text)

"""Verbs that act on GitHub: alert, record, comment, propose, release and answer."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from driftloop.ci import run
from driftloop.errors import LoopError
from driftloop.github import steps

app = typer.Typer()
STARTED_BY_PEOPLE = {"issues", "push", "workflow_dispatch"}  # the sender of a schedule did nothing


Dashboard = Annotated[
    str, typer.Option(envvar="DRIFTLOOP_DASHBOARD", help="Address of the published pages, to link to.")
]


@app.command(epilog="Examples: driftloop ci alert · driftloop ci alert --dry-run")
def alert(
    *,
    dashboard: Dashboard = "",
    dry_run: run.DryRun = False,
) -> None:
    """Open, update or close the issue about the newest decision."""
    from driftloop.alerting import act as alerting
    from driftloop.alerting import memory, wording
    from driftloop.alerting import snooze as snoozing
    from driftloop.github.hub import Hub

    runtime = run.runtime()
    decision = alerting.newest(Path())
    others = {each.name for each in run.others(runtime)}
    page = _address(dashboard, decision.model if others else "")
    links = wording.Links(run=runtime.run_url, dashboard=page, commit=run.revision(runtime))
    with Hub(runtime) as hub:
        if dry_run:
            found = memory.every(hub)
            asleep = [each for each in [snoozing.current(hub, decision, found)] if each]
            actions = alerting.plan(decision, found, links, silent=any(map(snoozing.silent, asleep)), beside=others)
            run.would(
                [*map(alerting.shown, actions), *map(snoozing.shown, asleep)],
                "\n\n".join([*map(alerting.worded, actions), *map(snoozing.worded, asleep)]),
            )
            return
        done = alerting.run(hub, decision, links, beside=others)
    said = "; ".join(each.text for each in done)
    steps.say(said)
    about = re.search(r"#(\d+)", done[0].text) if decision.alert else None
    steps.output(os.environ, "issue", about[1] if about else "")
    pages = f"{runtime.server_url}/{runtime.repository}/issues"
    linked = re.sub(r"#(\d+)", rf"[#\1]({pages}/\1)", said)
    run.summarise(runtime, wording.paragraph(decision, linked))


@app.command(epilog="Examples: driftloop ci keep-fresh · driftloop ci keep-fresh --dry-run")
def keep_fresh(*, dry_run: run.DryRun = False) -> None:
    """End the standing approval where it has to end; merge and refresh as far as it allows."""
    from driftloop import records
    from driftloop.alerting import act as alerting
    from driftloop.github.hub import Hub
    from driftloop.params import load_params
    from driftloop.retraining import keeping, merging

    runtime, params = run.runtime(), load_params(Path("params.yaml"))
    decision, git = alerting.newest(Path()), run.git(runtime)
    with Hub(runtime) as hub:
        found = keeping.kept(hub, params.model)
        actions = keeping.plan(found, decision, params, records.read(git) if found else ())
        if within := keeping.mergeable(found, actions, decision, params):
            actions.insert(0, merging.plan(hub, git, within.issue.number, within.approval, decision))
        given = None if found else keeping.missing(hub, decision, params)
        if dry_run:
            new = ["would open an issue for the approval in params.yaml"] if given else []
            run.would([keeping.shown(action) for action in actions], "\n".join([*map(keeping.worded, actions), *new]))
            return
        said = "; ".join([keeping.act(hub, action) for action in actions])
        if given:
            said = f"opened #{keeping.begin(hub, given, params)} for the approval in params.yaml"
            found, actions = keeping.kept(hub, params.model), []
    approval = keeping.in_force(found, actions)
    steps.say(said)
    steps.output(os.environ, "approval", records.approval_word(approval))
    if found:
        run.summarise(runtime, f"{said[:1].upper()}{said[1:]}.")


@app.command(epilog="Examples: driftloop ci record --kind monitor · driftloop ci record --kind retrain --failed")
def record(
    *,
    kind: Annotated[str, typer.Option(help="What the run was for: monitor, retrain, rollback or promote.")] = "monitor",
    failed: Annotated[bool, typer.Option("--failed", help="The run failed: record what there is.")] = False,
    failed_in: Annotated[
        str, typer.Option("--in", envvar="DRIFTLOOP_FAILED_JOB", help="Name of the job that failed.")
    ] = "",
    issue: Annotated[str, typer.Option(envvar="DRIFTLOOP_ISSUE", help="Number of the alert, to link to.")] = "",
    pull: Annotated[str, typer.Option(envvar="DRIFTLOOP_PULL", help="Number of the pull request, to link to.")] = "",
    approval: Annotated[
        str,
        typer.Option(envvar="DRIFTLOOP_APPROVAL", help="The standing approval in force, as `keep-fresh` puts it out."),
    ] = "",
    dry_run: run.DryRun = False,
) -> None:
    """Put one JSON record of this run on the branch `driftloop`."""
    from driftloop import records as recording
    from driftloop.store.files import OVERVIEW

    if kind not in list(recording.Kind):
        msg = f"--kind: expected one of {', '.join(recording.Kind)}, got {kind!r}"
        raise LoopError(msg)
    runtime = run.runtime()
    revision = run.revision(runtime)
    home = f"{runtime.server_url}/{runtime.repository}"
    links = {
        "run": runtime.run_url,
        "commit": f"{home}/commit/{revision}" if revision else "",
        "issue": f"{home}/issues/{issue}" if _digits(issue) else "",
        "pull request": f"{home}/pull/{pull}" if _digits(pull) else "",
    }
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
            approval=recording.approval(approval),
            by=runtime.sender if runtime.event_name in STARTED_BY_PEOPLE else "",
            failed_in=failed_in if failed else "",
            folder=run.folder(runtime),
        ),
    )
    if dry_run:
        run.would({"path": made.path, **made.content}, f"would write {made.path} to the branch {recording.BRANCH}")
        return
    overview = Path(OVERVIEW)
    kept = {"overview": overview.read_bytes()} if not failed and run.others(runtime) and overview.is_file() else {}
    recording.write(run.git(runtime), made, **kept)
    steps.say(f"recorded: {made.path} on the branch {recording.BRANCH}")


@app.command(epilog="Examples: driftloop ci pr-comment --pull 7 · driftloop ci pr-comment --pull 7 --dry-run")
def pr_comment(
    *,
    pull: Annotated[int, typer.Option(help="Number of the pull request whose head is checked out.", min=1)],
    dry_run: run.DryRun = False,
) -> None:
    """Comment on a pull request what it changes in metrics and parameters."""
    from driftloop.comparison import act as commenting
    from driftloop.comparison import wording as comparing
    from driftloop.github.hub import Hub

    runtime = run.runtime()
    with Hub(runtime) as hub:
        if dry_run:
            comparison = commenting.compare(run.git(runtime), hub.pull(pull).base)
            run.would(commenting.shown(pull, comparison), f"would comment on #{pull}:\n\n{comparing.text(comparison)}")
            return
        told = commenting.run(hub, run.git(runtime), pull)
    if told.url:
        steps.say(f"commented on #{pull}: {told.url}")
        return
    steps.say(f"no comment on #{pull}: {told.refused}")
    if not run.summarise(runtime, told.text):
        steps.say(told.text)


@app.command(epilog="Examples: driftloop ci propose --from handover · driftloop ci propose --from handover --dry-run")
def propose(
    *,
    folder: Annotated[Path, typer.Option("--from", help="Folder that `ci retrain` or `ci rollback` has left.")],
    dashboard: Dashboard = "",
    dry_run: run.DryRun = False,
) -> None:
    """Verify a hand-over; open its pull request, or comment on the issue why there is none."""
    from driftloop import records as recording
    from driftloop.github.hub import Hub
    from driftloop.params import load_params
    from driftloop.retraining import answering
    from driftloop.retraining import propose as proposing

    runtime = run.runtime()
    git = run.git(runtime)
    page = _address(dashboard, load_params(Path("params.yaml")).model if run.others(runtime) else "")
    with Hub(runtime) as hub:
        action = proposing.plan(hub, runtime, git, folder, dashboard=page)
        if dry_run:
            run.would(proposing.shown(action), proposing.worded(action))
            return
        done = answering.act(hub, git, action)
    steps.say(done.said)
    steps.output(os.environ, "pull", f"{done.pull or ''}")
    steps.output(os.environ, "approval", recording.approval_word(done.approval))
    if done.summary:
        run.summarise(runtime, done.summary)


@app.command(epilog="Examples: driftloop ci release · driftloop ci release --dry-run")
def release(*, dry_run: run.DryRun = False) -> None:
    """Tag and release the version that a push made production."""
    from driftloop import release as releasing
    from driftloop.github.hub import Hub
    from driftloop.params import load_params

    runtime = run.runtime()
    git = run.git(runtime)
    action = releasing.plan(git, runtime, load_params(Path("params.yaml")))
    if dry_run:
        run.would(releasing.shown(action), releasing.worded(action))
        return
    with Hub(runtime) as hub:
        done = releasing.act(hub, git, action)
    steps.say(done.said)
    steps.output(os.environ, "tag", action.tag if isinstance(action, releasing.Release) else "")
    steps.summarise(os.environ, done.summary)


@app.command(epilog="Examples: driftloop ci failed --issue 12 · driftloop ci failed --issue 12 --dry-run")
def failed(
    *,
    issue: Annotated[int, typer.Option(help="Number of the alert on which retraining was asked for.", min=1)],
    dry_run: run.DryRun = False,
) -> None:
    """Comment on the alert that retraining failed, if the loop opened that alert."""
    from driftloop.github.hub import Hub
    from driftloop.params import load_params
    from driftloop.retraining import failure

    runtime = run.runtime()
    if dry_run:
        told = failure.text(runtime.run_url)
        run.would({"issue": issue, "comment": told}, f"would comment on #{issue}: {told}")
        return
    with Hub(runtime) as hub:
        steps.say(failure.tell(hub, issue, load_params(Path("params.yaml")).model, runtime.run_url))


@app.command(epilog="Examples: driftloop ci refused --issue 12 · driftloop ci refused --issue 12 --dry-run")
def refused(
    *,
    issue: Annotated[int, typer.Option(help="Number of the alert on which retraining was asked for.", min=1)],
    dry_run: run.DryRun = False,
) -> None:
    """Check a refused request to retrain again, and comment on the alert why it does not count."""
    from driftloop.github.hub import Hub
    from driftloop.params import load_params
    from driftloop.retraining import failure, train

    runtime, model = run.runtime(), load_params(Path("params.yaml")).model
    with Hub(runtime) as hub:
        if dry_run:
            found = train.check(hub, runtime, issue, model)
            said = train.refusal(found) if isinstance(found, train.Refused) else ""
            run.would(train.shown(found), f"would comment on #{issue}: {said}" if said else "would say nothing")
            return
        steps.say(failure.refuse(hub, runtime, issue, model))


@app.command(epilog="Examples: driftloop ci snooze --issue 12 · driftloop ci snooze --issue 12 --dry-run")
def snooze(
    *,
    issue: Annotated[int, typer.Option(help="Number of the alert that carries the label snooze.", min=1)],
    dry_run: run.DryRun = False,
) -> None:
    """Answer the label snooze: confirm that the alert is silent and until when, or say why the label does not count."""
    from driftloop.alerting import snooze as snoozing
    from driftloop.github.hub import Hub
    from driftloop.params import load_params

    runtime, model = run.runtime(), load_params(Path("params.yaml")).model
    with Hub(runtime) as hub:
        action = snoozing.plan(hub, runtime, issue, model)
        if dry_run:
            run.would(snoozing.shown(action), snoozing.worded(action))
            return
        steps.say(snoozing.act(hub, action))


def _address(given: str, model: str) -> str:
    """Check the address of the pages; that of one of several models is below it."""
    if given and not re.fullmatch(r"https?://[^\s()<>\[\]]+", given):
        msg = f"--dashboard: expected an https:// address, got {given!r}"
        raise LoopError(msg)
    return f"{given.rstrip('/')}/{model}/" if given and model else given


def _digits(given: str) -> str:
    """Take a number that goes into the name of a file."""
    return given if given.isdecimal() else ""

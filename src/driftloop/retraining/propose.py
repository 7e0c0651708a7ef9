"""Decide about a hand-over: verify it, then a pull request, or a comment that says why there is none; see `answering`."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, assert_never

from driftloop.core.windows import end_day
from driftloop.errors import LoopError
from driftloop.foreign.lockfile import PIPELINE
from driftloop.nothing import Nothing
from driftloop.params import parse_yaml
from driftloop.retraining import branch, handover, train, verify
from driftloop.retraining.handover import PARAMS
from driftloop.retraining.train import ROLLBACKS, Refused, Request, branch_of
from driftloop.retraining.wording import answer, pull_request, restoring
from driftloop.retraining.wording.proposal import Proposal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from driftloop.core.decision.approval import Approval
    from driftloop.git import Git
    from driftloop.github.hub import Hub, Pull
    from driftloop.github.runtime import Runtime
    from driftloop.retraining.handover import HandOver
    from driftloop.retraining.verify import Verified


@dataclass(frozen=True)
class Propose:
    """Push the branch, and open its pull request or bring it up to date.

    Attributes
    ----------
    about
        What the texts are made from.
    title, body
        Of the pull request.
    into
        Branch that is production.
    asked_by
        Is assigned.
    head
        What is pushed: both snapshots as commits.
    found
        The hand-over; its files are what is committed.
    """

    about: Proposal
    title: str
    body: str
    into: str
    asked_by: str
    head: str
    found: HandOver = field(repr=False)


@dataclass(frozen=True)
class Refuse:
    """Refuse to propose, with the reason.

    Attributes
    ----------
    number, body
        The issue, and the comment on it.
    judged
        Whether a model was judged. If not, because of faulty data or new commits on main, people have to ask again.
    said
        The same in two or three words.
    request
        What is answered; within an approval people are told once, and not each week.
    approval
        What covers it.
    merges
        Whether the loop merges within it.
    """

    number: int
    body: str
    request: Request
    approval: Approval | None
    judged: bool = True
    said: str = "not proposed"
    merges: bool = False


Action = Propose | Refuse | Refused | Nothing


def plan(
    hub: Hub,
    runtime: Runtime,
    git: Git,
    folder: Path,
    *,
    prove: Callable[[Path], None] = verify.prove,
    dashboard: str = "",
) -> Action:
    """Verify a hand-over, and decide what follows from it.

    Parameters
    ----------
    hub, runtime, git
        The outside world; git's HEAD is the commit that the hand-over was made from.
    folder
        The hand-over, which is not trusted.
    prove
        Raises LoopError unless the snapshot in a working tree follows from its code, parameters and lock.
    dashboard
        Address of the published pages, to link to.

    Raises
    ------
    LoopError
        If the hand-over is not what `driftloop ci retrain` leaves, or the request does not count.
    """
    base = git.head()
    found = handover.read(folder, git.show(base, PIPELINE) or b"")
    manifest = found.manifest
    if manifest.base != base:
        msg = f"hand-over: made from {manifest.base[:12]}, but {base[:12]} is checked out; check that commit out"
        raise LoopError(msg)
    evidence = verify.check(found, {path: git.show(base, path) for path in verify.BASE}, git)
    branch.prove_on(git, found, base, prove)
    if manifest.restores:
        about = _about(git, found, evidence, approval=None, run_url=runtime.run_url, dashboard=dashboard)
        return _rollback(hub, git, about, found, prove, asked_by=runtime.sender or hub.login())
    request = train.check(hub, runtime, manifest.issue, manifest.model)  # again: hours may have passed
    if not isinstance(request, Request):
        return request if hub.issue(manifest.issue).open else Nothing(f"#{manifest.issue} is closed")
    approval = _approval(request, evidence)
    about = _about(git, found, evidence, approval=approval, run_url=runtime.run_url, dashboard=dashboard)
    refuse = partial(Refuse, manifest.issue, request=request, approval=approval, merges=about.merges)
    if found.promote is None:
        return refuse(answer.refusal(about), judged=not about.report.verdict.faults)
    into = hub.default_branch()
    main = git.fetch(into)
    if main != base and branch.touched(git, found, main, prove):
        return refuse(answer.again(about, main), judged=False, said="to be done again")
    head = branch.commit(git, found)
    if closed := _declined(hub, about.branch, head):
        return refuse(_again(closed), judged=False, said="not proposed again")
    return Propose(about, pull_request.title(about), pull_request.body(about), into, request.asked_by, head, found)


def _rollback(
    hub: Hub, git: Git, about: Proposal, found: HandOver, prove: Callable[[Path], None], *, asked_by: str
) -> Propose | Nothing:
    """Decide whether a rollback is proposed; there is no alert on which to say why not.

    Raises
    ------
    LoopError
        If main has changed something that it rests on.
    """
    into, version = hub.default_branch(), found.manifest.restores
    main = git.fetch(into)
    if main != about.base and branch.touched(git, found, main, prove):
        msg = f"rollback: made on {about.base[:12]}, but {into} moved to {main[:12]}, and what it rests on changed; run it again"
        raise LoopError(msg)
    head = branch.commit(git, found)
    if closed := _declined(hub, about.branch, head):
        return Nothing(f"#{closed.number} restores v{version} with the same commits and was closed; reopen it")
    return Propose(about, restoring.title(about), restoring.body(about), into, asked_by, head, found)


def _rollback_branch(git: Git, found: HandOver) -> str:
    """Name the branch of a rollback; several models may go back to a version of the same number."""
    manifest = found.manifest
    return f"{ROLLBACKS}{manifest.restores}{f'-{manifest.model}' if git.folder else ''}"


def _approval(request: Request, evidence: Verified) -> Approval | None:
    """Return the approval that covers the hand-over; the job that trained is not believed about its end.

    Raises
    ------
    LoopError
        If the parameters that the model was judged with say something else than GitHub.
    """
    params = evidence.params
    until = end_day(params.source.until_instant, params.zone)
    approval = request.covered_by(params, until, evidence.before.version)
    expected, found = approval.until if approval else None, params.retrain.standing_until
    if found != expected:
        msg = f"hand-over: {PARAMS}: {verify.APPROVED}: expected {expected or 'null'}, as GitHub has it, got {found or 'null'}"
        raise LoopError(msg)
    return approval


def shown(action: Action) -> dict[str, Any]:
    """Return an action as data."""
    match action:
        case Propose():
            manifest = action.found.manifest.model_dump(mode="json", exclude={"files"})
            snapshot = action.found.promote or action.found.data
            return {"action": "propose", **manifest, "branch": action.about.branch, "into": action.into,
                    "title": action.title, "assignee": action.asked_by, "paths": snapshot.committed}  # fmt: skip
        case Refuse():
            return {"action": "refuse", "issue": action.number, "judged": action.judged}
        case Refused():
            return {"action": "refused", "issue": action.issue, "why": action.why}
        case Nothing():
            return {"action": "nothing", "reason": action.reason}
        case _:
            assert_never(action)


def worded(action: Action) -> str:
    """Describe what would be done, with the text that people would read."""
    match action:
        case Propose():
            return f"would push {action.about.branch} and open a pull request:\n\n# {action.title}\n\n{action.body}"
        case Refuse():
            return f"would comment on #{action.number}:\n\n{action.body}"
        case Refused():
            return f"would comment on #{action.issue}:\n\n{train.refusal(action)}"
        case Nothing():
            return f"nothing to do: {action.reason}"
        case _:
            assert_never(action)


def _declined(hub: Hub, branch: str, head: str) -> Pull | None:
    """Find the pull request of these very commits that a person has closed."""
    closed = (pull for pull in hub.pulls(branch, state="closed") if not pull.merged)
    return next((pull for pull in closed if pull.head_sha == head), None)


def _again(pull: Pull) -> str:
    return (
        f"**Not proposed again.** #{pull.number} holds the same commits and was closed without a merge. Reopen it if they "
        f"are wanted after all. Newer data or other parameters make another proposal."
    )


def _about(
    git: Git, found: HandOver, evidence: Verified, *, approval: Approval | None, run_url: str, dashboard: str
) -> Proposal:
    manifest = found.manifest
    kept = {path: git.show(manifest.base, path) for path in found.data.files if path.startswith("metrics/")}
    was = parse_yaml((git.show(manifest.base, PARAMS) or b"").decode("utf-8"), where=PARAMS)
    new = {"source": evidence.params.source, "retrain": evidence.params.retrain}
    moved = [
        (key, str((was.get(section) or {}).get(name) or "null"), str(getattr(new[section], name) or "null"))
        for key in (*verify.MOVED, verify.APPROVED)
        for section, _, name in [key.partition(".")]
    ]
    return Proposal(
        issue=manifest.issue,
        branch=branch_of(manifest.issue) if manifest.issue else _rollback_branch(git, found),
        base=manifest.base,
        decision=evidence.decision,
        report=evidence.restored or evidence.report,
        faults=evidence.report.verdict.faults,
        before=evidence.before,
        after=evidence.after,
        label_delay_days=evidence.params.data.label_delay_days,
        main=verify.read_metrics({path: content for path, content in kept.items() if content is not None}),
        promote=evidence.metrics[1],
        params=[row for row in moved if row[1] != row[2]],
        days=found.data.files.get("metrics/plots/error.csv", b"").decode("utf-8", "replace"),
        approval=approval,
        merges=evidence.params.retrain.standing_merge,
        run_url=run_url,
        dashboard=dashboard,
    )

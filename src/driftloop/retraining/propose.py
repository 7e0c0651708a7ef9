"""Propose a hand-over: verify it, then a pull request, or a comment that says why there is none."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, assert_never
from urllib.parse import urlencode

from driftloop.alerting.labels import LOOKS, Label
from driftloop.core.windows import end_day
from driftloop.errors import GitHubError, LoopError
from driftloop.foreign.lockfile import PIPELINE
from driftloop.github.refusals import ForbiddenError, PullsForbiddenError
from driftloop.nothing import Nothing
from driftloop.params import parse_yaml
from driftloop.report.markdown import cut
from driftloop.retraining import branch, handover, standing, train, verify
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

MARKER = "<!-- driftloop:retrain -->"
CHECK = "driftloop gate"


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


class Done(NamedTuple):
    """What was done, in one line, a text for the page of the run, the pull request that is open now, and the approval."""

    said: str
    summary: str = ""
    pull: int | None = None
    approval: Approval | None = None


def act(hub: Hub, git: Git, action: Action) -> Done:
    """Do it, and say what was done; doing it twice changes nothing."""
    match action:
        case Propose():
            return _propose(hub, git, action)
        case Refuse():
            return _refuse(hub, action)
        case Refused():
            train.refuse(hub, action)
            return Done(f"commented on #{action.issue}: {action.why}", train.refusal(action))
        case Nothing():
            return Done(f"nothing to do: {action.reason}")
        case _:
            assert_never(action)


def _refuse(hub: Hub, action: Refuse) -> Done:
    if action.approval:
        standing.give(hub, action.number, action.approval, merges=action.merges)
        if action.request.approval:
            return Done(
                f"told nobody, as #{action.number} is kept fresh: {action.said}", action.body, approval=action.approval
            )
    tell(hub, action.number, action.body)
    if not action.approval:
        if action.judged:
            _label(hub, action.number, Label.NO_BETTER)
        hub.remove_label(action.number, Label.RETRAIN)  # last: until then the request stands
    return Done(f"commented on #{action.number}: {action.said}", action.body, approval=action.approval)


def _propose(hub: Hub, git: Git, action: Propose) -> Done:
    about, head = action.about, action.head
    if about.approval:
        standing.give(hub, about.issue, about.approval, merges=about.merges)
    branch.push(git, action.found, head, branch=about.branch, into=action.into)
    remarks, number = [], None
    try:
        hub.check_run(
            head,
            name=CHECK,
            conclusion="success",
            title=pull_request.check_title(about),
            summary=pull_request.check_summary(about),
        )
    except ForbiddenError as exc:  # only apps may; a person's token never can
        remarks.append(f"no check run: {exc}")
    try:
        pull = hub.open_pull(title=action.title, body=action.body, branch=about.branch, base=action.into)
    except PullsForbiddenError:
        lead = restoring.lead(about) if about.restores else pull_request.lead(about)
        words = urlencode({"title": action.title, "body": lead, "labels": Label.PROPOSAL})
        link = f"{hub.compare_url(action.into, about.branch)}&{words}"
        said = restoring.by_hand(about, link) if about.restores else answer.by_hand(about, link)
        done = f"pushed {about.branch}; a person has to open {link}"
    else:
        number = pull.number
        _label(hub, pull.number, Label.PROPOSAL)
        remarks += _assigned(hub, pull.number, action.asked_by)
        said, done = answer.proposed(about, pull.number), f"proposed in #{pull.number}: {action.title}"
    if about.issue:
        tell(hub, about.issue, said)
        hub.remove_label(about.issue, Label.NO_BETTER)
    return Done("; ".join([done, *remarks]), f"{said}\n\n{action.body}", number, about.approval)


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


def _assigned(hub: Hub, number: int, login: str) -> list[str]:
    """Assign the person who asked, if possible; the proposal does not depend on it."""
    try:
        return [] if hub.assign(number, login) else [f"{login} cannot be assigned"]
    except GitHubError as exc:
        return [f"{login} was not assigned: {exc}"]


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
        branch=branch_of(manifest.issue) if manifest.issue else f"{ROLLBACKS}{manifest.restores}",
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


def tell(hub: Hub, number: int, body: str) -> None:
    """Write the one comment that says what has become of the newest request or proposal."""
    hub.comment(number, cut(f"{MARKER}\n{body}"), marker=MARKER, author=hub.login())


def _label(hub: Hub, number: int, label: Label) -> None:
    hub.ensure_label(label, color=LOOKS[label].color, description=LOOKS[label].description)
    hub.add_labels(number, label)

"""Do what was decided about a hand-over: push and propose, or answer on the alert; doing it twice changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, assert_never
from urllib.parse import urlencode

from driftloop.alerting.labels import Label, make_label
from driftloop.errors import GitHubError
from driftloop.github.refusals import ForbiddenError, PullsForbiddenError
from driftloop.nothing import Nothing
from driftloop.report.markdown import cut
from driftloop.retraining import branch, standing, train
from driftloop.retraining.propose import Propose, Refuse
from driftloop.retraining.train import Refused
from driftloop.retraining.wording import answer, pull_request, restoring

if TYPE_CHECKING:
    from driftloop.core.decision.approval import Approval
    from driftloop.git import Git
    from driftloop.github.hub import Hub
    from driftloop.retraining.propose import Action

MARKER = "<!-- driftloop:retrain -->"
CHECK = "driftloop gate"


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


def _assigned(hub: Hub, number: int, login: str) -> list[str]:
    """Assign the person who asked, if possible; the proposal does not depend on it."""
    try:
        return [] if hub.assign(number, login) else [f"{login} cannot be assigned"]
    except GitHubError as exc:
        return [f"{login} was not assigned: {exc}"]


def tell(hub: Hub, number: int, body: str) -> None:
    """Write the one comment that says what has become of the newest request or proposal."""
    hub.comment(number, cut(f"{MARKER}\n{body}"), marker=MARKER, author=hub.login())


def _label(hub: Hub, number: int, label: Label) -> None:
    make_label(hub, label)
    hub.add_labels(number, label)

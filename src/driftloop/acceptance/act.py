"""Answer the label new-normal: one pull request that changes `data.accepted`, or one sentence why there is none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, assert_never
from urllib.parse import urlencode

from pydantic import ValidationError

from driftloop import records
from driftloop.acceptance import wording
from driftloop.alerting import memory
from driftloop.alerting.labels import Label
from driftloop.core.decision.acceptance import Acceptance, acceptance
from driftloop.core.decision.values import Decision
from driftloop.errors import ParamsError
from driftloop.github import values
from driftloop.github.refusals import PullsForbiddenError
from driftloop.nothing import Nothing
from driftloop.params import edit, parse_params
from driftloop.retraining import branch

if TYPE_CHECKING:
    from driftloop.git import Git
    from driftloop.github.hub import Hub
    from driftloop.github.runtime import Runtime

BRANCHES = "accept/issue-"
MARKER = "<!-- driftloop:new-normal -->"
PARAMS = "params.yaml"


@dataclass(frozen=True)
class Ask:
    """Somebody who may write asks to accept what the newest run has found.

    Attributes
    ----------
    number, by
        The alert; login of who set the label.
    base, into
        The newest commit of the branch that it is for, and its name.
    """

    number: int
    by: str
    base: str
    into: str

    @property
    def branch(self) -> str:
        """Where the commit goes."""
        return f"{BRANCHES}{self.number}"


@dataclass(frozen=True)
class Propose:
    """Push a branch with one commit, open its pull request, and say so on the alert."""

    ask: Ask
    found: Acceptance = field(repr=False)
    head: str
    title: str
    body: str = field(repr=False)


@dataclass(frozen=True)
class Refuse:
    """Say on the alert why there is no pull request."""

    number: int
    why: str


@dataclass(frozen=True)
class Withdraw:
    """Close the pull request: the label was taken off."""

    number: int
    pull: int


Action = Propose | Refuse | Withdraw | Nothing


def plan(hub: Hub, git: Git, runtime: Runtime, number: int, model: str) -> Action:
    """Decide what the label asks for, by what is on GitHub now; a commit is made in this clone alone."""
    issue = hub.issue(number)
    if not memory.is_alert(issue, model, hub.login()):
        return Nothing(f"#{number} is not an alert of {model} that the loop itself opened, so the label does not count")
    if not values.has(issue.labels, Label.NEW_NORMAL):
        pulls = hub.pulls(f"{BRANCHES}{number}")
        return Withdraw(number, pulls[0].number) if pulls else Nothing(f"#{number} does not carry {Label.NEW_NORMAL}")
    if not issue.open:
        return Nothing(f"#{number} is closed, so there is no change to accept")
    by = runtime.sender or hub.login()
    if not hub.may_write(by):
        return Refuse(number, wording.forbidden(by))
    decision = newest(git, model)
    if decision is None:
        return Refuse(number, wording.UNKNOWN)
    into = hub.default_branch()
    return _accept(git, Ask(number, by, git.fetch(into), into), decision)


def _accept(git: Git, ask: Ask, decision: Decision) -> Propose | Refuse:
    """Commit the changed params.yaml on the base, in this clone alone; the same request makes the same commit."""
    text = (git.show(ask.base, PARAMS) or b"").decode("utf-8")
    found = acceptance(decision, parse_params(text, where=PARAMS).data)
    if not found.entries:
        return Refuse(ask.number, wording.nothing(found))
    try:
        changed = edit.with_accepted(text, found.entries)
    except ParamsError as exc:
        return Refuse(ask.number, wording.unwritable(str(exc)))
    title = wording.title(decision.model, found)
    with git.worktree(ask.base) as tree:
        (tree.root / PARAMS).write_bytes(changed.encode())
        head = tree.commit(title, [PARAMS])
    return Propose(ask, found, head, title, wording.body(found, ask.number, ask.by))


def newest(git: Git, model: str) -> Decision | None:
    """Read the decision of the newest good run of Monitor; None where none is recorded, or it cannot be read."""
    known = [
        each for each in records.read(git) if (each.get("kind"), each.get("model")) == (records.Kind.MONITOR, model)
    ]
    decided = [each["decision"] for each in known if each.get("outcome") == "ok" and each.get("decision")]
    try:
        return Decision.model_validate(decided[-1]) if decided else None
    except ValidationError:
        return None


def act(hub: Hub, git: Git, action: Action) -> str:
    """Do it, and say what was done; doing it twice changes nothing."""
    match action:
        case Propose():
            return _propose(hub, git, action)
        case Refuse():
            _tell(hub, action.number, action.why)
            return f"commented on #{action.number}: {action.why}"
        case Withdraw():
            # Told first: where a run breaks off in between, the next one still finds the pull request open.
            _tell(hub, action.number, wording.withdrawn(action.pull))
            hub.edit_issue(action.pull, state="closed")
            return f"closed #{action.pull}"
        case Nothing():
            return f"nothing to accept: {action.reason}"
        case _:
            assert_never(action)


def _propose(hub: Hub, git: Git, action: Propose) -> str:
    ask, found = action.ask, action.found
    branch.push_over(git, action.head, branch=ask.branch, base=ask.base, into=ask.into)
    try:
        pull = hub.open_pull(title=action.title, body=action.body, branch=ask.branch, base=ask.into)
    except PullsForbiddenError:
        link = f"{hub.compare_url(ask.into, ask.branch)}&{urlencode({'title': action.title})}"
        _tell(hub, ask.number, wording.by_hand(found, link, ask.by))
        return f"pushed {ask.branch}; a person has to open {link}"
    _tell(hub, ask.number, wording.proposed(found, pull.number, ask.by))
    return f"proposed in #{pull.number}: {action.title}"


def _tell(hub: Hub, number: int, text: str) -> None:
    """Write the one comment that says what has become of the newest request."""
    hub.comment(number, f"{MARKER}\n{text}", marker=MARKER, author=hub.login())


def shown(action: Action) -> dict[str, Any]:
    """Return an action as data."""
    match action:
        case Propose():
            entries = [each.model_dump(mode="json", exclude_defaults=True) for each in action.found.entries]
            return {"action": "propose", "issue": action.ask.number, "branch": action.ask.branch, "into": action.ask.into,
                    "title": action.title, "accepted": entries}  # fmt: skip
        case Refuse():
            return {"action": "refuse", "issue": action.number, "why": action.why}
        case Withdraw():
            return {"action": "withdraw", "issue": action.number, "pull": action.pull}
        case Nothing():
            return {"action": "nothing", "reason": action.reason}
        case _:
            assert_never(action)


def worded(action: Action) -> str:
    """Describe what would be done, with the text that people would read."""
    match action:
        case Propose():
            return f"would push {action.ask.branch} and open a pull request:\n\n# {action.title}\n\n{action.body}"
        case Refuse():
            return f"would comment on #{action.number}: {action.why}"
        case Withdraw():
            return f"would close #{action.pull}"
        case Nothing():
            return f"would do nothing: {action.reason}"
        case _:
            assert_never(action)

"""Make the world match the decision: one issue per model, opened, kept true, and closed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from driftloop.loop.labels import LOOKS, Label
from driftloop.report import texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from driftloop.core.diagnosis import Decision
    from driftloop.github.hub import Hub, Issue
    from driftloop.report.texts import Links

STATE = re.compile(r"<!-- driftloop:state (\{[^\n]*\}) -->")


def marker(model: str) -> str:
    """Begin every alert of a model with this, hidden from readers."""
    return f"<!-- driftloop:alert {model} -->"


@dataclass(frozen=True)
class State:
    """What an alert remembers of the decision that it told last.

    Attributes
    ----------
    status, version
        Of that decision.
    waiting
        Normal days of error when people were last told; None where it was not measured.
    recovered
        Whether the loop itself closed the issue.
    """

    status: str
    version: int
    waiting: float | None = None
    recovered: bool = False

    def __str__(self) -> str:
        """Write it as a hidden line."""
        return f"<!-- driftloop:state {json.dumps(vars(self), sort_keys=True)} -->"


def read_state(body: str) -> State | None:
    """Read the state that a body carries; None if it has none that can be read."""
    found = STATE.search(body)
    try:
        return State(**json.loads(found[1])) if found else None
    except (TypeError, ValueError):
        return None


@dataclass(frozen=True)
class Open:
    """Open an issue."""

    title: str
    body: str


@dataclass(frozen=True)
class Update:
    """Keep an issue true; tell people only what they should know."""

    number: int
    title: str
    body: str
    comment: str | None


@dataclass(frozen=True)
class Close:
    """Close an issue, with a word."""

    number: int
    body: str
    comment: str


@dataclass(frozen=True)
class Nothing:
    """Leave everything as it is."""

    reason: str


AlertAction = Open | Update | Close | Nothing


def plan(decision: Decision, alerts: Sequence[Issue], links: Links) -> AlertAction:
    """Decide what to do about the alert.

    Parameters
    ----------
    decision
        The newest one.
    alerts
        Alerts of this model by the loop itself, open and closed, oldest first.
    links
        Where the text points to.
    """
    open_alert = next((alert for alert in alerts if alert.open), None)
    before = read_state(open_alert.body) if open_alert else None
    if not decision.alert:
        return _recovered(decision, open_alert, before) if open_alert else Nothing("nothing to tell")
    if open_alert is None:
        snoozed = _snoozed(decision, alerts)
        if snoozed:
            return Nothing(snoozed)
        state = State(decision.status, decision.version, decision.waiting_days)
        return Open(texts.alert_title(decision), _body(decision, state, links))
    news = _news(decision, before)
    told = decision.waiting_days if news or before is None else before.waiting
    body = _body(decision, State(decision.status, decision.version, told), links)
    title = texts.alert_title(decision)
    if (open_alert.title, open_alert.body) == (title, body):
        return Nothing(f"#{open_alert.number} says so already")
    return Update(open_alert.number, title, body, news)


def _body(decision: Decision, state: State, links: Links) -> str:
    return f"{marker(decision.model)}\n{state}\n{texts.alert(decision, links)}"


def _recovered(decision: Decision, alert: Issue, before: State | None) -> Close:
    state = State(decision.status, decision.version, before.waiting if before else None, recovered=True)
    body = STATE.sub(lambda _: str(state), alert.body)
    return Close(alert.number, body, texts.recovered(decision))


def _news(decision: Decision, before: State | None) -> str | None:
    """Word what changed so much that a person should hear of it."""
    if before is None or before.status != decision.status or before.version != decision.version:
        return texts.changed(decision)
    grown = (decision.waiting_days or 0) - (before.waiting or 0)
    return texts.grown(decision) if grown >= decision.alert_at_days else None


def _snoozed(decision: Decision, alerts: Sequence[Issue]) -> str | None:
    """Respect an alert that a person closed: it comes back when it is another one, or has grown by as much again."""
    last = alerts[-1] if alerts else None
    state = read_state(last.body) if last else None
    if last is None or state is None or state.recovered:
        return None
    same = (state.status, state.version) == (decision.status, decision.version)
    grown = (decision.waiting_days or 0) - (state.waiting or 0)
    if not same or grown >= decision.alert_at_days:
        return None
    return f"#{last.number} was closed by hand, and nothing new happened since"


def find(hub: Hub, model: str) -> list[Issue]:
    """List the alerts of a model that the loop itself opened, oldest first; a pasted marker does not count."""
    login = hub.login()
    found = [issue for issue in hub.issues(label=Label.ALERT, state="all") if is_alert(issue, model, login)]
    return sorted(found, key=lambda issue: issue.number)


def is_alert(issue: Issue, model: str, login: str) -> bool:
    """Say whether an issue is an alert of this model that this login opened."""
    return issue.author == login and issue.body.startswith(marker(model))


def act(hub: Hub, model: str, action: AlertAction) -> str:
    """Do it, and say what was done; doing it twice changes nothing."""
    match action:
        case Open():
            for label, look in LOOKS.items():
                hub.ensure_label(label, color=look.color, description=look.description)
            issue = hub.open_issue(
                action.title,
                action.body,
                [Label.ALERT],
                find=lambda: next((alert for alert in find(hub, model) if alert.open), None),
            )
            return f"opened #{issue.number}: {action.title}"
        case Update():
            if action.comment:
                _tell(hub, action.number, action.comment, action.body)
            hub.edit_issue(action.number, title=action.title, body=action.body)
            return f"updated #{action.number}: {action.title}"
        case Close():
            _tell(hub, action.number, action.comment, action.body)
            hub.edit_issue(action.number, body=action.body, state="closed", state_reason="completed")
            return f"closed #{action.number}"
        case Nothing():
            return f"nothing to do: {action.reason}"
        case _:
            assert_never(action)


def _tell(hub: Hub, number: int, text: str, body: str) -> None:
    """Comment once per state: the comment's marker is the state that it tells of."""
    found = STATE.search(body)
    mark = f"<!-- driftloop:told {found[1]} -->" if found else "<!-- driftloop:told -->"
    hub.comment(number, f"{mark}\n{text}", marker=mark, author=hub.login())

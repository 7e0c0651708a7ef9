"""The label `snooze`: an alert is silent for a while, unless it gets clearly worse.

Comments of the loop itself say who asked, and until when. Anybody may paste such a line, so it counts only in those.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal, assert_never

from pydantic import BaseModel, ConfigDict, ValidationError

from driftloop.alerting import memory, wording
from driftloop.alerting.labels import SNOOZE_DAYS, Label
from driftloop.github import values
from driftloop.nothing import Nothing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from driftloop.core.decision.values import Decision
    from driftloop.github.hub import Comment, Hub, Issue
    from driftloop.github.runtime import Runtime

GIVEN = re.compile(r"<!-- driftloop:snooze (\d{1,6}) (\{.*\}) -->")
REFUSED = "<!-- driftloop:snooze-refused -->"
ASKED = re.compile(r"\bsnooze until (\d{4}-\d{2}-\d{2})\b", re.IGNORECASE)
MOST_ASKED = 20  # comments: whether somebody may write is asked for each author

End = Literal["label", "time", "worse", "recovered"]


class Snooze(BaseModel):
    """Who silenced an alert, and for how long.

    Attributes
    ----------
    by
        Login of who set the label.
    since, until
        End of the data (exclusive) that the alert had seen then; the first end of data at which it speaks again. Days of the
        data and not of the clock, as for `Approval`.
    over
        Why it has ended; empty while it is in force.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    by: str
    since: date
    until: date
    over: Literal["", "label", "time", "worse", "recovered"] = ""


@dataclass(frozen=True)
class Sleep:
    """Silence an alert, or change until when; `place` counts the snoozes of the alert from 1."""

    number: int
    place: int
    snooze: Snooze


@dataclass(frozen=True)
class Refuse:
    """Say why the label does not count."""

    number: int
    why: str


Answer = Sleep | Refuse | Nothing


def newest(comments: Sequence[Comment], login: str) -> tuple[int, Snooze | None, Sequence[Comment]]:
    """Return place and content of the newest snooze, and the comments after it; place 0 where there was none."""
    place, found, after = 0, None, comments
    for at, comment in enumerate(comments):
        line = GIVEN.fullmatch((comment.body.splitlines() or [""])[0].strip()) if comment.author == login else None
        with suppress(ValidationError):
            if line:
                place, found, after = int(line[1]), Snooze.model_validate_json(line[2]), comments[at + 1 :]
    return place, found, after


def plan(hub: Hub, runtime: Runtime, number: int, model: str) -> Answer:
    """Decide what the label asks for: it has to be on an open alert of the loop, set by somebody with write access."""
    issue = hub.issue(number)
    if not memory.is_alert(issue, model, hub.login()):
        return Nothing(f"#{number} is not an alert of {model} that the loop itself opened, so the label does not count")
    if not values.has(issue.labels, Label.SNOOZE):
        return Nothing(f"#{number} does not carry the label {Label.SNOOZE}")
    by = runtime.sender or hub.login()
    if not hub.may_write(by):
        return Refuse(number, wording.not_snoozed(by))
    if not issue.open:
        return Nothing(f"#{number} is closed, and a closed alert is silent")
    kept = memory.read_memory(issue.body)
    if kept is None or kept.until is None:
        return Nothing(f"#{number} does not remember which data it has seen; Monitor writes it down")
    comments = hub.comments(number)
    place, known, _ = newest(comments, hub.login())
    until = asked(hub, comments, kept.until) or kept.until + timedelta(days=SNOOZE_DAYS)
    snooze = Snooze(by=by, since=kept.until, until=until)
    return Sleep(number, place + (0 if known and not known.over else 1), snooze)


def asked(hub: Hub, comments: Sequence[Comment], since: date) -> date | None:
    """Return the date that the newest comment by somebody with write access asks for; None if there is none after `since`."""
    login = hub.login()
    named = [(each, found) for each in comments if each.author != login and (found := ASKED.search(each.body))]
    for comment, found in reversed(named[-MOST_ASKED:]):
        with suppress(ValueError):  # 31 February
            if hub.may_write(comment.author):
                until = date.fromisoformat(found[1])
                return until if until > since else None
    return None


def act(hub: Hub, action: Answer) -> str:
    """Do it, and say what was done; doing it twice changes nothing."""
    match action:
        case Sleep():
            _write(hub, action)
            return f"the snooze of #{action.number} is {_said(action)}"
        case Refuse():
            hub.comment(action.number, f"{REFUSED}\n{action.why}", marker=REFUSED, author=hub.login())
            return f"commented on #{action.number}: {action.why}"
        case Nothing():
            return f"nothing to snooze: {action.reason}"
        case _:
            assert_never(action)


def _write(hub: Hub, sleep: Sleep) -> None:
    """Write a snooze down, in the place that it has already; of one that is over the label is taken off first.

    In this order: where a run breaks off in between, the next one still finds it in force, and ends it.
    """
    snooze = sleep.snooze
    said = wording.woken(snooze.over) if snooze.over else wording.snoozed(snooze.by, snooze.until)
    start = f"<!-- driftloop:snooze {sleep.place} "
    if snooze.over:
        hub.remove_label(sleep.number, Label.SNOOZE)
    hub.comment(sleep.number, f"{start}{snooze.model_dump_json()} -->\n{said}", marker=start, author=hub.login())


def _said(sleep: Sleep) -> str:
    return f"over ({sleep.snooze.over})" if sleep.snooze.over else f"in force until {sleep.snooze.until}"


def current(hub: Hub, decision: Decision, found: Sequence[Issue]) -> Sleep | None:
    """Read the snooze of a model's open alert, as it is after this decision: with the date asked for since, or ended.

    None where there is none, and where it has ended before.
    """
    alert = next((each for each in found if each.open and memory.model_of(each) == decision.model), None)
    place, known, after = newest(hub.comments(alert.number), hub.login()) if alert else (0, None, [])
    if alert is None or known is None or known.over or decision.until < known.since:
        return None
    until = asked(hub, after, known.since) or known.until
    now = known.model_copy(update={"until": until})
    return Sleep(alert.number, place, now.model_copy(update={"over": _ends(now, decision, alert) or ""}))


def silent(sleep: Sleep | None) -> bool:
    """Whether an alert is silent."""
    return sleep is not None and not sleep.snooze.over


def _ends(snooze: Snooze, decision: Decision, alert: Issue) -> End | None:
    """Say what ends a snooze, if anything does."""
    if not values.has(alert.labels, Label.SNOOZE):
        return "label"
    if not decision.alert:
        return "recovered"
    if memory.much_worse(decision, memory.read_memory(alert.body)):
        return "worse"
    return "time" if decision.until >= snooze.until else None


def shown(action: Answer) -> dict[str, Any]:
    """Return an action as data."""
    named = {"action": type(action).__name__.lower(), **asdict(action)}
    return named | ({"snooze": action.snooze.model_dump(mode="json")} if isinstance(action, Sleep) else {})


def worded(action: Answer) -> str:
    """Describe what would be done."""
    match action:
        case Sleep():
            return f"would say on #{action.number} that its snooze is {_said(action)}"
        case Refuse():
            return f"would comment on #{action.number}: {action.why}"
        case Nothing():
            return f"would do nothing: {action.reason}"
        case _:
            assert_never(action)

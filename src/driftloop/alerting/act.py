"""Bring GitHub in line with the decision: one issue per model is opened, kept up to date, and closed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, assert_never

from driftloop.alerting import memory, snooze, wording
from driftloop.alerting.labels import LOOKS, Label, make_label
from driftloop.core.dates import last
from driftloop.core.decision.values import Decision
from driftloop.core.windows import end_day
from driftloop.errors import LoopError
from driftloop.github.values import has, same
from driftloop.nothing import Nothing
from driftloop.params import load_params
from driftloop.report.markdown import cut
from driftloop.store.files import DECISION, read_value

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date
    from pathlib import Path

    from driftloop.alerting.wording import Links
    from driftloop.github.hub import Hub, Issue


@dataclass(frozen=True)
class Open:
    """Open an issue."""

    title: str
    body: str


@dataclass(frozen=True)
class Update:
    """Bring an issue up to date; comment only on what people should know.

    Attributes
    ----------
    relabel
        Set the label again that somebody removed: people find alerts by it. To silence an alert, close the issue.
    """

    number: int
    title: str
    body: str
    comment: str | None
    told: int
    relabel: bool = False


@dataclass(frozen=True)
class Close:
    """Close an issue, with a comment."""

    number: int
    body: str
    comment: str
    told: int
    reason: Literal["completed", "not_planned"] = "completed"


@dataclass(frozen=True)
class Settle:
    """Note in an alert that a person closed that it is over, so that the next one of its kind is told."""

    number: int
    body: str


@dataclass(frozen=True)
class Leave:
    """Leave an open alert of another model to a person, and say so.

    Such an alert remains after a model was renamed or removed.
    """

    number: int
    model: str


AlertAction = Open | Update | Close | Settle | Nothing | Leave


class Done(NamedTuple):
    """What was done, in words, and the issue that it was done to."""

    text: str
    number: int | None = None


def plan(
    decision: Decision, found: Sequence[Issue], links: Links, *, silent: bool = False, beside: Collection[str] = ()
) -> tuple[AlertAction, ...]:
    """Decide what to do about the alert, and about others that are open beside it.

    Parameters
    ----------
    decision
        The newest one.
    found
        Alerts by the loop itself, open and closed, oldest first.
    links
        Where the text points to.
    silent
        Whether the open alert is snoozed.
    beside
        Names of the other models of the repository, whose runs look after their own alerts.
    """
    mine = [alert for alert in found if alert.body.startswith(memory.marker(decision.model))]
    strange = [alert for alert in found if alert.open and alert not in mine and memory.model_of(alert) not in beside]
    left = [Leave(alert.number, memory.model_of(alert)) for alert in strange]
    if ahead := memory.ahead(decision, mine):
        return (Nothing(_ahead(decision, *ahead)), *left)
    match [alert for alert in mine if alert.open]:
        case [first, *others]:
            doubles = [_double(decision, each, first.number) for each in others]
            return (_with(decision, first, links, silent=silent), *doubles, *left)
        case _:
            return (_without(decision, mine, links), *left)


def _without(decision: Decision, closed: Sequence[Issue], links: Links) -> AlertAction:
    """Decide where no alert is open."""
    memories = [(alert, memory.read_memory(alert.body)) for alert in closed]
    last, before = next(
        ((alert, kept) for alert, kept in reversed(memories) if kept is None or kept.over != "double"), (None, None)
    )
    by_hand = last and before and not before.over
    if not decision.alert:
        if last and before and by_hand:
            over = before.model_copy(update={"over": "recovered", "until": decision.until})
            return Settle(last.number, memory.with_memory(last.body, over))
        return Nothing("there is nothing to tell")
    if last and by_hand and not memory.news(decision, before):
        return Nothing(f"#{last.number} was closed by hand, and nothing new has happened since")
    return Open(wording.alert_title(decision), _body(decision, memory.told(decision, 0), links))


def _with(decision: Decision, alert: Issue, links: Links, *, silent: bool) -> AlertAction:
    """Decide where an alert is open; where it is silent, what is new is told later."""
    before = memory.read_memory(alert.body)
    # Where the memory was lost, the count goes on from the day, so that no earlier comment is written over.
    told = (before.told if before else decision.until.toordinal()) + 1
    if not decision.alert:
        if before and before.over:
            return Nothing(f"#{alert.number} was opened again by hand, and waits for a person")
        over = {"over": "recovered", "told": told, "until": decision.until}
        kept = (before or memory.told(decision, told)).model_copy(update=over)
        return Close(alert.number, memory.with_memory(alert.body, kept), wording.recovered(decision), told)
    news = None if silent else memory.news(decision, before)
    same_news = before and before.model_copy(update={"until": decision.until})
    kept = same_news if same_news and not news else memory.told(decision, told, before)
    title, body = wording.alert_title(decision), _body(decision, kept, links)
    relabel = not has(alert.labels, Label.ALERT)
    if same(alert.title, title) and same(alert.body, body) and not relabel:
        return Nothing(f"#{alert.number} says so already")
    return Update(alert.number, title, body, news, told, relabel)


def _ahead(decision: Decision, alert: Issue, until: date) -> str:
    """Explain why older data change nothing, and what to do if that is not wanted."""
    return (
        f"#{alert.number} knows newer data, to {last(until)}; this run has data to {last(decision.until)}. To "
        f"replay older data all the same, delete the line `<!-- driftloop:state …` from the text of #{alert.number}"
    )


def _double(decision: Decision, alert: Issue, first: int) -> Close:
    before = memory.read_memory(alert.body) or memory.told(decision, decision.until.toordinal())
    kept = before.model_copy(update={"over": "double", "told": before.told + 1})
    return Close(alert.number, memory.with_memory(alert.body, kept), wording.double(first), kept.told, "not_planned")


def _body(decision: Decision, kept: memory.Memory, links: Links) -> str:
    return cut(f"{memory.marker(decision.model)}\n{kept}\n{wording.alert(decision, links)}")


def newest(root: Path) -> Decision:
    """Read the decision, unless it is about another model or other data than params.yaml.

    Raises
    ------
    LoopError
        If it is about something else: results of an earlier run must not open or close anything.
    """
    decision, params = read_value(root / DECISION, Decision), load_params(root / "params.yaml")
    found, until = (decision.model, decision.until), end_day(params.source.until_instant, params.zone)
    if found != (params.model, until):
        msg = (
            f"{DECISION}: expected one about {params.model} with data until {until}, as params.yaml has it, "
            f"got one about {decision.model} until {decision.until}; run `dvc repro monitor`"
        )
        raise LoopError(msg)
    return decision


def run(hub: Hub, decision: Decision, links: Links, *, beside: Collection[str] = ()) -> list[Done]:
    """Read, decide and act; then read again to notice an alert that another run opened at the same time."""
    found = memory.every(hub)
    asleep = snooze.current(hub, decision, found)
    # Its end is written first: a run that breaks off in between leaves an alert that speaks.
    ended = [Done(snooze.act(hub, asleep), asleep.number)] if asleep else []
    actions = plan(decision, found, links, silent=snooze.silent(asleep), beside=beside)
    done = [act(hub, decision.model, action) for action in actions] + ended
    if isinstance(actions[0], Open):
        again = plan(decision, memory.find(hub, decision.model), links)[1:]
        done += [act(hub, decision.model, action) for action in again]
    return done


def act(hub: Hub, model: str, action: AlertAction) -> Done:
    """Do it, and say what was done; doing it twice changes nothing."""
    match action:
        case Open():
            for label in LOOKS:
                make_label(hub, label)
            number = hub.open_issue(
                action.title,
                action.body,
                [Label.ALERT],
                find=lambda: next((alert for alert in memory.find(hub, model) if alert.open), None),
            ).number
            return Done(f"opened #{number}", number)
        case Update():
            if action.comment:
                _tell(hub, action.number, action.comment, action.told)
            hub.edit_issue(action.number, title=action.title, body=action.body)
            if action.relabel:
                make_label(hub, Label.ALERT)
                hub.add_labels(action.number, Label.ALERT)
            return Done(f"updated #{action.number}{_besides(action)}", action.number)
        case Close():
            _tell(hub, action.number, action.comment, action.told)
            hub.edit_issue(action.number, body=action.body, state="closed", state_reason=action.reason)
            return Done(f"closed #{action.number}", action.number)
        case Settle():
            hub.edit_issue(action.number, body=action.body)
            return Done(f"#{action.number} stays closed", action.number)
        case Nothing():
            return Done(f"did nothing: {action.reason}")
        case Leave():
            return Done(f"left {_left(action)}", action.number)
        case _:
            assert_never(action)


def _left(action: Leave) -> str:
    return f"#{action.number} alone: it is about another model, {action.model}; close it if there is none of that name"


def _besides(action: Update) -> str:
    commented, relabelled = (
        " and commented" if action.comment else "",
        " and put its label back" if action.relabel else "",
    )
    return commented + relabelled


def shown(action: AlertAction) -> dict[str, Any]:
    """Write an action as JSON data."""
    return {"action": type(action).__name__.lower(), **asdict(action)}


def worded(action: AlertAction) -> str:
    """Describe what would be done."""
    match action:
        case Open():
            return f"would open an issue: {action.title}\n\n{action.body}"
        case Update():
            said = f"\nwould comment: {action.comment}" if action.comment else ""
            said += f"\nwould put the label {Label.ALERT} back" if action.relabel else ""
            return f"would update #{action.number}: {action.title}{said}\n\n{action.body}"
        case Close():
            return f"would close #{action.number} and comment: {action.comment}"
        case Settle():
            return f"would note in #{action.number} that it is over"
        case Nothing():
            return f"would do nothing: {action.reason}"
        case Leave():
            return f"would leave {_left(action)}"
        case _:
            assert_never(action)


def _tell(hub: Hub, number: int, text: str, told: int) -> None:
    """Comment once; the number says which comment it is, also to a run that comes after one that broke off."""
    mark = f"<!-- driftloop:told {told} -->"
    hub.comment(number, cut(f"{mark}\n{text}"), marker=mark, author=hub.login())

"""`driftloop ci keep-fresh`: after each monitoring run, end the standing approval or ask for the next refresh."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, assert_never

from driftloop.alerting import memory
from driftloop.alerting.labels import Label, make_label
from driftloop.core.dates import last
from driftloop.core.decision.approval import Approval, ends, rests
from driftloop.core.decision.statuses import STATUSES
from driftloop.github import values
from driftloop.nothing import Nothing
from driftloop.retraining import brought, merging, standing
from driftloop.retraining.wording import standing as wording

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from driftloop.core.decision.values import Decision
    from driftloop.github.hub import Hub, Issue
    from driftloop.params import Params

WORKFLOW = "retrain.yml"


@dataclass(frozen=True)
class Kept:
    """An issue with an approval in force."""

    issue: Issue
    approval: Approval


@dataclass(frozen=True)
class Finish:
    """Take the label off, and say why the approval has ended and what it brought."""

    number: int
    text: str


@dataclass(frozen=True)
class Refresh:
    """Start the workflow that retrains."""

    number: int
    approval: Approval


Action = Finish | Refresh | merging.Merge | merging.Release | Nothing


def kept(hub: Hub, model: str) -> list[Kept]:
    """List the issues of the loop, open or closed, with an approval in force, the oldest first.

    Those whose label was taken off are among them: the comments know, and the end has yet to be said.
    """
    login = hub.login()
    listed = [*memory.every(hub), *hub.issues(label=Label.KEEP_FRESH, state="all")]
    ours = {issue.number: issue for issue in listed if standing.is_ours(issue, model, login)}
    states = [(ours[number], standing.read(hub, number).in_force) for number in sorted(ours)]
    return [Kept(issue, approval) for issue, approval in states if approval]


def missing(hub: Hub, decision: Decision, params: Params) -> Approval | None:
    """Return the approval that was merged into params.yaml and that no issue knows.

    What an earlier proposal has left in params.yaml is known to the comments, also after its end was told.
    """
    until = params.retrain.standing_until
    if not params.standing or until is None:
        return None
    login = hub.login()
    listed = {issue.number: issue for issue in (*memory.every(hub), *hub.issues_by(login, state="all"))}
    ours = [number for number, issue in listed.items() if standing.is_ours(issue, params.model, login)]
    if any(each.until >= until for number in ours for each in standing.read(hub, number).given):
        return None
    return Approval(by="params.yaml", since=decision.until, until=until, version=decision.version)


def begin(hub: Hub, approval: Approval, params: Params) -> int:
    """Open an issue for it, or take the one of an earlier approval of this kind; return its number."""
    login, body = hub.login(), f"{standing.marker(params.model)}\n{wording.opened(params.model)}"
    make_label(hub, Label.KEEP_FRESH)
    number = hub.open_issue(
        wording.title(params.model, approval),
        body,
        [Label.KEEP_FRESH],
        find=lambda: next((each for each in hub.issues_by(login) if values.same(each.body, body)), None),
    ).number
    hub.add_labels(number, Label.KEEP_FRESH)
    standing.give(hub, number, approval, merges=params.retrain.standing_merge)
    return number


def refreshed(records: Iterable[dict[str, Any]], model: str) -> date | None:
    """Return where the data of the newest retraining ended, as the records have it; one that failed does not count."""
    found = [
        date.fromisoformat(str(record["until"]))
        for record in records
        if (record.get("kind"), record.get("outcome"), record.get("model")) == ("retrain", "ok", model)
        and record.get("until")
    ]
    return max(found, default=None)


def plan(
    found: Sequence[Kept], decision: Decision, params: Params, past: Sequence[dict[str, Any]] = ()
) -> list[Action]:
    """Decide for each issue; only the newest approval asks for refreshes.

    Parameters
    ----------
    found
        Issues with an approval in force.
    decision, params
        Of the newest data.
    past
        Records of all runs, the oldest first.
    """
    if not found:
        return [Nothing("no approval is in force")]
    newest = refreshed(past, params.model)
    actions: list[Action] = []
    for each in found:
        number, approval = each.issue.number, each.approval
        seen = max(filter(None, (approval.since, newest)))
        if _knows_more(approval, decision):
            actions.append(Nothing(f"#{number} knows newer data; this run has data to {last(decision.until)}"))
            continue
        end = _end(each, decision)
        if end:
            made = brought.of(past, approval, decision)
            text = wording.ended(approval, end, decision, params.retrain.standing_weeks, made)
            actions.append(Finish(number, text))
        elif rests(decision.status):
            said = STATUSES[decision.status].headline.said
            actions.append(Nothing(f"#{number} rests until the data is sound: {decision.model} {said}"))
        elif each is not found[-1]:
            actions.append(Nothing(f"#{number}: the approval on #{found[-1].issue.number} is newer"))
        elif decision.until < seen + timedelta(days=params.monitor.step_days):
            actions.append(Nothing(f"#{number}: data is no step newer than at the last retraining, to {last(seen)}"))
        else:
            actions.append(Refresh(number, approval))
    return actions


def _end(each: Kept, decision: Decision) -> Any:
    """Say what ends an approval; the label last, since a run that broke off may have taken it off itself."""
    now = (decision.until, decision.status, decision.version)
    return ends(each.approval, *now) or ends(
        each.approval, *now, labelled=values.has(each.issue.labels, Label.KEEP_FRESH)
    )


def mergeable(found: Sequence[Kept], actions: Sequence[Action], decision: Decision, params: Params) -> Kept | None:
    """Return the newest approval, if the loop may merge within it: it goes on, and this run has looked at the newest, sound data."""
    if not params.retrain.standing_merge or not found:
        return None
    newest = found[-1]
    over = any(isinstance(action, Finish) and action.number == newest.issue.number for action in actions)
    return None if over or rests(decision.status) or _knows_more(newest.approval, decision) else newest


def _knows_more(approval: Approval, decision: Decision) -> bool:
    """Whether an approval was given when more was known than in this run, which then repeats an older one."""
    return decision.until < approval.since or decision.version < approval.version


def act(hub: Hub, action: Action) -> str:
    """Do it, and say what was done; doing it twice changes nothing but that one more run finds nothing new."""
    match action:
        case Finish():
            standing.end(hub, action.number, action.text)
            return f"ended the approval on #{action.number}"
        case Refresh():
            hub.dispatch(WORKFLOW, hub.default_branch(), {"issue": str(action.number)})
            return f"started {WORKFLOW} for #{action.number}, which is kept fresh"
        case merging.Merge() | merging.Release():
            return merging.act(hub, action)
        case Nothing():
            return f"nothing to keep fresh: {action.reason}"
        case _:
            assert_never(action)


def in_force(found: Sequence[Kept], actions: Sequence[Action]) -> Approval | None:
    """Return the approval that is in force after the actions, for the record."""
    over = {action.number for action in actions if isinstance(action, Finish)}
    return next((each.approval for each in reversed(found) if each.issue.number not in over), None)


def shown(action: Action) -> dict[str, Any]:
    """Return an action as data."""
    named = {"action": type(action).__name__.lower(), **asdict(action)}
    approval = getattr(action, "approval", None)
    return named | ({"approval": approval.model_dump(mode="json")} if approval else {})


def worded(action: Action) -> str:
    """Describe what would be done."""
    match action:
        case Finish():
            return f"would take {Label.KEEP_FRESH} off #{action.number} and comment: {action.text}"
        case Refresh():
            return f"would start {WORKFLOW} for #{action.number}"
        case merging.Merge():
            return f"would merge #{action.pull.number} as v{action.version}, and start {merging.WORKFLOW}"
        case merging.Release():
            return f"would start {merging.WORKFLOW} for v{action.version}, which the loop has merged as #{action.pull.number}"
        case Nothing():
            return f"would do nothing: {action.reason}"
        case _:
            assert_never(action)

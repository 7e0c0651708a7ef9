"""Retrain on request: check who asks, refresh, run the pipeline, and write a hand-over for the job that proposes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, assert_never

from driftloop import dvc, promote
from driftloop import refresh as refreshing
from driftloop.alerting import memory
from driftloop.alerting.labels import Label
from driftloop.core.judging.verdict import Report
from driftloop.errors import LoopError
from driftloop.github import values
from driftloop.nothing import Nothing
from driftloop.params import load_params
from driftloop.report.markdown import plain
from driftloop.retraining import handover
from driftloop.store.files import VERDICT, read_card, read_value

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from driftloop.git import Git
    from driftloop.github.hub import Hub
    from driftloop.github.runtime import Runtime
    from driftloop.retraining.handover import Manifest


BRANCHES = "retrain/issue-"
REFUSED = "<!-- driftloop:refused -->"


def branch_of(issue: int) -> str:
    """Name the branch that answers an issue."""
    return f"{BRANCHES}{issue}"


@dataclass(frozen=True)
class Request:
    """Somebody who may write asks to retrain.

    Attributes
    ----------
    issue
        The alert.
    asked_by
        Login of who asked.
    """

    issue: int
    asked_by: str


@dataclass(frozen=True)
class Refused:
    """The request does not count; whoever asked hears why on the alert.

    Attributes
    ----------
    issue
        The alert.
    why
        A sentence or two, with what has to be done instead.
    """

    issue: int
    why: str


Plan = Request | Refused | Nothing


def plan(hub: Hub, runtime: Runtime, number: int, model: str) -> Plan:
    """Check a request."""
    if runtime.event_name == "issues" and not values.has(frozenset({runtime.label}), Label.RETRAIN):
        return Nothing(f"the label {runtime.label!r} asks for nothing")
    request = check(hub, runtime, number, model)
    if isinstance(request, Request) and (pulls := hub.pulls(branch_of(number))):
        return Nothing(f"pull request #{pulls[0].number} for #{number} is open already: {pulls[0].url}")
    return request


def check(hub: Hub, runtime: Runtime, number: int, model: str) -> Plan:
    """Check that an issue is an open alert of this model by the loop itself, that it carries the label, and who asks.

    Nothing is said on issues that are not the loop's own: an issue form may set the label on those of strangers.

    Raises
    ------
    LoopError
        If it is not the issue of the event.
    """
    if runtime.number not in (None, number):
        msg = f"#{number}: expected the issue of the event, #{runtime.number}"
        raise LoopError(msg)
    issue = hub.issue(number)
    if issue.is_pull or not memory.is_alert(issue, model, hub.login()):
        return Nothing(f"#{number} is not an alert of {model} that the loop itself opened, so the label does not count")
    if not values.has(issue.labels, Label.RETRAIN):
        return Nothing(f"#{number} does not carry the label {Label.RETRAIN}")
    if not issue.open:
        again = f"Reopen it, then take `{Label.RETRAIN}` off and set it again"
        return Refused(number, f"#{number} is closed. {again}.")
    asked_by = runtime.sender or hub.login()
    if not hub.may_write(asked_by):
        again = f"A maintainer has to take `{Label.RETRAIN}` off and set it again"
        return Refused(number, f"{plain(asked_by)} has no write access, so the label does not count. {again}.")
    return Request(number, asked_by)


def refusal(action: Refused) -> str:
    """Write the comment."""
    return f"**Not retrained:** {action.why}"


def refuse(hub: Hub, action: Refused) -> None:
    """Comment on the alert why a request does not count; one comment, however often it is asked."""
    hub.comment(action.issue, f"{REFUSED}\n{refusal(action)}", marker=REFUSED, author=hub.login())


def shown(action: Plan) -> dict[str, Any]:
    """Return a plan as data."""
    return {"action": "retrain" if isinstance(action, Request) else type(action).__name__.lower(), **asdict(action)}


def worded(action: Plan, out: Path) -> str:
    """Describe what would be done."""
    match action:
        case Request():
            return f"would refresh, run `dvc repro` for #{action.issue}, and leave the hand-over in {out}"
        case Refused():
            return f"would not retrain: {action.why}"
        case Nothing():
            return f"nothing to do: {action.reason}"
        case _:
            assert_never(action)


def act(
    root: Path,
    git: Git,
    request: Request,
    out: Path,
    *,
    until: str | None,
    now: datetime,
    repro: Callable[[Path], None] | None = None,
) -> Manifest:
    """Refresh, run the pipeline, promote in the working tree if the gate says so, and leave the hand-over in `out`.

    Parameters
    ----------
    root, git
        A checkout without changes in tracked files.
    request, out
        What is answered, and where to; an earlier hand-over is replaced.
    until, now
        As for `refresh`.
    repro
        Runs the pipeline; DVC unless given.
    """
    repro = repro or dvc.repro
    handover.check_out(out)
    if changed := git.run("diff", "--name-only", "HEAD"):
        msg = f"working tree: expected the files of HEAD, got changes in {', '.join(changed.splitlines())}; commit or stash"
        raise LoopError(msg)
    base = git.head()
    refreshing.refresh(root / handover.PARAMS, until=until, now=now)
    repro(root)
    params, report = load_params(root / handover.PARAMS), read_value(root / VERDICT, Report)
    data, proposed, after = handover.take(root, "data"), None, None
    before = read_card(root, params).version
    if report.verdict.outcome == "promote":
        promotion = promote.plan(params, root, first=False, force=False)
        promote.apply(promotion, root)
        repro(root)
        proposed, after = handover.take(root, "promote"), promotion.card.version
    return handover.write(
        out,
        data,
        proposed,
        issue=request.issue,
        base=base,
        model=params.model,
        before=before,
        after=after,
        until=params.source.until,
        outcome=report.verdict.outcome,
    )

"""Retrain on request: check who asks, refresh, run the pipeline, and write a hand-over for the job that proposes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, assert_never

from driftloop import dvc, lineage, promote
from driftloop import refresh as refreshing
from driftloop.alerting.labels import Label
from driftloop.core.decision.approval import Approval
from driftloop.core.judging.verdict import Report
from driftloop.core.windows import end_day
from driftloop.errors import LoopError
from driftloop.github import values
from driftloop.nothing import Nothing
from driftloop.params import edit, load_params
from driftloop.report.markdown import plain
from driftloop.retraining import handover, standing
from driftloop.store.files import VERDICT, read_card, read_value, write_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime
    from pathlib import Path

    from driftloop.git import Git
    from driftloop.github.hub import Hub
    from driftloop.github.runtime import Runtime
    from driftloop.params import Params
    from driftloop.retraining.handover import Manifest


BRANCHES = "retrain/issue-"
ROLLBACKS = "rollback/v"
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
        Login of who asked, or gave the approval that is in force.
    keep_fresh
        Whether it is covered by a standing approval.
    approval
        The one in force; None for one that is only being given.
    """

    issue: int
    asked_by: str
    keep_fresh: bool = False
    approval: Approval | None = None

    def covered_by(self, params: Params, until: date, version: int) -> Approval | None:
        """Return the approval that covers a refresh, with data until `until` (exclusive) and production as `version`."""
        if not self.keep_fresh or self.approval:
            return self.approval
        return Approval.given(self.asked_by, until, params.retrain.standing_weeks, version)


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
    if runtime.event_name == "issues" and not _asked(runtime):
        return Nothing(f"the label {runtime.label!r} asks for nothing")
    request = check(hub, runtime, number, model)
    if isinstance(request, Request) and not request.keep_fresh and (pulls := hub.pulls(branch_of(number))):
        return Nothing(f"pull request #{pulls[0].number} for #{number} is open already: {pulls[0].url}")
    return request


def check(hub: Hub, runtime: Runtime, number: int, model: str) -> Plan:
    """Check that an issue is an alert of this model by the loop itself, that it carries the label, and who asks.

    A model is kept fresh whether its alert is open or not: the first merge closes it. Where the loop itself asks, the
    approval in force answers for it.
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
    if not standing.is_ours(issue, model, hub.login()):
        return Nothing(f"#{number} is not an alert of {model} that the loop itself opened, so the label does not count")
    label = _asked(runtime)
    if not label and values.has(issue.labels, Label.KEEP_FRESH):
        if approval := standing.read(hub, number).in_force:
            return Request(number, approval.by, keep_fresh=True, approval=approval)
        label = None if values.has(issue.labels, Label.RETRAIN) else Label.KEEP_FRESH
    label = label or Label.RETRAIN
    if not values.has(issue.labels, label):
        return Nothing(f"#{number} does not carry the label {label}")
    if not issue.open and label == Label.RETRAIN:
        again = f"Reopen it, then take `{Label.RETRAIN}` off and set it again"
        return Refused(number, f"#{number} is closed. {again}.")
    asked_by = runtime.sender or hub.login()
    if not hub.may_write(asked_by):
        again = f"A maintainer has to take `{label}` off and set it again"
        return Refused(number, f"{plain(asked_by)} has no write access, so the label does not count. {again}.")
    return Request(number, asked_by, keep_fresh=label == Label.KEEP_FRESH)


def _asked(runtime: Runtime) -> Label | None:
    """Name the label that was just set, if it asks for something; by hand, and where the loop itself asks, there is none."""
    given = frozenset({runtime.label}) if runtime.event_name == "issues" else frozenset()
    return next((label for label in (Label.RETRAIN, Label.KEEP_FRESH) if values.has(given, label)), None)


def refusal(action: Refused) -> str:
    """Write the comment."""
    return f"**Not retrained:** {action.why}"


def refuse(hub: Hub, action: Refused) -> None:
    """Comment on the alert why a request does not count; one comment, however often it is asked."""
    hub.comment(action.issue, f"{REFUSED}\n{refusal(action)}", marker=REFUSED, author=hub.login())


def shown(action: Plan) -> dict[str, Any]:
    """Return a plan as data."""
    if not isinstance(action, Request):
        return {"action": type(action).__name__.lower(), **asdict(action)}
    approval = action.approval.model_dump(mode="json") if action.approval else None
    return {"action": "retrain", **asdict(action), "approval": approval}


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
    check_start(git, out)
    base = git.head()
    path = root / handover.PARAMS
    refreshing.refresh(path, until=until, now=now)
    params = load_params(path)
    before = read_card(root, params).version
    approval = request.covered_by(params, end_day(params.source.until_instant, params.zone), before)
    written = edit.with_approval(path.read_bytes().decode("utf-8"), approval.until if approval else None)
    write_text(path, written)
    repro(root)
    report = read_value(root / VERDICT, Report)
    data, proposed, after = handover.take(root, "data"), None, None
    if report.verdict.outcome == "promote":
        promotion = promote.plan(params, root, first=False, force=False, highest=lineage.highest(git, params.model))
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


def check_start(git: Git, out: Path) -> None:
    """Refuse a working tree with changes, and an `out` that holds something else."""
    handover.check_out(out)
    if changed := git.run("diff", "--name-only", "--relative", "HEAD"):
        msg = f"working tree: expected the files of HEAD, got changes in {', '.join(changed.splitlines())}; commit or stash"
        raise LoopError(msg)

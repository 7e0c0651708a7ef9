"""Markdown for people on GitHub: that a standing approval was given, and that it has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftloop.alerting.labels import Label
from driftloop.core.dates import day, last
from driftloop.core.figures import percent
from driftloop.report import error_lines
from driftloop.report.markdown import plain, quiet

if TYPE_CHECKING:
    from driftloop.core.decision.approval import Approval, End
    from driftloop.core.decision.values import Decision
    from driftloop.retraining.brought import Brought


def title(model: str, approval: Approval) -> str:
    """Name the issue of an approval that no alert has."""
    return f"{quiet(model)} is kept fresh, with data to {last(approval.until)}"


def opened(model: str) -> str:
    """Explain why there is such an issue."""
    return (
        f"`retrain.standing_until` in params.yaml allows fresh models of {plain(model)} for some weeks. This issue is the "
        f"place where that is told, and where it can be ended: take the label `{Label.KEEP_FRESH}` off."
    )


def given(approval: Approval, *, merges: bool = False) -> str:
    """State who approved what, until when, who merges, and how it ends."""
    merged = (
        "The loop merges it by itself if the gate has compared it with production and all checks are green "
        "(`retrain.standing_merge`), a run of Monitor later; what could not be compared yet waits for newer data."
        if merges
        else "Nothing changes until somebody merges."
    )
    return (
        f"**Kept fresh** from v{approval.version} on, approved by {plain(approval.by)}: data from {day(approval.since)} to "
        f"{last(approval.until)}. In this time one pull request brings a freshly trained model whenever the gate does not "
        f"object; it is updated in place while it is open. {merged}\n\n"
        f"To end it, take the label `{Label.KEEP_FRESH}` off. It also ends when the time is over, and when a model that it brought "
        "is degraded; each end is said here. While the data is faulty, it rests."
    )


def ended(approval: Approval, end: End, decision: Decision, weeks: int, brought: Brought | None = None) -> str:
    """State why an approval ended, what it brought, and how to go on."""
    why, new = _why(approval, end, decision), _brought(approval, decision, brought)
    return f"**No longer kept fresh:** {why}. {new}\n\n{_ask(end, weeks)}"


def _why(approval: Approval, end: End, decision: Decision) -> str:
    match end:
        case "time":
            return f"the approval by {plain(approval.by)} covered data to {last(approval.until)}"
        case "label":
            return f"the label `{Label.KEEP_FRESH}` was taken off"
        case "degraded":
            return f"{plain(decision.model)} is degraded although it was refreshed, and refits have not been shown to help enough"


def _brought(approval: Approval, decision: Decision, found: Brought | None) -> str:
    new = max(0, decision.version - approval.version)
    versions = f"{new} new version{'' if new == 1 else 's'}" if new else "no new version"
    which = f" (v{approval.version} → v{decision.version})" if new else ""
    error = error_lines.error(decision, plain)
    return f"Since {day(approval.since)} it brought {versions}{which}. {_sum(new, found)}{error}".strip()


def _sum(new: int, found: Brought | None) -> str:
    """State what the gate has measured, and what this is not: the same weeks with and without the approval."""
    if found is None:
        return ""
    total = f"{percent(abs(found.gain))} {'less' if found.gain >= 0 else 'more'} error"
    if new == 1:
        return f"It was judged to make {total} than v{found.first}, on {found.days}. "
    known = "" if found.versions == new else f", as far as known ({found.versions} of {new} judgements)"
    return (
        f"Each was judged against the one before it; together that is {total}{known}, on days of {found.days}. The judgements "
        "are about different days, which may overlap. No week was measured with and without all of them, so this is no forecast. "
    )


def _ask(end: End, weeks: int) -> str:
    again = f"set `{Label.KEEP_FRESH}` again for {weeks} more week{'' if weeks == 1 else 's'}"
    match end:
        case "time":
            return f"**Go on?** Then {again}."
        case "label":
            return f"To go on, {again}."
        case "degraded":
            return f"**Do:** find out what changed; then {again}."

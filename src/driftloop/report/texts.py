"""Markdown for people on GitHub: the alert, and what is said beside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from driftloop.core.wording import less_error, percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from driftloop.core.diagnosis import Decision

TITLES = {
    "outdated": "is outdated: retraining would pay",
    "degraded": "is degraded: investigate",
    "data fault": "gets faulty data: fix the data, do not retrain",
    "insufficient data": "gets too little data to be judged",
}


@dataclass(frozen=True)
class Links:
    """Where texts point to; empty strings are left out.

    Attributes
    ----------
    run
        The run that decided.
    dashboard
        The published pages.
    commit
        Hash of the code revision.
    """

    run: str = ""
    dashboard: str = ""
    commit: str = ""


def figure(value: float | None) -> str:
    """Write a number with about three digits that count."""
    if value is None:
        return "unknown"
    return f"{value:,.1f}" if abs(value) >= 10 else f"{value:.3g}"  # noqa: PLR2004


def day(instant: date) -> str:
    """Write a date."""
    return f"{instant:%-d %b %Y}"


def last(until: date) -> str:
    """Write the last day before an exclusive end."""
    return day(until - timedelta(days=1))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a Markdown table; pipes and newlines in cells are made harmless."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell(text) for text in line) + " |" for line in lines)


def cell(text: str) -> str:
    """Make a text fit into a table cell."""
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def alert_title(decision: Decision) -> str:
    """Say in one line what is wrong."""
    simulated = " (simulated data)" if decision.simulated else ""
    return f"{decision.model} v{decision.version} {TITLES.get(decision.status, decision.status)}{simulated}"


def alert(decision: Decision, links: Links) -> str:
    """Say what happened, why, what is unknown, and what to do."""
    parts = [
        _lead(decision),
        _errors(decision),
        "\n".join(_points(decision)),
        _advice(decision),
        _footer(decision, links),
    ]
    return "\n\n".join(part for part in parts if part)


def _lead(decision: Decision) -> str:
    gain, judged = decision.recent_gain, decision.judged
    if decision.status == "outdated" and gain and judged:
        return (
            f"Refitted at each step, it would have made **{less_error(gain).replace(' (', '** (', 1)} over the "
            f"{judged.days} labelled days to {last(judged.until)}. Measured, not a forecast."
        )
    return f"**{decision.reasons[0][0].upper()}{decision.reasons[0][1:]}.**" if decision.reasons else ""


def _errors(decision: Decision) -> str:
    if not decision.error:
        return ""
    unit = f"{decision.unit}, {decision.metric}" if decision.unit else decision.metric
    head, row = [unit, f"v{decision.version}", "normal for it"], [
        "mean error", figure(decision.error.estimate), figure(decision.normal_error)]  # fmt: skip
    if decision.refit_error is not None:
        head, row = [*head, "refitted at each step"], [*row, figure(decision.refit_error)]
    return table(head, [row])


def _points(decision: Decision) -> Iterator[str]:
    if decision.waiting_days is not None:
        since = f" since {day(decision.since)}" if decision.since else ""
        yield (
            f"- **Cost of waiting:** {decision.waiting_days:.1f} normal days of error{since}. "
            f"Alert at {decision.alert_at_days:g}."
        )
    if pattern := _pattern(decision):
        yield f"- **Pattern:** {pattern}."
    faults = [finding.text for finding in decision.findings]
    yield f"- **Data:** {'; '.join(faults) if faults else 'no fault found'}."
    yield f"- **Unknown:** labels after {last(decision.labelled_until)}."
    if decision.comparable_from:
        yield f"- **Retraining can first be judged** when data reaches {day(decision.comparable_from)}."


def _pattern(decision: Decision) -> str:
    pattern, unit = decision.pattern, decision.unit or "on average"
    said = []
    if pattern.bias is not None:
        said.append(f"predicts {figure(abs(pattern.bias))} too {'many' if pattern.bias > 0 else 'few'} {unit}")
    if pattern.worst is not None:
        said.append(f"worst where {pattern.worst} (error {figure(pattern.worst_error)})")
    return "; ".join(said)


def _advice(decision: Decision) -> str:
    match decision.status:
        case "outdated":
            return (
                "**Do:** set the label `retrain-model` (write access). You get a pull request, or a comment saying why "
                "not. Nothing changes until you merge. Close this issue to hear of it again only when it has got worse."
            )
        case "data fault":
            return (
                "**Do:** fix the data at its source. Do not retrain: a model trained on a fault soon wins on the fault, "
                "and the gate refuses. This issue closes by itself when the data is sound."
            )
        case "degraded":
            return "**Do:** investigate what changed. Retraining does not pay so far."
        case _:
            return f"**Do:** {decision.advice}."


def _footer(decision: Decision, links: Links) -> str:
    shown = [f"[{name}]({link})" for name, link in (("Dashboard", links.dashboard), ("run", links.run)) if link]
    checkout = f"git checkout {links.commit[:12]} && " if links.commit else ""
    shown.append(f"`{checkout}driftloop refresh --until {decision.until} && dvc repro monitor`")
    return " · ".join(shown)


def recovered(decision: Decision) -> str:
    """Say that an alert is over."""
    return f"Recovered: v{decision.version} is {decision.status} with data to {last(decision.until)}. Closing."


def changed(decision: Decision) -> str:
    """Say that the alert is about something else now."""
    return f"Now: **{decision.status}**. {decision.reasons[0]}." if decision.reasons else f"Now: **{decision.status}**."


def grown(decision: Decision) -> str:
    """Say that waiting has become dearer."""
    return f"Waiting has now cost {decision.waiting_days or 0:.1f} normal days of error."


def share(value: float | None) -> str:
    """Write a share, or that it is unknown."""
    return "unknown" if value is None else percent(value)

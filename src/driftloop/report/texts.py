"""Markdown for people on GitHub: the alert, and what is said beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from driftloop.core.wording import inputs_line, less_error
from driftloop.report.markdown import LONGEST_TITLE, about, day, figure, last, plain, quiet, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from driftloop.core.diagnosis import Decision
    from driftloop.core.finding import Finding

MOST_FINDINGS = 15
WEEK = 7
TITLES = {
    "healthy": "is healthy",
    "watch": "is healthy: inputs moved, error did not",
    "outdated": "is outdated: retraining would pay",
    "degraded": "is degraded: investigate",
    "data fault": "gets faulty data: fix the data, do not retrain",
    "insufficient data": "gets too little data to be judged",
    "no production": "has no production model yet",
}
METRICS = {
    "mae": "mean absolute error",
    "mse": "mean squared error",
    "log_loss": "log loss",
    "brier": "Brier score",
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


def alert_title(decision: Decision) -> str:
    """Say in one line how the model is."""
    asked = decision.status == "outdated" and decision.policy != "avoidable_loss"
    said = f"is outdated by the policy {quiet(decision.policy)}" if asked else TITLES[decision.status]
    simulated = " (simulated data)" if decision.simulated else ""
    return f"{_name(decision)} {said}{simulated}"[:LONGEST_TITLE]


def alert(decision: Decision, links: Links) -> str:
    """Say what happened, why, what is unknown, and what to do."""
    parts = [
        simulated(decision),
        _lead(decision),
        _errors(decision),
        "\n".join(_points(decision)),
        _advice(decision),
        _footer(decision, links),
    ]
    return "\n\n".join(part for part in parts if part)


def _name(decision: Decision) -> str:
    model = quiet(decision.model)
    return f"{model} v{decision.version}" if decision.version else model


def _lead(decision: Decision) -> str:
    gain, judged = decision.recent_gain, decision.judged
    reason = f"**{_sentence(decision)}**" if decision.reasons else ""
    if decision.status != "outdated" or gain is None or judged is None:
        return reason
    measured = (
        f"Refitted {each(decision)}, it would have made **{less_error(gain).replace(' (', '** (', 1)} over the "
        f"{judged.days} labelled days to {last(judged.until)}. Measured, not a forecast."
    )
    return measured if decision.policy == "avoidable_loss" else f"{reason} {measured}".strip()


def _sentence(decision: Decision) -> str:
    said = plain(decision.reasons[0])
    return f"{said[:1].upper()}{said[1:]}."


def simulated(decision: Decision) -> str:
    """Say so, where data is simulated."""
    return "_Simulated data: nothing of this is real._" if decision.simulated else ""


def each(decision: Decision) -> str:
    """Say how often there is a refit."""
    return "weekly" if decision.step_days == WEEK else f"every {decision.step_days} days"


def _errors(decision: Decision) -> str:
    if not decision.error:
        return ""
    name = METRICS.get(decision.metric, decision.metric)
    unit = decision.unit if decision.metric == "mae" else ""
    version = f"v{decision.version}"
    head = [unit, version, f"normal for {version}"]
    row = [name, figure(decision.error.estimate), figure(decision.normal_error)]
    if decision.refit_error is not None:
        head, row = [*head, f"refitted {each(decision)}"], [*row, figure(decision.refit_error)]
    return table(head, [row])


def _points(decision: Decision) -> Iterator[str]:
    if decision.waiting_days is not None:
        since = f" since {day(decision.since)}" if decision.since and decision.status == "outdated" else ""
        bar = f" Alert at {decision.alert_at_days:g}." if decision.policy == "avoidable_loss" else ""
        yield f"- **Cost of waiting:** {decision.waiting_days:.1f} normal days of error{since}{_saved(decision)}.{bar}"
    if decision.held_back:
        yield f"- **Retraining would be refused now:** {plain(decision.held_back)}."
    if pattern := _pattern(decision):
        yield f"- **Pattern:** {pattern}."
    yield from _data(decision.findings)
    if told := inputs_line(decision):
        yield f"- **Inputs:** {plain(told)}."
    yield f"- **Unknown:** labels after {last(decision.labelled_until)}; data after {last(decision.until)}."
    if decision.comparable_from:
        yield f"- **Retraining can first be judged** when data reaches {day(decision.comparable_from)}."
    for warning in decision.warnings[:MOST_FINDINGS]:
        yield f"- **Warning:** {plain(warning)}."


def _saved(decision: Decision) -> str:
    """Give the cost in the target's unit; what a row stands for is not known, so it stays a sum over rows."""
    if not decision.waiting_error or decision.waiting_error <= 0:
        return ""
    unit = f"{plain(decision.unit)}, " if decision.unit else ""
    return f"; refits would have erred by about {about(decision.waiting_error)} less in all ({unit}summed over rows)"


def _data(findings: Sequence[Finding]) -> Iterator[str]:
    if not findings:
        yield "- **Data:** no fault found."
    elif len(findings) == 1:
        yield f"- **Data:** {plain(findings[0].text)}."
    else:
        yield f"- **Data:** {len(findings)} findings."
        yield from (f"  - {plain(finding.text)}" for finding in findings[:MOST_FINDINGS])
        if more := findings[MOST_FINDINGS:]:
            yield f"  - and {len(more)} more, in `reports/quality.json`"


def _pattern(decision: Decision) -> str:
    pattern = decision.pattern
    said = []
    if pattern.bias is not None:
        unit = plain(decision.unit) or "on average"
        said.append(f"predicts {figure(abs(pattern.bias))} too {'many' if pattern.bias > 0 else 'few'} {unit}")
    if pattern.worst is not None:
        said.append(f"worst where {plain(pattern.worst)} (error {figure(pattern.worst_error)})")
    return "; ".join(said)


def _advice(decision: Decision) -> str:
    match decision.status:
        case "outdated":
            do = (
                "set the label `retrain-model` (write access). You get a pull request, or a comment saying why not. "
                "Nothing changes until you merge."
            )
        case "data fault":
            do = (
                "fix the data at its source. Do not retrain: a model trained on a fault soon wins on the fault, and "
                "the gate refuses. If this is normal from now on, `driftloop promote --force` says so."
            )
        case "degraded":
            do = "investigate what changed. Retraining is not asked for: it has not been shown to help enough."
        case "insufficient data":
            do = "wait for data, or mend the source. Nothing can be said of the model until then."
        case _:
            do = f"{plain(decision.advice)}."
    return (
        f"**Do:** {do}\n\nThis issue closes by itself when it is over. "
        "Close it to hear of it again only when it has got worse."
    )


def _footer(decision: Decision, links: Links) -> str:
    shown = [f"[{name}]({link})" for name, link in (("Dashboard", links.dashboard), ("run", links.run)) if link]
    checkout = f"git checkout {links.commit[:12]} && " if links.commit else ""
    shown.append(f"`{checkout}driftloop refresh --until {decision.until} && dvc repro monitor`")
    return " · ".join(shown)


def recovered(decision: Decision) -> str:
    """Say that an alert is over."""
    return (
        f"Recovered: {plain(_name(decision))} {TITLES[decision.status]}, with data to {last(decision.until)}. Closing."
    )


def changed(decision: Decision) -> str:
    """Say that the alert is about something else now."""
    reason = f" {_sentence(decision)}" if decision.reasons else ""
    return f"Now: **{plain(alert_title(decision))}**.{reason}"


def joined(findings: Sequence[Finding]) -> str:
    """Say what was found that was not told before."""
    more = f"; and {len(findings) - MOST_FINDINGS} more" if len(findings) > MOST_FINDINGS else ""
    return f"New: {'; '.join(plain(finding.text) for finding in findings[:MOST_FINDINGS])}{more}."


def grown(decision: Decision) -> str:
    """Say that waiting has become dearer."""
    return f"Waiting has now cost {decision.waiting_days or 0:.1f} normal days of error."


def worse(decision: Decision) -> str:
    """Say that error has risen further."""
    error = decision.error.estimate if decision.error else None
    return f"Error has risen to {figure(error)}; normal is {figure(decision.normal_error)}."


def double(number: int) -> str:
    """Say that another issue tells the same."""
    return f"Opened twice; #{number} is the alert. Closing this one."


def paragraph(decision: Decision, done: str) -> str:
    """Sum up for the page of a run: how the model is, why, and what was done."""
    reason = f" {_sentence(decision)}" if decision.reasons else ""
    return f"**{plain(alert_title(decision))}.**{reason} Data to {last(decision.until)}. {done[:1].upper()}{done[1:]}."

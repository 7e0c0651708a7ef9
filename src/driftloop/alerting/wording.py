"""Markdown for people on GitHub: the text of an alert, and what is told of it later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from driftloop.alerting.labels import SNOOZE_DAYS, Label
from driftloop.core.dates import day, last
from driftloop.core.decision.statuses import STATUSES
from driftloop.core.figures import figure
from driftloop.report import error_lines
from driftloop.report.headline import for_title, unmeasured
from driftloop.report.markdown import LONGEST_TITLE, about, fenced, folded, plain, quiet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from driftloop.core.data.finding import Finding
    from driftloop.core.decision.values import Decision

MOST_FINDINGS = 15


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
    """Describe in one line how the model is."""
    simulated = " (simulated data)" if decision.simulated else ""
    return f"{_name(decision)} {quiet(for_title(decision))}{simulated}"[:LONGEST_TITLE]


def alert(decision: Decision, links: Links) -> str:
    """Describe what happened, why, what is unknown, and what to do."""
    parts = [
        simulated(decision),
        _lead(decision),
        "\n".join(_points(decision)),
        _advice(decision),
        _footer(decision, links),
    ]
    return "\n\n".join(part for part in parts if part)


def _name(decision: Decision) -> str:
    model = quiet(decision.model)
    return f"{model} v{decision.version}" if decision.version else model


def _lead(decision: Decision) -> str:
    """Write the most important first: how large the error is, and how much of it retraining would have avoided."""
    reason = f"**{_sentence(decision)}**" if decision.reasons else ""
    error = error_lines.error(decision, plain)
    match decision.status:
        case "outdated" | "degraded" if error:
            asked = reason if decision.status == "outdated" and decision.policy != "avoidable_loss" else ""
            told = [error_lines.refitted(decision), error_lines.share_of_rise(decision)]
            past = "Measured, not a forecast." if any(told) else ""
            lead = [asked, error] if asked else [f"**{error}**"]
            return " ".join(part for part in (*lead, *told, past) if part)
        case "data fault" if decision.error_up:
            days = f", over {decision.judged}" if decision.judged else ""
            before = error_lines.against_normal(decision, plain)
            return f"{reason} Error was up already before the fault: {before}{days}."
        case "insufficient data" if error:
            return f"{reason} {error}"
        case _:
            return reason


def _sentence(decision: Decision) -> str:
    said = plain(decision.reasons[0])
    return f"{said[:1].upper()}{said[1:]}."


def simulated(decision: Decision) -> str:
    """Note that the data is simulated, where it is."""
    return "_Simulated data: nothing of this is real._" if decision.simulated else ""


def _points(decision: Decision) -> Iterator[str]:
    if decision.waiting_days is not None:
        yield f"- **Cost of waiting**{_waited(decision)}."
    if decision.held_back:
        yield f"- **Retraining would be refused now:** {plain(decision.held_back)}."
    if pattern := _pattern(decision):
        yield f"- **Pattern:** {pattern}."
    if blamed := error_lines.blamed(decision, plain):
        no_proof = f"{error_lines.NO_PROOF[:1].upper()}{error_lines.NO_PROOF[1:]}"
        yield f"- **Probably:** {'; '.join(blamed)}. {no_proof}."
    yield from _data(decision.findings)
    if told := error_lines.with_faults(decision, plain):
        yield f"- **Error:** {told}."
    if told := error_lines.inputs(decision):
        yield f"- **Inputs:** {plain(told)}."
    yield f"- **Unknown:** labels after {last(decision.labelled_until)}; data after {last(decision.until)}."
    if decision.comparable_from:
        yield f"- **Retraining can first be judged** when data reaches {day(decision.comparable_from)}."
    for warning in decision.warnings[:MOST_FINDINGS]:
        yield f"- **Warning:** {plain(warning)}."


def _waited(decision: Decision) -> str:
    """Explain a normal day of error where it is counted; what a row stands for is not known, so sums are over rows."""
    since = f" since {day(decision.since)}" if decision.since and decision.status == "outdated" else ""
    bar = f" (the alert comes at {decision.alert_at_days:g})" if decision.policy == "avoidable_loss" else ""
    said = f"{since}: as much avoidable error as {decision.waiting_days:.1f} normal days bring{bar}"
    if not decision.waiting_error or decision.waiting_error <= 0:
        return said
    unit = f" {plain(decision.unit)}" if decision.unit else ""
    return f"{said}, about {about(decision.waiting_error)}{unit} summed over rows"


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
        said.append(too_low(pattern.bias, decision))
    if pattern.worst is not None:
        said.append(f"worst where {plain(pattern.worst)} (error {figure(pattern.worst_error)})")
    return "; ".join(said)


def too_low(bias: float, decision: Decision) -> str:
    """Describe by how much predictions are too low or too high on average."""
    unit = f" {plain(decision.unit)}" if decision.unit else ""
    return f"predicts {figure(abs(bias))}{unit} too {'high' if bias > 0 else 'low'} on average"


def _advice(decision: Decision) -> str:
    texts = STATUSES[decision.status]
    return (
        f"**Do:** {texts.to_do or f'{plain(decision.advice)}.'}\n\nThis issue closes by itself {texts.over}. "
        f"If you close it, you hear of it again only when it has got worse. The label `{Label.SNOOZE}` silences it for {SNOOZE_DAYS} days."
    )


def _footer(decision: Decision, links: Links) -> str:
    place = "data" if STATUSES[decision.status].about == "data" else "error"
    named = (("Dashboard", links.dashboard and f"{links.dashboard}#{place}"), ("Run that measured this", links.run))
    shown = " · ".join(f"[{name}]({link})" for name, link in named if link)
    checkout = [f"git checkout {links.commit[:12]}"] if links.commit else []
    commands = [*checkout, f"driftloop refresh --until {decision.until}", "dvc repro monitor"]
    return "\n\n".join(part for part in (shown, folded("Reproduce", fenced("\n".join(commands), "sh"))) if part)


def recovered(decision: Decision) -> str:
    """State that an alert is over."""
    name, until = plain(_name(decision)), last(decision.until)
    said = plain(for_title(decision))
    if unmeasured(decision):
        known = f" {error_lines.normal(decision, plain)}" if decision.normal_error else ""
        return f"No reason for an alert any more: {name} {said}.{known} Data to {until}. Closing."
    error = f" {error_lines.error(decision, plain)}" if decision.error else ""
    return f"Recovered: {name} {said}.{error} Data to {until}. Closing."


def changed(decision: Decision) -> str:
    """State that the alert is about something else now."""
    reason = f" {_sentence(decision)}" if decision.reasons else ""
    return f"Now: **{plain(alert_title(decision))}**.{reason}"


def joined(findings: Sequence[Finding]) -> str:
    """Describe what was found that was not told before."""
    more = f"; and {len(findings) - MOST_FINDINGS} more" if len(findings) > MOST_FINDINGS else ""
    return f"New: {'; '.join(plain(finding.text) for finding in findings[:MOST_FINDINGS])}{more}."


def grown(decision: Decision) -> str:
    """State that the cost of waiting has grown."""
    return f"Waiting has now cost as much error as {decision.waiting_days or 0:.1f} normal days bring."


def worse(decision: Decision) -> str:
    """State that error has risen further."""
    return f"Error has risen further. {error_lines.error(decision, plain)}".strip()


def snoozed(by: str, until: date) -> str:
    """Confirm that an alert is silent, and say how that ends."""
    return (
        f"**Snoozed** by {plain(by)}: nothing more is said here before the data reaches {day(until)}, unless it gets clearly "
        f"worse. For another date, comment `snooze until {until + timedelta(days=SNOOZE_DAYS)}`; to end it, take the label "
        f"`{Label.SNOOZE}` off."
    )


def not_snoozed(by: str) -> str:
    """Say why the label does not count."""
    return (
        f"**Not snoozed:** {plain(by)} has no write access, so the label does not count. A maintainer has to take "
        f"`{Label.SNOOZE}` off and set it again."
    )


WOKEN = {
    "label": f"the label `{Label.SNOOZE}` was taken off",
    "time": "the time is over",
    "worse": "it got clearly worse",
    "recovered": "there is no reason for an alert any more",
}


def woken(why: str) -> str:
    """State that a snooze has ended."""
    return f"**No longer snoozed:** {WOKEN[why]}."


def double(number: int) -> str:
    """State that another issue already reports this."""
    return f"Opened twice; #{number} is the alert. Closing this one."


def paragraph(decision: Decision, done: str) -> str:
    """Sum up for the page of a run: how the model is, why, and what was done."""
    why = _sentence(decision) if decision.reasons else ""
    if unmeasured(decision) and decision.status == "healthy":  # the title gives the reason
        why = error_lines.normal(decision, plain)
    parts = [
        f"**{plain(alert_title(decision))}.**",
        why,
        f"Data to {last(decision.until)}.",
        f"{done[:1].upper()}{done[1:]}.",
    ]
    return " ".join(part for part in parts if part)

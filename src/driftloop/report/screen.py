"""`driftloop status`: one screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftloop.core.dates import day, last
from driftloop.core.decision.statuses import STATUSES
from driftloop.core.figures import figure, less_error
from driftloop.core.judging.metrics import unit_of
from driftloop.core.judging.outcomes import KEPT_BACK, OUTCOMES
from driftloop.core.text import line, log
from driftloop.report.error_lines import NO_PROOF, blamed, each, inputs, with_faults
from driftloop.report.headline import for_screen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from driftloop.core.decision.values import Decision
    from driftloop.core.judging.verdict import Report


def screen(decision: Decision, report: Report | None, *, advise: bool = True, page: str | None = None) -> str:
    """Format decision and verdict for a terminal, without colour.

    Parameters
    ----------
    decision, report
        The newest ones; no report where nothing was judged yet.
    advise
        Whether to name the next commands; on the page of a run nobody can type them.
    page
        The dashboard, where it has been built.
    """
    blocks = [
        [_head(decision)],
        list(_decision(decision)),
        list(_verdict(decision, report)),
        list(_next(decision, report, page)) if advise else [],
    ]
    return log("\n\n".join("\n".join(block) for block in blocks if block))


def _head(decision: Decision) -> str:
    version = f"v{decision.version}" if decision.version else "(no model)"
    simulated = " · SIMULATED DATA" if decision.simulated else ""
    return line(
        f"{decision.model} {version}{simulated} · rows to {last(decision.until)}, "
        f"labels to {last(decision.labelled_until)} ({decision.zone})"
    )


def _decision(decision: Decision) -> Iterator[str]:
    yield line(for_screen(decision))
    yield from _error(decision)
    if decision.waiting_days is not None:
        since = f" since {day(decision.since)}" if decision.since and decision.status == "outdated" else ""
        cost = f"cost {decision.waiting_days:.1f} normal days of error{since} (alert at {decision.alert_at_days:g})"
        yield _line("Waiting", cost)
    if decision.held_back:
        yield _line("", f"nobody is asked, since a retrained model would be refused now: {decision.held_back}")
    if decision.recent_gain:
        yield _line("Refitted", f"{each(decision)}: {less_error(decision.recent_gain)}")
    probable = blamed(decision)
    for place, text in enumerate([*probable, f"({NO_PROOF})"] if probable else []):
        yield _line("" if place else "Probably", text)
    faults = [finding.text for finding in decision.findings]
    for name, text in zip(["Data", *[""] * len(faults)], faults or ["no fault found"], strict=False):
        yield _line(name, text)
    if decision.alarms_from:
        weeks = f"{decision.alarms_weeks} more week{'s' if decision.alarms_weeks > 1 else ''} of history"
        yield _line("", f"data alarms by its own history from {day(decision.alarms_from)}: {weeks} are needed")
    if told := inputs(decision):
        yield _line("Inputs", told)
    for warning in decision.warnings:
        yield _line("Warning", warning)


def _error(decision: Decision) -> Iterator[str]:
    metric = f" {unit_of(decision.metric, decision.unit) or decision.metric}"
    if decision.error and decision.judged:
        normal = f"; normal {figure(decision.normal_error)}" if decision.normal_error else ""
        yield _line("Error", f"{figure(decision.error.estimate)}{metric}, {decision.judged}{normal}")
    elif decision.version:
        normal = f"; normal {figure(decision.normal_error)}{metric}" if decision.normal_error else ""
        what = "not measured on sound data" if decision.with_faults else "not measured yet"
        yield _line("Error", f"{what}{normal}")
    if decision.with_faults:
        yield _line("", with_faults(decision))


def _verdict(decision: Decision, report: Report | None) -> Iterator[str]:
    if report is None or (report.production_version, report.until) != (decision.version, decision.until):
        return
    verdict = report.verdict
    held = verdict.faults and verdict.outcome == "keep production"
    yield f"CANDIDATE: {KEPT_BACK if held else OUTCOMES[verdict.outcome].screen}"
    for place, reason in enumerate(verdict.reasons):
        yield _line("Because" if place == 0 else "", reason)
    if verdict.production is not None and verdict.refit is not None:
        same = f"{figure(verdict.production)} → {figure(verdict.refit)} on the same {verdict.rows:,} rows"
        yield _line(decision.metric.upper(), f"{same} that neither side had seen")
    yield from _window(report)


def _window(report: Report) -> Iterator[str]:
    if report.window:
        yield _line("Trained", f"on {report.window.reason}")


def _next(decision: Decision, report: Report | None, page: str | None) -> Iterator[str]:
    steps = []
    fresh = report is not None and (report.production_version, report.until) == (decision.version, decision.until)
    if report is None or not fresh:
        steps.append(("dvc repro", "train and judge a candidate"))
    elif decision.status == "no production" and report.candidate_sha256 and not report.verdict.faults:
        steps.append(("driftloop promote --first", "make the candidate version 1"))
    elif report.verdict.outcome == "promote":
        steps.append(("driftloop promote", "accept the candidate here, then `dvc repro`"))
    if decision.simulated:
        steps.append(("make rehearse", "issue → label → pull request → merge, offline"))
    if STATUSES[decision.status].about == "data":
        steps.append(("reports/quality.json", "what is wrong, and where"))
    steps.append((page, "open in a browser: the dashboard") if page else ("driftloop site", "build the dashboard"))
    steps.append(("params.yaml", "your data"))
    for place, (command, meaning) in enumerate(steps):
        yield f"{'Next' if place == 0 else '':6}{command:30}{meaning}"


def _line(name: str, text: str) -> str:
    return f"  {name:10}{line(text)}".rstrip()

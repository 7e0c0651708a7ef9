"""Everything that stands on the page, as one value: from the newest files, the overview and the records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from driftloop.core.decision.blame import weight
from driftloop.core.decision.statuses import STATUSES
from driftloop.core.figures import figure, percent
from driftloop.core.judging.metrics import METRICS, unit_of
from driftloop.core.overview.values import Input, Overview
from driftloop.report import error_lines
from driftloop.report.dashboard import history, versions
from driftloop.report.dashboard.backtest import Results

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from typing import Any

    from driftloop.core.decision.approval import Approval
    from driftloop.core.decision.statuses import Status
    from driftloop.core.decision.values import Decision
    from driftloop.core.judging.verdict import Report
    from driftloop.core.models.card import Card
    from driftloop.core.overview.values import StepError
    from driftloop.report.examination import Examination

Tone = str
TONES: dict[Status, Tone] = {
    "healthy": "good",
    "watch": "good",
    "outdated": "act",
    "degraded": "act",
    "data fault": "bad",
    "insufficient data": "act",
    "no production": "none",
}
SHOWN_INPUTS, FEWEST_INPUTS = 12, 5
NEAR = 0.5  # of its limit: what is less is not worth a figure


@dataclass(frozen=True)
class Count:
    """A figure of the first screen, and where it leads."""

    figure: str
    said: str
    link: str
    tone: Tone = ""


@dataclass(frozen=True)
class Facts:
    """What the page shows.

    Attributes
    ----------
    decision, report, card
        The newest decision and verdict; production's card.
    overview
        Empty where the run left none.
    runs
        All that the records know, oldest first.
    made
        When the newest run was recorded; without records, when the page was built.
    rendered
        Whether Evidently's report is beside the page.
    changes
        Of production's card, oldest first, as far as Git knows them.
    results
        Of backtests.
    examination
        What `driftloop ci doctor` found in this run; None where it was not called.
    """

    decision: Decision
    report: Report | None
    card: Card | None
    overview: Overview
    runs: tuple[history.Run, ...]
    made: datetime
    rendered: bool
    changes: tuple[versions.Change, ...] = ()
    results: Results = field(default_factory=Results)
    examination: Examination | None = None

    @property
    def tone(self) -> Tone:
        """How serious the status is; what is not measured is neither good nor bad."""
        texts = STATUSES[self.decision.status]
        return "none" if texts.unmeasured and self.decision.error is None else TONES[self.decision.status]

    @property
    def failed(self) -> history.Run | None:
        """The newest run, if it failed."""
        return self.runs[-1] if self.runs and self.runs[-1].outcome == "failed" else None

    @property
    def approval(self) -> Approval | None:
        """The standing approval, as the newest run that knows of approvals left it."""
        looked = (run for run in reversed(self.runs) if run.outcome == "ok" and run.kind in ("monitor", "retrain"))
        return next((run.approval for run in looked), None)

    @property
    def unit(self) -> str:
        """Of the error."""
        return unit_of(self.decision.metric, self.decision.unit) or ""

    @property
    def measure(self) -> str:
        """What the error is, in words."""
        return METRICS[self.decision.metric].name if self.decision.metric in METRICS else self.decision.metric

    @property
    def steps(self) -> list[StepError]:
        """All steps, also of earlier versions."""
        return history.steps(self.runs, self.overview.version, self.overview.steps)

    @property
    def versions(self) -> list[versions.Version]:
        """All lives of production models that Git or the records know, newest first."""
        return versions.versions(self.runs, self.changes, history.repository(self.runs))

    @property
    def to_do_link(self) -> tuple[str, str] | None:
        """Where what the headline asks for is done: address and name; None where nothing is asked for, or it is not known."""
        if not self.decision.alert or not self.runs:
            return None
        newest = self.runs[-1].links
        if "pull request" in newest:
            return newest["pull request"], "the pull request"
        if "issue" in newest:
            return newest["issue"], "the alert"
        found = history.repository(self.runs)
        return (f"{found}/issues?q=is%3Aissue+is%3Aopen+label%3Amodel-alert", "the alert") if found else None

    @property
    def ranked(self) -> list[Input]:
        """The inputs: by how much they matter and have moved."""
        return sorted(self.overview.inputs, key=lambda each: (-weight(now(each), each.importance), each.name))

    @property
    def unfolded(self) -> int:
        """How many of the ranked inputs are shown at once."""
        unusual = sum(now(each) >= 1 for each in self.overview.inputs)
        return min(len(self.overview.inputs), max(FEWEST_INPUTS, min(unusual, SHOWN_INPUTS)))

    @property
    def unusual(self) -> list[Input]:
        """Inputs that were beyond their limit in any week, the newest first."""

        def newest(each: Input) -> int:
            return max((place for place, level in enumerate(each.levels) if (level or 0) >= 1), default=-1)

        return sorted(
            (each for each in self.overview.inputs if newest(each) >= 0), key=lambda each: (-newest(each), each.name)
        )

    @property
    def counts(self) -> list[Count]:
        """At most four."""
        decision = self.decision
        found = []
        if decision.error:
            normal = f"normal {figure(decision.normal_error)}" if decision.normal_error else "normal not known"
            found.append(
                Count(
                    figure(decision.error.estimate),
                    f"{f'{self.unit} error' if self.unit else self.measure}, {normal}",
                    "#error",
                )
            )
        if decision.waiting_days is not None:
            over = decision.waiting_days >= decision.alert_at_days
            said = f"normal days of error lost by waiting, alert at {decision.alert_at_days:g}"
            found.append(Count(f"{decision.waiting_days:.1f}", said, "#waiting", "act" if over else ""))
        faults = len(decision.findings)
        found.append(
            Count(str(faults), f"finding{'' if faults == 1 else 's'} in the data", "#data", "bad" if faults else "")
        )
        inputs = decision.inputs
        if inputs.columns:
            found.append(Count(str(len(inputs.shifted)), f"of {inputs.columns} inputs shifted", "#why"))
        return found[:4]

    @property
    def unknown(self) -> list[str]:
        """What is not known, in sentences."""
        decision, found = self.decision, []
        if told := error_lines.with_faults(decision):
            found.append(f"Whether faulty data explains the error: it is {told}.")
        elif decision.version and decision.error is None:
            found.append("The error is not measured: there are no labels yet of rows that production has not seen.")
        delay = (decision.until - decision.labelled_until).days
        if delay:
            found.append(f"Errors of the last {delay} days: their labels are not final yet.")
        if decision.labelled_until and self.overview.steps:
            gap = (decision.labelled_until - self.overview.steps[-1].window.until).days
            if gap >= decision.step_days:
                found.append(f"Errors of the {gap} days before: no labels have come for them.")
        if decision.alarms_from:
            found.append(
                f"What is usual for all inputs: {decision.alarms_weeks} more weeks of history are needed before the data "
                "is judged by its own past."
            )
        if decision.version and not decision.normal_error:
            found.append("What error is normal: nothing was measured at the promotion.")
        if not self.overview.inputs:
            found.append("How the inputs are distributed: the last run left no overview.")
        if not self.rendered:
            found.append("Evidently’s report was not rendered by the last run.")
        return found


def now(each: Input) -> float:
    """Give the newest level of an input; 0 where it is not judged."""
    return (each.levels[-1] if each.levels else None) or 0.0


def moved(each: Input) -> str:
    """Say how unusual an input is in the newest week."""
    if not each.levels or each.levels[-1] is None:
        return "not judged yet"
    level = now(each)
    return "as usual" if level < NEAR else f"{level:.1f} of its limit" if level < 1 else f"{level:.1f} times its limit"


def leaning(each: Input) -> str:
    """Say how much the model leans on an input."""
    return "not known" if each.importance is None else f"+{percent(each.importance, 0)}"


def facts(
    decision: Decision,
    *,
    report: Report | None,
    card: Card | None,
    overview: Overview | None,
    records: Sequence[dict[str, Any]],
    built: datetime,
    rendered: bool,
    changes: Sequence[versions.Change] = (),
    results: Results | None = None,
    examination: Examination | None = None,
) -> Facts:
    """Bring together what the page shows; an overview of other data or another model does not count."""
    runs = tuple(history.runs(records, decision.model))
    fits = overview is not None and (overview.until, overview.version) == (decision.until, decision.version)
    return Facts(
        decision=decision,
        report=report
        if report and (report.production_version, report.until) == (decision.version, decision.until)
        else None,
        card=card if card and card.version == decision.version else None,
        overview=overview if overview and fits else Overview(until=decision.until, version=decision.version),
        runs=runs,
        made=runs[-1].time if runs else built,
        rendered=rendered,
        changes=tuple(change for change in changes if change.card.model == decision.model),
        results=results or Results(),
        examination=examination,
    )

"""The decision: how the model is, whether somebody should know, and what to do."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from driftloop.core.alarms.values import Alarm
from driftloop.core.data.quality import Finding
from driftloop.core.decision.policy import POLICIES, Evidence, Settings, loss
from driftloop.core.figures import less_error
from driftloop.core.intervals import Interval
from driftloop.core.windows import Window

if TYPE_CHECKING:
    from collections.abc import Sequence

Status = Literal["healthy", "watch", "outdated", "degraded", "data fault", "insufficient data", "no production"]

ADVICE: dict[Status, str] = {
    "healthy": "nothing to do",
    "watch": "nothing to do yet; inputs alone are no reason to retrain",
    "outdated": "retrain: `dvc repro`, and `driftloop promote` if the verdict says so",
    "degraded": "investigate what changed; retraining is not asked for yet",
    "data fault": "fix the data; retraining would learn the fault",
    "insufficient data": "wait for data, or mend the source",
    "no production": "run `driftloop promote --first`",
}

ALERTED: frozenset[Status] = frozenset({"outdated", "degraded", "data fault", "insufficient data"})

EXPLAINED: frozenset[Status] = frozenset({"outdated", "degraded"})  # by what production has never seen


class Drift(BaseModel):
    """What Evidently's page says of the columns: by its own default rule where the policy goes by that, else by ours.

    Attributes
    ----------
    share
        Of columns that drifted; None where there is no page.
    drifted, columns
        How many drifted, of how many.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    share: float | None = None
    drifted: int = 0
    columns: int = 0


class Inputs(BaseModel):
    """Which model inputs are distributed otherwise than before, beyond what is usual for them.

    Attributes
    ----------
    shifted
        Their names, the farthest first.
    columns
        How many are judged; 0 while the history is too short.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    shifted: tuple[str, ...] = ()
    columns: int = 0


class Pattern(BaseModel):
    """How production errs in the judged window.

    Attributes
    ----------
    bias
        Mean prediction − target; None for classification.
    worst
        The segment with the largest mean loss, and that loss; None without segments.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    bias: float | None = None
    worst: str | None = None
    worst_error: float | None = None


class Decision(BaseModel):
    """reports/decision.json.

    Attributes
    ----------
    status
        One of seven; see ADVICE for what each asks for.
    alert
        Whether a person should know now.
    since
        Day from which it has been so, where that is known.
    reasons, advice
        In words, the decisive one first; what to do.
    model, version, simulated, unit, metric
        What the decision is about; whether the data is simulated; the target's unit; the loss.
    zone, until, labelled_until
        Time zone of days; ends (exclusive) of data and of final labels.
    step_days
        Days from one refit to the next.
    judged, rows
        Days and rows that errors were measured on.
    error, normal_error
        Production's mean loss there, and its honest loss at promotion.
    refit_error
        Mean loss of the weekly refits on the same rows.
    waiting_days, alert_at_days
        Avoidable loss in normal days of error, and where it alerts.
    waiting_error
        Absolute error that the refits would have avoided while that added up, in the target's unit, summed over the rows
        that were compared; None while nothing adds up, and for other losses, which have another unit.
    recent_gain
        Share of production's loss that the refits saved there.
    refusal
        Why the gate would not let production's recipe through, trained anew today; None where it would, and without
        refits.
    comparable_from
        When data reaches this day (exclusive), the gate can judge; None when it can now, or without production.
    findings
        What the quality rules found, and data alarms on faults.
    alarms
        All data alarms that last.
    alarms_from, alarms_weeks
        Day from which all of the data is judged by its own history, and how many weeks of it are needed until then;
        None and 0 when it is.
    inputs, drift, pattern
        Which inputs are shifted; what Evidently's page says; how production errs.
    warnings
        What looks odd, or could not be done, and did not matter for the decision.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: Status
    alert: bool
    since: date | None
    reasons: tuple[str, ...]
    advice: str
    model: str
    version: int
    simulated: bool
    unit: str
    metric: str
    policy: str
    zone: str
    until: date
    labelled_until: date
    step_days: int
    judged: Window | None = None
    rows: int = 0
    error: Interval | None = None
    normal_error: float | None = None
    refit_error: float | None = None
    waiting_days: float | None = None
    waiting_error: float | None = None
    alert_at_days: float
    recent_gain: Interval | None = None
    refusal: str | None = None
    comparable_from: date | None = None
    findings: tuple[Finding, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    alarms_from: date | None = None
    alarms_weeks: int = 0
    inputs: Inputs = Inputs()
    drift: Drift = Drift()
    pattern: Pattern = Pattern()
    warnings: tuple[str, ...] = ()

    @property
    def held_back(self) -> str | None:
        """Why nobody is asked to retrain although waiting has cost enough; None where that is not so."""
        enough = self.waiting_days is not None and self.waiting_days >= self.alert_at_days
        return self.refusal if enough and self.policy == "avoidable_loss" else None


class Diagnosis(BaseModel):
    """The decisive part of a decision."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: Status
    since: date | None = None
    reasons: tuple[str, ...]


def diagnose(
    evidence: Evidence | None,
    findings: Sequence[Finding],
    *,
    policy: str,
    settings: Settings,
    alarms: Sequence[Alarm] = (),
) -> Diagnosis:
    """Let the kinds of evidence speak in their order.

    No production → no production; too few rows → insufficient data; broken data → data fault; the policy asks
    → outdated; error up although a refit is no better → degraded; inputs moved → watch; else healthy.

    Inputs that moved alone come last: whether retraining pays, and whether error is up, is measured on losses. An
    input that moves says less than they do, so it must not hide them.

    Parameters
    ----------
    evidence
        What was measured; None without production.
    findings
        Of the quality rules, over the newest days; then the data alarms that are faults.
    policy, settings
        `monitor` in params.yaml.
    alarms
        Data alarms that last.
    """
    scarce = tuple(finding.text for finding in findings if finding.kind == "too few")
    faults = tuple(finding.text for finding in findings if finding.kind == "fault")
    if evidence is None:
        return Diagnosis(status="no production", reasons=("there is no production model yet", *scarce, *faults))
    if scarce:
        return Diagnosis(status="insufficient data", reasons=(*scarce, *faults))
    since = min((alarm.since for alarm in alarms), default=None)
    if faults:
        return Diagnosis(status="data fault", since=since, reasons=faults)
    found = _of_the_model(evidence, policy, settings)
    if found.status == "healthy" and alarms:
        reasons = tuple(alarm.text for alarm in alarms)
        return Diagnosis(status="watch", since=since, reasons=(*reasons, *found.reasons))
    return found


def _of_the_model(evidence: Evidence, policy: str, settings: Settings) -> Diagnosis:
    """Say how the model is, now that the data is sound."""
    if unknown := _unknown(evidence, policy):
        return Diagnosis(status="insufficient data", reasons=(unknown,))
    if asked := POLICIES[policy](evidence, settings):
        since = evidence.waiting.since if evidence.waiting and policy == "avoidable_loss" else None
        return Diagnosis(status="outdated", since=since, reasons=(asked, *_gain(evidence)))
    if rise := loss(evidence, settings):
        return Diagnosis(status="degraded", reasons=(rise, *_gain(evidence), *_waited(evidence, settings)))
    return Diagnosis(status="healthy", reasons=_calm(evidence, settings))


def _unknown(evidence: Evidence, policy: str) -> str | None:
    """Say what a decision would need and does not have."""
    if evidence.error is not None and evidence.normal_error is None:
        return "production's normal error is not known, and there are no refits to tell it"
    if policy == "evidently" and evidence.drift_share is None:
        return "Evidently's share of drifted columns is not known, and the policy goes by it"
    return None


def _gain(evidence: Evidence) -> tuple[str, ...]:
    gain = evidence.recent_gain
    if gain is None:
        return ()
    return (f"refitted at each step it would have made {less_error(gain)}",)


def _waited(evidence: Evidence, settings: Settings) -> tuple[str, ...]:
    if evidence.waiting is None:
        return ()
    waited, most = evidence.waiting.days, settings.alert_at_days
    if waited < most or not evidence.refusal:
        return (f"waiting has cost {waited:.1f} normal days of error; retraining is asked for at {most:g}",)
    so_far = f"waiting has cost {waited:.1f} normal days of error (alert at {most:g})"
    return (f"{so_far}, but a retrained model would be refused now: {evidence.refusal}",)


def _calm(evidence: Evidence, settings: Settings) -> tuple[str, ...]:
    if evidence.waiting is None:
        measured = "error is not above normal" if evidence.error else "no labels yet that production has not seen"
        return (measured,)
    if evidence.refusal and evidence.waiting.days >= settings.alert_at_days:
        return _waited(evidence, settings)
    return (f"waiting has cost {evidence.waiting.days:.1f} normal days of error",)

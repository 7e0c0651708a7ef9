"""The diagnosis of the model: which kind of evidence decides."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from driftloop.core.decision.policy import POLICIES, Settings, loss
from driftloop.core.decision.statuses import Status
from driftloop.core.decision.thresholds import waited_enough
from driftloop.core.figures import less_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from driftloop.core.alarms.values import Alarm
    from driftloop.core.data.finding import Finding
    from driftloop.core.decision.evidence import Evidence


class Diagnosis(BaseModel):
    """The decisive part of a decision."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: Status
    since: date | None = None
    reasons: tuple[str, ...]


def diagnose(
    evidence: Evidence,
    findings: Sequence[Finding],
    *,
    policy: str,
    settings: Settings,
    alarms: Sequence[Alarm] = (),
) -> Diagnosis:
    """Diagnose by the first kind of evidence that decides, in a fixed order.

    No production → no production; too few rows → insufficient data; broken data → data fault; the policy asks
    → outdated; error up although a refit is no better → degraded; inputs moved → watch; else healthy.

    Inputs that moved alone come last: whether retraining pays, and whether error is up, is measured on losses. An
    input that moves says less than they do, so it must not hide them.

    Parameters
    ----------
    evidence
        What was measured.
    findings
        Of the quality rules, over the newest days; then the data alarms that are faults.
    policy, settings
        `monitor` in params.yaml.
    alarms
        Data alarms that last.
    """
    scarce = tuple(finding.text for finding in findings if finding.kind == "too few")
    faults = tuple(finding.text for finding in findings if finding.kind == "fault")
    if evidence.trained_until is None:
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
    """Diagnose the model when its data is sound."""
    if unknown := _unknown(evidence, policy):
        return Diagnosis(status="insufficient data", reasons=(unknown,))
    if asked := POLICIES[policy](evidence, settings):
        since = evidence.waiting.since if evidence.waiting and policy == "avoidable_loss" else None
        return Diagnosis(status="outdated", since=since, reasons=(asked, *_gain(evidence)))
    if rise := loss(evidence, settings):
        return Diagnosis(status="degraded", reasons=(rise, *_gain(evidence), *_waited(evidence, settings)))
    return Diagnosis(status="healthy", reasons=_calm(evidence, settings))


def _unknown(evidence: Evidence, policy: str) -> str | None:
    """Name what is missing for a decision."""
    if evidence.error is not None and evidence.normal_error is None:
        return "production's normal error is not known, and there are no refits to tell it"
    if policy == "evidently" and evidence.drift.share is None:
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
    if not waited_enough(waited, most) or not evidence.refusal:
        return (f"waiting has cost {waited:.1f} normal days of error; retraining is asked for at {most:g}",)
    so_far = f"waiting has cost {waited:.1f} normal days of error (alert at {most:g})"
    return (f"{so_far}, but a retrained model would be refused now: {evidence.refusal}",)


def _calm(evidence: Evidence, settings: Settings) -> tuple[str, ...]:
    if evidence.waiting is None:
        if evidence.error:
            return ("error is not above normal",)
        if evidence.with_faults:
            return ("all newest labels that production has not seen are of days with faulty data",)
        return ("no labels yet that production has not seen",)
    if evidence.refusal and waited_enough(evidence.waiting.days, settings.alert_at_days):
        return _waited(evidence, settings)
    return (f"waiting has cost {evidence.waiting.days:.1f} normal days of error",)

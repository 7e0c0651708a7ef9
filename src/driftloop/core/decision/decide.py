"""The decision from all evidence."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from driftloop.core.columns import DAY, REFIT_LOSS
from driftloop.core.decision.evidence import pattern, rose_since
from driftloop.core.decision.policy import Evidence, Settings
from driftloop.core.decision.values import ADVICE, ALERTED, EXPLAINED, Decision, Inputs, Pattern, diagnose
from driftloop.core.judging import gate
from driftloop.core.judging.metrics import METRICS
from driftloop.core.windows import Window, end_day

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    import pandas as pd

    from driftloop.core.alarms.values import Alarm, AlarmHistory
    from driftloop.core.data.quality import Finding
    from driftloop.core.decision.evidence import Measured
    from driftloop.core.decision.values import Drift
    from driftloop.core.models.card import Card
    from driftloop.params import Params


def decide(
    params: Params,
    card: Card,
    measured: Measured,
    findings: Sequence[Finding],
    *,
    scored: pd.DataFrame,
    states: AlarmHistory,
    drift: Drift,
    unseen: Sequence[str] = (),
    warnings: Sequence[str] = (),
) -> Decision:
    """Bring the evidence together.

    Parameters
    ----------
    params, card
        The parameters, and production's card.
    measured
        See `evidence.gather`.
    findings
        Of the quality rules, over the newest days.
    scored
        The sound rows of refits.parquet, all steps.
    states
        Data alarms; see `alarms.find_alarms`.
    drift
        What Evidently's page says.
    unseen
        What production meets that it has never seen; see `unseen`. Where the error is up it is a reason, else a warning.
    warnings
        What looks odd, or could not be done, and does not matter for the decision.
    """
    metric = params.evaluate.metric
    until = end_day(params.source.until_instant, params.zone)
    evidence = None
    if card.trained_until is not None:
        evidence = evidence_of(
            measured,
            drift_share=drift.share if params.monitor.policy == "evidently" else None,
            trained_until=card.trained_until,
            until=until,
        )
    settings = Settings(alert_at_days=params.monitor.alert_at_days, calendar_days=params.monitor.calendar_days)
    policy = params.monitor.policy
    if policy == "avoidable_loss" and not params.monitor.refit:
        policy = "loss"
    alarms = states.active(until - timedelta(days=1))
    findings = [*findings, *alarm_findings(alarms, findings)]
    shifts = (alarm for alarm in alarms if alarm.kind == "shape")
    findings += [alarm.harmful for alarm in shifts if rose_since(params, measured, scored, alarm.since)]
    found = diagnose(evidence, findings, policy=policy, settings=settings, alarms=alarms)
    explains = found.status in EXPLAINED
    weeks = states.weeks_missing
    judged, waiting = measured.judged, measured.waiting
    comparable = None
    if card.trained_until is not None:
        comparable = gate.comparable_from(params, card.trained_until)
    return Decision(
        status=found.status,
        alert=found.status in ALERTED,
        since=found.since,
        reasons=(*found.reasons, *(unseen if explains else ())),
        advice=ADVICE[found.status],
        model=params.model,
        version=card.version,
        simulated=params.source.is_simulated,
        unit=params.data.target_unit,
        metric=metric,
        policy=policy,
        zone=params.data.timezone,
        until=until,
        labelled_until=until - timedelta(days=params.data.label_delay_days),
        step_days=params.monitor.step_days,
        judged=Window(since=judged[DAY].min(), until=judged[DAY].max() + timedelta(days=1)) if len(judged) else None,
        rows=len(judged),
        error=measured.error,
        normal_error=measured.normal_error,
        refit_error=float(judged[REFIT_LOSS].mean()) if measured.recent_gain else None,
        waiting_days=waiting.days if waiting else None,
        waiting_error=waiting.saved if waiting and waiting.since and METRICS[metric].in_unit else None,
        alert_at_days=params.monitor.alert_at_days,
        recent_gain=measured.recent_gain,
        refusal=measured.refusal,
        comparable_from=comparable if comparable and comparable > until else None,
        findings=tuple(findings),
        alarms=alarms,
        alarms_from=until + timedelta(weeks=weeks) if weeks else None,
        alarms_weeks=weeks,
        inputs=_inputs(states),
        drift=drift,
        pattern=pattern(params, measured.judged) if measured.error else Pattern(),
        warnings=(*warnings, *(() if explains else unseen)),
    )


def evidence_of(measured: Measured, *, drift_share: float | None, trained_until: date, until: date) -> Evidence:
    """Give policies what they look at.

    Parameters
    ----------
    measured
        See `evidence.gather`.
    drift_share
        Share of columns that Evidently's own rule calls drifted.
    trained_until, until
        First day that production has not seen; end of the data.
    """
    return Evidence(
        error=measured.error,
        normal_error=measured.normal_error,
        waiting=measured.waiting,
        recent_gain=measured.recent_gain,
        refusal=measured.refusal,
        drift_share=drift_share,
        trained_until=trained_until,
        until=until,
    )


def alarm_findings(alarms: Sequence[Alarm], findings: Sequence[Finding]) -> Iterator[Finding]:
    """Give the data alarms on faults as findings, those of columns aside that a rule has found already."""
    told = {finding.column for finding in findings if finding.kind == "fault"}
    for alarm in alarms:
        if alarm.kind == "fault" and alarm.column not in told:
            yield alarm.finding


def _inputs(states: AlarmHistory) -> Inputs:
    judged = {name: shift for name, shift in states.shifts.items() if shift.limit is not None}
    shifted = sorted((name for name in judged if judged[name].shifted), key=lambda name: -judged[name].ratio)
    return Inputs(shifted=tuple(shifted), columns=len(judged))

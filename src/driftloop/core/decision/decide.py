"""The decision from all evidence."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from driftloop.core.columns import DAY, PRODUCTION_LOSS, REFIT_LOSS, SCORE, scores_of
from driftloop.core.decision.blame import blame
from driftloop.core.decision.diagnosis import diagnose
from driftloop.core.decision.policy import Settings, policy_of
from driftloop.core.decision.statuses import STATUSES
from driftloop.core.decision.values import Decision, Inputs, Pattern
from driftloop.core.judging import gate
from driftloop.core.judging.metrics import METRICS
from driftloop.core.windows import Window

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    import pandas as pd

    from driftloop.core.alarms.values import Alarm, AlarmHistory
    from driftloop.core.data.finding import Finding
    from driftloop.core.decision.evidence import Evidence
    from driftloop.core.models.card import Card
    from driftloop.params import Params


def decide(
    params: Params,
    card: Card,
    evidence: Evidence,
    findings: Sequence[Finding],
    *,
    states: AlarmHistory,
    importance: Mapping[str, float] | None = None,
    unseen: Sequence[str] = (),
    warnings: Sequence[str] = (),
) -> Decision:
    """Bring the evidence together.

    Parameters
    ----------
    params, card
        The parameters, and production's card.
    evidence
        See `evidence.gather`.
    findings
        Of the quality rules, over the newest days.
    states
        Data alarms; see `find.find_alarms`.
    importance
        Per input, see `overview.importance`; None where it is not known.
    unseen
        What production meets that it has never seen; see `unseen`. Where the error is up it is a reason, else a warning.
    warnings
        What looks odd, or could not be done, and does not matter for the decision.
    """
    alarms = states.active(evidence.until - timedelta(days=1))
    harmful = tuple(_harmful(params, evidence, alarms))
    told = (*findings, *alarm_findings(alarms, findings), *(alarm.harmful for alarm in harmful))
    found = diagnose(evidence, told, policy=policy_of(params), settings=Settings.of(params), alarms=alarms)
    texts = STATUSES[found.status]
    explained = texts.about == "loss"
    return Decision(
        status=found.status,
        alert=texts.alerts,
        since=found.since,
        reasons=(*found.reasons, *(unseen if explained else ())),
        advice=texts.advice,
        findings=told,
        alarms=alarms,
        blame=blame(
            evidence,
            states,
            importance or {},
            harmful=harmful,
            columns=[name for name in params.data.segments if name not in params.data.private],
            fewest=params.report.min_bin_rows,
            confidence=params.evaluate.confidence,
        ),
        warnings=(*warnings, *(() if explained else unseen)),
        **_subject(params, card, evidence.until),
        **_measured(params, evidence),
        **_inputs(states, evidence.until),
    )


def alarm_findings(alarms: Sequence[Alarm], findings: Sequence[Finding]) -> Iterator[Finding]:
    """Return the data alarms on faults as findings, except on columns in which a rule has found a fault already."""
    told = {finding.column for finding in findings if finding.kind == "fault"}
    for alarm in alarms:
        if alarm.kind == "fault" and alarm.column not in told:
            yield alarm.finding


def _harmful(params: Params, evidence: Evidence, alarms: Sequence[Alarm]) -> Iterator[Alarm]:
    """Return the alarms on shifted inputs with which production's loss rose."""
    for alarm in alarms:
        if alarm.kind == "shape" and evidence.rose_since(alarm.since, confidence=params.evaluate.confidence):
            yield alarm


def _subject(params: Params, card: Card, until: date) -> dict[str, Any]:
    """Name what is decided about, by which rule, and up to which day."""
    comparable = gate.comparable_from(params, card.trained_until) if card.trained_until else None
    return {
        "model": params.model,
        "version": card.version,
        "simulated": params.source.kind == "simulator",
        "unit": params.data.target_unit,
        "metric": params.evaluate.metric,
        "policy": policy_of(params),
        "alert_at_days": params.monitor.alert_at_days,
        "zone": params.data.timezone,
        "until": until,
        "labelled_until": until - timedelta(days=params.data.label_delay_days),
        "trained_until": card.trained_until,
        "calendar_days": params.monitor.calendar_days,
        "step_days": params.monitor.step_days,
        "comparable_from": comparable if comparable and comparable > until else None,
    }


def _measured(params: Params, evidence: Evidence) -> dict[str, Any]:
    """Return what was measured of production."""
    judged, waiting = evidence.judged, evidence.waiting
    return {
        "judged": Window(since=judged[DAY].min(), until=judged[DAY].max() + timedelta(days=1)) if len(judged) else None,
        "rows": len(judged),
        "error": evidence.error,
        "normal_error": evidence.normal_error,
        "error_up": evidence.loss_is_up,
        "rise": evidence.rise,
        "with_faults": evidence.with_faults,
        "refit_error": float(judged[REFIT_LOSS].mean()) if evidence.recent_gain else None,
        "waiting_days": waiting.days if waiting else None,
        "waiting_error": waiting.saved
        if waiting and waiting.since and METRICS[params.evaluate.metric].in_unit
        else None,
        "recent_gain": evidence.recent_gain,
        "refusal": evidence.refusal,
        "drift": evidence.drift,
        "pattern": pattern(params, judged) if evidence.error else Pattern(),
    }


def _inputs(states: AlarmHistory, until: date) -> dict[str, Any]:
    """Return which inputs are shifted, and from which day all of the data can be judged."""
    judged = {name: shift for name, shift in states.shifts.items() if shift.limit is not None}
    shifted = sorted((name for name in judged if judged[name].shifted), key=lambda name: -judged[name].ratio)
    weeks = states.weeks_missing
    return {
        "inputs": Inputs(shifted=tuple(shifted), columns=len(judged)),
        "alarms_from": until + timedelta(weeks=weeks) if weeks else None,
        "alarms_weeks": weeks,
    }


def pattern(params: Params, judged: pd.DataFrame) -> Pattern:
    """Describe how production errs on the judged rows, without any private value."""
    target = params.data.target
    bias = None
    if params.data.task == "regression" and target not in params.data.private:
        bias = float((judged[f"{scores_of('production')}{SCORE}"] - judged[target]).mean())
    worst: tuple[float, str] | None = None
    for column in (name for name in params.data.segments if name not in params.data.private):
        means = judged.groupby(column)[PRODUCTION_LOSS].mean()
        if means.empty:
            continue
        here = (float(means.max()), f"{column} = {means.idxmax()}")
        worst = max(worst, here) if worst else here
    return Pattern(bias=bias, worst=worst[1] if worst else None, worst_error=worst[0] if worst else None)

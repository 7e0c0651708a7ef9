"""Profile, newest rows, refits and production → the decision, and Evidently's pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from driftloop.artifacts import (
    DECISION,
    EVIDENTLY,
    LABELLED,
    METRICS,
    NEWEST,
    PROFILE,
    QUALITY,
    REFERENCE,
    REFITS,
    read_frame,
    read_json,
    replacing_folder,
    write_json,
    write_text,
)
from driftloop.core import diagnosis, intervals, losses, model, quality, refits
from driftloop.core.finding import Finding
from driftloop.core.policy import Evidence, Settings
from driftloop.core.production import honest_error
from driftloop.core.schema import columns_of
from driftloop.core.windows import Window, last_day, newest
from driftloop.models import read_production
from driftloop.report import evidently

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from driftloop.models import Production
    from driftloop.params import Params


def run(params: Params, root: Path) -> None:
    """Decide how production is, and write down why."""
    production = read_production(root, params)
    state = read_json(root / QUALITY)
    findings = [Finding.model_validate(found) for found in state["findings"]]
    scored = read_frame(root / REFITS)
    measured = measure(params, production, scored, faulty_steps(params, production, root, scored))
    rendered = _render(params, production, root, scored) if params.report.max_rows else None
    decision = decide(params, production, findings, measured, rendered)
    honest = _honest(params, production, root)
    _write(rendered, root / EVIDENTLY)
    write_json(root / DECISION, decision.model_dump(mode="json"))
    write_json(root / METRICS / "monitor.json", _numbers(decision))
    write_json(root / METRICS / "production.json", honest)


@dataclass(frozen=True)
class Measured:
    """What refits.parquet says of the newest judge window."""

    judged: pd.DataFrame
    error: intervals.Interval | None = None
    waiting: refits.Waiting | None = None
    recent_gain: intervals.Interval | None = None
    long_gain: intervals.Interval | None = None


def faulty_steps(params: Params, production: Production, root: Path, scored: pd.DataFrame) -> list[Any]:
    """List the steps whose rows broke a quality rule: their losses say nothing about the model."""
    reference = production.card.reference
    if reference is None or scored.empty:
        return []
    profile, columns = read_frame(root / PROFILE), columns_of(params, production.card)
    days = timedelta(days=params.monitor.step_days)
    return [
        step
        for step in sorted(scored["step"].unique())
        if any(
            finding.kind == "fault"
            for finding in quality.check(
                quality.Evidence(profile, columns, Window(since=step, until=step + days), reference)
            )
        )
    ]


def measure(params: Params, production: Production, scored: pd.DataFrame, left_out: list[Any]) -> Measured:
    """Take from the scored rows what policies look at."""
    steps = refits.judged_steps(params.windows.judge_days, params.monitor.step_days)
    sound = scored[~scored["step"].isin(left_out)]
    judged, confidence = refits.newest_steps(sound, steps), params.evaluate.confidence
    if judged.empty or production.model is None:
        return Measured(judged)
    error = intervals.mean(judged["production_loss"], judged["_day"], confidence=confidence)
    normal = production.card.normal_error.get(params.evaluate.metric)
    if "refit_loss" not in scored or not normal or not judged["production_loss"].sum():
        return Measured(judged, error)
    return Measured(
        judged=judged,
        error=error,
        waiting=refits.avoidable_loss(
            scored, normal_error=normal, min_gain=params.evaluate.min_gain, left_out=left_out
        ),
        recent_gain=refits.relative_gain(judged, confidence=confidence),
        long_gain=refits.relative_gain(refits.newest_steps(sound, refits.GAIN_STEPS), confidence=confidence),
    )


def decide(
    params: Params,
    production: Production,
    findings: list[Finding],
    measured: Measured,
    rendered: evidently.Rendered | evidently.Failed | None,
) -> diagnosis.Decision:
    """Bring the evidence together."""
    card, metric = production.card, params.evaluate.metric
    until = last_day(params.source.until_instant, params.zone)
    drift = diagnosis.Drift()
    if isinstance(rendered, evidently.Rendered) and rendered.drift_share is not None:
        drift = diagnosis.Drift(
            share=rendered.drift_share, drifted=sum(rendered.drifted.values()), columns=len(rendered.drifted)
        )
    evidence = None
    if card.trained_until is not None:
        evidence = Evidence(
            error=measured.error,
            normal_error=card.normal_error.get(metric),
            waiting=measured.waiting,
            recent_gain=measured.recent_gain,
            long_gain=measured.long_gain,
            drift_share=drift.share,
            trained_until=card.trained_until,
            until=until,
        )
    settings = Settings(alert_at_days=params.monitor.alert_at_days, calendar_days=params.monitor.calendar_days)
    policy = params.monitor.policy
    if policy == "avoidable_loss" and not params.monitor.refit:
        policy = "loss"
    found = diagnosis.diagnose(evidence, findings, policy=policy, settings=settings)
    judged = measured.judged
    return diagnosis.Decision(
        status=found.status,
        alert=found.status in diagnosis.ALERTED,
        since=found.since,
        reasons=found.reasons,
        advice=diagnosis.ADVICE[found.status],
        model=params.model,
        version=card.version,
        simulated=params.source.kind == "simulator",
        unit=params.data.target_unit,
        metric=metric,
        policy=policy,
        zone=params.data.timezone,
        until=until,
        labelled_until=until - timedelta(days=params.data.label_delay_days),
        judged=Window(since=judged["_day"].min(), until=judged["_day"].max() + timedelta(days=1))
        if len(judged)
        else None,
        rows=len(judged),
        error=measured.error,
        normal_error=card.normal_error.get(metric),
        refit_error=float(judged["refit_loss"].mean()) if measured.recent_gain else None,
        waiting_days=measured.waiting.days if measured.waiting else None,
        alert_at_days=params.monitor.alert_at_days,
        recent_gain=measured.recent_gain,
        findings=tuple(findings),
        drift=drift,
        pattern=_pattern(params, measured) if measured.error else diagnosis.Pattern(),
        warnings=(rendered.reason,) if isinstance(rendered, evidently.Failed) else (),
    )


def _pattern(params: Params, measured: Measured) -> diagnosis.Pattern:
    judged, target = measured.judged, params.data.target
    bias = None
    if params.data.task == "regression" and target not in params.data.private:
        bias = float((judged["production:prediction"] - judged[target]).mean())
    worst: tuple[float, str] | None = None
    for column in (name for name in params.data.segments if name not in params.data.private):
        means = judged.groupby(column)["production_loss"].mean()
        here = (float(means.max()), f"{column} = {means.idxmax()}")
        worst = max(worst, here) if worst else here
    return diagnosis.Pattern(bias=bias, worst=worst[1] if worst else None, worst_error=worst[0] if worst else None)


def _honest(params: Params, production: Production, root: Path) -> dict[str, float]:
    """Give production's honest error over the newest judge window, for `dvc metrics diff`."""
    card, metric = production.card, params.evaluate.metric
    if production.model is None or card.recipe is None or card.trained_until is None:
        return {"version": 0}
    until = last_day(params.source.until_instant, params.zone) - timedelta(days=params.data.label_delay_days)
    window = newest(until, params.windows.judge_days)
    rows = window.of(read_frame(root / LABELLED))
    rows = rows[rows["_day"] >= card.trained_until]
    scores = model.score(production.model, card.recipe, rows)
    loss = rows[["_day"]].assign(production_loss=losses.row_losses(metric, rows[card.recipe.target], scores))
    found = honest_error(loss, card, metric, window)
    return {"version": card.version} if found is None else {"version": card.version, metric: found[0], "rows": found[1]}


def _numbers(decision: diagnosis.Decision) -> dict[str, float]:
    """Keep the numbers, for `dvc metrics`; what is unknown is left out.

    None may be called `error`: `dvc metrics show` takes a key of that name for a failure to read the file.
    """
    gain = decision.recent_gain
    numbers: dict[str, float | None] = {
        "alert": int(decision.alert),
        "rows": decision.rows,
        "measured_error": decision.error.estimate if decision.error else None,
        "normal_error": decision.normal_error,
        "refit_error": decision.refit_error,
        "waiting_days": decision.waiting_days,
        "refit_gain": gain.estimate if gain else None,
        "refit_gain_low": gain.low if gain else None,
        "refit_gain_high": gain.high if gain else None,
        "evidently_drift_share": decision.drift.share,
        "findings": len(decision.findings),
    }
    return {name: value for name, value in numbers.items() if value is not None}


def _render(
    params: Params, production: Production, root: Path, scored: pd.DataFrame
) -> evidently.Rendered | evidently.Failed:
    current, reference = (_with_prediction(production, read_frame(root / path)) for path in (NEWEST, REFERENCE))
    columns = columns_of(params, production.card)
    return evidently.render(
        current,
        reference,
        _judged_predictions(params, production, scored),
        numerical=columns.numerical,
        categorical=columns.categorical,
        target=params.data.target,
        task=params.data.task,
        private=params.data.private,
        title=f"{params.model} v{production.card.version}"
        + (" · SIMULATED DATA" if params.source.kind == "simulator" else ""),
    )


def _write(rendered: evidently.Rendered | evidently.Failed | None, folder: Path) -> None:
    with replacing_folder(folder) as out:
        match rendered:
            case evidently.Rendered():
                write_text(out / "index.html", rendered.html)
                write_json(out / "report.json", rendered.json)
            case evidently.Failed():
                write_text(out / "not-rendered.txt", rendered.reason + "\n")
            case None:
                write_text(out / "not-rendered.txt", "report.max_rows is 0\n")


def _judged_predictions(params: Params, production: Production, scored: pd.DataFrame) -> pd.DataFrame | None:
    """Give production's predictions in the judged window, at most as many as Evidently is to get."""
    if production.model is None or scored.empty:
        return None
    steps = refits.judged_steps(params.windows.judge_days, params.monitor.step_days)
    judged = refits.newest_steps(scored, steps).tail(params.report.max_rows)
    scores = losses.side(judged, "production")
    return _predictions(judged[[params.data.target]], scores, params.data.task)


def _predictions(rows: pd.DataFrame, scores: pd.DataFrame, task: str) -> pd.DataFrame:
    if task == "regression":
        return rows.assign(prediction=scores.iloc[:, 0])
    return rows.assign(prediction=losses.best_class(scores)).join(scores.add_prefix("proba:"))


def _with_prediction(production: Production, rows: pd.DataFrame) -> pd.DataFrame:
    """Add production's prediction, so that its drift is shown too."""
    if production.model is None or production.card.recipe is None or rows.empty:
        return rows
    scores = model.score(production.model, production.card.recipe, rows)
    return _predictions(rows, scores, production.card.recipe.task)

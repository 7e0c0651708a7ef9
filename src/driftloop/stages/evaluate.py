"""Refits, candidate and production → the verdict."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from driftloop.core.columns import DAY, STEP
from driftloop.core.judging import gate, metrics, refits, side_by_side
from driftloop.core.judging.data_alarms import Alarms
from driftloop.core.judging.scored import judged_rows, recent_rows, sound_rows, steps_of
from driftloop.core.judging.verdict import Report, Verdict
from driftloop.core.models.card import Candidate, judged_days
from driftloop.core.windows import end_day, last_days
from driftloop.report import plots
from driftloop.store.files import (
    ALARMS,
    CANDIDATE,
    CANDIDATE_CARD,
    LABELLED,
    METRICS,
    PLOTS,
    QUALITY,
    REFITS,
    VERDICT,
    read_frame,
    read_json,
    read_value,
    write_json,
    write_text,
)
from driftloop.store.production import read_model, read_production

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray
    from sklearn.pipeline import Pipeline

    from driftloop.params import Params
    from driftloop.store.production import Production


def run(params: Params, root: Path) -> None:
    """Judge the recipe, and draw what it was judged on."""
    production = read_production(root, params)
    found = read_json(root / CANDIDATE_CARD)
    candidate = Candidate.model_validate(found) if "sha256" in found else None
    labelled = read_frame(root / LABELLED)
    alarms = read_value(root / ALARMS, Alarms)
    judged, faulty = _judged(params, production, candidate, root, alarms)
    findings = _findings(params, root, alarms)
    untrainable = None if candidate else found["untrainable"]
    verdict = gate.verdict(
        params,
        production.card,
        judged,
        faulty=faulty if production.card.version else [],
        findings=findings,
        untrainable=untrainable,
    )
    if params.monitor.refit and candidate:
        verdict = gate.noted(verdict, refit_rows=params.monitor.refit_rows, candidate_rows=candidate.rows)
    compared = gate.compared(params, production.card, judged)
    report = _report(params, production, candidate, judged, verdict, compared=compared, faulty=alarms.faulty_steps)
    write_json(root / VERDICT, report.model_dump(mode="json"))
    write_json(root / METRICS / "evaluate.json", numbers(report))
    _draw(params, root, compared, _importance(params, root, candidate, labelled))


def _findings(params: Params, root: Path, alarms: Alarms) -> list[str]:
    """List the faults that the newest data has."""
    newest = end_day(params.source.until_instant, params.zone) - timedelta(days=1)
    found = [finding["text"] for finding in read_json(root / QUALITY)["findings"]]
    return found + [alarm.text for alarm in alarms.history.active(newest, "fault")]


def _importance(params: Params, root: Path, candidate: Candidate | None, labelled: pd.DataFrame) -> pd.DataFrame:
    """Compute how much the candidate depends on each input, on the newest rows of its training data."""
    if candidate is None:
        return plots.NO_IMPORTANCE
    rows = last_days(candidate.trained.until, params.least_judge_days).of(labelled)
    return plots.importance(_model(params, root, candidate), candidate.recipe, rows, params.evaluate.metric)


def _draw(params: Params, root: Path, judged: pd.DataFrame, importance: pd.DataFrame) -> None:
    """Write the tables of the plots; values of a private target are left out."""
    data = params.data
    drawn = judged.head(0) if data.target in data.private else judged
    tables = {f"predicted_{side}": plots.predicted(data.task, data.target, drawn, side) for side in plots.SIDES}
    for name, table in {**tables, "error": plots.error_over_time(judged), "importance": importance}.items():
        write_text(root / PLOTS / f"{name}.csv", table.to_csv(index=False, float_format="%.6g", lineterminator="\n"))


def _model(params: Params, root: Path, candidate: Candidate) -> Pipeline:
    """Read the candidate's model."""
    remedy = "run `dvc repro`"
    return read_model(root, CANDIDATE, sha256=candidate.sha256, trusted=params.train.trusted, remedy=remedy)


def _judged(
    params: Params, production: Production, candidate: Candidate | None, root: Path, alarms: Alarms
) -> tuple[pd.DataFrame, list[date]]:
    """Return the rows that both sides are compared on, with the scores and losses of both, and the faulty steps among them."""
    scored = read_frame(root / REFITS)
    if params.monitor.refit:
        rows, faulty = judged_rows(params, scored, alarms.faulty_steps)
        return refits.as_judged(rows), faulty
    if candidate is None:
        return scored.head(0), []
    until = candidate.trained.until
    judged = last_days(until + timedelta(days=params.least_judge_days), params.least_judge_days)
    rows = judged.of(read_frame(root / LABELLED))
    sides = {"refit": (_model(params, root, candidate), candidate.recipe)}
    if production.model is not None and production.card.recipe is not None:
        sides["production"] = (production.model, production.card.recipe)
    rows = side_by_side.score(rows, sides, metric=params.evaluate.metric, target=params.data.target)
    return rows, [step for step in steps_of(params, rows) if step in alarms.faulty_steps]


def _report(
    params: Params,
    production: Production,
    candidate: Candidate | None,
    judged: pd.DataFrame,
    verdict: Verdict,
    *,
    compared: pd.DataFrame,
    faulty: Sequence[date],
) -> Report:
    """Word the report; what is normal is measured without faulty steps, or an outage would raise it for years."""
    target, task = params.data.target, params.data.task
    tables = side_by_side.tables(compared, task=task, target=target)
    honest: dict[str, NDArray[np.float64]] = {}
    recent = recent_rows(params, judged) if STEP in judged else judged
    sound = sound_rows(params, recent, faulty)
    rows = sound if len(sound) else recent
    scores = metrics.side(rows, "refit")
    if len(rows) and scores.shape[1]:
        honest = {name: metrics.row_losses(name, rows[target], scores) for name in metrics.losses_of(task)}
    return Report(
        verdict=verdict,
        production_version=production.card.version,
        until=end_day(params.source.until_instant, params.zone),
        rule=params.evaluate.model_dump(mode="json"),
        candidate_sha256=candidate.sha256 if candidate else None,
        normal_error={name: float(loss.mean()) for name, loss in honest.items()},
        judged=judged_days(rows[DAY], honest) if honest else (),
        production=tables["production"],
        refit=tables["refit"],
        window=candidate.window if candidate else None,
    )


def numbers(report: Report) -> dict[str, object]:
    """Keep the numbers, for `dvc metrics`; what is unknown is left out."""
    verdict, gain = report.verdict, report.verdict.gain
    found = {
        "promote": int(verdict.outcome == "promote"),
        "rows": verdict.rows,
        "gain": gain.estimate if gain else None,
        "gain_low": gain.low if gain else None,
        "gain_high": gain.high if gain else None,
        "gain_needed": verdict.needed,
        "production": report.production or None,
        "refit": report.refit or None,
    }
    return {name: value for name, value in found.items() if value is not None}

"""Evidently's page, from the tables of the pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftloop.core.alarms.deviation import WINDOW
from driftloop.core.columns import PREDICTION, PROBABILITY
from driftloop.core.data.declared import columns_of
from driftloop.core.data.grid import Grid
from driftloop.core.judging import metrics
from driftloop.core.judging.scored import recent_rows
from driftloop.core.models import estimator
from driftloop.core.windows import end_day, last_days
from driftloop.report.evidently import rendering
from driftloop.report.evidently import thresholds as limits
from driftloop.store.files import (
    COMPARED,
    GRID,
    NEWEST,
    REFERENCE,
    read_frame,
    read_value,
    replacing_folder,
    write_json,
    write_text,
)

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from driftloop.core.alarms.values import AlarmHistory
    from driftloop.params import Params
    from driftloop.store.production import Production


def render(
    params: Params, production: Production, root: Path, scored: pd.DataFrame, states: AlarmHistory
) -> rendering.Rendered | rendering.Failed | None:
    """Render the page from samples; None where the parameters turn it off.

    The newest week is compared with what the decision compares it with, by thresholds from the same calibration.
    With the policy `evidently` it is production's reference and Evidently's own rule, which decide then.
    """
    if params.report.max_rows == 0:
        return None
    until = end_day(params.source.until_instant, params.zone)
    newest_rows, thresholds = read_frame(root / NEWEST), None
    remarks: tuple[str, ...] = ()
    reference: pd.DataFrame | dict[str, pd.Series]
    if params.monitor.policy == "evidently":
        current = _with_prediction(production, last_days(until, params.windows.current_days).of(newest_rows))
        reference = _with_prediction(production, read_frame(root / REFERENCE))
    else:
        grid = read_value(root / GRID, Grid)
        current = limits.merged(last_days(until, WINDOW).of(newest_rows), grid)
        reference = limits.compared(limits.merged(read_frame(root / COMPARED), grid), states)
        thresholds, remarks = limits.limits(current, reference, states, grid, private=params.data.private)
    columns = columns_of(params, production.card)
    return rendering.render(
        current,
        reference,
        _judged_predictions(params, production, scored),
        numerical=columns.numerical,
        categorical=columns.categorical,
        target=params.data.target,
        task=params.data.task,
        private=params.data.private,
        thresholds=thresholds,
        remarks=remarks,
        title=f"{params.model} v{production.card.version}"
        + (" · SIMULATED DATA" if params.source.is_simulated else ""),
    )


def write(rendered: rendering.Rendered | rendering.Failed | None, folder: Path) -> None:
    """Replace Evidently's folder by the page and its JSON, or by the reason why there are none."""
    with replacing_folder(folder) as out:
        match rendered:
            case rendering.Rendered():
                write_text(out / "index.html", rendered.html)
                write_json(out / "report.json", rendered.json)
            case rendering.Failed():
                write_text(out / "not-rendered.txt", rendered.reason + "\n")
            case None:
                write_text(out / "not-rendered.txt", "report.max_rows is 0\n")


def _judged_predictions(params: Params, production: Production, scored: pd.DataFrame) -> pd.DataFrame | None:
    """Return production's predictions in the judged window, at most as many as Evidently is to get."""
    if production.model is None or scored.empty:
        return None
    judged = recent_rows(params, scored).tail(params.report.max_rows)
    scores = metrics.side(judged, "production")
    return _predictions(judged[[params.data.target]], scores, params.data.task)


def _predictions(rows: pd.DataFrame, scores: pd.DataFrame, task: str) -> pd.DataFrame:
    if task == "regression":
        return rows.assign(**{PREDICTION: scores.iloc[:, 0]})
    return rows.assign(**{PREDICTION: metrics.best_class(scores)}).join(scores.add_prefix(PROBABILITY))


def _with_prediction(production: Production, rows: pd.DataFrame) -> pd.DataFrame:
    """Add production's prediction, so that its drift is shown too."""
    if production.model is None or production.card.recipe is None or rows.empty:
        return rows
    scores = estimator.score(production.model, production.card.recipe, rows)
    return _predictions(rows, scores, production.card.recipe.task)

"""Two fitted models on the same rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftloop.core.columns import loss_of, scores_of
from driftloop.core.judging import metrics
from driftloop.core.models import estimator

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from sklearn.pipeline import Pipeline

    from driftloop.core.models.recipe import Recipe

SIDES = ("production", "refit")


def score(
    rows: pd.DataFrame, sides: Mapping[str, tuple[Pipeline, Recipe]], *, metric: str, target: str
) -> pd.DataFrame:
    """Add each side's scores and losses to the rows, as `comparing.judge` and the plots take them.

    Parameters
    ----------
    rows
        Labelled rows with the features of all sides and the target.
    sides
        Fitted model and its recipe by the name of the side, see `SIDES`.
    metric
        Its loss per row is added.
    target
        Name of the column to predict.

    Raises
    ------
    UnfittableError, ModelError
        See `estimator.score`.
    """
    for side, (pipeline, recipe) in sides.items():
        scores = estimator.score(pipeline, recipe, rows)
        loss = metrics.row_losses(metric, rows[target], scores)
        rows = rows.join(scores.add_prefix(scores_of(side))).assign(**{loss_of(side): loss})
    return rows


def tables(judged: pd.DataFrame, *, task: str, target: str) -> dict[str, dict[str, float]]:
    """Compute all metrics of each side; empty for a side that has scored nothing."""
    scores = {side: metrics.side(judged, side) for side in SIDES}
    return {
        side: metrics.metrics(task, judged[target], found) if len(judged) and found.shape[1] else {}
        for side, found in scores.items()
    }

"""Tables behind DVC's plots: aggregated, so that no single prediction gets into Git."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from driftloop.core.columns import DAY, loss_of
from driftloop.core.judging import metrics
from driftloop.core.models import estimator

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from driftloop.core.models.recipe import Recipe

BINS = 10
BIN_ROWS = 20  # a bin of fewer rows might tell a single prediction
IMPORTANCE_ROWS = 2000
SIDES = ("production", "refit")
NO_IMPORTANCE = pd.DataFrame(columns=["column", "importance"])


def predicted(task: str, target: str, judged: pd.DataFrame, side: str) -> pd.DataFrame:
    """Mean prediction against mean outcome, in tenths of one model's predictions; in fewer bins where rows are few.

    For classification: probabilities against shares, all classes together.
    """
    scores = metrics.side(judged, side)
    bins = min(BINS, len(judged) // BIN_ROWS)
    if not bins or not scores.shape[1]:
        return pd.DataFrame(columns=["predicted", "actual"])
    if task == "regression":
        pairs = pd.DataFrame({"predicted": scores.iloc[:, 0], "actual": judged[target]})
    else:
        truth = [(judged[target] == name).astype(float) for name in scores]
        pairs = pd.DataFrame({"predicted": scores.to_numpy().T.ravel(), "actual": np.concatenate(truth)})
    place = (pairs["predicted"].rank(method="first") * bins / (len(pairs) + 1)).astype(int)
    return pairs.groupby(place).mean()


def error_over_time(judged: pd.DataFrame) -> pd.DataFrame:
    """Mean loss per day of both models, by number of the day and by date."""
    sides = {loss_of(side): side for side in SIDES if loss_of(side) in judged}
    daily = judged.groupby(DAY)[list(sides)].mean().rename(columns=sides).reset_index(names="date")
    daily.insert(0, "day", range(1, len(daily) + 1))
    return daily.reindex(columns=["day", "date", *SIDES])


def importance(fitted: Pipeline, recipe: Recipe, rows: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Share by which the loss rises when one column is shuffled, largest first.

    Breiman (2001), "Random forests", section 10; here on the newest labelled rows, which the model may have seen.
    """
    rows = rows.tail(IMPORTANCE_ROWS).reset_index(drop=True)
    if rows.empty:
        return NO_IMPORTANCE
    target = rows[recipe.target]
    base = metrics.row_losses(metric, target, estimator.score(fitted, recipe, rows)).mean()
    found = []
    for place, column in enumerate(recipe.features):
        order = np.random.default_rng([recipe.seed, place]).permutation(len(rows))
        shuffled = rows.assign(**{column: rows[column].to_numpy()[order]})
        loss = metrics.row_losses(metric, target, estimator.score(fitted, recipe, shuffled)).mean()
        found.append({"column": column, "importance": float(loss / base - 1) if base > 0 else 0.0})
    return pd.DataFrame(found).sort_values(["importance", "column"], ascending=[False, True], ignore_index=True)

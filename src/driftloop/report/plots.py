"""Tables behind DVC's plots: aggregated, so that no single prediction gets into Git."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from driftloop.core import losses, model

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from driftloop.core.recipe import Recipe

BINS = 10
BIN_ROWS = 20  # a bin of fewer rows might tell a single prediction
IMPORTANCE_ROWS = 2000
NO_IMPORTANCE = pd.DataFrame(columns=["column", "importance"])


def predicted(task: str, target: str, judged: pd.DataFrame) -> pd.DataFrame:
    """Mean prediction against mean outcome, in tenths of the predictions of each model; in fewer bins where rows are few.

    For classification: probabilities against shares, all classes together.
    """
    parts = []
    bins = min(BINS, len(judged) // BIN_ROWS)
    for side in ("production", "refit"):
        scores = losses.side(judged, side)
        if not bins or not scores.shape[1]:
            continue
        if task == "regression":
            pairs = pd.DataFrame({"predicted": scores.iloc[:, 0], "actual": judged[target]})
        else:
            truth = [(judged[target] == name).astype(float) for name in scores]
            pairs = pd.DataFrame({"predicted": scores.to_numpy().T.ravel(), "actual": np.concatenate(truth)})
        place = (pairs["predicted"].rank(method="first") * bins / (len(pairs) + 1)).astype(int)
        parts.append(pairs.groupby(place).mean().assign(model=side))
    if not parts:
        return pd.DataFrame(columns=["model", "predicted", "actual"])
    return pd.concat(parts)[["model", "predicted", "actual"]]


def error_over_time(judged: pd.DataFrame) -> pd.DataFrame:
    """Mean loss per day of both models."""
    sides = [side for side in ("production", "refit") if f"{side}_loss" in judged and len(judged)]
    parts = [
        judged.groupby("_day")[f"{side}_loss"].mean().rename("error").reset_index().assign(model=side) for side in sides
    ]
    if not parts:
        return pd.DataFrame(columns=["day", "model", "error"])
    return pd.concat(parts).rename(columns={"_day": "day"})[["day", "model", "error"]]


def importance(fitted: Pipeline, recipe: Recipe, rows: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Share by which the loss rises when one column is shuffled, largest first.

    Breiman (2001), "Random forests", section 10; here on the newest labelled rows, which the model may have seen.
    """
    rows = rows.tail(IMPORTANCE_ROWS).reset_index(drop=True)
    if rows.empty:
        return NO_IMPORTANCE
    target = rows[recipe.target]
    base = losses.row_losses(metric, target, model.score(fitted, recipe, rows)).mean()
    found = []
    for place, column in enumerate(recipe.features):
        order = np.random.default_rng([recipe.seed, place]).permutation(len(rows))
        shuffled = rows.assign(**{column: rows[column].to_numpy()[order]})
        loss = losses.row_losses(metric, target, model.score(fitted, recipe, shuffled)).mean()
        found.append({"column": column, "importance": float(loss / base - 1) if base > 0 else 0.0})
    return pd.DataFrame(found).sort_values(["importance", "column"], ascending=[False, True], ignore_index=True)

"""How much a model leans on each of its inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from driftloop.core.judging import metrics
from driftloop.core.models import estimator

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

    from driftloop.core.models.recipe import Recipe

MOST_ROWS = 400


def importance(model: Pipeline, recipe: Recipe, rows: pd.DataFrame, metric: str) -> dict[str, float]:
    """Say how much the mean loss grows when one input is shuffled, as a share of the loss; 0 where it does not.

    Parameters
    ----------
    model, recipe
        A fitted model.
    rows
        Labelled rows; the newest `MOST_ROWS` are drawn from evenly. Without any nothing is known.
    metric
        Name of the loss.

    References
    ----------
    Breiman (2001), Random forests, section 10.
    """
    if rows.empty:
        return {}
    places = np.unique(np.linspace(0, len(rows) - 1, MOST_ROWS).astype(int))
    drawn = rows.iloc[places].reset_index(drop=True)
    order = np.random.default_rng(0).permutation(len(drawn))
    whole = _loss(model, recipe, drawn, metric)
    found = {}
    for name in (*recipe.numerical, *recipe.categorical):
        shuffled = drawn.assign(**{name: drawn[name].to_numpy()[order]})
        grown = _loss(model, recipe, shuffled, metric) - whole
        found[name] = round(max(0.0, grown / whole), 4) if whole > 0 else 0.0
    return found


def _loss(model: Pipeline, recipe: Recipe, rows: pd.DataFrame, metric: str) -> float:
    scores = estimator.score(model, recipe, rows)
    return float(metrics.row_losses(metric, rows[recipe.target], scores).mean())

"""From predictions to one loss per row: the only module besides `model` that knows the task."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from driftloop.core.columns import scores_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

ROW_METRICS = {"regression": ("mae", "mse"), "classification": ("log_loss", "brier")}
TINY = 1e-15  # probabilities are clipped here, so that one sure error does not cost infinitely much


def row_losses(metric: str, target: pd.Series, scores: pd.DataFrame) -> np.ndarray:
    """Give each row's loss; smaller is better, and its mean is the metric.

    Parameters
    ----------
    metric
        mae (|error|), mse (error²), log_loss (−log of the probability of the true class) or brier (squared
        distance of the probabilities from the truth, summed over classes, in [0, 2]).
    target
        Shape (n,): numbers, or class names.
    scores
        Shape (n, 1) with predictions, or (n, classes) with probabilities under the class names.

    Returns
    -------
    numpy.ndarray
        Shape (n,), non-negative. A class that the model has never seen counts as predicted with probability 0.

    Raises
    ------
    ValueError
        If the metric is unknown.
    """
    match metric:
        case "mae":
            loss = np.abs(_errors(target, scores))
        case "mse":
            loss = _errors(target, scores) ** 2
        case "log_loss":
            loss = -np.log(np.clip(_of_truth(target, scores), TINY, 1))
        case "brier":
            probabilities = scores.to_numpy(dtype=float)
            loss = (probabilities**2).sum(axis=1) - 2 * _of_truth(target, scores) + 1
        case _:
            msg = f"unknown metric {metric}"
            raise ValueError(msg)
    return np.asarray(loss, dtype=float)


def metrics(task: str, target: pd.Series, scores: pd.DataFrame) -> dict[str, float]:
    """Give the usual metrics of these predictions, leaving out those that are not defined for them.

    Regression: mae, rmse, mape (where no target is zero), r2, bias (mean prediction − target).
    Classification: log_loss, brier, roc_auc (one against the rest, macro), f1 (macro), accuracy.
    """
    return _regression(target, scores) if task == "regression" else _classification(target, scores)


def _regression(target: pd.Series, scores: pd.DataFrame) -> dict[str, float]:
    truth, error = target.to_numpy(dtype=float), _errors(target, scores)
    found = {"mae": np.abs(error).mean(), "rmse": np.sqrt((error**2).mean()), "bias": error.mean()}
    if (truth != 0).all():
        found["mape"] = np.abs(error / truth).mean()
    if (spread := ((truth - truth.mean()) ** 2).sum()) > 0:
        found["r2"] = 1 - (error**2).sum() / spread
    return {name: float(value) for name, value in found.items()}


def _classification(target: pd.Series, scores: pd.DataFrame) -> dict[str, float]:
    from sklearn.metrics import f1_score, roc_auc_score

    labels = best_class(scores)
    found = {
        "log_loss": row_losses("log_loss", target, scores).mean(),
        "brier": row_losses("brier", target, scores).mean(),
        "accuracy": (labels == target.to_numpy()).mean(),
        "f1": f1_score(target, labels, average="macro", zero_division=0),
    }
    areas = [roc_auc_score(target == name, scores[name]) for name in scores if 0 < (target == name).sum() < len(target)]
    if areas:
        found["roc_auc"] = np.mean(areas)
    return {name: float(value) for name, value in found.items()}


def best_class(scores: pd.DataFrame) -> np.ndarray:
    """Name the most probable class of each row."""
    best = scores.to_numpy(dtype=float).argmax(axis=1)
    return np.asarray(np.asarray(scores.columns, dtype=object)[best])


def side(scored: pd.DataFrame, name: str) -> pd.DataFrame:
    """Take one model's scores (columns `scores_of(NAME)…`) from a table of scored rows."""
    prefix = scores_of(name)
    columns = [column for column in scored if str(column).startswith(prefix)]
    return scored[columns].rename(columns=lambda column: column.removeprefix(prefix)).fillna(0)


BETTER_IS_LOWER = frozenset({"mae", "mse", "rmse", "mape", "log_loss", "brier"})
BETTER_IS_HIGHER = frozenset({"r2", "roc_auc", "f1", "accuracy"})


def _errors(target: pd.Series, scores: pd.DataFrame) -> np.ndarray:
    """Prediction − target."""
    error: np.ndarray = scores.iloc[:, 0].to_numpy(dtype=float) - target.to_numpy(dtype=float)
    return error


def _of_truth(target: pd.Series, scores: pd.DataFrame) -> np.ndarray:
    """Give the probability of each row's true class; 0 for a class that the model does not know."""
    names: Sequence[str] = list(scores.columns)
    place = target.map({name: index for index, name in enumerate(names)})
    known = place.notna().to_numpy()
    out = np.zeros(len(target))
    rows = np.flatnonzero(known)
    out[rows] = scores.to_numpy(dtype=float)[rows, place[known].to_numpy(dtype=int)]
    return out

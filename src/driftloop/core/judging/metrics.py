"""The one table of metrics: what each is called, which way is better, and how it follows from predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from driftloop.core.columns import scores_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd

    Formula = Callable[[pd.Series, pd.DataFrame], float | None]
    RowFormula = Callable[[pd.Series, pd.DataFrame], np.ndarray]

TINY = 1e-15  # probabilities are clipped here, so that one confident error does not cost infinitely much


@dataclass(frozen=True)
class Metric:
    """A metric of predictions. Its formulas take what `row_losses` takes.

    Attributes
    ----------
    task
        The task it is defined for.
    name, short
        In a sentence, and in a table.
    better
        Which values are better.
    rows
        The loss of each row. The mean of these losses is the metric. Only a metric that has them can be `evaluate.metric`,
        and each of those also stands in the `Literal` of `params`.
    value
        The metric of all rows, where it is no mean over rows; None where it is not defined for them.
    in_unit
        Whether it is in the unit of the target.
    percent
        Whether people read it in percent.
    reported
        Whether `metrics` lists it.
    """

    task: Literal["regression", "classification"]
    name: str
    short: str
    better: Literal["lower", "higher", "nearer zero"]
    rows: RowFormula | None = None
    value: Formula | None = None
    in_unit: bool = False
    percent: bool = False
    reported: bool = True

    def of(self, target: pd.Series, scores: pd.DataFrame) -> float | None:
        """Compute the metric; None where it is not defined for these rows."""
        found = self.rows(target, scores).mean() if self.rows else self.value(target, scores) if self.value else None
        return None if found is None else float(found)


def row_losses(metric: str, target: pd.Series, scores: pd.DataFrame) -> np.ndarray:
    """Return each row's loss; smaller is better, and its mean is the metric.

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
        If the metric is unknown, or has no loss per row.
    """
    found = METRICS.get(metric)
    if found is None or found.rows is None:
        msg = f"metric: expected {', '.join(name for name, each in METRICS.items() if each.rows)}, got {metric}"
        raise ValueError(msg)
    return np.asarray(found.rows(target, scores), dtype=float)


def metrics(task: str, target: pd.Series, scores: pd.DataFrame) -> dict[str, float]:
    """Compute the reported metrics of a task, leaving out those that are not defined for these rows."""
    found = {name: each.of(target, scores) for name, each in METRICS.items() if each.task == task and each.reported}
    return {name: value for name, value in found.items() if value is not None}


def losses_of(task: str) -> list[str]:
    """List the metrics of a task with a loss per row, by which candidates can be judged."""
    return [name for name, each in METRICS.items() if each.task == task and each.rows]


def unit_of(metric: str, unit: str) -> str:
    """Return the target's unit if the metric is in it, else nothing.

    >>> unit_of("mae", "kWh"), unit_of("mse", "kWh")
    ('kWh', '')
    """
    return unit if metric in METRICS and METRICS[metric].in_unit else ""


def best_class(scores: pd.DataFrame) -> np.ndarray:
    """Name the most probable class of each row."""
    best = scores.to_numpy(dtype=float).argmax(axis=1)
    return np.asarray(np.asarray(scores.columns, dtype=object)[best])


def side(scored: pd.DataFrame, name: str) -> pd.DataFrame:
    """Take one model's scores (columns `scores_of(NAME)…`) from a table of scored rows."""
    prefix = scores_of(name)
    columns = [column for column in scored if str(column).startswith(prefix)]
    return scored[columns].rename(columns=lambda column: column.removeprefix(prefix)).fillna(0)


def _errors(target: pd.Series, scores: pd.DataFrame) -> np.ndarray:
    """Subtract targets from predictions."""
    error: np.ndarray = scores.iloc[:, 0].to_numpy(dtype=float) - target.to_numpy(dtype=float)
    return error


def _absolute(target: pd.Series, scores: pd.DataFrame) -> np.ndarray:
    return np.asarray(np.abs(_errors(target, scores)))


def _squared(target: pd.Series, scores: pd.DataFrame) -> np.ndarray:
    return np.asarray(_errors(target, scores) ** 2)


def _root(target: pd.Series, scores: pd.DataFrame) -> float:
    return float(np.sqrt(_squared(target, scores).mean()))


def _bias(target: pd.Series, scores: pd.DataFrame) -> float:
    return float(_errors(target, scores).mean())


def _relative(target: pd.Series, scores: pd.DataFrame) -> float | None:
    """Not defined where a target is zero."""
    truth = target.to_numpy(dtype=float)
    return float(np.abs(_errors(target, scores) / truth).mean()) if (truth != 0).all() else None


def _explained(target: pd.Series, scores: pd.DataFrame) -> float | None:
    """Not defined where all targets are equal."""
    truth = target.to_numpy(dtype=float)
    spread = ((truth - truth.mean()) ** 2).sum()
    return float(1 - _squared(target, scores).sum() / spread) if spread > 0 else None


def _logarithmic(target: pd.Series, scores: pd.DataFrame) -> np.ndarray:
    return np.asarray(-np.log(np.clip(_of_truth(target, scores), TINY, 1)))


def _quadratic(target: pd.Series, scores: pd.DataFrame) -> np.ndarray:
    probabilities = scores.to_numpy(dtype=float)
    return np.asarray((probabilities**2).sum(axis=1) - 2 * _of_truth(target, scores) + 1)


def _of_truth(target: pd.Series, scores: pd.DataFrame) -> np.ndarray:
    """Return the probability of each row's true class; 0 for a class that the model does not know."""
    names: Sequence[str] = list(scores.columns)
    place = target.map({name: index for index, name in enumerate(names)})
    known = place.notna().to_numpy()
    out = np.zeros(len(target))
    rows = np.flatnonzero(known)
    out[rows] = scores.to_numpy(dtype=float)[rows, place[known].to_numpy(dtype=int)]
    return out


def _accuracy(target: pd.Series, scores: pd.DataFrame) -> float:
    return float((best_class(scores) == target.to_numpy()).mean())


def _f1(target: pd.Series, scores: pd.DataFrame) -> float:
    from sklearn.metrics import f1_score

    return float(f1_score(target, best_class(scores), average="macro", zero_division=0))


def _roc_auc(target: pd.Series, scores: pd.DataFrame) -> float | None:
    """One class against the rest, the mean over classes; not defined where there is only one class."""
    from sklearn.metrics import roc_auc_score

    areas = [roc_auc_score(target == name, scores[name]) for name in scores if 0 < (target == name).sum() < len(target)]
    return float(np.mean(areas)) if areas else None


# fmt: off
METRICS: Mapping[str, Metric] = {
    "mae": Metric("regression", "mean absolute error", "MAE", "lower", rows=_absolute, in_unit=True),
    "mse": Metric("regression", "mean squared error", "MSE", "lower", rows=_squared, reported=False),
    "rmse": Metric("regression", "root mean squared error", "RMSE", "lower", value=_root, in_unit=True),
    "bias": Metric("regression", "bias (mean prediction − target)", "bias", "nearer zero", value=_bias, in_unit=True),
    "mape": Metric("regression", "mean absolute percentage error", "MAPE", "lower", value=_relative, percent=True),
    "r2": Metric("regression", "R²", "R²", "higher", value=_explained),
    "log_loss": Metric("classification", "log loss", "log loss", "lower", rows=_logarithmic),
    "brier": Metric("classification", "Brier score", "brier", "lower", rows=_quadratic),
    "accuracy": Metric("classification", "accuracy", "accuracy", "higher", value=_accuracy),
    "f1": Metric("classification", "F1 (macro)", "f1", "higher", value=_f1),
    "roc_auc": Metric("classification", "ROC AUC (macro)", "ROC AUC", "higher", value=_roc_auc),
}
# fmt: on

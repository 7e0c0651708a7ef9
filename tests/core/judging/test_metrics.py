"""Losses per row and metrics, against scikit-learn's."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk

from driftloop.core.columns import REFIT_LOSS, SCORE, scores_of
from driftloop.core.judging import metrics
from driftloop.params import LOSSES
from driftloop.params.model import Evaluate

CLASSES = ["a", "b", "c"]


def numbers(values: list[float]) -> tuple[pd.Series, pd.DataFrame]:
    """Give targets and predictions that miss them by 0.5, 1.5, -2.5, …"""
    target = pd.Series(values)
    miss = [(-1) ** (index // 2) * (index + 0.5) for index in range(len(values))]
    return target, pd.DataFrame({SCORE: target + miss})


def probabilities(rows: int, classes: list[str], seed: int = 0) -> tuple[pd.Series, pd.DataFrame]:
    random = np.random.default_rng(seed)
    scores = random.dirichlet(np.ones(len(classes)), size=rows)
    target = [random.choice(classes, p=row) for row in scores]
    return pd.Series(target), pd.DataFrame(scores, columns=classes)


def test_row_losses__regression_means_are_sklearns() -> None:
    target, scores = numbers([3.0, -1.0, 4.5, 10.0, 0.0])
    assert metrics.row_losses("mae", target, scores).tolist() == [0.5, 1.5, 2.5, 3.5, 4.5]
    assert metrics.row_losses("mse", target, scores).mean() == pytest.approx(sk.mean_squared_error(target, scores))


@pytest.mark.parametrize("classes", [CLASSES[:2], CLASSES])
def test_row_losses__classification_means_are_sklearns(classes: list[str]) -> None:
    target, scores = probabilities(200, classes)
    assert metrics.row_losses("log_loss", target, scores).mean() == pytest.approx(sk.log_loss(target, scores))
    truth = pd.get_dummies(target)[classes].to_numpy(dtype=float)
    brier = metrics.row_losses("brier", target, scores)
    assert brier.tolist() == pytest.approx(((scores.to_numpy() - truth) ** 2).sum(axis=1).tolist())
    if len(classes) == 2:
        assert brier.mean() == pytest.approx(2 * sk.brier_score_loss(target == "b", scores["b"]))


def test_row_losses__order_of_classes_does_not_matter() -> None:
    target, scores = probabilities(50, CLASSES)
    for metric in metrics.losses_of("classification"):
        mixed = metrics.row_losses(metric, target, scores[["c", "a", "b"]])
        assert mixed.tolist() == pytest.approx(metrics.row_losses(metric, target, scores).tolist())


def test_row_losses__index_does_not_matter() -> None:
    target, scores = probabilities(20, CLASSES)
    moved = metrics.row_losses("brier", target.set_axis(range(100, 120)), scores.set_axis(range(100, 120)))
    assert moved.tolist() == metrics.row_losses("brier", target, scores).tolist()


def test_row_losses__unseen_class_counts_as_probability_zero() -> None:
    target = pd.Series(["a", "new"])
    scores = pd.DataFrame({"a": [0.25, 0.6], "b": [0.75, 0.4]})
    assert metrics.row_losses("log_loss", target, scores).tolist() == pytest.approx([-np.log(0.25), -np.log(1e-15)])
    assert metrics.row_losses("brier", target, scores).tolist() == pytest.approx([2 * 0.75**2, 0.6**2 + 0.4**2 + 1])


def test_row_losses__a_sure_error_costs_no_infinity() -> None:
    found = metrics.row_losses("log_loss", pd.Series(["a", "a"]), pd.DataFrame({"a": [0.0, 1.0], "b": [1.0, 0.0]}))
    assert found.tolist() == pytest.approx([-np.log(1e-15), 0.0])


@pytest.mark.parametrize("metric", ["mae", "mse"])
def test_row_losses__no_rows(metric: str) -> None:
    target, scores = numbers([])
    assert metrics.row_losses(metric, target, scores).shape == (0,)


def test_row_losses__unknown_metric() -> None:
    with pytest.raises(ValueError, match="metric: expected mae, mse, log_loss, brier, got rmsle"):
        metrics.row_losses("rmsle", *numbers([1.0]))


def test_row_losses__metric_without_losses_per_row() -> None:
    with pytest.raises(ValueError, match="expected mae, mse, log_loss, brier, got rmse"):
        metrics.row_losses("rmse", *numbers([1.0]))


def test_metrics__regression_is_sklearns() -> None:
    target, scores = numbers([3.0, -1.0, 4.5, 10.0, 2.0])
    found = metrics.metrics("regression", target, scores)
    assert found == pytest.approx(
        {
            "mae": sk.mean_absolute_error(target, scores),
            "rmse": sk.root_mean_squared_error(target, scores),
            "mape": sk.mean_absolute_percentage_error(target, scores),
            "r2": sk.r2_score(target, scores),
            "bias": (0.5 + 1.5 - 2.5 - 3.5 + 4.5) / 5,
        }
    )


def test_metrics__mape_is_left_out_when_a_target_is_zero() -> None:
    assert "mape" in metrics.metrics("regression", *numbers([1.0, 2.0]))
    assert "mape" not in metrics.metrics("regression", *numbers([1.0, 0.0]))


def test_metrics__r2_is_left_out_when_the_target_is_constant() -> None:
    assert "r2" not in metrics.metrics("regression", *numbers([2.0, 2.0, 2.0]))


@pytest.mark.parametrize("classes", [CLASSES[:2], CLASSES])
def test_metrics__classification_is_sklearns(classes: list[str]) -> None:
    target, scores = probabilities(300, classes, seed=1)
    labels = scores.idxmax(axis=1)
    area = (
        sk.roc_auc_score(target == "b", scores["b"])
        if len(classes) == 2
        else sk.roc_auc_score(target, scores, multi_class="ovr", average="macro")
    )
    expected = {
        "log_loss": sk.log_loss(target, scores),
        "brier": metrics.row_losses("brier", target, scores).mean(),
        "accuracy": sk.accuracy_score(target, labels),
        "f1": sk.f1_score(target, labels, average="macro"),
        "roc_auc": area,
    }
    assert metrics.metrics("classification", target, scores) == pytest.approx(expected)


def test_metrics__class_that_only_the_model_or_only_the_data_knows() -> None:
    target = pd.Series(["a", "b", "new", "a"])
    scores = pd.DataFrame({"a": [0.7, 0.2, 0.5, 0.6], "b": [0.2, 0.7, 0.4, 0.3], "gone": [0.1, 0.1, 0.1, 0.1]})
    found = metrics.metrics("classification", target, scores)
    assert found["accuracy"] == 0.75
    assert found["roc_auc"] == 1.0
    assert np.isfinite(list(found.values())).all()


def test_metrics__one_class_has_no_roc_auc() -> None:
    found = metrics.metrics("classification", pd.Series(["a", "a"]), pd.DataFrame({"a": [0.7, 0.2], "b": [0.3, 0.8]}))
    assert "roc_auc" not in found
    assert found["accuracy"] == 0.5


def test_metrics__table_is_complete() -> None:
    """What `evaluate.metric` allows are the metrics with a loss per row; each metric has one formula."""
    assert {task: metrics.losses_of(task) for task in LOSSES} == {task: list(names) for task, names in LOSSES.items()}
    assert Evaluate.model_json_schema()["properties"]["metric"]["enum"] == [*chain(*LOSSES.values())]
    for name, metric in metrics.METRICS.items():
        assert (metric.rows is None) != (metric.value is None), name
        assert metric.rows is None or metric.better == "lower", name


def test_metrics__unit_is_the_targets_where_errors_are_not_squared() -> None:
    assert [name for name in metrics.METRICS if metrics.unit_of(name, "kWh") == "kWh"] == ["mae", "rmse", "bias"]
    assert metrics.unit_of("from elsewhere", "kWh") == ""


def test_best_class__the_most_probable() -> None:
    scores = pd.DataFrame({"x": [0.2, 0.5], "y": [0.8, 0.5]})
    assert metrics.best_class(scores).tolist() == ["y", "x"]


def test_side__takes_one_models_scores() -> None:
    scored = pd.DataFrame(
        {
            f"{scores_of('production')}a": [0.5, 0.5],
            f"{scores_of('refit')}a": [0.4, 1.0],
            f"{scores_of('refit')}b:c": [0.6, None],
            REFIT_LOSS: [1.0, 2.0],
        }
    )
    expected = pd.DataFrame({"a": [0.4, 1.0], "b:c": [0.6, 0.0]})  # the second refit did not know b:c
    pd.testing.assert_frame_equal(metrics.side(scored, "refit"), expected)
    assert metrics.side(scored, "absent").shape == (2, 0)

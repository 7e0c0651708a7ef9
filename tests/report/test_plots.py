"""Tables behind the plots: means over many rows, and importances that find what matters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from factories import make_frame, make_params
from hypothesis import given, settings
from hypothesis import strategies as st

from driftloop.core.columns import DAY, PRODUCTION_LOSS, REFIT_LOSS, SCORE, scores_of
from driftloop.core.models import estimator
from driftloop.core.models.recipe import Recipe, recipe_of
from driftloop.report import plots

steady = settings(max_examples=60, deadline=None, derandomize=True)


def make_judged(rows: int, *, seed: int = 0, classes: int = 0) -> pd.DataFrame:
    """Give rows as `evaluate` draws them: target `y`, scores and losses of both sides."""
    random = np.random.default_rng(seed)
    given = make_frame(rows, seed=seed)[[DAY, "y"]]
    if classes:
        names = [f"class{number}" for number in range(classes)]
        scores = {side: random.dirichlet(np.ones(classes), size=rows) for side in ("production", "refit")}
        columns = {
            f"{scores_of(side)}{name}": scores[side][:, place] for side in scores for place, name in enumerate(names)
        }
        given = given.assign(y=random.choice(names, size=rows), **columns)
    else:
        given = given.assign(
            **{f"{scores_of(side)}{SCORE}": random.normal(size=rows) for side in ("production", "refit")}
        )
    return given.assign(**{PRODUCTION_LOSS: random.exponential(size=rows), REFIT_LOSS: random.exponential(size=rows)})


@pytest.mark.parametrize("rows", [0, 1, 19])
def test_predicted__of_few_rows_is_empty(rows: int) -> None:
    found = plots.predicted("regression", "y", make_judged(rows), "refit")
    assert found.empty
    assert list(found.columns) == ["predicted", "actual"]


@pytest.mark.parametrize(("rows", "bins"), [(20, 1), (39, 1), (40, 2), (199, 9), (200, 10), (5000, 10)])
def test_predicted__has_ten_bins_or_as_many_as_the_rows_allow(rows: int, bins: int) -> None:
    for side in plots.SIDES:
        assert len(plots.predicted("regression", "y", make_judged(rows), side)) == bins


@steady
@given(st.integers(20, 700), st.integers(0, 9))
def test_predicted__no_bin_tells_of_fewer_than_twenty_rows(rows: int, seed: int) -> None:
    """Predictions are the ranks themselves, so a bin of consecutive ranks tells from its mean and its neighbours' how many it holds."""
    order = np.random.default_rng(seed).permutation(rows).astype(float)
    judged = make_judged(rows).assign(**{f"{scores_of('production')}{SCORE}": order, "y": 2 * order})
    found = plots.predicted("regression", "y", judged, "production")
    middles = found["predicted"].to_numpy()
    first, sizes = 0.0, []
    for middle in middles:
        sizes.append(round(2 * (middle - first) + 1))
        first += sizes[-1]
    assert sum(sizes) == rows
    assert min(sizes) >= plots.BIN_ROWS
    assert max(sizes) - min(sizes) <= 1
    assert np.allclose(found["actual"], 2 * middles)


def test_predicted__takes_equal_predictions() -> None:
    judged = make_judged(200).assign(**{f"{scores_of('production')}{SCORE}": 5.0})
    found = plots.predicted("regression", "y", judged, "production")
    assert set(found["predicted"]) == {5.0}


def test_predicted__rises_within_each_model() -> None:
    for side in plots.SIDES:
        assert plots.predicted("regression", "y", make_judged(500), side)["predicted"].is_monotonic_increasing


@pytest.mark.parametrize("classes", [2, 3, 7])
@pytest.mark.parametrize("rows", [20, 40, 333])
def test_predicted__of_classes_compares_probabilities_with_shares(rows: int, classes: int) -> None:
    found = plots.predicted("classification", "y", make_judged(rows, classes=classes), "refit")
    assert len(found) == min(10, rows // 20)
    assert found[["predicted", "actual"]].min().min() >= 0
    assert found[["predicted", "actual"]].max().max() <= 1
    if len(found) == 1:
        assert found["predicted"].tolist() == pytest.approx([1 / classes])


def test_predicted__of_true_probabilities_lies_on_the_diagonal() -> None:
    random = np.random.default_rng(0)
    chance = random.uniform(size=20_000)
    judged = pd.DataFrame(
        {
            "y": np.where(random.uniform(size=20_000) < chance, "b", "a"),
            f"{scores_of('refit')}a": 1 - chance,
            f"{scores_of('refit')}b": chance,
        }
    )
    assert plots.predicted("classification", "y", judged, "production").empty
    found = plots.predicted("classification", "y", judged, "refit")
    assert np.allclose(found["predicted"], found["actual"], atol=0.02)


def test_error_over_time__is_the_mean_of_each_day() -> None:
    judged = make_judged(72)
    found = plots.error_over_time(judged)
    assert list(found.columns) == ["day", "date", "production", "refit"]
    assert found["day"].tolist() == [1, 2, 3]
    first = judged[judged[DAY] == judged[DAY].min()]
    assert found["production"].iloc[0] == pytest.approx(first[PRODUCTION_LOSS].mean())
    assert found["refit"].iloc[0] == pytest.approx(first[REFIT_LOSS].mean())


def test_error_over_time__of_nothing_is_empty() -> None:
    assert plots.error_over_time(make_judged(0)).empty
    assert list(plots.error_over_time(make_judged(0)).columns) == ["day", "date", "production", "refit"]


def test_error_over_time__leaves_a_side_that_is_not_there_empty() -> None:
    found = plots.error_over_time(make_judged(48).drop(columns=PRODUCTION_LOSS))
    assert found["production"].isna().all()
    assert found["refit"].notna().all()


# Importance


def fitted(rows: pd.DataFrame, **data: Any) -> tuple[Any, Recipe]:
    recipe = recipe_of(make_params(data=data))
    return estimator.fit(recipe, rows), recipe


def make_rows(rows: int = 400) -> pd.DataFrame:
    """Give rows where `x` decides, `c` decides a little, and `noise` and `other` decide nothing."""
    random = np.random.default_rng(1)
    return make_frame(rows).assign(noise=random.normal(size=rows), other=random.choice(["u", "v"], size=rows))


COLUMNS = {"numerical": ["noise", "x"], "categorical": ["c", "other"]}


def test_importance__finds_the_column_that_matters() -> None:
    rows = make_rows()
    found = plots.importance(*fitted(rows, **COLUMNS), rows, "mae")
    assert found["column"].tolist()[:2] == ["x", "c"]
    shares = dict(zip(found["column"], found["importance"], strict=True))
    assert shares["x"] > 10
    assert shares["c"] > 1
    assert abs(shares["noise"]) < 0.1
    assert abs(shares["other"]) < 0.1
    assert found["importance"].is_monotonic_decreasing


def test_importance__of_classes_finds_it_too() -> None:
    rows = make_rows().assign(y=lambda rows: np.where(rows["x"] > 0, "up", "down"))
    params = make_params(
        data={**COLUMNS, "task": "classification"},
        train={"estimator": "sklearn.linear_model.LogisticRegression"},
        evaluate={"metric": "log_loss"},
    )
    recipe = recipe_of(params)
    found = plots.importance(estimator.fit(recipe, rows), recipe, rows, "log_loss")
    assert found["column"][0] == "x"
    assert found["importance"][0] > 1


def test_importance__is_the_same_each_time_and_leaves_the_rows_alone() -> None:
    rows = make_rows()
    before, made = rows.copy(), fitted(rows, **COLUMNS)
    assert plots.importance(*made, rows, "mae").equals(plots.importance(*made, rows, "mae"))
    assert rows.equals(before)


def test_importance__looks_at_the_newest_rows_of_many() -> None:
    rows = make_rows(plots.IMPORTANCE_ROWS + 500)
    broken = rows.assign(y=rows["y"].where(rows.index >= 500, 1e9))
    made = fitted(rows, **COLUMNS)
    assert plots.importance(*made, broken, "mae").equals(plots.importance(*made, rows, "mae"))


def test_importance__of_no_rows_is_empty() -> None:
    rows = make_rows()
    found = plots.importance(*fitted(rows, **COLUMNS), rows.head(0), "mae")
    assert list(found.columns) == ["column", "importance"]
    assert found.empty


def test_importance__of_a_perfect_model_is_nought() -> None:
    rows = make_rows().assign(y=5.0)
    found = plots.importance(*fitted(rows, **COLUMNS), rows, "mae")
    assert set(found["importance"]) == {0.0}

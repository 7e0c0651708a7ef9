"""The recipe: what of its rows a model keeps, and how large it may get while it is fitted."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import numpy as np
import pandas as pd
import pytest
from factories import make_frame, make_params
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from driftloop.core.columns import SCORE
from driftloop.core.models.archive import dumps, loads
from driftloop.core.models.estimator import UnfittableError, fit, inputs, score
from driftloop.core.models.recipe import Recipe, recipe_of
from driftloop.errors import ModelError

IDS = [f"patient-{number:05}" for number in range(700)]
HOLDS_ROWS = [
    "neighbors.KNeighborsRegressor",
    "neighbors.RadiusNeighborsRegressor",
    "svm.SVR",
    "svm.NuSVR",
    "gaussian_process.GaussianProcessRegressor",
    "kernel_ridge.KernelRidge",
]
HOLDS_NONE = [
    "dummy.DummyRegressor",
    "ensemble.AdaBoostRegressor",
    "ensemble.ExtraTreesRegressor",
    "ensemble.GradientBoostingRegressor",
    "ensemble.HistGradientBoostingRegressor",
    "ensemble.RandomForestRegressor",
    "linear_model.HuberRegressor",
    "linear_model.LinearRegression",
    "linear_model.Ridge",
    "neural_network.MLPRegressor",
    "svm.LinearSVR",
    "tree.DecisionTreeRegressor",
]


def make_recipe(estimator: str = "linear_model.LinearRegression", **data: Any) -> Recipe:
    return recipe_of(make_params(data=data, train={"estimator": f"sklearn.{estimator}"}))


def make_rows(rows: int = 1500, seed: int = 0) -> pd.DataFrame:
    """Give labelled rows whose `c` is the number of one of 700 patients, some of whom come often, and whose `x` is exact."""
    random = np.random.default_rng(seed)
    frame = make_frame(rows, seed=seed)
    often = random.zipf(1.4, size=rows) % len(IDS)
    return frame.assign(c=[IDS[number] for number in often], x=random.lognormal(10, 1, size=rows))


def opened(fitted: Pipeline) -> tuple[str, set[float]]:
    """Give what stands in a model file: the words of its schema, and the numbers of its arrays."""
    numbers: set[float] = set()
    with zipfile.ZipFile(io.BytesIO(dumps(fitted))) as archive:
        for name in archive.namelist():
            if name.endswith(".npy"):
                array = np.load(io.BytesIO(archive.read(name)))
                for column in array.dtype.names or ():
                    numbers |= set(np.asarray(array[column], dtype=float).ravel().tolist())
                if array.dtype.kind in "fiu":
                    numbers |= set(array.astype(float).ravel().tolist())
        return archive.read("schema.json").decode(), numbers


def test_fit__keeps_only_the_names_that_it_uses() -> None:
    rows = make_rows()
    words, _ = opened(fit(make_recipe(), rows))
    assert rows["c"].nunique() > 200
    assert sum(name in words for name in IDS) == 99


@pytest.mark.parametrize(
    "estimator", ["tree.DecisionTreeRegressor", "ensemble.HistGradientBoostingRegressor", "linear_model.Ridge"]
)
def test_fit__keeps_no_name_and_no_number_of_private_columns(estimator: str) -> None:
    rows = make_rows()
    words, numbers = opened(fit(make_recipe(estimator, private=["x", "y", "c"]), rows))
    assert [name for name in IDS if name in words] == []
    exact = set(rows["x"]) | set(rows["y"])
    exact |= {float(np.float32(value)) for value in exact}
    assert numbers & exact == set()
    assert [value for value in exact if repr(value) in words] == []


def test_fit__with_private_columns_still_learns() -> None:
    train, later = make_frame(3000), make_frame(1000, seed=1)
    errors = [
        np.abs(score(fit(recipe, train), recipe, later)[SCORE] - later["y"]).mean()
        for recipe in (make_recipe(), make_recipe(private=["x", "c", "y"]))
    ]
    assert errors[1] < 1.05 * errors[0]


@pytest.mark.parametrize("estimator", HOLDS_ROWS)
@pytest.mark.parametrize("private", [["x"], ["c"], ["x", "c"]])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_fit__refuses_to_keep_private_rows(estimator: str, private: list[str]) -> None:
    rows = make_frame(200)
    fit(make_recipe(estimator), rows)
    fit(make_recipe(estimator, private=["ts"]), rows)
    with pytest.raises(ModelError) as caught:
        fit(make_recipe(estimator, private=private), rows)
    assert str(caught.value) == (
        f"train.estimator: sklearn.{estimator}: expected a model without its training rows, since data.private names "
        f"{', '.join(private)}, got one that holds them; choose another, such as a forest or a linear model"
    )


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("estimator", ["neighbors.KNeighborsRegressor", "gaussian_process.GaussianProcessRegressor"])
def test_fit__refuses_to_keep_a_private_target(estimator: str) -> None:
    with pytest.raises(ModelError, match="names y, got one that holds them"):
        fit(make_recipe(estimator, private=["y"]), make_frame(200))


def test_fit__refuses_to_keep_private_classes() -> None:
    rows = make_frame(200).assign(y=lambda frame: np.where(frame["x"] > 0, "ill", "well"))
    over: dict[str, Any] = {
        "data": {"task": "classification", "private": ["y"]},
        "train": {"estimator": "sklearn.neighbors.KNeighborsClassifier"},
        "evaluate": {"metric": "brier"},
    }
    with pytest.raises(ModelError, match="names y, got one that holds them"):
        fit(recipe_of(make_params(**over)), rows)
    over["train"]["estimator"] = "sklearn.linear_model.LogisticRegression"
    fit(recipe_of(make_params(**over)), rows)


@pytest.mark.parametrize("estimator", HOLDS_NONE)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_fit__takes_estimators_that_keep_no_rows(estimator: str) -> None:
    fit(make_recipe(estimator, private=["x", "y", "c"]), make_frame(200))


@pytest.mark.parametrize(("private", "quoted"), [([], True), (["y"], False), (["x"], False)])
def test_fit__quotes_an_error_only_where_nothing_is_private(private: list[str], *, quoted: bool) -> None:
    with pytest.raises(UnfittableError, match=r"LinearRegression cannot be fitted to 100 rows: ") as caught:
        fit(make_recipe(private=private), make_frame(100).assign(y="secret"))
    assert ("secret" in str(caught.value)) is quoted


def test_fit__with_private_columns_gives_the_same_bytes() -> None:
    recipe, rows = make_recipe("ensemble.RandomForestRegressor", private=["x", "c", "y"]), make_rows(300)
    first, second = (dumps(fit(recipe, rows)) for _ in range(2))
    assert first == second
    again, later = loads(first), make_rows(100, seed=1)
    assert score(again, recipe, later).equals(score(fit(recipe, rows), recipe, later))


def test_fit__refuses_rows_that_would_not_fit_into_memory() -> None:
    random = np.random.default_rng(0)
    names = np.array([f"n{number}" for number in range(400)], dtype=object)
    frame = pd.DataFrame({f"c{place}": names[random.integers(0, 400, 280_000)] for place in range(10)})
    recipe = make_recipe(numerical=[], categorical=list(frame))
    with pytest.raises(ModelError) as caught:
        fit(recipe, frame.assign(y=1.0))
    assert str(caught.value) == (
        "train.max_rows: expected at most 268,435 rows with 1,000 encoded columns (2 GiB), got 280,000; lower "
        "train.max_rows, or leave out columns with many names (c0 100, c1 100, c2 100, c3 100, c4 100)"
    )


def test_score__reads_models_from_before() -> None:
    """Production of an earlier version encodes by scikit-learn alone."""
    rows, recipe = make_frame(500), make_recipe()
    numbers = Pipeline([("impute", SimpleImputer(strategy="median")), ("scale", StandardScaler())])
    names = Pipeline([("impute", SimpleImputer(strategy="constant", fill_value="(missing)")),
                      ("encode", OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=100, sparse_output=False))])  # fmt: skip
    columns = ColumnTransformer([("numerical", numbers, ["x"]), ("categorical", names, ["c"])])
    old = Pipeline([("columns", columns), ("model", LinearRegression())]).fit(inputs(recipe, rows), rows["y"])
    read = loads(dumps(old))
    assert np.allclose(score(read, recipe, rows), score(fit(recipe, rows), recipe, rows))


def test_recipe__before_it_knew_what_is_private_is_one_without() -> None:
    recipe = make_recipe()
    old = {name: value for name, value in json.loads(recipe.model_dump_json()).items() if name != "private"}
    assert Recipe.model_validate(old) == recipe
    assert make_recipe(private=["ts", "y", "c"]).private == ("c", "y")

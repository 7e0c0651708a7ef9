"""The encoding suits the estimator: what it is given, that it loads from a model file, and that threads change no byte."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import numpy as np
import pandas as pd
import pytest
from factories import make_frame, make_params
from threadpoolctl import threadpool_limits

from driftloop.core.models.archive import dumps, loads
from driftloop.core.models.encoding import bucket
from driftloop.core.models.estimator import build, fit, inputs, score
from driftloop.core.models.preparing import encoding_of, takes_missing
from driftloop.core.models.recipe import Recipe, recipe_of

HISTOGRAM = "ensemble.HistGradientBoostingRegressor"
FOREST = "ensemble.RandomForestRegressor"
RIDGE = "linear_model.Ridge"


def make_recipe(estimator: str, *, encoding: str = "auto", params: dict[str, Any] | None = None, **data: Any) -> Recipe:
    train = {"estimator": f"sklearn.{estimator}", "encoding": encoding, "params": params or {}}
    return recipe_of(make_params(data=data, train=train))


def make_rows(rows: int = 600, names: int = 3) -> pd.DataFrame:
    """Give rows with gaps in `x`, and `names` names in `c` whose effect on `y` has nothing to do with their order."""
    random = np.random.default_rng(0)
    code = random.integers(0, names, rows)
    effect = random.normal(0, 10, names)
    x = random.normal(size=rows)
    gaps = random.random(rows) < 0.1
    return make_frame(rows).assign(x=np.where(gaps, np.nan, x), c=[f"n{one:03}" for one in code], y=x + effect[code])


@pytest.mark.parametrize(
    ("estimator", "expected"),
    [
        (HISTOGRAM, "ordinal"),
        (FOREST, "ordinal"),
        ("ensemble.ExtraTreesRegressor", "ordinal"),
        ("ensemble.GradientBoostingRegressor", "ordinal"),
        ("tree.DecisionTreeRegressor", "ordinal"),
        (RIDGE, "one_hot"),
        ("neighbors.KNeighborsRegressor", "one_hot"),
    ],
)
def test_encoding_of__suits_the_estimator(estimator: str, expected: str) -> None:
    recipe = make_recipe(estimator)
    assert encoding_of(recipe, build(recipe, 0)[-1]) == expected


@pytest.mark.parametrize("library", ["lightgbm.sklearn", "xgboost.sklearn", "catboost.core"])
def test_encoding_of__knows_other_tree_libraries_by_their_name(library: str) -> None:
    """They are not installed here: the table is looked at alone."""
    kind = type("Boosting", (), {"__module__": library})
    assert encoding_of(make_recipe(RIDGE), kind()) == "ordinal"
    assert takes_missing(kind())


@pytest.mark.parametrize(
    ("estimator", "encoding", "width", "gaps"),
    [
        (HISTOGRAM, "auto", 2, True),
        (FOREST, "auto", 2, True),
        ("ensemble.GradientBoostingRegressor", "auto", 2, False),
        (RIDGE, "auto", 4, False),
        (HISTOGRAM, "one_hot", 4, False),
        (RIDGE, "ordinal", 2, False),
    ],
)
def test_fit__gives_the_estimator_what_it_takes(estimator: str, encoding: str, width: int, gaps: bool) -> None:  # noqa: FBT001
    recipe, rows = make_recipe(estimator, encoding=encoding), make_rows()
    given = fit(recipe, rows)[:-1].transform(inputs(recipe, rows))
    assert given.shape == (600, width)
    assert bool(np.isnan(given).any()) is gaps


@pytest.mark.parametrize("estimator", [HISTOGRAM, FOREST])
def test_score__takes_new_names_missing_names_and_empty_columns(estimator: str) -> None:
    recipe, rows = make_recipe(estimator), make_rows()
    pipeline = fit(recipe, rows.assign(x=np.nan))
    later = rows.assign(c=pd.Series(["new", None] * (len(rows) // 2), index=rows.index, dtype=object))
    assert np.isfinite(score(pipeline, recipe, later).to_numpy()).all()


@pytest.mark.parametrize("estimator", [HISTOGRAM, FOREST])
def test_model_file__is_trusted_and_the_same_with_each_number_of_threads(estimator: str) -> None:
    recipe, rows = make_recipe(estimator), make_rows()
    with threadpool_limits(2):
        content = dumps(fit(recipe, rows))
    with threadpool_limits(1):
        assert dumps(fit(recipe, rows)) == content
    read = loads(content)
    assert np.array_equal(score(read, recipe, rows), score(fit(recipe, rows), recipe, rows))


@pytest.mark.parametrize("encoding", ["ordinal", "one_hot"])
def test_fit__keeps_private_columns_coarse_in_each_encoding(encoding: str) -> None:
    rows = make_rows()
    recipe = make_recipe(HISTOGRAM, encoding=encoding, private=["x", "c"])
    pipeline = fit(recipe, rows)
    numbers, names = (pipeline[0].named_transformers_[part] for part in ("numerical", "categorical"))
    coarse = numbers.named_steps["coarse"].transform(inputs(recipe, rows)[["x"]])["x"]
    assert coarse.nunique() < rows["x"].nunique()
    assert names.named_steps["number"].kept_ == [sorted({bucket(name) for name in rows["c"]})]
    with zipfile.ZipFile(io.BytesIO(dumps(pipeline))) as archive:
        assert not any(b"n001" in archive.read(name) for name in archive.namelist())


def test_recipe__of_a_card_from_before_encodings_is_one_hot() -> None:
    old = make_recipe(FOREST).model_dump(exclude={"encoding"})
    assert Recipe.model_validate(old).encoding == "one_hot"

"""What a fitted encoding keeps, and that it encodes as scikit-learn does where nothing is private."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

from driftloop.core.models.encoding import (
    BUCKETS,
    MAX_CATEGORIES,
    MIN_BUCKET_ROWS,
    Coarse,
    Codes,
    bucket,
    grid,
    rounded,
)


def make_names(*, names: int, rows: int = 3000, seed: int = 0) -> pd.DataFrame:
    """Give a column of names of which some are frequent and many equally rare, and one value in 50 missing."""
    random = np.random.default_rng(seed)
    drawn = [f"n{number}" for number in random.zipf(1.3, size=rows) % names]
    return pd.DataFrame({"c": pd.Series(drawn, dtype=object).where(random.random(rows) > 0.02, np.nan)})


def encoder() -> Pipeline:
    return Pipeline([("number", Codes()), ("encode", OneHotEncoder(handle_unknown="ignore", sparse_output=False))])


@pytest.mark.parametrize("names", [1, 2, MAX_CATEGORIES - 2, MAX_CATEGORIES - 1, MAX_CATEGORIES, 900])
def test_codes__encode_as_scikit_learn_pools(names: int) -> None:
    theirs = Pipeline(
        [
            ("impute", SimpleImputer(strategy="constant", fill_value="(missing)", keep_empty_features=True)),
            (
                "encode",
                OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=MAX_CATEGORIES, sparse_output=False),
            ),
        ]
    )
    rows, later = make_names(names=names), make_names(names=2 * names, seed=1)
    ours = encoder().fit(rows)
    assert np.array_equal(ours.transform(rows), theirs.fit_transform(rows))
    assert np.array_equal(ours.transform(later), theirs.transform(later))


def test_codes__keep_the_frequent_names_and_no_others() -> None:
    rows = make_names(names=900)
    (kept,) = Codes().fit(rows).kept_
    counts = Counter(rows["c"].fillna("(missing)"))
    assert len(kept) == MAX_CATEGORIES - 1
    assert min(counts[name] for name in kept) >= max(count for name, count in counts.items() if name not in kept)


def test_codes__of_private_columns_keep_buckets_of_many_rows() -> None:
    rows = make_names(names=900)
    codes = Codes(private=["c"]).fit(rows)
    (kept,) = codes.kept_
    counts = Counter("(missing)" if pd.isna(name) else bucket(name) for name in rows["c"])
    assert 5 < len(kept) < MAX_CATEGORIES
    assert {name: counts[name] >= MIN_BUCKET_ROWS for name in kept} == dict.fromkeys(kept, True)
    assert not any("n" in name for name in kept if name != "(missing)")
    assert "n1" not in json.dumps(vars(codes))


def test_codes__of_private_columns_tell_frequent_names_apart() -> None:
    rows = pd.DataFrame({"c": ["a", "b", "c"] * MIN_BUCKET_ROWS + ["rare"], "d": ["x"] * (3 * MIN_BUCKET_ROWS + 1)})
    codes = Codes(private=["c"]).fit(rows)
    assert codes.kept_ == [sorted(map(bucket, "abc")), ["x"]]
    found = codes.transform(pd.DataFrame({"c": ["a", "b", "c", "rare", "new"], "d": ["x", "y", "x", "x", "x"]}))
    assert len(set(found[:3, 0])) == 3
    assert found[3:, 0].tolist() == [3, 3]
    assert found[:, 1].tolist() == [0, -1, 0, 0, 0]


def test_bucket__is_shared_by_one_in_1024_names() -> None:
    shares = np.array(list(Counter(bucket(f"{number}") for number in range(100_000)).values()))
    assert len(shares) == BUCKETS
    assert shares.min() > 100_000 / BUCKETS / 2
    assert shares.max() < 100_000 / BUCKETS * 2


FINITE = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15, allow_subnormal=False)


@given(st.lists(FINITE, min_size=1, max_size=50))
def test_rounded__is_near_and_coarse(numbers: list[float]) -> None:
    values = np.array(numbers)
    middle, exponent = grid(values)
    found = rounded(values, middle, exponent)
    away = np.abs(values - middle)
    assert (
        np.abs(found - values) <= np.maximum(away / 64, 2.0 ** (exponent - 1)) * (1 + 1e-9) + np.abs(middle) * 1e-15
    ).all()
    steps = found - middle
    mantissas = np.frexp(steps)[0] * 2.0**6
    if abs(middle) < 1e3 * away.max(initial=0):  # else the sum has no bits left for it
        assert np.allclose(mantissas, np.rint(mantissas), atol=1e-6)


def test_rounded__keeps_what_differs_far_from_zero() -> None:
    pressure = np.random.default_rng(0).normal(101_325, 800, 5000).round(1)
    found = rounded(pressure, *grid(pressure))
    assert np.std(found - pressure) < 0.01 * np.std(pressure)
    assert 100 < len(set(found)) < 500
    assert (found == pressure).mean() < 0.01


def test_rounded__keeps_codes_apart_and_nan_and_infinity_as_they_are() -> None:
    codes = np.array([0.0] * 60 + [1.0] * 38 + [-9999.0] * 2 + [np.nan, np.inf, -np.inf])
    found = rounded(codes, *grid(codes))
    assert set(found[:98]) == {0.0, 1.0}
    assert abs(found[98] + 9999) < 9999 / 64
    assert np.array_equal(found[100:], codes[100:], equal_nan=True)


def test_coarse__rounds_its_columns_alone() -> None:
    frame = pd.DataFrame({"salary": [71_198.1234, 52_000.77, 48_713.31], "x": [1.23456, 2.0, 3.0]})
    coarse = Coarse(["salary"]).fit(frame)
    found = coarse.transform(frame)
    assert found["x"].tolist() == frame["x"].tolist()
    assert not set(found["salary"]) & set(frame["salary"])
    assert (np.abs(found["salary"] / frame["salary"] - 1) < 0.02).all()
    assert coarse.transform(frame.head(1))["salary"].tolist() == found["salary"].tolist()[:1]

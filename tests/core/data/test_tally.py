"""The fast way to the daily histogram gives what the query gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from factories import make_columns, make_raw, to_ibis
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from driftloop.core.data import histogram
from driftloop.core.data.grid import Bins, Grid, number_bins
from driftloop.core.data.schema import typed
from driftloop.core.data.tally import Ruler

TAIL = tuple(10.0**power for power in range(-30, 31))  # all but a few in one of the cells
numbers = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e200, max_value=1e200)


def make_bins(edges: Any, origin: float = 0.0, scale: float = 1.0) -> Bins:
    return Bins(edges=tuple(sorted(set(edges))), origin=origin, scale=scale)


@settings(deadline=None, max_examples=200)
@given(st.lists(numbers, min_size=1, max_size=70), st.lists(numbers, max_size=50), numbers, st.floats(1e-9, 1e9))
@example(list(TAIL), [0.0, 1e-31, 1e31, 5.0], 0.0, 1e30)
@example([0.0, 5e-324, 1e-323], [-5e-324, 0.0, 5e-324, 1e-323], 0.0, 1.0)
def test_ruler__counts_edges_up_to_a_value(
    edges: list[float], values: list[float], origin: float, scale: float
) -> None:
    bins = make_bins(edges, origin, scale)
    ruler, every = Ruler.of(bins), np.array([*values, *edges])
    expected = np.searchsorted(bins.edges, every, side="right")
    np.testing.assert_array_equal(ruler.places(every, ruler.units(every)), expected)


def test_ruler__looks_once_where_edges_lie_apart() -> None:
    assert Ruler.of(number_bins(np.random.default_rng(0).normal(size=20_000), -4.0, 4.0)).steps == (1,)
    assert Ruler.of(make_bins(TAIL, scale=1e30)).steps == (32, 16, 8, 4, 2, 1)


@pytest.mark.parametrize("seed", range(4))
def test_daily__is_what_the_query_says(seed: int) -> None:
    random = np.random.default_rng(seed)
    rows = 3000
    x = np.where(random.random(rows) < 0.1, np.nan, random.lognormal(sigma=5, size=rows))
    halves = np.where(random.random(rows) < 0.9, random.integers(-9, 9, rows) / (2 * 65_536), 1e12)
    names = random.choice(np.array(["a", "b", "ü", "it's", "new", None], dtype=object), rows)
    raw = make_raw(rows, x=x, z=halves, c=pa.array(names, pa.string())).take(random.permutation(rows))
    columns = make_columns(numerical=("x", "z"))
    grid = Grid(
        columns={
            "x": number_bins(x[np.isfinite(x)], 0.0, 1e6),
            "z": make_bins([-1e-5, 0.0, 1.0]),
            "c": Bins(names=("ü", "b", "it's", "a")),
        }
    )
    table = typed(to_ibis(raw), columns, "UTC")
    found = histogram.daily(table, grid)
    pd.testing.assert_frame_equal(found, histogram.query(table, grid.columns))
    assert {"x", "z", "c"} == set(found["column"])


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.one_of(st.none(), st.floats()), min_size=1, max_size=60), st.floats(0.1, 10))
def test_daily__is_what_the_query_says_of_any_number(values: list[float | None], scale: float) -> None:
    table = typed(to_ibis(make_raw(len(values), x=pa.array(values, pa.float64()))), make_columns(categorical=()), "UTC")
    grid = Grid(columns={"x": make_bins([-1.0, 0.0, 1e-300, 0.5, 1e9], 0.25, scale)})
    pd.testing.assert_frame_equal(histogram.daily(table, grid), histogram.query(table, grid.columns))

"""Rows and sums per day and bin, in a real DuckDB."""

from __future__ import annotations

from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from factories import START, make_columns, make_raw, to_ibis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from profiles import make_rows, make_tables
from scipy.stats import wasserstein_distance

from driftloop.core.columns import TS
from driftloop.core.data import census, distances, histogram
from driftloop.core.data.distances import UNIT
from driftloop.core.data.grid import BINS, TOP_NAMES, Bins, Grid, number_bins
from driftloop.core.data.schema import typed
from driftloop.core.windows import Window

if TYPE_CHECKING:
    from collections.abc import Mapping

    import ibis.expr.types as ir

    from driftloop.core.data.declared import Columns

WEEK = Window(since=START, until=START + timedelta(days=7))
NUMBER, NAME = make_columns(categorical=()), make_columns(numerical=())


def make_grid(
    table: ir.Table, columns: Columns, ranges: Mapping[str, tuple[float, float]] = MappingProxyType({})
) -> Grid:
    return histogram.grid(table, columns, WEEK, ranges, census.take(table, columns))


def cells(found: pd.DataFrame, column: str) -> dict[int, tuple[int, float]]:
    own = found[found["column"] == column].groupby("bin")[["rows", "sum"]].sum().reset_index()
    places, rows, sums = (own[key].tolist() for key in ("bin", "rows", "sum"))
    return {place: (count, total / UNIT) for place, count, total in zip(places, rows, sums, strict=True)}


def test_daily__counts_rows_and_adds_up_values() -> None:
    bins = Bins(edges=(-1.0, 0.5, 11.0), origin=1.0, scale=2.0)
    rows = typed(to_ibis(make_raw(8, x=[0.0, 0.0, 5.0, 11.0, 99.0, -1.0, -9.0, None])), NUMBER, "UTC")
    found = histogram.daily(rows, Grid(columns={"x": bins}))
    assert cells(found, "x") == {0: (1, -5.0), 1: (3, -2.0), 2: (1, 2.0), 3: (2, 54.0)}
    assert set(found["day"]) == {(START - pd.Timestamp("1970-01-01").date()).days}


def test_daily__counts_names_and_puts_the_rest_together() -> None:
    rows = typed(to_ibis(make_raw(6, c=["a", "b", "b", "new", "other", None])), NAME, "UTC")
    found = histogram.daily(rows, Grid(columns={"c": Bins(names=("b", "a"))}))
    assert cells(found, "c") == {0: (2, 0), 1: (1, 0), 2: (2, 0)}


def test_daily__the_order_of_rows_changes_no_byte() -> None:
    raw = make_raw(500, x=np.random.default_rng(0).lognormal(size=500))
    grid = Grid(columns={"x": number_bins(np.linspace(0.1, 5, 200), 0.1, 5.0)})
    found = [
        histogram.daily(typed(to_ibis(raw.take(np.random.default_rng(seed).permutation(500))), NUMBER, "UTC"), grid)
        for seed in range(3)
    ]
    for other in found[1:]:
        pd.testing.assert_frame_equal(found[0], other)


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True)), min_size=1, max_size=60))
def test_daily__every_finite_number_is_in_one_bin(values: list[float | None]) -> None:
    finite = [value for value in values if value is not None and np.isfinite(value)]
    table = typed(to_ibis(make_raw(len(values), x=pa.array(values, pa.float64()))), NUMBER, "UTC")
    known = np.array([value for value in finite if abs(value) < 1e100] or [0.0])
    found = histogram.daily(table, Grid(columns={"x": number_bins(known, float(known.min()), float(known.max()))}))
    assert found["rows"].sum() == len(finite)


def test_grid__is_exact_for_few_values_and_cuts_many_by_quantiles() -> None:
    raw = make_raw(168, x=[float(row % 5) for row in range(168)])
    grid = make_grid(typed(to_ibis(raw), NUMBER, "UTC"), NUMBER, {"x": (0.0, 4.0)})
    assert grid.columns["x"].edges == (-0.4, 0.5, 1.5, 2.5, 3.5, 4.4)
    many = number_bins(np.arange(1000.0), 0.0, 999.0)
    assert many.count == BINS + 2
    inside = np.diff(np.searchsorted(np.arange(1000.0), many.edges))
    assert inside.min() >= 15
    assert inside.max() <= 17


def test_grid__keeps_the_most_frequent_names() -> None:
    names = [f"n{row % 40:02}" if row % 2 else "often" for row in range(168)]
    grid = make_grid(typed(to_ibis(make_raw(168, c=names)), NAME, "UTC"), NAME)
    assert grid.columns["c"].names[0] == "often"
    assert len(grid.columns["c"].names) == TOP_NAMES


@pytest.mark.parametrize("values", [[None] * 3, ["x", "inf", None]])
def test_grid__leaves_out_what_has_no_value(values: list[str | None]) -> None:
    table = typed(
        to_ibis(make_raw(3, x=pa.array(values, pa.string()), c=pa.array([None] * 3, pa.string()))),
        make_columns(),
        "UTC",
    )
    assert make_grid(table, make_columns()) == Grid()
    assert histogram.daily(table, Grid()).empty


def test_number_bins__a_constant_has_bins_around_it() -> None:
    for value in (0.0, 7.0, -1e9):
        bins = number_bins(np.full(5, value), value, value)
        assert bins.edges[0] < value < bins.edges[1]
        assert bins.scale == pytest.approx(0.1 * abs(value) or 0.1)


def test_pipeline_of_counts__gives_the_distance_of_the_rows() -> None:
    rows = make_rows(60)
    _, found, grid = make_tables(rows, reference=50)
    then, now = (rows[TS] < "2025-02-25"), (rows[TS] >= "2025-02-25")
    sides = []
    for part in (now, then):
        days = rows[TS][part].dt.normalize().astype("datetime64[s]").astype("int64") // 86_400
        own = found[(found["column"] == "x") & found["day"].isin(set(days))].groupby("bin")[["rows", "sum"]].sum()
        own = own.reindex(range(grid.columns["x"].count), fill_value=0)
        sides += [own["rows"].to_numpy(), own["sum"].to_numpy()]
    exact = wasserstein_distance(rows["x"][now], rows["x"][then]) / grid.columns["x"].scale
    assert distances.wasserstein(*sides) == pytest.approx(exact, abs=0.02)

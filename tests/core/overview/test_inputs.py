"""Each model input over time: weeks from the end of the data, and no value of a private column."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest
from factories import START, make_columns
from profiles import make_rows, make_tables

from driftloop.core.alarms.daily import daily_columns
from driftloop.core.alarms.detector import detect
from driftloop.core.overview.histograms import decoded
from driftloop.core.overview.inputs import inputs, periods, weeks

if TYPE_CHECKING:
    from driftloop.core.overview.values import Input

DAYS = 420
UNTIL = START + timedelta(days=DAYS)


def found(*, private: tuple[str, ...] = (), fewest: int = 1) -> dict[str, Input]:
    rows = make_rows(DAYS)
    rows.loc[rows.index[-7 * 24 :][::4], "x"] = np.nan  # a quarter of the newest week
    rows.loc[rows.index[-1], "c"] = "b"
    profile, histogram, grid = make_tables(rows)
    columns, first = daily_columns(profile, histogram, grid, make_columns(), until=UNTIL)
    history = detect(columns, first, per_year=1, quiet_days=28)
    made = inputs(
        columns, first, UNTIL, grid=grid, history=history, importance={"x": 0.5}, private=private, fewest=fewest
    )
    return {each.name: each for each in made}


def test_weeks__end_with_the_data() -> None:
    assert weeks(date(2025, 1, 1), date(2025, 1, 20)) == [date(2025, 1, 6), date(2025, 1, 13)]
    assert weeks(date(2025, 1, 1), date(2025, 1, 7)) == []
    assert len(weeks(date(1990, 1, 1), date(2025, 1, 1))) == 260


def test_periods__are_weeks_of_a_year_and_four_weeks_before() -> None:
    until = date(2025, 4, 14)
    cut = periods(until - timedelta(days=1000), until)
    assert [each.days for each in cut[-52:]] == [7] * 52
    assert [each.days for each in cut[:-52]] == [28] * 22
    assert all(before.until == after.since for before, after in itertools.pairwise(cut))
    assert cut[-1].until == until


def test_inputs__missing_share_and_importance() -> None:
    x, c = found()["x"], found()["c"]
    assert (x.importance, c.importance) == (0.5, None)
    assert x.missing[-2:] == pytest.approx((0.0, 0.25))
    assert len(x.missing) == len(x.levels) == DAYS // 7


def test_inputs__levels_are_those_of_the_alarm() -> None:
    x = found()["x"]
    assert x.levels[0] is None  # nothing to compare with yet
    assert x.levels[-1] is not None
    assert x.levels[-1] > 5  # of nothing missing ever a quarter is


def test_inputs__histogram_of_a_name() -> None:
    c = found()["c"]
    rows = make_rows(DAYS)["c"].iloc[-7 * 24 :].copy()
    rows.iloc[-1] = "b"
    shares = dict(zip(c.bins, decoded(c.shares[-1], c.top), strict=True))
    for name, share in rows.value_counts(normalize=True).items():
        assert shares[f"'{name}'"] == pytest.approx(share, abs=c.top / 63)


def test_inputs__a_private_column_has_no_values() -> None:
    c = found(private=("c",))["c"]
    assert (c.private, c.bins, c.shares, c.usual) == (True, (), (), "")
    assert c.levels


def test_inputs__names_of_few_rows_are_not_told() -> None:
    c = found(fewest=100_000)["c"]
    assert set(c.bins) == {"few rows"}
    assert {share for text in c.shares for share in decoded(text, c.top)} == {0.0}

"""Levels from weekly maxima."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftloop.core.alarms.calibration import WEEKS_PER_YEAR, Tail, fit_tail


def test_level__by_hand() -> None:
    """Seven values in 365.25 weeks are one a year; 128 years then give the 128th part: 1 + 2 · 7 · (128^(1/7) − 1)."""
    one = np.ones(1)
    assert Tail(one, one, 2 * one, 7 * one, 365.25 * one).level(128) == pytest.approx(15)


@pytest.mark.parametrize(
    ("values", "median", "start", "mean_excess", "count"),
    [([8, 1, 4, 2], 3, 4, 4, 1), ([8, 1, 4, 2, 16], 4, 8, 8, 1), ([1, 2, 3, 4, 5, 6, 7, 8, 9, 20], 5.5, 8, 6.5, 2)],
)
def test_fit_tail__by_hand(values: list[float], median: float, start: float, mean_excess: float, count: int) -> None:
    found = fit_tail(np.array(values, dtype=float)[:, None])
    assert (*found.median, *found.start, *found.mean_excess) == (median, start, mean_excess)
    assert (*found.count, *found.weeks) == (count, len(values))


@pytest.mark.parametrize(("weeks", "years"), [(52, 1), (104, 1), (520, 1), (520, 3)])
def test_level__is_reached_as_often_as_it_says(weeks: int, years: float) -> None:
    random = np.random.default_rng(weeks)
    levels = fit_tail(random.exponential(size=(weeks, 2000))).level(years)
    reached = np.exp(-levels).mean() * WEEKS_PER_YEAR * years  # what other such weeks do, in expectation
    assert 0.6 < reached < 1.15


def test_level__is_cautious_with_a_short_history() -> None:
    random = np.random.default_rng(0)
    short, long = (fit_tail(random.exponential(size=(weeks, 2000))).level(1).mean() for weeks in (20, 2000))
    assert short > long


def test_years__undoes_level() -> None:
    found = fit_tail(np.random.default_rng(0).exponential(size=(60, 3)))
    for years in (0.5, 1.0, 7.0):
        assert found.years(found.level(years)) == pytest.approx(years)


def test_years__where_the_tail_starts_are_one_over_its_rate() -> None:
    """Seven values in the tail in 52 weeks: so high comes a week in 52 / 7 weeks, and lower ones are not rare."""
    one = np.ones(1)
    tail = Tail(one, one, 2 * one, 7 * one, 52 * one)
    assert tail.years(one) == pytest.approx(52 / 7 / WEEKS_PER_YEAR)
    assert tail.level(float(tail.years(one)[0])) == pytest.approx(1)
    assert tail.years(one + 1e-12) == pytest.approx(tail.years(one))
    assert tail.years(one - 1e-12) == 0


@given(st.lists(st.floats(0, 10, allow_nan=False), min_size=1, max_size=60), st.integers(0, 30))
def test_tail__weeks_that_say_nothing_change_nothing(values: list[float], unknown: int) -> None:
    given_ = np.array(values)[:, None]
    mixed = np.random.default_rng(unknown).permutation(np.vstack([given_, np.full((unknown, 1), np.nan)]))
    for years in (1, 10):
        assert fit_tail(mixed).level(years) == pytest.approx(fit_tail(given_).level(years))


@given(st.lists(st.floats(0, 10, allow_nan=False), min_size=1, max_size=60))
def test_level__grows_with_years_and_starts_above_the_median(values: list[float]) -> None:
    found = fit_tail(np.array(values)[:, None])
    levels = [float(found.level(years)[0]) for years in (0.1, 1, 10)]
    assert levels == sorted(levels)
    assert levels[0] >= found.median[0] - 1e-9


def test_tail__what_never_moved_stays_where_it_is() -> None:
    found = fit_tail(np.full((60, 1), 0.25))
    assert found.level(10) == pytest.approx(0.25)
    assert found.years(np.array([0.25])) == 0
    assert np.isinf(found.years(np.array([0.26])))


@pytest.mark.parametrize("weeks", [0, 3])
def test_tail__without_any_week_nothing_is_known(weeks: int) -> None:
    found = fit_tail(np.full((weeks, 2), np.nan))
    assert np.isnan(found.level(1)).all()
    assert (found.weeks == 0).all()

"""Rows dated long before or after the others are told apart from the data."""

from __future__ import annotations

import numpy as np
import pytest

from driftloop.core.data.strays import first_day

TODAY = 20_000  # in 2024


def daily(days: int, *, rows: int = 24, until: int = TODAY) -> list[tuple[int, int]]:
    return [(day, rows) for day in range(until - days, until)]


STRAY = {
    "one row in 1970": [(0, 1)],
    "years 1, 1900 and 1970": [(-719_162, 1), (-25_567, 2), (0, 1)],
    "a clock that begins anew in 1970": [(day, 24) for day in range(5)],
    "two years before": [(TODAY - 1400, 3)],
    "many rows on one day": [(10_957, 2000)],
}
KEPT = {
    "nothing": [],
    "a day of few rows, weeks before": [(TODAY - 700 - 20, 1)],
    "a pause of a year": [(day, 24) for day in range(TODAY - 1500, TODAY - 1100)],
    "a pause of a year after a short beginning": [(day, 24) for day in range(TODAY - 1200, TODAY - 1100)],
}


@pytest.mark.parametrize("case", STRAY)
def test_first_day__of_strays_does_not_count(case: str) -> None:
    days, rows = np.array([*STRAY[case], *daily(700)]).T
    assert first_day(days, rows) == TODAY - 700


@pytest.mark.parametrize("case", KEPT)
def test_first_day__of_a_real_beginning_counts(case: str) -> None:
    days, rows = np.array([*KEPT[case], *daily(700)]).T
    assert first_day(days, rows) == days[0]


@pytest.mark.parametrize("every", [1, 7, 31, 92, 365])
@pytest.mark.parametrize("count", [1, 2, 3, 12, 40, 500])
def test_first_day__of_slow_arrival_counts(every: int, count: int) -> None:
    days = TODAY - every * np.arange(count)[::-1]
    assert first_day(days, np.ones(count, dtype=int)) == days[0]


def test_first_day__keeps_the_newest_days_after_a_gap() -> None:
    days, rows = np.array([*daily(700, until=TODAY - 900), (TODAY, 1)]).T
    assert first_day(days, rows) == days[0]


def test_first_day__holds_for_a_short_history() -> None:
    days, rows = np.array([(0, 1), *daily(10)]).T
    assert first_day(days, rows) == TODAY - 10

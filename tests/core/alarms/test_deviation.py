"""Which days a week is compared with, against their definition."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from driftloop.core.alarms.deviation import Column, candidates, compared, windows
from driftloop.core.windows import Window

DAYS = 800  # two years of 364 days, and then some


def make_column(seed: int = 0) -> Column:
    random = np.random.default_rng(seed)
    rows = random.integers(0, 5, DAYS)
    bins, sums = random.integers(0, 9, (2, DAYS, 3))
    return Column("x", rows, {"null": random.integers(0, 3, DAYS)}, bins, sums, number=True)


def make_sound(share: float) -> np.ndarray:
    return np.random.default_rng(1).random(DAYS) < share


def before(day: int, rows: np.ndarray, sound: np.ndarray) -> list[int]:
    """The newest 28 sound days with rows before the week that ends with `day`."""
    return [at for at in range(max(day - 6, 0)) if sound[at] and rows[at]][-28:]


def earlier_years(day: int, sound: np.ndarray) -> list[int]:
    """The sound days from ten days before the same week to ten days after it, in each year before."""
    around = [day - 364 * years + by for years in (1, 2) for by in range(-16, 11)]
    return [at for at in around if at >= 0 and sound[at]]


@pytest.mark.parametrize("share", [1.0, 0.8])
def test_windows__add_up_the_days_of_the_definition(share: float) -> None:
    column, sound, days = make_column(), make_sound(share), np.arange(DAYS)
    now, then = windows(column, sound, days)
    table = np.column_stack([column.rows, column.faults["null"], column.bins, column.sums])
    for day in days.tolist():
        assert now.values[day].tolist() == table[max(day - 6, 0) : day + 1].sum(axis=0).tolist()
        known = [*before(day, column.rows, sound), *earlier_years(day, sound)]
        assert then.values[day].tolist() == table[known].sum(axis=0).tolist()


@pytest.mark.parametrize("day", [3, 40, 353, 354, 363, 400, 717, 718, 799])
def test_compared__marks_the_days_of_the_definition(day: int) -> None:
    rows, sound, end = make_column().rows, make_sound(0.8), day + 1
    known = sorted({*before(day, rows, sound), *earlier_years(day, sound)})
    assert np.flatnonzero(compared(rows[:end], sound[:end])).tolist() == known


@pytest.mark.parametrize("day", [353, 354, 363, 400, 717, 718, 727, 799])
def test_windows__later_days_change_nothing(day: int) -> None:
    """Days 354 to 363 and 718 to 727 are compared with the first days of an earlier year that has not come round."""
    column, sound, end = make_column(), make_sound(0.8), day + 1
    cut = replace(
        column,
        rows=column.rows[:end],
        faults={name: counts[:end] for name, counts in column.faults.items()},
        bins=column.bins[:end],
        sums=column.sums[:end],
    )
    for part, whole in zip(
        windows(cut, sound[:end], np.array([day])), windows(column, sound, np.array([day])), strict=True
    ):
        assert part.values.tolist() == whole.values.tolist()


@pytest.mark.parametrize("day", [3, 353, 354, 363, 364, 400, 717, 718, 799])
def test_candidates__hold_every_day_that_is_compared_with(day: int) -> None:
    first, sound = date(2024, 1, 1), make_sound(1.0)
    kept = compared(make_column().rows[: day + 1], sound[: day + 1])
    spans = candidates(first, first + timedelta(days=day + 1))
    days = [first + timedelta(days=place) for place in np.flatnonzero(kept).tolist()]
    assert [str(each) for each in days if not any(span.since <= each < span.until for span in spans)] == []


def test_candidates__hold_the_weeks_before_and_the_same_season() -> None:
    assert candidates(date(2024, 1, 1), date(2025, 6, 30)) == [
        Window(since=date(2025, 3, 24), until=date(2025, 6, 23)),
        Window(since=date(2024, 6, 14), until=date(2024, 7, 11)),
    ]

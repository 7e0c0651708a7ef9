"""Whole local days, and spans of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from factories import START, make_days, make_frame
from hypothesis import given, settings
from hypothesis import strategies as st

from driftloop.core.columns import DAY
from driftloop.core.windows import Window, day_numbers, end_day, last_days

steady = settings(max_examples=100, deadline=None, derandomize=True)
days = st.dates(date(1971, 1, 1), date(2200, 1, 1))
lengths = st.integers(0, 400)
zones = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Pacific/Apia", "Australia/Lord_Howe"]
)


def window(since: date, length: int) -> Window:
    return Window(since=since, until=since + timedelta(days=length))


@steady
@given(days, lengths, st.integers(1, 60))
def test_blocks__tile_backwards_from_the_end(since: date, length: int, size: int) -> None:
    whole = window(since, length)
    blocks = list(whole.blocks(size))
    assert all(block.days == size for block in blocks)
    assert [block.until for block in blocks] == [whole.until, *(block.since for block in blocks)][: len(blocks)]
    rest = (blocks[-1].since if blocks else whole.until) - whole.since
    assert 0 <= rest.days < size


def test_blocks__empty_or_inverted_window_has_none() -> None:
    assert list(window(START, 0).blocks(7)) == []
    assert list(window(START, -3).blocks(1)) == []


@steady
@given(days, lengths, st.integers(-500, 500))
def test_of__keeps_the_days_of_the_window(since: date, length: int, offset: int) -> None:
    whole, day = window(since, length), since + timedelta(days=offset)
    kept = whole.of(pd.DataFrame({DAY: [day]}))
    assert len(kept) == (0 <= offset < length)


def test_of__blocks_part_the_rows() -> None:
    frame = make_frame(24 * 28)
    parts = [block.of(frame) for block in window(START, 28).blocks(7)]
    assert [len(part) for part in parts] == [168] * 4
    pd.testing.assert_frame_equal(pd.concat(parts).sort_index(), frame)


def test_of__no_rows() -> None:
    assert window(START, 7).of(make_frame(0)).empty


@pytest.mark.parametrize(("length", "expected"), [(3, 3), (0, 0), (-2, 0)])
def test_days__never_negative(length: int, expected: int) -> None:
    assert window(START, length).days == expected


def test_str__names_the_last_day() -> None:
    assert str(Window(since=date(2025, 2, 1), until=date(2025, 3, 1))) == "1 Feb to 28 Feb 2025"


def test_newest__ends_before_its_day() -> None:
    assert last_days(date(2025, 3, 1), 28) == Window(since=date(2025, 2, 1), until=date(2025, 3, 1))


@steady
@given(st.datetimes(datetime(1972, 1, 1), datetime(2100, 1, 1)), zones)  # noqa: DTZ001 hypothesis wants naive bounds
def test_last_day__all_earlier_days_are_complete(instant: datetime, name: str) -> None:
    zone, end = ZoneInfo(name), instant.replace(tzinfo=UTC)
    day = end_day(end, zone)
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    assert midnight.astimezone(UTC) <= end
    assert end.astimezone(zone).date() == day


@pytest.mark.parametrize(
    ("instant", "zone", "expected"),
    [
        ("2025-03-30T00:00+01:00", "Europe/Berlin", date(2025, 3, 30)),  # the day of 23 hours begins
        ("2025-03-30T21:59:59Z", "Europe/Berlin", date(2025, 3, 30)),
        ("2025-03-30T22:00Z", "Europe/Berlin", date(2025, 3, 31)),  # and ends an hour early in UTC
        ("2025-10-26T22:59:59Z", "Europe/Berlin", date(2025, 10, 26)),  # the day of 25 hours
        ("2025-10-26T23:00Z", "Europe/Berlin", date(2025, 10, 27)),
        ("2025-01-01T00:00Z", "America/New_York", date(2024, 12, 31)),
        ("2025-01-01T00:00Z", "Pacific/Kiritimati", date(2025, 1, 1)),
        ("2024-12-31T10:00Z", "Pacific/Kiritimati", date(2025, 1, 1)),
    ],
)
def test_last_day__across_zones_and_clock_changes(instant: str, zone: str, expected: date) -> None:
    assert end_day(datetime.fromisoformat(instant), ZoneInfo(zone)) == expected


def test_day_numbers__count_from_1970() -> None:
    assert day_numbers([date(1970, 1, 1), date(1969, 12, 31), date(2025, 1, 6)]).tolist() == [0, -1, 20094]
    assert day_numbers(pd.Series(make_days(3))).tolist() == [20094, 20095, 20096]
    assert day_numbers(pd.Series([], dtype=object)).tolist() == []

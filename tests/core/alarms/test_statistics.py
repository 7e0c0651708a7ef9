"""The table of statistics, and what is computed of each column."""

from __future__ import annotations

from datetime import date

import pytest
from profiles import make_rows, make_series

from driftloop.core.alarms.statistics import STATISTICS
from driftloop.core.alarms.values import Alarm


def test_statistics__are_those_that_are_computed() -> None:
    """An entry whose computation is missing, and a computation without an entry, are found here."""
    columns, _ = make_series(make_rows(10), days=10)
    assert {name for column in columns for name in column.statistics} == set(STATISTICS)


@pytest.mark.parametrize(
    ("statistic", "number", "words"),
    [
        ("null", True, "is missing in 4.2 % of the rows, usual are 1.2 %"),
        ("shape", True, "lies 0.0 standard deviations from where it was"),
        ("shape", False, "has another mix of values: 4 % of the rows moved"),
    ],
)
def test_alarm__says_it_in_the_words_of_its_statistic(statistic: str, words: str, *, number: bool) -> None:
    alarm = Alarm(
        kind="shape" if statistic == "shape" else "fault",
        column="x",
        statistic=statistic,
        since=date(2025, 1, 6),
        found=date(2025, 1, 7),
        until=None,
        now=0.042,
        usual=0.012,
        years=3,
        number=number,
        rows=100,
    )
    said = f"x {words}, since 6 Jan 2025; a week like that was expected less than once in 3 years"
    assert alarm.text == said

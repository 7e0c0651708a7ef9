"""Which new names become normal: a shop that opens does, another spelling of a known one does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pytest
from factories import START, make_columns, to_ibis

from driftloop.core.columns import DAY, ROW, TS
from driftloop.core.data import census
from driftloop.core.data.grid import Bins, Grid
from driftloop.core.data.lasting import lasting, told
from driftloop.core.data.profile import Known
from driftloop.core.data.schema import typed
from driftloop.core.windows import LASTING_DAYS, Window

if TYPE_CHECKING:
    from driftloop.core.data.census import Census

REFERENCE = 20  # weeks
OPENED = START + timedelta(weeks=REFERENCE + 1)
KNOWN = {"c": frozenset({"east", "west"})}
Names = Callable[[int], list[str]]


def make_weeks(names: Names, *, weeks: int) -> Census:
    """Give the names of each day of a week, by its number after the reference."""
    rows = [
        (START + timedelta(days=place), name)
        for place in range(7 * (REFERENCE + weeks))
        for name in names(place // 7 - REFERENCE)
    ]
    days, found = zip(*((pd.Timestamp(day), name) for day, name in rows), strict=True)
    table = pa.table(
        {TS: pa.array(days, pa.timestamp("us")), ROW: range(len(rows)), "c": found, "y": [1.0] * len(rows)}
    )
    return census.take(typed(to_ibis(table), make_columns(numerical=()), "UTC"), make_columns(numerical=()))


def found(names: Names, *, days: int = LASTING_DAYS, opened: int = 1) -> dict[str, frozenset[str]]:
    """Judge so many days after a change."""
    until = START + timedelta(weeks=REFERENCE + opened, days=days)
    rows = make_weeks(names, weeks=opened + 14)
    return lasting(rows, KNOWN, since=START + timedelta(weeks=REFERENCE), until=until)


def opens(week: int) -> list[str]:
    return ["east"] * 3 + ["west"] * 3 + (["north"] * 3 if week >= 1 else [])


def test_lasting__a_name_beside_the_known_ones_after_eight_weeks() -> None:
    assert found(opens) == {"c": frozenset({"north"})}
    assert found(opens, days=LASTING_DAYS - 1) == {}  # what comes later does not count


NEVER: dict[str, Names] = {
    "renamed": lambda week: ["east"] * 3 + ["West" if week >= 1 else "west"] * 3,
    "all in capitals": lambda week: ["EAST", "EAST", "WEST"] if week >= 1 else ["east", "east", "west"],
    "two merged": lambda week: ["both"] * 6 if week >= 1 else ["east"] * 3 + ["west"] * 3,
    "over again": lambda week: ["east", "west", *(["north"] if 1 <= week < 5 else [])],
    "seldom": lambda week: ["east", "west", *(["north"] if week % 3 == 1 else [])],
    "one name after the other": lambda week: ["east", "west", *([f"n{week}"] if week >= 1 else [])],
}


@pytest.mark.parametrize("case", NEVER)
@pytest.mark.parametrize("days", [LASTING_DAYS, LASTING_DAYS + 28])
def test_lasting__what_is_no_new_name_that_stays(case: str, days: int) -> None:
    assert found(NEVER[case], days=days) == {}


STAYS: dict[str, Names] = {
    "a small name ends at the same time": lambda week: [
        "east", *["west"] * 4, *(["north"] * 4 if week >= 1 else []), *(["old"] if week <= 0 else [])
    ],
    "a large name ended long before": lambda week: ["east", *(["west"] * 4 if week < -4 else []), *(["north"] if week >= 1 else [])],
    "a large name ends later": lambda week: ["east", *(["west"] * 4 if week < 4 else []), *(["north"] if week >= 1 else [])],
    "a week without rows of it": lambda week: ["east", "west", *(["north"] if week >= 1 and week != 3 else [])],
}  # fmt: skip


@pytest.mark.parametrize("case", STAYS)
def test_lasting__a_new_name_that_stays(case: str) -> None:
    assert found(STAYS[case]) == {"c": frozenset({"north"})}


def test_lasting__columns_without_known_names_have_none() -> None:
    rows = make_weeks(opens, weeks=12)
    without: tuple[frozenset[str] | None, ...] = (None, frozenset())
    for names in without:
        assert lasting(rows, {"c": names}, since=START + timedelta(weeks=20), until=START + timedelta(weeks=32)) == {}


def test_with_later__adds_names_to_what_is_known_and_to_the_bins() -> None:
    known = Known(ranges={"x": (0, 1)}, names={**KNOWN, "d": None}).with_later({"c": frozenset({"north"})})
    assert known.names == {"c": frozenset({"east", "west", "north"}), "d": None}
    grid = Grid(columns={"c": Bins(names=("west", "east")), "x": Bins(edges=(0.0, 1.0))})
    assert grid.with_later(known.lasting).columns == {
        "c": Bins(names=("west", "east", "north")),
        "x": Bins(edges=(0.0, 1.0)),
    }


@pytest.mark.parametrize(
    ("names", "private", "text"),
    [
        ({"north"}, (), "c holds 'north' since 2 Jun 2025 (33 % of the rows): production has never seen it"),
        ({"north"}, ("c",), "c holds a new name since 2 Jun 2025 (33 % of the rows): production has never seen it"),
        (
            {"north", "south"},
            (),
            "c holds 2 new names since 2 Jun 2025, most often 'north' (33 % of the rows): production has never seen it",
        ),
        ({"north", "south"}, ("c",), "c holds 2 new names since 2 Jun 2025 (33 % of the rows): production has never seen it"),
    ],
)  # fmt: skip
def test_told__names_it_unless_it_is_private(names: set[str], private: tuple[str, ...], text: str) -> None:
    rows = make_weeks(opens, weeks=12)
    newest = Window(since=OPENED + timedelta(weeks=8), until=OPENED + timedelta(weeks=9))
    assert rows.days[DAY].max() > newest.until
    assert list(told(rows, {"c": frozenset(names)}, newest, private)) == [text]

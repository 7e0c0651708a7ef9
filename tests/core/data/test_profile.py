"""Counts per day and column, in a real DuckDB."""
# ruff: noqa: DTZ001 (`_ts` is naive UTC)

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from factories import START, make_columns, make_raw, to_ibis

from driftloop.core.columns import DAY, ROW, TS
from driftloop.core.data import census
from driftloop.core.data import profile as profiles
from driftloop.core.data.census import MOST_NAMES
from driftloop.core.data.counts import COUNTS, ROWS
from driftloop.core.data.profile import Known
from driftloop.core.data.schema import typed
from driftloop.core.windows import Window

if TYPE_CHECKING:
    from driftloop.core.data.declared import Columns

ONE = timedelta(days=1)
NOTHING = Known(ranges={}, names={})
NUMBER = make_columns(categorical=())
NAME = make_columns(numerical=())


def daily(
    raw: pa.Table, columns: Columns, known: Known = NOTHING, *, zone: str = "UTC", since: date | None = None
) -> pd.DataFrame:
    rows = typed(to_ibis(raw), columns, zone)
    return profiles.daily(rows.filter(rows[DAY] >= since) if since else rows, columns, known)


def known(raw: pa.Table, columns: Columns, window: Window) -> Known:
    return profiles.known(census.take(typed(to_ibis(raw), columns, "UTC"), columns), columns, window.until)


def total(profile: pd.DataFrame, window: Window) -> pd.DataFrame:
    sums: pd.DataFrame = window.of(profile).groupby("column")[list(COUNTS)].sum()
    return sums


def counts(profile: pd.DataFrame, column: str, day: date = START) -> dict[str, int]:
    """Give what is not zero of a day and column."""
    row = profile[(profile[DAY] == day) & (profile["column"] == column)]
    return {name: int(row[name].item()) for name in COUNTS if row[name].item()}


def pick(random: np.random.Generator, rows: int, *values: Any) -> list[Any]:
    return [values[place] for place in random.integers(0, len(values), rows)]


def make_mess(days: int = 5, seed: int = 0) -> pa.Table:
    """Give rows of two stations with something of everything, some of it wrong."""
    random = np.random.default_rng(seed)
    rows = 48 * days
    return make_raw(
        rows,
        x=pick(random, rows, "1", "2", "2.5", "-50", "50", "inf", "nan", "x", None),
        z=pick(random, rows, 0.0, 2.0, float("nan"), 99.0),
        c=pick(random, rows, "a", "b", "new", None),
        station=[row % 2 for row in range(rows)],
    ).set_column(0, TS, pa.array([datetime(2025, 1, 6, row // 2 % 24) + row // 48 * ONE for row in range(rows)]))


MESSY = make_columns(numerical=("x", "z"), key=("station", TS))
MESS_KNOWN = Known(
    ranges={"x": (0.0, 10.0), "z": (0.0, 10.0)}, names={"c": frozenset({"a", "b"})}, many=frozenset({"c"})
)


def test_daily__counts_numbers() -> None:
    raw = make_raw(8, x=["1", "1", "1", None, "inf", "x", "16", "16"])
    found = daily(raw, NUMBER, Known(ranges={"x": (0.0, 10.0)}, names={}))
    assert counts(found, "x") == {"rows": 8, "null": 1, "invalid": 1, "infinite": 1, "far": 2, "repeat": 3}
    assert counts(found, "y") == {"rows": 8}  # labels may repeat
    assert counts(found, ROWS) == {"rows": 8}
    assert list(found["column"]) == ["", "x", "y"]


def test_daily__counts_names() -> None:
    raw = make_raw(6, c=["a", "a", "b", "new", None, ""])
    found = daily(raw, NAME, Known(ranges={}, names={"c": frozenset({"a", "b"})}))
    assert counts(found, "c") == {"rows": 6, "null": 2, "unknown": 1}


@pytest.mark.parametrize("names", [{}, {"c": None}, {"c": frozenset()}])
def test_daily__no_name_is_new_where_none_is_known(names: dict[str, Any]) -> None:
    found = daily(make_raw(2, c=["a", "b"]), NAME, Known(ranges={}, names=names))
    assert counts(found, "c") == {"rows": 2}


def test_daily__far_is_beyond_the_range_by_half_of_it() -> None:
    raw = make_raw(6, x=[-5.0, -5.1, 15.0, 15.1, 0.0, None])
    assert counts(daily(raw, NUMBER, Known(ranges={"x": (0.0, 10.0)}, names={})), "x")["far"] == 2
    assert "far" not in counts(daily(raw, NUMBER, Known(ranges={"x": (3.0, 3.0)}, names={})), "x")
    assert "far" not in counts(daily(raw, NUMBER), "x")


def test_daily__repeats_go_by_time_within_a_key() -> None:
    start = datetime(2025, 1, 6)
    times = [start + timedelta(hours=row // 2) for row in range(6)]
    raw = make_raw(6, x=[1, 7, 2, 7, 2, 8], station=["n", "s"] * 3).set_column(0, TS, pa.array(times))
    assert counts(daily(raw, make_columns(categorical=(), key=("station", TS))), "x")["repeat"] == 2
    assert "repeat" not in counts(daily(raw, NUMBER), "x")
    mixed = make_raw(3, x=[1, 2, 1]).set_column(0, TS, pa.array([times[0], times[4], times[2]]))
    assert counts(daily(mixed, NUMBER), "x")["repeat"] == 1


def test_daily__repeats_go_on_over_midnight_but_not_over_nulls() -> None:
    found = daily(make_raw(26, x=[None, *range(22), 5, 5, 5]), NUMBER)
    assert counts(found, "x") == {"rows": 24, "null": 1, "zero": 1}
    assert counts(found, "x", START + ONE) == {"rows": 2, "repeat": 2}
    assert "repeat" not in counts(daily(make_raw(3, x=[5, None, 5]), NUMBER), "x")


def test_daily__classes_may_be_missing_but_are_never_new() -> None:
    columns = make_columns(numerical=(), task="classification")
    raw = make_raw(3, c=["a", "a", "a"], y=["up", None, "sideways"])
    found = daily(raw, columns, known(raw, columns, Window(since=START, until=START + ONE)))
    assert counts(found, "y") == {"rows": 3, "null": 1}


def test_daily__local_days() -> None:
    raw = make_raw(72, since=date(2025, 3, 29), x=range(72))
    found = daily(raw, NUMBER, zone="Europe/Berlin")
    rows = found[found["column"] == ROWS].set_index(DAY)["rows"].to_dict()
    assert rows == {date(2025, 3, 29): 23, date(2025, 3, 30): 23, date(2025, 3, 31): 24, date(2025, 4, 1): 2}


def test_daily__no_rows() -> None:
    found = daily(make_raw(1, x=[1.0], c=["a"]).slice(1), make_columns())
    assert list(found.columns) == [DAY, "column", *COUNTS]
    assert found.empty


def test_daily__is_tidy() -> None:
    found = daily(make_mess(), MESSY, MESS_KNOWN)
    assert len(found) == 5 * 5  # days × (rows, c, x, y, z)
    assert not found.duplicated([DAY, "column"]).any()
    assert list(found[[DAY, "column"]].itertuples(index=False)) == sorted(
        found[[DAY, "column"]].itertuples(index=False)
    )
    assert all(type(day) is date for day in found[DAY])
    assert set(map(str, found[list(COUNTS)].dtypes)) == {"int64"}
    assert (found[[name for name in COUNTS if name not in {"rows", "fresh"}]].max() > 0).all()


def test_daily__order_of_rows_does_not_matter() -> None:
    raw = make_mess()
    expected = daily(raw, MESSY, MESS_KNOWN)
    for seed in range(3):
        mixed = raw.take(np.random.default_rng(seed).permutation(raw.num_rows))
        pd.testing.assert_frame_equal(daily(mixed, MESSY, MESS_KNOWN), expected)


def test_daily__rows_may_be_stored_out_of_time() -> None:
    raw = make_raw(400, x=pick(np.random.default_rng(0), 400, 0, 1, 2, None))
    expected = daily(raw, NUMBER)  # as they are stored, without sorting
    assert expected["repeat"].sum() > 0
    for mixed in (raw.take([*range(399, -1, -1)]), raw.take([1, 0, *range(2, 400)]), raw.take([*range(1, 400), 0])):
        pd.testing.assert_frame_equal(daily(mixed, NUMBER), expected)


def test_daily__adds_up_over_days() -> None:
    found = daily(make_mess(6), MESSY, MESS_KNOWN)
    whole = Window(since=START, until=START + 6 * ONE)
    parts = [total(found, block) for block in whole.blocks(2)]
    assert len(parts) == 3
    pd.testing.assert_frame_equal(sum(parts[1:], parts[0]), total(found, whole))


def test_daily__a_day_is_the_same_without_the_others() -> None:
    raw, since = make_mess(4), START + 3 * ONE
    whole, alone = daily(raw, MESSY, MESS_KNOWN), daily(raw, MESSY, MESS_KNOWN, since=since)
    last = whole[whole[DAY] == since].reset_index(drop=True)
    others = [name for name in whole.columns if name != "repeat"]  # the first rows have none before them here
    pd.testing.assert_frame_equal(alone[others], last[others])
    assert ((last["repeat"] - alone["repeat"]).between(0, 2)).all()


def test_daily__past_days_stay_while_the_table_grows() -> None:
    raw = make_mess(4)
    old, new = (daily(one, MESSY, MESS_KNOWN) for one in (raw.slice(0, 96), raw))
    pd.testing.assert_frame_equal(new[new[DAY] < START + 2 * ONE], old)


ODD = ["a:b", "null:x", "before:x", "invalid:x", "rows", "column", "select", 'q"uo"te', "it's", "sp ace", "größe", "%s"]


def test_daily__odd_column_names() -> None:
    cells: dict[str, Any] = {name: ["1", "1", None, "99"] for name in ODD}
    raw = make_raw(4, x=[1, 2, 3, 4], **cells)
    columns = make_columns(numerical=("x", *ODD), categorical=())
    found = daily(raw, columns, Known(ranges=dict.fromkeys(ODD, (0.0, 1.0)), names={}))
    assert set(found["column"]) == {ROWS, "x", "y", *ODD}
    assert counts(found, "x") == {"rows": 4}
    for name in ODD:
        assert counts(found, name) == {"rows": 4, "null": 1, "far": 1, "repeat": 1}
    names = make_columns(categorical=tuple(ODD))
    found = daily(raw, names, Known(ranges={}, names=dict.fromkeys(ODD, frozenset({"1"}))))
    for name in ODD:
        assert counts(found, name) == {"rows": 4, "null": 1, "unknown": 1}


def test_known__of_the_reference_alone() -> None:
    raw = make_raw(72, x=[*range(24), *[None] * 23, 50, *range(100, 124)], c=["a", "b"] * 24 + ["c"] * 24)
    two_days = Window(since=START, until=START + 2 * ONE)
    assert known(raw, make_columns(), two_days) == Known(ranges={"x": (0, 50)}, names={"c": frozenset({"a", "b"})})


def test_known__names_that_come_with_the_calendar_are_not_told() -> None:
    raw = make_raw(48, x=range(48), c=["january"] * 24 + ["february"] * 24)
    assert known(raw, make_columns(), Window(since=START, until=START + 2 * ONE)).names == {"c": None}


@pytest.mark.parametrize("values", [[None, "x", "inf"], [None, None, None]])
def test_known__no_finite_number_has_no_range(values: list[Any]) -> None:
    raw = make_raw(3, x=pa.array(values, pa.string()), c=pa.array([None] * 3, pa.string()))
    found = known(raw, make_columns(), Window(since=START, until=START + ONE))
    assert found == Known(ranges={}, names={"c": frozenset()})


def test_known__too_many_names_to_tell_a_new_one() -> None:
    def names(count: int) -> Any:
        raw = make_raw(count + 1, c=[*(f"n{row}" for row in range(count)), None])
        return known(raw, NAME, Window(since=START, until=START + 99 * ONE)).names["c"]

    assert len(names(MOST_NAMES)) == MOST_NAMES
    assert names(MOST_NAMES + 1) is None


def test_known__empty_reference() -> None:
    found = known(make_raw(3, x=[1, 2, 3], c=["a"] * 3), make_columns(), Window(since=START, until=START))
    assert found == Known(ranges={}, names={"c": frozenset()})


def make_named(days: int, names: list[list[str]], *, repeat: int = 1) -> pd.DataFrame:
    """Give rows of a name column `c`; `names` are those of each day."""
    rows = [
        (START + place * ONE, name) for place, day in enumerate(names[:days]) for name in day for _ in range(repeat)
    ]
    return pd.DataFrame(rows, columns=["day", "c"])


def test_daily__counts_fresh_names_where_there_are_too_many_to_know() -> None:
    many = [f"n{number}" for number in range(MOST_NAMES + 1)]
    days = 60
    names = [
        many if place == 0 else [*many[:90], *(["late"] * 10 if place >= 40 else many[90:100])] for place in range(days)
    ]
    named = make_named(days, names)
    raw = pa.table(
        {TS: pa.array([pd.Timestamp(day) for day in named["day"]], pa.timestamp("us")), ROW: range(len(named))}
        | {"c": named["c"].tolist(), "y": [1.0] * len(named)}
    )
    rows = typed(to_ibis(raw), NAME, "UTC")
    known = profiles.known(census.take(rows, NAME), NAME, START + 30 * ONE)
    assert known.many == {"c"}
    found = profiles.with_fresh(profiles.daily(rows, NAME, known), rows, known)
    fresh = found[found["column"] == "c"].set_index(DAY)["fresh"]
    assert fresh.loc[START] == MOST_NAMES + 1
    assert set(fresh.loc[START + 28 * ONE : START + 39 * ONE]) == {0}
    assert set(fresh.loc[START + 40 * ONE :]) == {10}  # the late one is fresh for four weeks
    assert found[found["column"] == "c"]["unknown"].sum() == 0


def test_daily__counts_no_fresh_names_where_all_are_known() -> None:
    raw = make_raw(48, c=[f"n{number}" for number in range(48)])
    rows = typed(to_ibis(raw), NAME, "UTC")
    known = profiles.known(census.take(rows, NAME), NAME, START + ONE)
    assert known.many == frozenset()
    assert profiles.with_fresh(profiles.daily(rows, NAME, known), rows, known)["fresh"].sum() == 0

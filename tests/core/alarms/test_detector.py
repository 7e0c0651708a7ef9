"""Data alarms on seeded streams: what is found, when it begins and ends, and what bad input does."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from factories import START, make_columns
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import at, day, make_rows, make_series, states

from driftloop.core.alarms.detector import detect
from driftloop.core.alarms.statistics import SHAPE
from driftloop.core.alarms.values import AlarmHistory
from driftloop.core.columns import TS

if TYPE_CHECKING:
    from driftloop.core.alarms.deviation import Column
    from driftloop.core.alarms.values import Alarm

DAYS = 480  # a year of history, and then some
BREAK = 430


@pytest.fixture(scope="module")
def calm() -> tuple[Column, ...]:
    """A stream without change: a number and a name."""
    return make_series(make_rows(DAYS), days=DAYS)[0]


def run(
    columns: tuple[Column, ...],
    *,
    per_year: float = 1,
    accepted: date | None = None,
    anew: dict[str, date] | None = None,
) -> AlarmHistory:
    return detect(columns, START, per_year=per_year, quiet_days=28, accepted=accepted, anew=anew)


def broken(columns: tuple[Column, ...], fault: str, share: float, first: int, last: int) -> tuple[Column, ...]:
    """Let a share of the rows of the first column have a fault, for some days."""
    column = columns[0] if fault in columns[0].faults else columns[1]
    counts = column.faults[fault].copy()
    counts[first:last] = np.ceil(share * column.rows[first:last])
    other = replace(column, faults={**column.faults, fault: counts})
    return tuple(other if each is column else each for each in columns)


def moved(columns: tuple[Column, ...], by: float, first: int, last: int) -> tuple[Column, ...]:
    """Shift the number by so many standard deviations, inside of its bins."""
    sums = columns[0].sums.copy()
    sums[first:last] += (by * 65_536 * columns[0].bins[first:last]).astype(np.int64)
    return (replace(columns[0], sums=sums), *columns[1:])


def only(found: AlarmHistory) -> Alarm:
    (alarm,) = found.alarms
    return alarm


def test_replay__is_quiet_without_change(calm: tuple[Column, ...]) -> None:
    found = run(calm)
    assert found.alarms == ()
    for levels in found.levels.values():
        assert set(levels[:11]) == {None}
        assert None not in levels[-8:]
        assert max(level or 0 for level in levels[-8:]) < 1.3
    assert found.weeks_missing == 0
    assert not any(shift.shifted for shift in found.shifts.values())


@pytest.mark.parametrize("fault", ["null", "zero", "range", "new"])
def test_replay__finds_a_fault_and_says_since_when(calm: tuple[Column, ...], fault: str) -> None:
    found = only(run(broken(calm, fault, 0.3, BREAK, BREAK + 14)))
    assert (found.kind, found.statistic) == ("fault", fault)
    assert found.since == day(BREAK)
    assert day(BREAK) <= found.found <= day(BREAK + 2)
    assert found.until is not None
    assert day(BREAK + 14) <= found.until <= day(BREAK + 21)
    assert found.years == 10
    assert "since 12 Mar 2026; a week like that was expected less than once in 10 years" in found.text
    assert (found.finding.rule, found.finding.column) == (f"unusual-{fault}", found.column)


def test_replay__finds_a_shift_of_the_values(calm: tuple[Column, ...]) -> None:
    found = only(run(moved(calm, 3.0, BREAK, BREAK + 14)))
    assert (found.kind, found.statistic, found.column) == ("shape", SHAPE, "x")
    assert found.since <= day(BREAK + 1)
    assert "x lies " in found.text


def test_replay__lasts_as_long_as_the_deviation_and_eight_weeks_at_most(calm: tuple[Column, ...]) -> None:
    found = only(run(broken(calm, "null", 0.3, 400, DAYS)))
    assert found.until is not None
    assert 56 <= (found.until - found.found).days <= 57
    newest = run(broken(calm, "null", 0.3, BREAK, DAYS))
    assert only(newest).until is None
    assert newest.active(day(DAYS - 1)) == newest.alarms
    assert newest.active(day(BREAK - 1)) == ()


def test_replay__a_promotion_says_that_this_is_normal_now(calm: tuple[Column, ...]) -> None:
    found = run(broken(calm, "null", 0.3, BREAK, DAYS), accepted=day(BREAK + 10))
    assert found.active(day(BREAK + 9)) == found.alarms
    assert found.active(day(BREAK + 10)) == ()
    assert only(found).until == day(BREAK + 10)


@pytest.mark.parametrize("fault", ["null", "shape"])
def test_replay__a_change_that_was_accepted_is_usual_from_its_first_day_on(
    calm: tuple[Column, ...], fault: str
) -> None:
    def change(columns: tuple[Column, ...]) -> tuple[Column, ...]:
        return moved(columns, 3.0, BREAK, DAYS) if fault == SHAPE else broken(columns, fault, 0.3, BREAK, DAYS)

    told = only(run(change(calm)))
    assert told.until is None
    found = run(change(calm), anew={told.column: told.since})
    assert found.alarms == ()
    since = found.compared[told.column][0].since
    assert told.since <= since
    assert found.compared[next(name for name in found.compared if name != told.column)][0].since < told.since
    assert run(change(calm), anew={"other": told.since}) == run(change(calm))


def test_replay__after_a_change_was_accepted_the_next_one_is_found(calm: tuple[Column, ...]) -> None:
    twice = broken(broken(calm, "null", 0.3, BREAK - 30, DAYS), "null", 0.8, BREAK, DAYS)
    found = only(run(twice, anew={"x": day(BREAK - 30)}))
    assert (found.since, round(found.usual, 1), round(found.now, 1)) == (day(BREAK), 0.3, 0.8)


def test_replay__an_alarm_ends_where_a_later_change_was_accepted(calm: tuple[Column, ...]) -> None:
    found = only(run(broken(calm, "null", 0.3, BREAK, DAYS), anew={"x": day(BREAK + 20)}))
    assert (found.since, found.until) == (day(BREAK), day(BREAK + 20))


def test_replay__is_quiet_for_a_while_after_an_alarm_and_then_hears_again(calm: tuple[Column, ...]) -> None:
    once = broken(calm, "null", 0.3, 400, 403)
    soon = run(broken(once, "null", 0.3, 415, 418))
    later = run(broken(once, "null", 0.3, 450, 453))
    assert len(soon.alarms) == 1
    assert [alarm.since for alarm in later.alarms] == [day(400), day(450)]


def test_replay__a_quiet_column_does_not_silence_another(calm: tuple[Column, ...]) -> None:
    found = run(broken(broken(calm, "null", 0.3, 400, 410), "new", 0.3, 412, 420))
    assert [alarm.column for alarm in found.alarms] == ["x", "c"]


def test_replay__a_moved_input_does_not_silence_a_fault_of_it(calm: tuple[Column, ...]) -> None:
    found = run(broken(moved(calm, 3.0, 400, 440), "null", 0.3, 420, 440))
    assert [alarm.kind for alarm in found.alarms] == ["shape", "fault"]


def test_replay__small_deviations_add_up(calm: tuple[Column, ...]) -> None:
    limit = run(calm).shifts["x"].limit
    assert limit is not None
    found = run(moved(calm, 0.9 * limit, 380, DAYS))
    assert [alarm.column for alarm in found.alarms] == ["x"]
    assert found.alarms[0].found > day(380 + 7)


def test_replay__a_smaller_budget_hears_less(calm: tuple[Column, ...]) -> None:
    limits = [run(calm, per_year=per_year).shifts["x"].limit or 0 for per_year in (0.1, 1, 12)]
    assert limits == sorted(limits, reverse=True)
    assert limits[0] > limits[2]


def test_replay__a_fault_is_no_measure_for_next_year() -> None:
    columns = make_series(make_rows(900, seed=1))[0]
    found = run(broken(broken(columns, "null", 0.5, 480, 494), "null", 0.1, 844, 858))
    assert [alarm.since for alarm in found.alarms if alarm.statistic == "null"] == [day(480), day(844)]


CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["null", "zero", "repeat", "range", "new", "moved"]),
        st.floats(0.02, 1.0),
        st.integers(0, DAYS - 1),
        st.integers(1, 90),
    ),
    max_size=4,
)


def changed(columns: tuple[Column, ...], changes: list[tuple[str, float, int, int]]) -> tuple[Column, ...]:
    for kind, size, first, length in changes:
        if kind == "moved":
            columns = moved(columns, 4 * size, first, first + length)
        else:
            columns = broken(columns, kind, size, first, first + length)
    return columns


def cut(columns: tuple[Column, ...], days: int) -> tuple[Column, ...]:
    return tuple(
        replace(
            column,
            rows=column.rows[:days],
            faults={name: counts[:days] for name, counts in column.faults.items()},
            bins=column.bins[:days],
            sums=column.sums[:days],
        )
        for column in columns
    )


@settings(deadline=None, max_examples=25)
@given(changes=CHANGES, days=st.integers(1, DAYS) | st.integers(0, DAYS // 7 - 1).map(lambda weeks: DAYS - 7 * weeks))
def test_replay__the_future_changes_no_state(
    calm: tuple[Column, ...], changes: list[tuple[str, float, int, int]], days: int
) -> None:
    whole = run(changed(calm, changes))
    part = run(cut(changed(calm, changes), days))
    if (DAYS - days) % 7 == 0:  # weeks are counted back from the end
        assert part.levels == {name: levels[: days // 7] for name, levels in whole.levels.items()}
    for place in range(days):
        told = [(a.kind, a.column, a.found) for a in part.active(day(place))]
        assert told == [(a.kind, a.column, a.found) for a in whole.active(day(place))]


@settings(deadline=None, max_examples=10)
@given(
    changes=CHANGES,
    accepted=st.none() | st.integers(0, DAYS).map(day),
    anew=st.dictionaries(st.sampled_from(["x", "c"]), st.integers(-9, DAYS + 9).map(day)),
)
def test_history__is_the_same_after_it_was_written_and_read(
    calm: tuple[Column, ...],
    changes: list[tuple[str, float, int, int]],
    accepted: date | None,
    anew: dict[str, date],
) -> None:
    found = run(changed(calm, changes), accepted=accepted, anew=anew)
    written = json.dumps(found.model_dump(mode="json"), allow_nan=False)
    assert AlarmHistory.model_validate_json(written) == found


def test_history__lists_the_days_that_the_last_week_is_compared_with(calm: tuple[Column, ...]) -> None:
    found = run(broken(calm, "null", 0.3, 440, 450))
    month = range(DAYS - 7 - 28, DAYS - 7)  # the alarm on x lies in it, so x is compared with earlier days instead
    year = range(DAYS - 7 - 364 - 10, DAYS - 364 + 10)
    assert found.compared_days("c") == {day(place) for place in (*year, *month)}
    alarm = only(found)
    assert alarm.until is not None
    left_out = {alarm.found + timedelta(days=place) for place in range(-6, (alarm.until - alarm.found).days)}
    assert found.compared_days("x").isdisjoint(left_out)
    assert len(found.compared_days("x")) == len(found.compared_days("c"))


@settings(deadline=None, max_examples=25)
@given(changes=CHANGES)
def test_replay__any_alarm_is_a_whole_sentence(
    calm: tuple[Column, ...], changes: list[tuple[str, float, int, int]]
) -> None:
    for alarm in run(changed(calm, changes)).alarms:
        assert alarm.since <= alarm.found
        assert alarm.until is None or alarm.found < alarm.until <= alarm.found + timedelta(days=57)
        assert 0 <= alarm.now < np.inf
        assert 0 < alarm.years <= 10
        assert alarm.text.startswith(f"{alarm.column} ")
        assert alarm.finding.rows <= alarm.finding.of


def test_replay__says_how_much_history_is_missing() -> None:
    few = states(make_rows(100), reference=60)
    assert few.alarms == ()
    assert few.weeks_missing > 30
    assert few.shifts["x"].limit is None
    none = states(make_rows(1).head(0).assign(x=pd.Series(dtype=float), c=pd.Series(dtype=object)))
    assert (none.alarms, none.weeks_missing) == ((), 52)


def test_replay__takes_whatever_comes() -> None:
    rows = make_rows(DAYS)
    random = np.random.default_rng(0)
    many = rows.assign(c=[f"name {number}" for number in random.integers(0, 10_000, len(rows))])
    given_ = {
        "gap of weeks": rows[~at(rows, 380, 420)],
        "days without rows": rows[rows[TS].dt.dayofweek < 5],
        "irregular": rows[random.random(len(rows)) < 0.3],
        "one row a week": rows.iloc[:: 24 * 7],
        "thousands of names": many,
        "duplicates": pd.concat([rows, rows.head(500)]),
    }
    found = {what: states(each) for what, each in given_.items()}
    assert {what: each.alarms for what, each in found.items()} == dict.fromkeys(given_, ())


@pytest.mark.parametrize(
    ("value", "statistic"), [(None, "null"), (0.0, "zero"), (7.5, "repeat"), (1e300, "range"), (-99.0, "range")]
)
def test_replay__a_column_that_becomes_constant_or_empty_is_a_fault(value: float | None, statistic: str) -> None:
    rows = make_rows(DAYS)
    rows.loc[at(rows, BREAK, DAYS), "x"] = value
    found = only(states(rows))
    assert (found.column, found.kind) == ("x", "fault")
    assert statistic in {found.statistic, "range", "repeat", "zero"}
    assert found.since == day(BREAK)


def test_replay__columns_that_never_had_a_value_or_never_changed_raise_nothing() -> None:
    rows = make_rows(DAYS).assign(empty=None, same=3.0, late=np.nan)
    rows.loc[at(rows, 300, DAYS), "late"] = 1.0
    columns = make_columns(numerical=("x", "empty", "same", "late", "gone"))
    assert states(rows, columns=columns).alarms == ()


def test_replay__days_are_local_where_clocks_change() -> None:
    assert states(make_rows(DAYS), zone="Europe/Berlin").alarms == ()


def test_replay__a_new_name_among_known_ones_is_a_fault_where_names_go_with_the_calendar_too() -> None:
    rows = make_rows(DAYS)
    rows["c"] = rows[TS].dt.strftime("%m")
    assert states(rows, reference=200).alarms == ()  # months that the reference never saw
    rows.loc[at(rows, BREAK, DAYS) & (rows.index % 8 == 0), "c"] = "13"
    found = only(states(rows))
    assert (found.column, found.statistic, found.since) == ("c", "new", day(BREAK))

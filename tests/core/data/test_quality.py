"""Each rule fires, and does not fire just below its threshold."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from factories import START, make_columns, make_days

from driftloop.core.columns import DAY
from driftloop.core.data import quality
from driftloop.core.data.counts import COUNTS, ROWS
from driftloop.core.data.cumulated import CumulatedProfile
from driftloop.core.data.inspection import Inspection
from driftloop.core.windows import Window

REFERENCE = Window(since=START, until=START + timedelta(days=56))
WINDOW = Window(since=REFERENCE.until, until=REFERENCE.until + timedelta(days=7))
TODAY = WINDOW.until - timedelta(days=1)


def make_profile(rows: int = 24, *, names: tuple[str, ...] = ("c", "x", "y"), days: int = 63) -> pd.DataFrame:
    """Give the profile of eight weeks of reference and one week of window in which nothing is wrong."""
    frame = pd.DataFrame({DAY: make_days(days, rows=len(names) + 1), "column": [ROWS, *names] * days})
    return frame.assign(**{count: rows if count == "rows" else 0 for count in COUNTS})


def put(profile: pd.DataFrame, column: str, count: str, value: int, *, day: date = TODAY) -> pd.DataFrame:
    """Write a count of one day and column, and for `rows` of all columns."""
    at = (profile[DAY] == day) & ((profile["column"] == column) | (count == "rows"))
    return profile.assign(**{count: profile[count].mask(at, value)})


def evidence(profile: pd.DataFrame, **over: Any) -> Inspection:
    given = {"columns": make_columns(), "window": WINDOW, "reference": REFERENCE, **over}
    return Inspection(profile=CumulatedProfile.of(profile), **given)


def found(profile: pd.DataFrame, **over: Any) -> list[tuple[str, str]]:
    return [(finding.rule, finding.column) for finding in quality.check(evidence(profile, **over))]


def test_check__nothing_is_wrong() -> None:
    assert found(make_profile()) == []


@pytest.mark.parametrize(
    ("count", "rule"),
    [
        ("invalid", "wrong-type"),
        ("infinite", "infinite"),
        ("far", "out-of-range"),
        ("unknown", "new-category"),
    ],
)
@pytest.mark.parametrize(("rows", "least"), [(24, 5), (200, 14)])  # 5 rows, and 1 % of 1400
def test_check__rows_that_should_not_be(count: str, rule: str, rows: int, least: int) -> None:
    assert found(put(make_profile(rows), "x", count, least - 1)) == []
    assert found(put(make_profile(rows), "x", count, least)) == [(rule, "x")]
    assert found(put(make_profile(rows), "x", count, least, day=START)) == []  # not in the window


def test_check__says_how_many() -> None:
    (finding,) = quality.check(evidence(put(make_profile(), "x", "far", 9)))
    assert (finding.kind, finding.rows, finding.of) == ("fault", 9, 168)
    assert finding.text == "x lies far outside its range in 9 of 168 rows (a change of unit?)"


def test_missing_values__more_than_ever_before() -> None:
    usual = put(make_profile(), "x", "null", 17, day=START)  # 10.1 % of that week
    assert found(put(usual, "x", "null", 25)) == []
    assert found(put(usual, "x", "null", 26)) == [("missing-values", "x")]
    (finding,) = quality.check(evidence(put(usual, "x", "null", 26)))
    assert finding.text == "x is missing in 26 of 168 rows, at most 10 % before"


def test_missing_values__never_fewer_than_five() -> None:
    assert found(put(make_profile(2), "x", "null", 4)) == []
    assert found(put(make_profile(2), "x", "null", 5)) == [("missing-values", "x")]


def test_missing_values__labels_may_be_late() -> None:
    assert found(put(make_profile(), "y", "null", 168)) == []


def test_missing_column__is_no_missing_value_as_well() -> None:
    profile = put(make_profile(), "x", "null", 168)
    assert found(profile, absent=["x"]) == [("missing-column", "x")]


@pytest.mark.parametrize(("rows", "scarce"), [(56, False), (55, True), (0, True)])  # a third of 168 is 56
def test_too_few_rows__below_a_third(rows: int, *, scarce: bool) -> None:
    profile = make_profile()
    for back in range(7):
        profile = put(profile, ROWS, "rows", rows // 7 + (back < rows % 7), day=TODAY - timedelta(days=back))
    assert found(profile) == ([("too-few-rows", "")] if scarce else [])


def test_too_few_rows__usual_is_the_median_week() -> None:
    profile = make_profile(10)  # 70 a week
    for day in range(7, 28):
        profile = put(profile, ROWS, "rows", 1000, day=START + timedelta(days=day))  # three of eight weeks
    assert found(profile) == []
    (finding,) = quality.check(evidence(profile[profile[DAY] < WINDOW.since]))
    assert (finding.kind, finding.text) == ("too few", "0 rows in 7 days, usual are 70")


@pytest.mark.parametrize(
    ("rows", "repeat", "fires"),
    [(24, 22, True), (24, 21, False), (12, 11, True), (11, 11, False), (12, 10, False)],
)
def test_stuck__nine_tenths_of_a_day(rows: int, repeat: int, *, fires: bool) -> None:
    profile = put(put(make_profile(), "x", "rows", rows), "x", "repeat", repeat)
    assert found(profile) == ([("stuck", "x")] if fires else [])


def test_stuck__silent_where_it_has_happened_before() -> None:
    profile = put(make_profile(), "x", "repeat", 24)
    assert found(put(profile, "x", "repeat", 22, day=START)) == []
    assert found(put(profile, "x", "repeat", 21, day=START)) == [("stuck", "x")]
    assert found(put(profile, "c", "repeat", 22, day=START)) == [("stuck", "x")]


@pytest.mark.parametrize(("rows", "least"), [(24, 5), (200, 15)])  # 5 rows, and 1 % of 1400 + 15
@pytest.mark.parametrize(("name", "rule"), [("duplicates", "duplicate-keys"), ("undated", "undated-rows")])
def test_check__rows_that_do_not_count(rows: int, least: int, name: str, rule: str) -> None:
    assert found(make_profile(rows), **{name: least - 1}) == []
    assert found(make_profile(rows), **{name: least}) == [(rule, "")]


def test_check__no_reference() -> None:
    before = Window(since=START - timedelta(days=56), until=START)
    assert found(make_profile(), reference=before) == []
    assert found(make_profile(), reference=Window(since=START, until=START)) == []


def test_check__no_rows_at_all() -> None:
    assert found(make_profile(days=0)) == [("too-few-rows", "")]
    assert quality.missing_labels(evidence(make_profile(days=0))) == []


@pytest.mark.parametrize("name", ["a:b", "null:x", "{x}", "%s", "select", "größe", "it's", 'q"', " "])
def test_check__odd_column_names(name: str) -> None:
    profile = put(make_profile(names=(name, "x")), name, "far", 24)
    profile = put(put(profile, name, "null", 24), name, "repeat", 24)
    assert found(profile) == [("out-of-range", name), ("missing-values", name), ("stuck", name)]


def test_at__forgets_what_is_only_known_of_the_newest_days() -> None:
    now = evidence(put(make_profile(), "x", "far", 9), absent=["c"], duplicates=50, undated=50)
    assert len(quality.check(now)) == 4
    assert quality.check(now.at(Window(since=START, until=START + timedelta(days=7)))) == []


@pytest.mark.parametrize("split", [("null",), ("null", "invalid"), ("null", "invalid", "infinite")])
def test_missing_labels__more_than_a_fifth(split: tuple[str, ...]) -> None:
    def labels(missing: int) -> list[str]:
        profile = put(make_profile(), "y", split[0], missing - len(split) + 1)
        for count in split[1:]:
            profile = put(profile, "y", count, 1)
        return [finding.text for finding in quality.missing_labels(evidence(profile))]

    assert labels(33) == []  # a fifth of 168 is 33.6
    what = "missing or not numbers" if "invalid" in split else "missing"
    assert labels(34) == [f"34 of 168 labels that should be final ({WINDOW}) are {what}"]


def test_missing_labels__more_than_usual() -> None:
    usual = put(make_profile(), "y", "null", 84, day=START)  # half of that week
    assert quality.missing_labels(evidence(put(usual, "y", "null", 117))) == []
    assert [one.rule for one in quality.missing_labels(evidence(put(usual, "y", "null", 118)))] == ["missing-labels"]
    always = put(make_profile(), "y", "null", 168, day=START)
    assert quality.missing_labels(evidence(put(always, "y", "null", 167))) == []
    assert len(quality.missing_labels(evidence(put(always, "y", "null", 168)))) == 1  # all: nothing can be judged


def test_rules__have_their_own_ids_and_say_why() -> None:
    profile = put(put(make_profile(), "x", "null", 24), "x", "repeat", 24)
    for count in ("invalid", "infinite", "far", "unknown"):
        profile = put(profile, "x", count, 24)
    for day in range(7):
        profile = put(profile, "x", "fresh", 24, day=TODAY - timedelta(days=day))
    rules = [rule for rule, _ in found(profile, absent=["c"], duplicates=50, undated=50, stray=50)]
    assert len(rules) == len(set(rules)) == len(quality.RULES) - 1  # there are enough rows
    assert all(rule.__doc__ for rule in quality.RULES)


def fresh(share: float, *, now: float, weeks: int = 16) -> list[Any]:
    """Judge a week in which a share of the rows holds fresh names, after weeks in which another share did."""
    days = 7 * weeks
    profile = make_profile(100, names=("c",), days=days + 7)
    week = pd.Series([(day - START).days // 7 for day in profile[DAY]])
    told = profile["column"] == "c"
    counts = np.where(week < weeks, round(100 * share), round(100 * now))
    counts = np.where(week < weeks // 2, 100, counts)  # at the beginning, every name is fresh
    reference = Window(since=START, until=START + timedelta(days=days))
    window = Window(since=reference.until, until=reference.until + timedelta(days=7))
    given = evidence(profile.assign(fresh=np.where(told, counts, 0)), reference=reference, window=window)
    return quality.check(given)


def test_new_names__beyond_what_was_usual_are_a_fault() -> None:
    (finding,) = fresh(0.05, now=1.0)
    assert (finding.rule, finding.column, finding.kind, finding.rows) == ("new-names", "c", "fault", 700)
    assert finding.text == "c has names never seen before in 700 of 700 rows, at most 5 % before"
    assert fresh(0.05, now=0.25) == []
    assert len(fresh(0.05, now=0.26)) == 1


def test_new_names__are_seen_where_many_are_usual() -> None:
    assert len(fresh(0.85, now=1.0)) == 1
    assert fresh(0.85, now=0.92) == []


@pytest.mark.parametrize("usual", [0.91, 1.0])
def test_new_names__of_rows_that_are_nearly_all_new_are_no_news(usual: float) -> None:
    assert fresh(usual, now=1.0) == []


def test_new_names__are_not_judged_by_a_short_history() -> None:
    assert fresh(0.05, now=1.0, weeks=7) == []
    assert len(fresh(0.05, now=1.0, weeks=8)) == 1


@pytest.mark.parametrize("lost", ["undated", "stray"])
def test_too_few_rows__gives_way_to_rows_without_a_usable_time(lost: str) -> None:
    empty = put(make_profile(), "x", "rows", 0)
    for place in range(1, 7):
        empty = put(empty, "x", "rows", 0, day=TODAY - timedelta(days=place))
    assert found(empty)[0] == ("too-few-rows", "")
    assert found(empty, **{lost: 168}) == [(f"{lost}-rows", "")]
    assert found(empty, **{lost: 20})[0] == ("too-few-rows", "")  # they do not explain it


def weekly(column: str, count: str, values: list[int]) -> Inspection:
    """Judge the last of some weeks after the reference, in each of which one count of a column had a value."""
    days = 56 + 7 * len(values)
    profile = make_profile(days=days)
    for place, value in enumerate(values):
        for day in range(7):
            at = REFERENCE.until + timedelta(days=7 * place + day)
            profile = put(profile, column, count, value // 7 + (day < value % 7), day=at)
    return evidence(profile, window=Window(since=START + timedelta(days=days - 7), until=START + timedelta(days=days)))


@pytest.mark.parametrize(
    ("weeks", "faulty"),
    [
        ([40] * 8, True),
        ([40] * 9, False),
        ([30, 45, 40, 35, 40, 40, 40, 40, 50], False),
        ([40] * 8 + [49], True),  # more than the most of these weeks, by a twentieth of the rows
        ([40, 40, 0, 40, 40, 40, 40, 40, 40], True),  # one of the eight weeks was sound
        ([84] * 9, False),
        ([85] * 9, True),  # a column that is missing in most rows has vanished
    ],
)
def test_missing_values__what_has_lasted_for_eight_weeks_is_normal(weeks: list[int], *, faulty: bool) -> None:
    assert [one.rule for one in quality.check(weekly("x", "null", weeks))] == ["missing-values"] * faulty


def test_missing_values__as_many_as_were_accepted_are_normal() -> None:
    given = weekly("x", "null", [40])
    accepted = replace(given, accepted_missing={"x": 0.24, "z": 0.9})
    assert [one.rule for one in quality.check(given)] == ["missing-values"]
    assert quality.check(accepted) == []
    assert quality.check(replace(weekly("x", "null", [49]), accepted_missing={"x": 0.24})) != []


@pytest.mark.parametrize(
    ("weeks", "scarce"), [([40] * 8, True), ([40] * 9, False), ([0] * 9, True), ([40] * 9 + [13], True)]
)
def test_too_few_rows__what_has_lasted_for_eight_weeks_is_usual(weeks: list[int], *, scarce: bool) -> None:
    found = quality.check(weekly(ROWS, "rows", weeks))
    assert [one.rule for one in found] == ["too-few-rows"] * scarce


@pytest.mark.parametrize(("count", "rule"), [("far", "out-of-range"), ("invalid", "wrong-type"), ("repeat", "stuck")])
def test_check__what_is_wrong_however_long_it_lasts(count: str, rule: str) -> None:
    assert [one.rule for one in quality.check(weekly("x", count, [168] * 20))] == [rule]


def test_new_category__says_since_when_and_from_when_on_it_is_normal() -> None:
    (finding,) = quality.check(weekly("c", "unknown", [0, 70, 70]))
    said = "since 10 Mar 2025 (normal from 5 May 2025, if it stays beside the known ones)"
    assert finding.text == f"c has a new category in 70 of 168 rows, {said}"
    (late,) = quality.check(weekly("c", "unknown", [0, *[70] * 8]))
    assert late.text == "c has a new category in 70 of 168 rows, since 10 Mar 2025"

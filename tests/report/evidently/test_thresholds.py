"""Evidently's page says of each column what the decision says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from factories import make_columns
from profiles import at, day, make_rows, make_series, make_tables, states

from driftloop.core.alarms.detector import detect
from driftloop.core.alarms.deviation import WINDOW, candidates
from driftloop.core.columns import DAY, TS
from driftloop.report.evidently import rendering
from driftloop.report.evidently.thresholds import NOT_JUDGED, compared, distance, limits, merged

if TYPE_CHECKING:
    import pandas as pd

    from driftloop.core.alarms.values import AlarmHistory
    from driftloop.core.data.grid import Grid

DAYS = 480
LAST = (DAYS - WINDOW, DAYS)


def make_case(change: str) -> tuple[pd.DataFrame, AlarmHistory, Grid]:
    rows = make_rows(DAYS).assign(z=lambda frame: np.exp(frame["x"]), d=lambda frame: frame["c"])
    newest = at(rows, *LAST)
    match change:
        case "x moved":
            rows.loc[newest, "x"] += 2
        case "z by another unit":
            rows.loc[newest, "z"] *= 10
        case "new names":
            rows.loc[newest, "d"] = [f"new {row}" for row in range(24 * WINDOW)]
        case "moved for weeks":
            rows.loc[at(rows, DAYS - 30, DAYS), "x"] += 2
    columns = make_columns(numerical=("x", "z"), categorical=("c", "d"))
    found = detect(*make_series(rows, columns=columns), per_year=1, quiet_days=28)
    return rows.assign(**{DAY: rows[TS].dt.date}), found, make_tables(rows, columns=columns)[2]


def sides(rows: pd.DataFrame, found: AlarmHistory, grid: Grid) -> tuple[pd.DataFrame, dict[str, pd.Series]]:
    windows = candidates(day(0), day(DAYS))
    before = rows[np.logical_or.reduce([rows[DAY].between(w.since, w.until, inclusive="left") for w in windows])]
    newest = rows[at(rows, *LAST)]
    return merged(newest, grid), compared(merged(before, grid), found)


@pytest.mark.parametrize(
    ("change", "shifted"),
    [
        ("none", set()),
        ("z by another unit", {"z"}),
        ("new names", {"d"}),
        ("moved for weeks", {"x"}),
    ],
)
def test_page__agrees_with_the_decision_on_every_column(change: str, shifted: set[str]) -> None:
    rows, found, grid = make_case(change)
    assert {name for name, shift in found.shifts.items() if shift.shifted} == shifted
    current, reference = sides(rows, found, grid)
    thresholds, notes = limits(current, reference, found, grid)
    assert notes == ()  # whole rows: the page's own figure is ours, no threshold had to move
    page = rendering.render(
        current, reference, None, numerical=("x", "z"), categorical=("c", "d"), target="y", task="regression",
        title="t", thresholds=thresholds,
    )  # fmt: skip
    assert isinstance(page, rendering.Rendered)
    assert page.drifted == {name: name in shifted for name in ("x", "z", "c", "d")}
    assert page.drift_share == len(shifted) / 4


def test_limits__are_in_evidentlys_units() -> None:
    rows, found, grid = make_case("x moved")
    current, reference = sides(rows, found, grid)
    thresholds, _ = limits(current, reference, found, grid)
    page = rendering.render(
        current, reference, None, numerical=("x", "z"), categorical=("c", "d"), target="y", task="regression",
        title="t", thresholds=thresholds,
    )  # fmt: skip
    assert isinstance(page, rendering.Rendered)
    values = {m["config"]["column"]: m["value"] for m in page.json["metrics"] if "ValueDrift" in m["config"]["type"]}
    for name, shift in found.shifts.items():
        assert values[name] / thresholds[name] == pytest.approx(shift.ratio, rel=0.03, abs=0.01)


def test_limits__where_a_sample_says_otherwise_all_rows_count_and_the_page_tells() -> None:
    rows, found, grid = make_case("none")
    shift = found.shifts["x"]
    assert shift.distance is not None
    close = found.model_copy(
        update={"shifts": {**found.shifts, "x": shift.model_copy(update={"limit": shift.distance * 1.001})}}
    )
    current, reference = sides(rows, close, grid)
    for sample in range(20):
        part = current.sample(frac=0.5, random_state=sample)
        thresholds, notes = limits(part, reference, close, grid)
        exact = distance(part["x"], reference["x"], number=True)
        assert exact is not None
        assert exact < thresholds["x"]  # not shifted, as all rows say
        if notes:
            assert notes[0].startswith("x: distance ")
            return
    pytest.fail("no sample fell on the other side of the threshold")


def test_limits__what_is_not_judged_never_drifts_and_private_columns_are_not_told() -> None:
    rows = make_rows(60)
    found = states(rows, reference=40)
    grid = make_tables(rows, reference=40)[2]
    frame = rows.assign(**{DAY: rows[TS].dt.date})
    thresholds, notes = limits(frame.tail(168), compared(frame.head(400), found), found, grid, private=("c",))
    assert thresholds == {"x": NOT_JUDGED}
    assert notes == ("x is not judged: its history is too short, or there are too few rows",)


@pytest.mark.extended
@pytest.mark.parametrize("change", ["none", "moved for weeks"])
def test_page__counts_no_day_as_missing_that_is_not_compared(change: str) -> None:
    rows, found, grid = make_case(change)
    rows.loc[rows.index[::3], "c"] = None  # a third is missing indeed, before and now
    current, reference = sides(rows, found, grid)
    columns = {"numerical": ("x", "z"), "categorical": ("c", "d")}
    page = rendering.render(
        current, reference, None, **columns, target="y", task="regression", title="t", thresholds={}
    )  # fmt: skip
    assert isinstance(page, rendering.Rendered)
    assert not [note for note in page.notes if "in the reference" in note]
    compared = {name: len(found.compared_days(name)) * 24 for name in found.shifts}
    assert {name: len(column) for name, column in reference.items() if name in compared} == compared
    shorter = {name for name, count in compared.items() if count < max(compared.values())}
    assert {note.partition(":")[0] for note in page.notes if "sound days" in note} == shorter

"""What could be accepted of a finding: the new names, the range, the share of missing values, and since when."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from factories import START, make_columns, make_raw, to_ibis

from driftloop.core.data import census, profile, quality
from driftloop.core.data.changes import Changes, accepted
from driftloop.core.data.cumulated import CumulatedProfile
from driftloop.core.data.finding import Change
from driftloop.core.data.inspection import Inspection
from driftloop.core.data.schema import typed
from driftloop.core.windows import Window, last_days
from driftloop.params.data import Accepted

DAYS = 70
UNTIL = START + timedelta(days=DAYS)
WEEK = last_days(UNTIL, 7)
REFERENCE = Window(since=START, until=START + timedelta(days=49))
BREAK = 60  # day


def found(
    accept: list[Accepted] | None = None, *, private: tuple[str, ...] = (), **cells: Any
) -> dict[str, Change | None]:
    """Check the newest week of hourly rows; `cells` change the columns x and c from the day BREAK on, per hour."""
    hours = np.arange(DAYS * 24)
    late = hours >= BREAK * 24
    x = np.where(late & ("x" in cells), cells.get("x", 0.0), np.sin(hours))
    c = np.where(late & ("c" in cells) & (hours % 4 == 0), cells.get("c", ""), np.where(hours % 2, "a", "b"))
    missing = late & (hours % cells.get("every", 10**9) == 0)
    columns, rows = make_columns(), make_raw(len(hours), x=pd.Series(x).mask(missing).tolist(), c=c.tolist())
    table = typed(to_ibis(rows), columns, "UTC")
    counted = census.take(table, columns)
    known = profile.known(counted, columns, REFERENCE.until, end=UNTIL).with_accepted(accept or [], counted)
    shares = {each.column: each.missing or 0.0 for each in accept or []}
    totals = CumulatedProfile.of(profile.daily(table, columns, known))
    evidence = Inspection(totals, columns, WEEK, REFERENCE, shares)
    changes = Changes(counted, known, evidence, private)
    return {one.rule: changes.add(one).change for one in quality.check(evidence)}


def since(place: int = BREAK) -> date:
    return START + timedelta(days=place)


def test_add__names_the_new_categories_and_since_when() -> None:
    change = Change(since=since(), usual="'a', 'b'", categories=("F",))
    assert found(c="F") == {"new-category": change}
    assert found([Accepted(column="c", since=since(), categories=["F"])], c="F") == {}
    assert found([Accepted(column="c", since=since(), categories=["G"])], c="F") == {"new-category": change}


def test_add__names_the_range() -> None:
    assert found(x=8.0)["out-of-range"] == Change(since=since(), usual="-1 to 1", range=(8.0, 8.0))
    assert "out-of-range" not in found([Accepted(column="x", since=since(), range=[7, 8])], x=8.0)


def test_add__names_the_share_of_missing_values() -> None:
    change = Change(since=since(), usual="at most 0 % missing", missing=0.34)
    assert found(every=3) == {"missing-values": change}
    assert found([Accepted(column="x", since=since(), missing=0.34)], every=3) == {}


def test_add__names_no_value_of_a_private_column() -> None:
    assert found(private=("c", "x"), c="F", x=8.0, every=3) == {
        "new-category": None,
        "out-of-range": None,
        "missing-values": Change(since=since(), usual="at most 0 % missing", missing=0.34),
    }


@pytest.mark.parametrize("name", ["F\u202e", "F" * 101])
def test_add__offers_no_name_that_nobody_can_read(name: str) -> None:
    assert found(c=name) == {"new-category": None}


def test_accepted__is_said_until_production_was_trained_on_it() -> None:
    entries = [
        Accepted(column="x", since=since(), range=[7, 8], missing=0.34),
        Accepted(column="c", since=since()),
        Accepted(column="d", since=since(), categories=["F"]),
        Accepted(column="e", since=since(), categories=["F"], missing=0.2),
    ]
    assert list(accepted(entries, since())) == [
        "x from 7 to 8 or missing in 34 % of the rows was accepted as normal since 7 Mar 2025: production was not trained on it",
        "c as it is was accepted as normal since 7 Mar 2025: production was not trained on it",
        "e missing in 20 % of the rows was accepted as normal since 7 Mar 2025: production was not trained on it",
    ]
    assert list(accepted(entries, since(BREAK + 1))) == []

"""Sums over windows, against pandas."""

from __future__ import annotations

from datetime import date, timedelta
from math import ceil

import numpy as np
import pandas as pd
from factories import START, make_columns
from hypothesis import given, settings
from hypothesis import strategies as st

from driftloop.core.columns import DAY
from driftloop.core.data.counts import COUNTS, ROWS
from driftloop.core.data.cumulated import CumulatedProfile
from driftloop.core.data.inspection import Inspection
from driftloop.core.windows import Window

NAMES = (ROWS, "c", "x")
spans = st.tuples(st.integers(-5, 70), st.integers(0, 70)).map(
    lambda span: Window(since=day(span[0]), until=day(sum(span)))
)


def day(place: int) -> date:
    return START + timedelta(days=place)


def make_profile(seed: int, days: int) -> pd.DataFrame:
    """Give a profile with random counts, without some of its days and columns."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {DAY: [day(place) for place in range(days) for _ in NAMES], "column": list(NAMES) * days}
        | {count: random.integers(0, 20, len(NAMES) * days) for count in COUNTS}
    )
    return frame[random.random(len(frame)) < 0.8]


def summed(profile: pd.DataFrame, window: Window) -> pd.DataFrame:
    sums: pd.DataFrame = window.of(profile).groupby("column")[list(COUNTS)].sum()
    return sums


def share(sums: pd.DataFrame, name: str) -> float:
    return sums["null"][name] / max(1, sums["rows"][name]) if name in sums.index else 0.0


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 99), st.integers(0, 70), spans, spans)
def test_evidence__sums_windows_and_blocks(seed: int, days: int, window: Window, reference: Window) -> None:
    profile = make_profile(seed, days)
    evidence = Inspection(CumulatedProfile.of(profile), make_columns(), window, reference)
    assert evidence.now == summed(profile, window).to_dict("index")

    length = max(1, window.days)
    starts = [window.until - timedelta(days=length + 7 * ceil(length / 7) * back) for back in range(-99, 99)]
    blocks = [Window(since=since, until=since + timedelta(days=length)) for since in starts]
    sums = [summed(profile, one) for one in blocks if reference.since <= one.since and one.until <= reference.until]
    rows = [one["rows"][ROWS] for one in sums if ROWS in one.index]
    stride = 7 * ceil(length / 7)
    before = [timedelta(days=length + stride * back) for back in range(1, max(1, 56 // stride) + 1)]
    since = [window.until - back for back in before]
    lately = [summed(profile, Window(since=one, until=one + timedelta(days=length))) for one in since]
    usual = [one["rows"][ROWS] if ROWS in one.index else 0 for one in lately]
    assert evidence.usual_rows == (min(np.median(rows), max(usual)) if rows else 0)
    for name in evidence.profile.columns:
        most = max((share(one, name) for one in sums), default=0)
        lasting = [share(one, name) for one in lately]
        expected = max(lasting) if min(lasting) > most and max(lasting) <= 0.5 else most
        assert evidence.most_null[name] == expected


def test_between__sums_a_window_by_column() -> None:
    profile = pd.DataFrame({DAY: [day(0), day(0), day(1), day(1), day(9)], "column": ["", "x", "", "x", ""]})
    totals = CumulatedProfile.of(profile.assign(**dict.fromkeys(COUNTS, 24)))
    columns = make_columns()

    def rows(first: int, last: int) -> dict[str, int]:
        window = Window(since=day(first), until=day(last))
        return {name: counts["rows"] for name, counts in Inspection(totals, columns, window, window).now.items()}

    assert rows(0, 2) == {"": 48, "x": 48}
    assert rows(1, 10) == {"": 48, "x": 24}
    assert rows(2, 9) == {}

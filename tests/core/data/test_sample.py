"""Bounded samples that stay the same as data grows."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from factories import to_ibis
from hypothesis import given, settings
from hypothesis import strategies as st

from driftloop.core.columns import TS
from driftloop.core.data.sample import bounded, halvings

steady = settings(max_examples=200, deadline=None, derandomize=True)
few = settings(max_examples=15, deadline=None, derandomize=True)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


def table(rows: int) -> pa.Table:
    return pa.table({"id": range(rows), "place": [f"p{row % 7}" for row in range(rows)]})


def kept(given: pa.Table, most: int, *, key: tuple[str, ...] = ("id",)) -> list[Any]:
    """List the sampled values of the first column, in order."""
    sampled = bounded(to_ibis(given), key, rows_now=given.num_rows, most=most).to_pyarrow()
    return sorted(sampled[given.column_names[0]].to_pylist())


@steady
@given(st.integers(0, 10**12), st.integers(1, 10**7))
def test_halvings__bring_rows_between_half_and_most(rows: int, most: int) -> None:
    times = halvings(rows, most)
    assert rows / 2**times <= most * (1 + 1e-9)
    assert times == 0 or rows / 2 ** (times - 1) > most * (1 - 1e-9)


@pytest.mark.parametrize(
    ("rows", "times"), [(0, 0), (1000, 0), (1001, 1), (2000, 1), (2001, 2), (4000, 2), (4001, 3), (1_024_000, 10)]
)
def test_halvings__exact(rows: int, times: int) -> None:
    assert halvings(rows, 1000) == times


def test_bounded__few_rows_are_all_kept() -> None:
    assert kept(table(1000), 1000) == list(range(1000))
    assert kept(table(1).slice(1), 1000) == []


@pytest.mark.parametrize("rows", [1001, 2000, 5000, 16_000])
def test_bounded__between_half_and_all_of_the_most(rows: int) -> None:
    size, expected = len(kept(table(rows), 1000)), rows / 2 ** halvings(rows, 1000)
    assert abs(size - expected) < 5 * expected**0.5


def test_bounded__old_rows_stay_while_the_table_grows() -> None:
    old, doubled, twice = kept(table(1001), 1000), kept(table(2000), 1000), kept(table(2001), 1000)
    assert [one for one in doubled if one < 1001] == old
    assert set(twice) < set(doubled) | {2000}


def test_bounded__order_of_rows_does_not_matter() -> None:
    rows = table(3000)
    turned = rows.take(list(range(2999, -1, -1)))
    assert kept(turned, 1000) == kept(rows, 1000)


def test_bounded__depends_on_the_key_alone() -> None:
    rows = table(3000)
    wider = rows.append_column("more", pa.array([1.5] * 3000)).select(["id", "more", "place"])
    assert kept(wider, 1000) == kept(rows, 1000)
    assert kept(rows, 1000, key=("id", "place")) != kept(rows, 1000)


def test_bounded__key_of_times_and_nulls() -> None:
    start = datetime(2025, 1, 1)  # noqa: DTZ001 `_ts` is naive UTC
    moments = [start + timedelta(hours=hour) if hour % 10 else None for hour in range(2000)]
    rows = pa.table({"row": range(2000), TS: pa.array(moments, pa.timestamp("us")), "id": range(2000)})
    assert abs(len(kept(rows, 1000, key=(TS, "id"))) - 1000) < 100


@few
@given(st.lists(st.tuples(texts, st.one_of(st.none(), st.integers(-(2**40), 2**40))), min_size=9, max_size=40))
def test_bounded__is_the_md5_of_the_key(keys: list[tuple[str, int | None]]) -> None:
    rows = pa.table(
        {
            "row": range(len(keys)),
            "a": pa.array([key for key, _ in keys], pa.string()),
            "b": pa.array([key for _, key in keys], pa.int64()),
        }
    )
    share = 2 ** halvings(len(keys), 4)
    expected = [
        row
        for row, (text, number) in enumerate(keys)
        if int(hashlib.md5(f"{text}|{'' if number is None else number}".encode()).hexdigest(), 16) < 16**32 // share
    ]
    assert kept(rows, 4, key=("a", "b")) == expected

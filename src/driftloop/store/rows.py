"""The rows that were collected: Ibis tables over the files of `data/raw`, as a whole and file by file, without a copy."""

from __future__ import annotations

from datetime import date
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import ibis
import pandas as pd
import pyarrow.parquet as pq

from driftloop import engine
from driftloop.core.columns import DAY, PLACE, ROW, TS
from driftloop.core.data import portable, query, sample, strays
from driftloop.core.data.notation import notation_of
from driftloop.core.data.schema import typed
from driftloop.core.windows import EPOCH, day_numbers
from driftloop.store.parts import Part
from driftloop.store.pieces import Pieces

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import ibis.expr.operations as ops
    import ibis.expr.types as ir
    from ibis.backends.sql import SQLBackend

    from driftloop.core.data.declared import Columns
    from driftloop.params import Params

T = TypeVar("T")
PART_ROWS = 250_000  # of small files that are looked at together, since each part costs about a second of its own
USUAL_COLUMNS = 16  # rows with more of them count for more, since a part is held in memory


class Read(NamedTuple):
    """What `data/raw` holds.

    Attributes
    ----------
    raw
        Rows as they came.
    rows
        Typed, the newest row of each key, without those that have no usable time.
    parts
        The same rows, a few files each, in order of time.
    doubles
        `ROW` and `DAY` of the older rows of the same keys.
    undated, stray
        Rows without a readable timestamp; rows that are dated long before all others (see `strays`).
    lost
        How many these two are.
    """

    raw: ir.Table
    rows: ir.Table
    parts: tuple[Part, ...]
    doubles: pd.DataFrame
    undated: ir.Table
    stray: ir.Table
    lost: tuple[int, int]


def tables(con: SQLBackend, raw: Path, columns: Columns, params: Params, pieces: Pieces | None = None) -> Read:
    """Read what was collected; `pieces` remembers what was found in each file."""
    paths, kept = sorted(raw.glob("*.parquet")), pieces or Pieces(None, {})
    given = engine.parquet(con, paths, "given")

    @cache
    def cast(table: ops.Node) -> ir.Table:
        return typed(table.to_expr(), columns, params.data.timezone, notation_of(params))

    if portable.on_spark(given):  # a cluster takes all rows at once, and keeps them
        every = engine.kept(con, "typed", cast(given.op()))
        found = [Part(con, kept, lambda: every, _key(paths, kept), lasts=True)]
    else:
        every = cast(given.op())

        def read(group: Sequence[Path]) -> ir.Table:
            return cast(engine.parquet(con, group, "part").op())

        found = [Part(con, kept, partial(read, group), _key(group, kept)) for group in _groups(paths)]
    days = [part.frame("days", _days) for part in found]
    counted = pd.concat(days)
    dated = counted.dropna(subset=DAY).groupby(DAY)["rows"].sum()
    first = _first_day(dated)
    rows = every.filter(every[DAY] >= first)
    parts = [part.dated(rows_of, first) for part, rows_of in zip(found, days, strict=True)]
    parts = [part for part in parts if part.window.days] or parts[:1]
    doubles = _doubles(rows, parts, columns, kept)
    if len(doubles):  # a join slows whatever reads the rows, so there is none for nothing
        older = engine.table(con, "older", doubles[[ROW]])
        rows, parts = rows.anti_join(older, ROW), [part.without(doubles, older) for part in parts]
    return Read(
        raw=given,
        rows=rows,
        parts=tuple(parts),
        doubles=doubles,
        undated=every.filter(every[TS].isnull()),
        stray=every.filter(every[DAY] < first),
        lost=(int(counted.loc[counted[DAY].isna(), "rows"].sum()), int(dated[dated.index < first].sum())),
    )


def _key(paths: Sequence[Path], pieces: Pieces) -> dict[str, Any]:
    return {"files": [pieces.digests.of(path) for path in paths]}


def _groups(paths: Sequence[Path]) -> list[list[Path]]:
    """Put small files together, from the oldest on: a new one changes the last group only."""
    groups: list[list[Path]] = []
    rows = PART_ROWS
    for path in paths:
        if rows >= PART_ROWS:
            groups.append([])
            rows = 0
        groups[-1].append(path)
        found = pq.read_metadata(path)
        rows += found.num_rows * max(USUAL_COLUMNS, found.num_columns) // USUAL_COLUMNS
    return groups


def drawn(rows: ir.Table, columns: Columns, rows_now: int, most: int) -> ir.Table:
    """Draw at most `most` rows of `rows_now`, in order of time."""
    bounded = sample.bounded(rows, columns.key, rows_now=rows_now, most=most)
    return bounded.order_by([TS, ROW]).select(TS, DAY, *columns.features, columns.target)


def frame_of(rows: ir.Table, columns: Columns, most: int) -> pd.DataFrame:
    """Read at most `most` rows in order of time."""
    found: pd.DataFrame = query.frame(drawn(rows, columns, count(rows), most))
    return found


def count(rows: ir.Table) -> int:
    """Count rows."""
    return int(rows.count().to_pyarrow().as_py())


def _days(rows: ir.Table) -> pd.DataFrame:
    return query.frame(rows.group_by(DAY).aggregate(rows=rows.count()).order_by(DAY))


def _first_day(rows: pd.Series) -> date:
    """Return the first day that is no stray; `rows` by day."""
    return (
        date.fromordinal(EPOCH + strays.first_day(day_numbers(rows.index), rows.to_numpy())) if len(rows) else date.max
    )


def _doubles(rows: ir.Table, parts: Sequence[Part], columns: Columns, pieces: Pieces) -> pd.DataFrame:
    """Return `ROW` and `DAY` of all rows but the newest of each key; files are looked at together whose keys overlap."""
    first = TS if TS in columns.key else columns.key[0]
    newest_first = ibis.window(group_by=list(columns.key), order_by=ibis.desc(ROW))

    def ends(some: ir.Table) -> pd.DataFrame:
        return query.frame(some.aggregate(least=some[first].min(), most=some[first].max()))

    def older(some: ir.Table) -> pd.DataFrame:
        place = some.select(ROW, DAY, *columns.key).mutate(**{PLACE: ibis.row_number().over(newest_first)})
        return query.frame(place.filter(place[PLACE] > 0).select(ROW, DAY).order_by(ROW))

    def within(group: Sequence[Part]) -> pd.DataFrame:
        if len(group) == 1:
            return group[0].frame("older", older)
        since, until = min(part.window.since for part in group), max(part.window.until for part in group)
        some = rows.filter(rows[DAY] >= since, rows[DAY] < until)
        return pieces.frame("older", {"parts": [part.key for part in group]}, lambda: older(some))

    spans = [part.frame("ends", ends).iloc[0].tolist() for part in parts]
    return pd.concat(map(within, overlapping(parts, spans)), ignore_index=True)


def overlapping(items: Sequence[T], spans: Sequence[Sequence[Any]]) -> list[list[T]]:
    """Group items whose spans, both ends included, overlap, if only by way of others; those without a span stay alone.

    >>> overlapping("abcd", [(1, 2), (5, 6), (2, 3), (None, None)])
    [['d'], ['a', 'c'], ['b']]
    """
    groups: list[list[T]] = [[item] for item, (least, _) in zip(items, spans, strict=True) if pd.isna(least)]
    reached = None
    known = [(span, item) for span, item in zip(spans, items, strict=True) if not pd.isna(span[0])]
    for (least, most), item in sorted(known, key=lambda found: found[0][0]):
        if reached is not None and least <= reached:
            groups[-1].append(item)
        else:
            groups.append([item])
        reached = most if reached is None else max(reached, most)
    return groups

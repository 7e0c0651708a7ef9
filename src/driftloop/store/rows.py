"""The rows that were collected, as Ibis tables, and as frames of bounded size."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import ibis
import pandas as pd

from driftloop import engine
from driftloop.core.columns import DAY, PLACE, ROW, TS
from driftloop.core.data import sample, strays
from driftloop.core.data.notation import notation_of
from driftloop.core.data.schema import typed
from driftloop.core.windows import EPOCH, day_numbers

if TYPE_CHECKING:
    from pathlib import Path

    import ibis.expr.types as ir
    from ibis.backends.sql import SQLBackend

    from driftloop.core.data.schema import Columns
    from driftloop.params import Params


class Read(NamedTuple):
    """What `data/raw` holds.

    Attributes
    ----------
    raw
        Rows as they came.
    rows
        Typed, the newest row of each key, without those that have no usable time.
    doubles
        The older rows of the same keys.
    undated, stray
        Rows without a readable timestamp; rows that are dated long before all others (see `strays`).
    """

    raw: ir.Table
    rows: ir.Table
    doubles: ir.Table
    undated: ir.Table
    stray: ir.Table


def tables(con: SQLBackend, raw: Path, columns: Columns, params: Params) -> Read:
    """Read what was collected."""
    given = engine.parquet(con, sorted(raw.glob("*.parquet")))
    every = engine.kept(con, "typed", typed(given, columns, params.data.timezone, notation_of(params)))
    undated, dated = every.filter(every[TS].isnull()), every.filter(every[TS].notnull())
    days = dated.group_by(DAY).aggregate(rows=dated.count()).order_by(DAY).to_pyarrow()
    stray = dated.limit(0)
    if len(days):
        numbers = day_numbers(days[DAY].to_pylist())
        first = strays.first_day(numbers, days["rows"].to_numpy())
        if first > numbers[0]:
            since = date.fromordinal(EPOCH + first)
            stray, dated = dated.filter(dated[DAY] < since), dated.filter(dated[DAY] >= since)
    rows, doubles = _unique(con, dated, columns)
    return Read(given, rows, doubles, undated, stray)


def frame_of(rows: ir.Table, columns: Columns, most: int) -> pd.DataFrame:
    """Read at most `most` rows in order of time."""
    bounded = sample.bounded(rows, columns.key, rows_now=count(rows), most=most)
    kept = [TS, DAY, *columns.features, columns.target]
    frame: pd.DataFrame = bounded.order_by([TS, ROW]).select(kept).to_pandas()
    frame[TS] = frame[TS].astype("datetime64[us]")  # which the data has, and Spark does not keep
    return frame.assign(**{DAY: pd.to_datetime(frame[DAY]).dt.date})


def _unique(con: SQLBackend, rows: ir.Table, columns: Columns) -> tuple[ir.Table, ir.Table]:
    """Keep the newest row of each key; return the others too.

    Those are few, so only they are stored; the rows are neither copied nor reordered.
    """
    newest_first = ibis.window(group_by=list(columns.key), order_by=ibis.desc(ROW))
    place = rows.select(ROW, *columns.key).mutate(**{PLACE: ibis.row_number().over(newest_first)})
    older = engine.kept(con, "older", place.filter(place[PLACE] > 0).select(ROW))
    kept = rows.anti_join(older, ROW) if count(older) else rows  # a join slows whatever reads the rows
    return kept, rows.semi_join(older, ROW)


def count(rows: ir.Table) -> int:
    """Count rows."""
    return int(rows.count().to_pyarrow().as_py())


def first_day(rows: ir.Table, otherwise: date) -> date:
    """Return the day of the oldest row; `otherwise` where there is no row."""
    first = rows[DAY].min().to_pyarrow().as_py()
    return first if isinstance(first, date) else otherwise

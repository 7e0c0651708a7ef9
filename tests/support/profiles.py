"""Made-up profiles: rows per hour in, what the data alarm works with out."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
from factories import START, make_columns, to_ibis

from driftloop.core.alarms.daily import daily_columns
from driftloop.core.alarms.detector import detect
from driftloop.core.columns import ROW, TS
from driftloop.core.data import census, histogram
from driftloop.core.data import profile as profiles
from driftloop.core.data.schema import typed
from driftloop.core.windows import Window

if TYPE_CHECKING:
    from datetime import date

    from driftloop.core.alarms.deviation import Column
    from driftloop.core.alarms.values import AlarmHistory
    from driftloop.core.data.declared import Columns
    from driftloop.core.data.grid import Grid

HOURS = 24


def make_rows(days: int, *, seed: int = 0) -> pd.DataFrame:
    """Give hourly rows of a number `x` (noise with memory) and a name `c`, without any change."""
    random = np.random.default_rng(seed)
    noise = random.normal(size=days * HOURS)
    for hour in range(1, len(noise)):
        noise[hour] = 0.8 * noise[hour - 1] + 0.6 * noise[hour]
    names = np.array(["a", "b", "c"])[np.digitize(random.normal(size=days * HOURS), [0, 1])]
    return pd.DataFrame({TS: pd.date_range(START, periods=days * HOURS, freq="h"), "x": noise, "c": names})


def day(place: int) -> date:
    """Give the date of a day by its place."""
    return START + timedelta(days=place)


def at(rows: pd.DataFrame, first: int, last: int) -> pd.Series:
    """Mark the rows of days by their places, the last not included."""
    return (rows[TS] >= pd.Timestamp(day(first))) & (rows[TS] < pd.Timestamp(day(last)))


def make_tables(
    rows: pd.DataFrame, *, reference: int = 400, columns: Columns | None = None, zone: str = "UTC"
) -> tuple[pd.DataFrame, pd.DataFrame, Grid]:
    """Count rows as `prepare` does."""
    given = columns or make_columns()
    raw = pa.Table.from_pandas(rows.assign(**{ROW: np.arange(len(rows))}, y=1.0), preserve_index=False)
    kinds = [field.with_type(pa.string()) if pa.types.is_null(field.type) else field for field in raw.schema]
    table = typed(to_ibis(raw.cast(pa.schema(kinds))), given, zone)
    window = Window(since=START, until=day(reference))
    counted = census.take(table, given)
    known = profiles.known(counted, given, window.until)
    grid = histogram.grid(table, given, window, known.ranges, counted)
    return profiles.daily(table, given, known), histogram.daily(table, grid), grid


def make_series(rows: pd.DataFrame, *, days: int | None = None, **options: Any) -> tuple[tuple[Column, ...], date]:
    """Lay rows out by day; `days` cuts them off."""
    columns = options.get("columns") or make_columns()
    last = rows[TS].max().date() + timedelta(days=1) if len(rows) else START
    return daily_columns(*make_tables(rows, **options), columns, until=day(days) if days is not None else last)


def states(rows: pd.DataFrame, *, accepted: date | None = None, **options: Any) -> AlarmHistory:
    """Replay all days of rows."""
    columns, first = make_series(rows, **options)
    return detect(columns, first, per_year=1, quiet_days=28, accepted=accepted)

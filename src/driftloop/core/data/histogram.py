"""The daily histogram: rows and sums per day, column and bin, over bins that production's reference fixes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd

from driftloop.core.columns import COUNT, DAY, ROW, TS
from driftloop.core.data import sample
from driftloop.core.data.distances import UNIT
from driftloop.core.data.grid import TOP_NAMES, Bins, Grid, number_bins
from driftloop.core.data.query import DUCKDB, arrow, sql
from driftloop.core.data.tally import BATCH, tally
from driftloop.core.windows import day_numbers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import ibis.expr.types as ir

    from driftloop.core.data.census import Census
    from driftloop.core.data.declared import Columns
    from driftloop.core.windows import Window

SAMPLE_ROWS = 20_000  # of the reference, to place the bins


def grid(
    rows: ir.Table, columns: Columns, reference: Window, ranges: Mapping[str, tuple[float, float]], census: Census
) -> Grid:
    """Place bins from the reference: quantiles of a deterministic sample, exact where it has few values.

    Parameters
    ----------
    rows
        Typed rows without duplicates.
    columns
        Inputs are cut, the target is not.
    reference
        Days to place quantiles by.
    ranges
        Smallest and largest value per number; see `profile.known`.
    census
        Of these rows: it has the frequent names, unless there are too many.
    """
    part = rows.filter(rows[DAY] >= reference.since, rows[DAY] < reference.until)
    counted = census.within(reference)
    found: dict[str, Bins] = {}
    if columns.numerical:
        drawn = sample.bounded(part, columns.key, rows_now=counted.rows, most=SAMPLE_ROWS)
        values = drawn.order_by([TS, ROW]).select(*columns.numerical).to_pandas()
        for name in (name for name in columns.numerical if name in ranges):
            known = values[name].dropna().to_numpy(dtype=float)
            if len(known):
                found[name] = number_bins(known, *ranges[name])
    for name in columns.categorical:
        if top := _read_top(part, name) if counted.crowded(name) else _top(counted.counts(name)):
            found[name] = Bins(names=top)
    return Grid(columns=found)


def _top(counts: pd.Series) -> tuple[str, ...]:
    """List the most frequent names; of equally frequent ones the first in the alphabet."""
    return tuple(counts.sort_index().sort_values(ascending=False, kind="stable").index[:TOP_NAMES])


def _read_top(rows: ir.Table, name: str) -> tuple[str, ...]:
    """List them where there are too many names for a census."""
    counted = rows.filter(rows[name].notnull()).group_by(name).aggregate(**{COUNT: lambda t: t.count()})
    return tuple(counted.order_by([ibis.desc(COUNT), name]).limit(TOP_NAMES).to_pandas()[name])


def daily(rows: ir.Table, grid: Grid) -> pd.DataFrame:
    """Count rows per day, column and bin, and add up their values.

    Parameters
    ----------
    rows
        Typed rows without duplicates, with `DAY` not null.
    grid
        The bins. A missing value is in none; a column that the grid lacks is left out.

    Returns
    -------
    pandas.DataFrame
        `day` (days since 1970-01-01), `column`, `bin`, `rows`, and `sum`: of (value − origin) / scale in parts of
        1/UNIT, 0 for names. Only bins with rows, sorted. Sums over days are valid, and exact.
    """
    columns = dict(sorted(grid.columns.items()))
    if not columns:
        return pd.DataFrame({"day": [], "column": [], "bin": [], "rows": [], "sum": []})
    backend = rows.get_backend()
    if backend.name != DUCKDB:
        return query(rows, columns)
    days = day_numbers(arrow(rows.select(DAY).distinct().order_by(DAY))[DAY].to_pylist())
    counts, sums = tally(backend.con.sql(sql(rows.select(DAY, *columns))).to_arrow_reader(BATCH), days, columns)
    day, column, place = np.nonzero(counts)
    return pd.DataFrame(
        {
            "day": days[day],
            "column": pd.Series(np.array(list(columns), dtype=object)[column], dtype="str"),
            "bin": place.astype(np.int16),
            "rows": counts[day, column, place],
            "sum": sums[day, column, place],
        }
    )


def total(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Add up the histograms of parts of the rows."""
    summed: pd.DataFrame = pd.concat(parts, ignore_index=True).groupby(["day", "column", "bin"], as_index=False).sum()
    return summed


def query(rows: ir.Table, columns: Mapping[str, Bins]) -> pd.DataFrame:
    """Count as `daily` does, in the database that has the rows."""
    found = ibis.union(*(_binned(rows, name, bins) for name, bins in columns.items()))
    frame = found.to_pandas()
    types = {"bin": "int16", "rows": "int64", "sum": "int64"}
    frame = frame.assign(day=pd.to_datetime(frame[DAY]).to_numpy().astype("datetime64[D]").astype("int64"))
    frame = frame[["day", "column", "bin", "rows", "sum"]].astype(types)
    ordered: pd.DataFrame = frame.sort_values(["day", "column", "bin"], ignore_index=True)
    return ordered


def _binned(rows: ir.Table, name: str, bins: Bins) -> ir.Table:
    value = rows[name]
    if bins.edges:
        place = _place(value, bins.edges, 0)
        units = ((value.clip(*bins.reach) - bins.origin) * (UNIT / bins.scale)).round().cast("int64")
    else:
        known = {known: ibis.literal(number, "int16") for number, known in enumerate(bins.names)}
        place = value.cases(*known.items(), else_=ibis.literal(len(known), "int16"))
        units = ibis.literal(0, "int64")
    kept = rows.filter(value.notnull()).select(**{DAY: rows[DAY]}, bin=place, units=units)
    counted = kept.group_by(DAY, "bin").aggregate(rows=kept.count(), sum=kept["units"].sum())
    return counted.select(DAY, "bin", "rows", sum=counted["sum"].cast("int64"), column=ibis.literal(name))


def _place(value: ir.Value, edges: Sequence[float], first: int) -> ir.Value:
    """Find the bin by halving: six comparisons for 64 bins."""
    if not edges:
        return ibis.literal(first, "int16")
    middle = len(edges) // 2
    return ibis.ifelse(
        value < edges[middle],
        _place(value, edges[:middle], first),
        _place(value, edges[middle + 1 :], first + middle + 1),
    )

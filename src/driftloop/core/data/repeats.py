"""Values equal to the row before, counted day by day: workers of a cluster share the days, and nobody sorts all rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import pyarrow as pa

from driftloop.core.columns import BEFORE, DAY, PLACE, ROW, TS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import ibis.expr.types as ir

PART = f"{BEFORE}part"  # the day in UTC, which never falls as time rises; a local day may, where clocks go back at midnight
LEFT = f"{BEFORE}left"  # rows of the day that come after this one


def within(rows: ir.Table) -> ibis.expr.builders.WindowBuilder:
    """Return the window in which the row before is one of the same day in UTC."""
    return ibis.window(group_by=[rows[TS].date()], order_by=[rows[TS], rows[ROW]])


def between(rows: ir.Table, names: Sequence[str]) -> pa.Table:
    """Count, per local day, the first rows of days in UTC that repeat the last row of the day before.

    Parameters
    ----------
    rows
        Typed rows, with `TS` not null.
    names
        The columns to compare.

    Returns
    -------
    pyarrow.Table
        `DAY` and the columns.
    """
    part = rows.select(TS, ROW, DAY, *names, **{PART: rows[TS].date()})
    first = ibis.row_number().over(ibis.window(group_by=PART, order_by=[TS, ROW]))
    last = ibis.row_number().over(ibis.window(group_by=PART, order_by=[ibis.desc(TS), ibis.desc(ROW)]))
    placed = part.mutate(**{PLACE: first, LEFT: last})
    edges = placed.filter((placed[PLACE] == 0) | (placed[LEFT] == 0))
    in_time = ibis.window(order_by=[TS, ROW])
    marked = edges.mutate(**{f"{BEFORE}{name}": edges[name].lag().over(in_time) for name in names})
    begun = marked.filter(marked[PLACE] == 0)
    counts = {name: (begun[name] == begun[f"{BEFORE}{name}"]).sum() for name in names}
    return begun.group_by(DAY).aggregate(**counts).to_pyarrow()


def added(wide: pa.Table, more: pa.Table, prefix: str) -> pa.Table:
    """Add counts to the columns of the same names behind `prefix`, day by day."""
    days = {day: row for row, day in enumerate(more[DAY].to_pylist())}
    places = [days.get(day) for day in wide[DAY].to_pylist()]
    for name in more.column_names:
        if name != DAY:
            at, counted = wide.column_names.index(f"{prefix}{name}"), more[name].to_pylist()
            sums = [
                (count or 0) + (0 if place is None else counted[place] or 0)
                for count, place in zip(wide[at].to_pylist(), places, strict=True)
            ]
            wide = wide.set_column(at, f"{prefix}{name}", pa.array([int(each) for each in sums], pa.int64()))
    return wide

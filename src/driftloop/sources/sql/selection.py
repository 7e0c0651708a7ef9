"""Which columns and which rows are asked for. Pure: these are expressions of Ibis, for any database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from driftloop.params import OWN, parse_instant
from driftloop.sources.partitions import declared, naive
from driftloop.sources.sql import refusals
from driftloop.sources.sql.database import where

if TYPE_CHECKING:
    from datetime import datetime

    import ibis.expr.datatypes as dt
    import ibis.expr.types as ir

    from driftloop.params import Params

PLAIN = ("boolean", "integer", "floating", "string", "timestamp", "date")
AS_TEXT = ("uuid", "json", "time", "inet", "macaddr", "unknown")  # unknown: such as an enumeration


def columns(rows: ir.Table, params: Params, *, everything: bool) -> ir.Table:
    """Select the columns that params.yaml names, or everything that can be read, in types that Parquet and DuckDB share.

    Decimal numbers become doubles, and text where they are a key.

    Raises
    ------
    DataError
        If a column that is needed is of a type that cannot be read.
    """
    joining = params.source.labels.key if params.source.labels else []
    changed = [params.source.changed] if params.source.changed else []
    named = dict.fromkeys([*declared(params), *joining, *changed])
    keys = {*params.data.key, *joining}
    chosen = {}
    for name in rows.columns if everything else named:
        if name not in rows.columns or name.startswith(OWN):
            continue
        found = readable(rows[name], key=name in keys)
        if found is None and name in named:
            raise refusals.kind(where(params), name, rows[name].type())
        if found is not None:
            chosen[name] = found
    return rows.select(**chosen)


def readable(column: ir.Value, *, key: bool) -> ir.Value | None:
    """Convert a column to a type that can be read; None if there is none."""
    kind = column.type()
    if _is_any(kind, PLAIN):
        return column
    if kind.is_decimal():
        return column.cast("string" if key else "float64")
    return column.cast("string") if _is_any(kind, AS_TEXT) else None


def _is_any(kind: dt.DataType, names: tuple[str, ...]) -> bool:
    return any(getattr(kind, f"is_{name}")() for name in names)


@dataclass(frozen=True)
class Span:
    """The rows of a time, by a column that is a timestamp or a date in the database.

    Attributes
    ----------
    name
        Of the column.
    since, until
        In its own type: exact where it has a zone, a day wider otherwise, since the clock of `data.timezone` jumps. None:
        all there is.
    """

    name: str
    since: Any
    until: Any

    def cut(self, since: Any = None, until: Any = None) -> tuple[Any, Any]:
        """Return what of `[since, until)` lies within; without them, all of it."""
        lows = [low for low in (self.since, since) if low is not None]
        return max(lows, default=None), min(high for high in (self.until, until) if high is not None)

    def of(self, table: ir.Table, since: Any = None, until: Any = None) -> ir.BooleanValue:
        """Say which rows lie within, and within `[since, until)` where that is given."""
        low, high = self.cut(since, until)
        column = table[self.name]
        return column < high if low is None else (column >= low) & (column < high)


def span(table: ir.Table, params: Params) -> Span | None:
    """Find the bounds that the database can apply; None where the time is text, a number, or in several columns."""
    name = params.data.timestamps[0]
    if len(params.data.timestamps) > 1 or name not in table.columns:
        return None
    kind = table[name].type()
    if not kind.is_timestamp() and not kind.is_date():
        return None
    source = params.source
    zoned = kind.is_timestamp() and kind.timezone

    def bound(text: str, days: int) -> Any:
        if zoned:
            return parse_instant(text)
        local = _local(text, params) + timedelta(days=days)
        return local.date() if kind.is_date() else local

    return Span(name, bound(source.since, -1) if source.since else None, bound(source.until, 1 + bool(kind.is_date())))


def _local(text: str, params: Params) -> datetime:
    return parse_instant(text).astimezone(params.zone).replace(tzinfo=None)


def in_range(moment: ir.Value, params: Params) -> ir.BooleanValue:
    """Say which instants lie in `[source.since, source.until)`; rows without one stay, as a finding for later."""
    inside = moment < naive(params.source.until)
    if params.source.since:
        inside &= moment >= naive(params.source.since)
    return moment.isnull() | inside

"""From raw columns, whatever their types, to the types that params.yaml declares. Ibis expressions only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from driftloop.core.columns import DAY, INFINITE, INVALID, ROW, TS
from driftloop.core.data import portable
from driftloop.core.data.notation import PLAIN, WHOLE, Notation

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from driftloop.core.data.declared import Columns


MARKERS = (INVALID, INFINITE)  # before a number's name: what could not be cast


def typed(raw: ir.Table, columns: Columns, zone: str, written: Notation = PLAIN) -> ir.Table:
    """Cast every declared column, and mark what could not be cast.

    Parameters
    ----------
    raw
        Has `TS` (naive UTC, null where unparsable), `ROW` and the source's columns in any type.
    columns
        What to cast; a column that `raw` lacks becomes all null.
    zone
        Time zone that cuts days.
    written
        How numbers and missing values are written.

    Returns
    -------
    ibis Table
        `TS`, `ROW`, `DAY` (local date), the key, numbers as float64 with NaN and infinity as null,
        names as strings, and for each number `INVALID`NAME (not a number) and `INFINITE`NAME (booleans).
    """
    cast: dict[str, ir.Value] = {TS: raw[TS], ROW: raw[ROW], DAY: _local_date(raw[TS], zone)}
    for name in columns.key:
        cast[name] = raw[name]
    for name in columns.numbers:
        cast |= _number(raw, name, written)
    for name in columns.names:
        cast[name] = _name(raw, name, written)
    return raw.select(**cast)


def _local_date(instant: ir.TimestampValue, zone: str) -> ir.DateValue:
    if zone == "UTC":
        return instant.date()
    return portable.local(instant, zone).date()


def _number(raw: ir.Table, name: str, written: Notation) -> dict[str, ir.Value]:
    if name not in raw.columns:
        return {
            name: ibis.null("float64"),
            f"{INVALID}{name}": ibis.literal(value=False),
            f"{INFINITE}{name}": ibis.literal(value=False),
        }
    column = raw[name]
    if column.type().is_string():
        column = column.nullif("")
    if column.type().is_temporal():
        column = portable.text(column)
    value = written.number(column)
    coded = written.coded(name, column, value)
    no = ibis.literal(value=False)
    infinite = portable.infinite(value).fill_null(no)
    finite = ibis.ifelse(value.isnan() | infinite | coded, ibis.null("float64"), value)
    return {
        name: finite,
        f"{INVALID}{name}": column.notnull() & value.isnull() & ~value.isnan().fill_null(no) & ~coded,
        f"{INFINITE}{name}": infinite & ~coded,
    }


def _name(raw: ir.Table, name: str, written: Notation) -> ir.Value:
    """Write names as strings; 1 and 1.0 are the same, since one missing value turns integers into floats."""
    if name not in raw.columns:
        return ibis.null("string")
    text = portable.text(raw[name])
    text = ibis.ifelse(text.endswith("0"), portable.replaced(text, WHOLE), text)  # matching takes longer than looking
    return written.named(name, text.nullif("").nullif("nan"))

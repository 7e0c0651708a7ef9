"""When a row happened: the one rule that turns a source's timestamp column into naive UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import ibis
import ibis.expr.datatypes as dt

if TYPE_CHECKING:
    from collections.abc import Sequence

    import ibis.expr.types as ir

NAIVE = dt.Timestamp(scale=6)
AWARE = dt.Timestamp(timezone="UTC", scale=6)
# A date, or date and time, that says no zone. DuckDB's cast to TIMESTAMP is too lenient to ask: it drops offsets, PM and
# trailing text without a word.
WITHOUT_ZONE = r"^\d{4,}[-/]\d{1,2}[-/]\d{1,2}([T ]+\d{1,2}:\d{2}(:\d{2}(\.\d*)?)?)?$"
MICROSECONDS = {"epoch_s": 1e6, "epoch_ms": 1e3, "epoch_us": 1, "epoch_ns": 1e-3}
# Four-digit years; keeps infinity and 290000-01-01 away from the file names and from Python.
FIRST, LAST = datetime(1000, 1, 2), datetime(9999, 12, 30)  # noqa: DTZ001 (naive UTC is what this module makes)


def instants(column: ir.Value, *, zone: str, form: str | None = None) -> ir.Value:
    """Naive UTC in microseconds, null where the column holds no readable time.

    Parameters
    ----------
    column
        Of any type. Times with a zone or offset are converted; times without one are read in `zone`; dates are its
        midnight. Anything else is read as text.
    zone
        Name of the time zone of naive values. An hour that the clock skips or repeats becomes one of its two readings.
    form
        How text and numbers are written: a strptime format, or one of MICROSECONDS for the time since 1970 in UTC. None:
        ISO 8601, also with a blank or slashes.

    Returns
    -------
    ibis.expr.types.Value
        Never outside the years 1000 to 9999.
    """
    kind = column.type()
    if kind.is_timestamp() and kind.timezone:
        return _bounded(_timezone("UTC", column, NAIVE))
    if kind.is_timestamp() or kind.is_date():
        return _local(column.cast(NAIVE), zone)
    if form in MICROSECONDS:
        return _since_1970(column, MICROSECONDS[form])
    text = written(column)
    if form is not None:
        return _strptime(text, zone, form)
    # TIMESTAMPTZ_NS, which pandas writes and Ibis does not know, comes here too: its text has an offset.
    return ibis.cases(
        (text.re_search(WITHOUT_ZONE), _local(text.try_cast(NAIVE), zone)),
        (text.re_search(r"^\d"), _bounded(_timezone("UTC", text.try_cast(AWARE), NAIVE))),
    )


def joined(columns: Sequence[ir.Value]) -> ir.Value:
    """Make one column of several that hold a part of the time each, such as date and hour, with a blank between them.

    If a part is a timestamp, its time of day is ignored, since the other parts hold it.
    """
    if len(columns) == 1:
        return columns[0]
    parts = [written(column.cast(dt.date) if column.type().is_timestamp() else column) for column in columns]
    text = parts[0]
    for part in parts[1:]:
        text = text + " " + part
    return text


def written(column: ir.Value) -> ir.StringValue:
    """Write a column as text; 20250131.0, which one missing value makes of a whole number, as that number."""
    text = column.cast(dt.string).strip()
    return text.re_replace(r"\.0+$", "") if column.type().is_floating() else text


def _since_1970(column: ir.Value, unit: float) -> ir.Value:
    microseconds = column.try_cast(dt.float64) * unit
    limits = (limit.replace(tzinfo=UTC).timestamp() * 1e6 for limit in (FIRST, LAST))
    inside = ibis.cases((microseconds.between(*limits), microseconds.round().cast(dt.int64)))
    return _builtin("make_timestamp", inside, NAIVE)


def _strptime(text: ir.Value, zone: str, form: str) -> ir.Value:
    """Read by a format; one that ends in the letter Z means UTC, as ISO 8601 does."""
    aware = re.search(r"%[zZ]", form.replace("%%", ""))
    moment = _builtin("try_strptime", text, AWARE if aware else NAIVE, form)
    if aware:
        return _bounded(_timezone("UTC", moment, NAIVE))
    return _local(moment, "UTC" if form.endswith("Z") else zone)


def _local(naive: ir.Value, zone: str) -> ir.Value:
    return _timezone("UTC", _timezone(zone, _bounded(naive), AWARE), NAIVE)


def _bounded(naive: ir.Value) -> ir.Value:
    return ibis.cases((naive.between(FIRST, LAST), naive))


def _timezone(zone: str, instant: ir.Value, result: dt.DataType) -> ir.Value:
    """DuckDB's `timezone(zone, instant)`, which Ibis has no operation for."""
    signature = ((dt.string, instant.type()), result)
    function = ibis.udf.scalar.builtin(lambda zone, instant: None, name="timezone", signature=signature)  # noqa: ARG005
    return function(zone, instant)


def _builtin(name: str, column: ir.Value, result: dt.DataType, *texts: str) -> ir.Value:
    """Call a function of DuckDB on a column and texts."""
    signature = ((column.type(), *[dt.string] * len(texts)), result)
    function = ibis.udf.scalar.builtin(
        (lambda column, text: None) if texts else (lambda column: None),  # noqa: ARG005
        name=name,
        signature=signature,
    )
    return function(column, *texts)

"""When a row happened: the one rule that turns a source's timestamp column into naive UTC."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import ibis
import ibis.expr.datatypes as dt

if TYPE_CHECKING:
    import ibis.expr.types as ir

NAIVE = dt.Timestamp(scale=6)
AWARE = dt.Timestamp(timezone="UTC", scale=6)
# A date, or date and time, that says no zone. DuckDB's cast to TIMESTAMP is too lenient to ask: it drops offsets, PM and
# trailing text without a word.
WITHOUT_ZONE = r"^\d{4,}[-/]\d{1,2}[-/]\d{1,2}([T ]+\d{1,2}:\d{2}(:\d{2}(\.\d*)?)?)?$"
# Four-digit years; keeps infinity and 290000-01-01 away from the file names and from Python.
FIRST, LAST = datetime(1000, 1, 2), datetime(9999, 12, 30)  # noqa: DTZ001 (naive UTC is what this module makes)


def instants(column: ir.Value, *, zone: str) -> ir.Value:
    """Naive UTC in microseconds, null where the column holds no readable time.

    Parameters
    ----------
    column
        Of any type. Times with a zone or offset are converted; times without one are read in `zone`; dates are its
        midnight. Anything else is read as text (ISO 8601, also with a blank or slashes).
    zone
        Name of the time zone of naive values. An hour that the clock skips or repeats becomes one of its two readings.

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
    # TIMESTAMPTZ_NS, which pandas writes and Ibis does not know, comes here too: its text has an offset.
    text = column.cast(dt.string).strip()
    return ibis.cases(
        (text.re_search(WITHOUT_ZONE), _local(text.try_cast(NAIVE), zone)),
        (text.re_search(r"^\d"), _bounded(_timezone("UTC", text.try_cast(AWARE), NAIVE))),
    )


def _local(naive: ir.Value, zone: str) -> ir.Value:
    return _timezone("UTC", _timezone(zone, _bounded(naive), AWARE), NAIVE)


def _bounded(naive: ir.Value) -> ir.Value:
    return ibis.cases((naive.between(FIRST, LAST), naive))


def _timezone(zone: str, instant: ir.Value, result: dt.DataType) -> ir.Value:
    """DuckDB's `timezone(zone, instant)`, which Ibis has no operation for."""
    signature = ((dt.string, instant.type()), result)
    function = ibis.udf.scalar.builtin(lambda zone, instant: None, name="timezone", signature=signature)  # noqa: ARG005
    return function(zone, instant)

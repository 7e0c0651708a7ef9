"""A source in which no row has a readable time: say what stands there, and how to say how it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from driftloop.core.columns import ROW, TS
from driftloop.errors import DataError
from driftloop.sources.instants import MICROSECONDS, instants, joined, written

if TYPE_CHECKING:
    from collections.abc import Iterator

    import ibis.expr.types as ir

    from driftloop.params import Params

SHOWN = 40  # characters of a value
SAMPLE = 1000  # rows that rule out most formats
DAYS = ("%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%Y/%d/%m", "%d/%m/%y", "%m/%d/%y", "%y/%m/%d", "%d/%b/%Y", "%d/%b/%y")
DATES = (
    *(day.replace("/", mark) for mark in "/.-" for day in DAYS),
    *("%Y%m%d", "%d%m%Y", "%m%d%Y", "%y%m%d", "%d %b %Y", "%b %d %Y", "%b %d, %Y"),
)
TIMES = (
    "",
    " %H",
    " %H:%M",
    " %H:%M:%S",
    " %H:%M:%S.%f",
    " %H:%M:%S,%f",
    " %H.%M",
    " %H.%M.%S",
    " %I:%M %p",
    " %I:%M:%S %p",
)
WHOLE = ("%Y%m%d%H", "%Y%m%d%H%M", "%Y%m%d%H%M%S", "%Y%m%dT%H%M%S", *MICROSECONDS)
PLAUSIBLE = "1980-01-01", "2100-01-01"


def refuse(rows: ir.Table, params: Params, *, where: str) -> None:
    """Refuse rows of which none has a readable timestamp; some without one are a finding for a later stage.

    Raises
    ------
    DataError
        With a value, unless it is private, and with the format that fits, if exactly one of the usual ones does.
    """
    counts = rows.aggregate(dated=rows[TS].count(), rows=rows.count()).to_pyarrow().to_pylist()[0]
    if counts["dated"] or not counts["rows"]:
        return
    data = params.data
    column = joined([rows[name] for name in data.timestamps])
    values = rows.select(ROW, value=column).drop_null("value")
    first = values.order_by(ROW).limit(1).select(value=written(values["value"])).to_pyarrow().to_pylist()
    every = f"all {counts['rows']:,} rows" if counts["rows"] > 1 else "the only row"
    name = " and ".join(data.timestamps)
    expected = f"{data.timestamp_format}, as data.timestamp_format says" if data.timestamp_format else "ISO 8601"
    if not first:
        msg = f"{where}: {name}: expected {expected}, got no value in {every}; correct data.timestamp in params.yaml"
        raise DataError(msg)
    private = any(part in data.private for part in data.timestamps)
    got = "something else" if private else repr(first[0]["value"][:SHOWN])
    fitting = _fitting(values, data.timezone)
    such = f", for example {fitting[0]}" if len(fitting) == 1 else ""
    verb = "correct" if data.timestamp_format else "set"
    msg = f"{where}: {name}: expected {expected}, got {got} in {every}; {verb} data.timestamp_format{such}"
    raise DataError(msg)


def _fitting(values: ir.Table, zone: str) -> list[str]:
    """List the usual formats by which all values are times of our days; more than one is no certainty."""
    left = [*WHOLE, *(date + time for date in DATES for time in TIMES)]
    for part in (values.order_by(ROW).limit(SAMPLE), values):
        left = [form for form, fits in zip(left, _fit(part, left, zone), strict=True) if fits]
        if not left:
            break
    return left


def _fit(values: ir.Table, forms: list[str], zone: str) -> Iterator[bool]:
    first, last = (ibis.timestamp(limit) for limit in PLAUSIBLE)
    moments = [instants(values["value"], zone=zone, form=form) for form in forms]
    fits = {f"fits{index}": moment.between(first, last).sum() for index, moment in enumerate(moments)}
    counts = values.aggregate(rows=values.count(), **fits).to_pyarrow().to_pylist()[0]
    return (counts[name] == counts["rows"] for name in fits)

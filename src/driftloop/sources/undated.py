"""The error for a source in which no row has a readable time: what is there, and which parameter describes the format."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from driftloop.core.columns import ROW, TS
from driftloop.errors import DataError
from driftloop.sources.instants import MICROSECONDS, instants, joined, written

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from driftloop.params import Params

SHOWN = 40  # characters of a value
SAMPLE = 1000  # rows that rule out most formats before all rows are asked
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
FIRST, LAST = datetime(1980, 1, 1), datetime(2100, 1, 1)  # noqa: DTZ001 (no zone matters in so many years)


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
    some = values.order_by(ROW).limit(SAMPLE).select(value=written(values["value"])).to_pyarrow()["value"].to_pylist()
    forms = [*WHOLE, *(date + time for date in DATES for time in TIMES)]
    left = [form for form in forms if all(_fits(text, form) for text in some)]
    moments = {form: instants(values["value"], zone=zone, form=form) for form in left}
    fits = {form: moment.between(FIRST, LAST).sum() for form, moment in moments.items()}
    counts = values.aggregate(rows=values.count(), **fits).to_pyarrow().to_pylist()[0]
    return [form for form in left if counts[form] == counts["rows"]]


def _fits(text: str, form: str) -> bool:
    try:
        if form in MICROSECONDS:
            return FIRST.timestamp() < float(text) * MICROSECONDS[form] / 1e6 < LAST.timestamp()
        return FIRST < datetime.strptime(text, form) < LAST  # noqa: DTZ007
    except ValueError:
        return False

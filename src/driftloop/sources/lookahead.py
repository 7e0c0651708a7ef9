"""Whether inputs were known at the time of their row: made again from what was known at some moments, they must be the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import ibis

from driftloop.core.columns import ROW, TS
from driftloop.errors import DataError
from driftloop.params import OWN
from driftloop.sources.instants import instants, joined

if TYPE_CHECKING:
    from collections.abc import Callable

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from driftloop.params import Params

    Make = Callable[[str, ir.Table], ir.Table]

# Shares of the rows that lie before the moments. Two, and no round ones, since at the edge of a day or month a mean over the
# whole day or month does not show.
SHARES = (0.382, 0.927)
TOLERANCE = 1e-9  # of numbers, relative: a sum over other rows may be rounded in another way
AGAIN = f"{OWN}again:"
LATE = f"{OWN}late"


@dataclass(frozen=True)
class Lookahead:
    """Makes the inputs again from the past of a moment.

    Attributes
    ----------
    con
        The database of the work.
    given, made
        The rows as delivered, and as the project's function made them; both with `ROW`.
    make
        Calls the function on a table of rows, and stores the result under a name.
    params
        Name the inputs, the time and the target.
    """

    con: Backend
    given: ir.Table
    made: ir.Table
    make: Make
    params: Params

    def refuse(self, *, where: str) -> None:
        """Refuse inputs that change when later rows, or labels that were not final yet, are taken away.

        Raises
        ------
        DataError
            With the names of the inputs, and the file `where` of the function.
        """
        data = self.params.data
        if not set(data.timestamps) <= set(self.made.columns):
            return  # the missing column has an error of its own
        column = joined([self.made[name] for name in data.timestamps])
        moment = instants(column, zone=data.timezone, form=data.timestamp_format)
        times = self.con.create_table("times", self.made.select(ROW, **{TS: moment}))
        for place, share in enumerate(SHARES):
            cut = _quantile(times, share)
            last = times.filter(times[TS] < cut)[TS].max().to_pyarrow().as_py() if cut else None
            if cut is None or last is None:
                continue
            known = self.given.semi_join(times.filter(times[TS].isnull() | (times[TS] < cut)), ROW).order_by(ROW)
            final = min(cut - timedelta(days=data.label_delay_days), last)
            hidden = _without_labels(known, times.filter(times[TS] >= final), data.target)
            before = times.filter(times[TS] < cut)
            changed = self._changed(hidden, before, f"{place}")
            ahead = changed
            if changed and hidden is not known:  # the labels may be why
                ahead = self._changed(known, before, f"{place}_with_labels")
            if ahead:
                msg = (
                    f"{where}: expected inputs that depend on earlier rows alone, got {', '.join(ahead)}: up to "
                    f"{max(ahead.values()):,} values before {cut} UTC change when later rows are taken away; order windows by "
                    "the time, end them at the row itself, and leave no ties in the order"
                )
                raise DataError(msg)
            if changed:
                msg = (
                    f"{where}: expected inputs that use {data.target} only once it is final (data.label_delay_days: "
                    f"{data.label_delay_days}), got {', '.join(changed)}; use the {data.target} of rows that are older, or lower "
                    "the delay"
                )
                raise DataError(msg)

    def _changed(self, known: ir.Table, before: ir.Table, name: str) -> dict[str, int]:
        """Count the rows among `before` whose inputs differ when they are made of what was known, by input."""
        inputs = [column for column in self.params.data.features if column in self.made.columns]
        again = self.make(f"again_{name}", self.con.create_table(f"known_{name}", known))
        if not inputs:
            return {}
        if gone := [column for column in inputs if column not in again.columns]:
            return dict.fromkeys(gone, 1)
        ours = self.made.semi_join(before, ROW).select(ROW, *inputs)
        theirs = again.select(**{f"{AGAIN}{column}": again[column] for column in (ROW, *inputs)})
        both = ours.left_join(theirs, ours[ROW] == theirs[f"{AGAIN}{ROW}"])
        counts = both.aggregate(**{column: _differs(both[column], both[f"{AGAIN}{column}"]).sum() for column in inputs})
        found = counts.to_pyarrow().to_pylist()[0]
        return {column: number for column, number in found.items() if number}


def _quantile(times: ir.Table, share: float) -> datetime | None:
    """Choose the time of a row such that so large a share of the rows lies before it."""
    dated = times.filter(times[TS].notnull())
    place = int(dated.count().to_pyarrow().as_py() * share)
    found = dated.order_by(TS).limit(1, offset=place)[TS].to_pyarrow().to_pylist()
    return found[0] if found else None


def _without_labels(known: ir.Table, late: ir.Table, target: str) -> ir.Table:
    """Take the labels of late rows away; the table itself where the source has no labels."""
    if target not in known.columns:
        return known
    marks = late.select(**{LATE: late[ROW]})
    both = known.left_join(marks, known[ROW] == marks[LATE])
    label = ibis.ifelse(both[LATE].isnull(), both[target], ibis.null(both[target].type()))
    return both.mutate(**{target: label}).select(known.columns).order_by(ROW)


def _differs(one: ir.Value, other: ir.Value) -> ir.BooleanValue:
    same = one.identical_to(other)
    if one.type().is_numeric() and other.type().is_numeric():
        near = (one - other).abs() <= TOLERANCE * ibis.greatest(one.abs(), other.abs())
        same = same | near.fill_null(ibis.literal(value=False))
    return ~same

"""The daily profile: counts per day and column that add up over days. Ibis expressions and their tidy result."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from driftloop.core.columns import BEFORE, DAY, INFINITE, INVALID, ROW, TS
from driftloop.core.data import portable, query, repeats
from driftloop.core.data.counts import COUNTS, ROWS
from driftloop.core.data.lasting import lasting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    import ibis.expr.types as ir

    from driftloop.core.data.census import Census
    from driftloop.core.data.declared import Columns
    from driftloop.params.data import Accepted

FRESH_DAYS = 28  # for so long after its first row a name is fresh
FAR = 0.5  # of the reference's range, beyond its ends: a gross change of unit, not a warm summer

MANY_ROWS = 2  # per day, or every column would seem to go with the calendar


@dataclass(frozen=True)
class Known:
    """What the reference contains.

    With more than `census.MOST_NAMES` names in a column, single new ones are not reported; many new ones are.

    Attributes
    ----------
    ranges
        Smallest and largest value per number.
    names
        Values per name column; None where new ones are not reported: there are too many, or they come with the calendar.
        Those that came later and became normal are among them.
    lasting
        Only these later ones, per column that has any; see `lasting`.
    many
        The columns of too many names.
    """

    ranges: Mapping[str, tuple[float, float]]
    names: Mapping[str, frozenset[str] | None]
    many: frozenset[str] = frozenset()
    lasting: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def with_accepted(self, accepted: Sequence[Accepted], census: Census) -> Known:
        """Add what was accepted as normal; names that no row of the census has are left out."""
        ranges, later = dict(self.ranges), dict(self.lasting)
        for each in accepted:
            names = self.names.get(each.column)
            if each.range and each.column in ranges:
                ends = (*ranges[each.column], *each.range)
                ranges[each.column] = (min(ends), max(ends))
            if names is not None and (new := {*each.categories} & {*census.counts(each.column).index} - names):
                later[each.column] = later.get(each.column, frozenset()) | new
        return replace(self, ranges=ranges).with_later(later)

    def with_later(self, lasting: Mapping[str, frozenset[str]]) -> Known:
        """Add names that became normal later."""
        names = {name: (self.names[name] or frozenset()) | found for name, found in lasting.items()}
        return replace(self, names={**self.names, **names}, lasting=lasting)


def known(census: Census, columns: Columns, until: date, *, end: date | None = None) -> Known:
    """Read ranges and names off all days before the day `until`.

    All rows count, and not only those that production was trained on: values of an earlier winter are known. Columns
    that hold one value per day, such as month or holiday, get new values with the calendar, so new ones are not reported.

    With `end`, the end of the data, names that came since `until` and became normal are known as well. Ranges do not grow:
    numbers far outside look the same after a change of unit, however long it lasts.
    """
    part = census.before(until)
    calendar = _calendar(part)
    many = frozenset(name for name in columns.categorical if name not in calendar and part.crowded(name))
    names = {
        name: None if name in calendar or name in many else frozenset(part.counts(name).index)
        for name in columns.categorical
    }
    found = Known(ranges=part.ends(columns.numerical), names=names, many=many)
    return found.with_later(lasting(census, names, since=until, until=end)) if end else found


def _calendar(part: Census) -> set[str]:
    """List the name columns that never change within a day; none where days have a single row."""
    if part.days.empty or part.days["rows"].median() < MANY_ROWS:
        return set()
    different = part.names.groupby(["column", DAY]).size().groupby("column").max()
    return {name for name in different.index[different == 1] if not part.crowded(name)}


def daily(rows: ir.Table, columns: Columns, reference: Known) -> pd.DataFrame:
    """Count, per day and column, what the quality rules need. One scan of the rows.

    Parameters
    ----------
    rows
        Typed rows without duplicates (see `schema.typed`), with `DAY` not null.
    columns
        Which columns to count.
    reference
        Ranges and names that are known.

    Returns
    -------
    pandas.DataFrame
        `DAY`, `column` and COUNTS: rows; null; invalid (no number where one belongs); infinite; far (beyond the
        reference's range by half of it); unknown (a name that the reference lacks); repeat (equal to the row
        before, in order of time, within the same series where the key is a series and a time);
        zero; fresh, which `with_fresh` adds. The target has neither repeat nor zero. Sorted by day and column; sums over
        days are valid.
    """
    series = series_of(columns)
    if not series and rows.get_backend().name == query.DUCKDB:
        # DuckDB can look back in the order that rows are stored in, without sorting them: right if none is late.
        stored = _wide(rows, columns, reference, ibis.window(), also=(TS, ROW))
        if not pc.sum(stored["late"]).as_py():
            return _tidy(stored)
    if not series and portable.on_spark(rows):
        wide = _wide(rows, columns, reference, repeats.within(rows))
        whole = repeats.added(wide, repeats.between(rows, columns.numerical), "repeat:") if columns.numerical else wide
        return _tidy(whole)
    in_time = ibis.window(group_by=series, order_by=[rows[TS], rows[ROW]])
    return _tidy(_wide(rows, columns, reference, in_time))


def _wide(rows: ir.Table, columns: Columns, reference: Known, before: Any, *, also: tuple[str, ...] = ()) -> pa.Table:
    """Count per day, one column per count.

    `before` is the window whose row before counts; with `also`, `late` counts the rows that it has in the wrong order.
    """
    marked = rows.mutate(**{f"{BEFORE}{name}": rows[name].lag().over(before) for name in (*columns.numerical, *also)})
    counts: dict[str, ir.Value] = {"rows": marked.count()}
    if also:
        time, last = marked[TS], marked[f"{BEFORE}{TS}"]
        counts["late"] = ((time < last) | ((time == last) & (marked[ROW] < marked[f"{BEFORE}{ROW}"]))).sum()
    for name in columns.numbers:
        counts |= _count_numbers(marked, name, reference)
    for name in columns.names:
        counts |= _count_names(marked, name, reference)
    return query.arrow(marked.group_by(DAY).aggregate(**counts).order_by(DAY))


def _count_numbers(rows: ir.Table, name: str, reference: Known) -> dict[str, ir.Value]:
    value, bad, infinite = rows[name], rows[f"{INVALID}{name}"], rows[f"{INFINITE}{name}"]
    out: dict[str, ir.Value] = {
        f"null:{name}": (value.isnull() & ~bad & ~infinite).sum(),
        f"invalid:{name}": bad.sum(),
        f"infinite:{name}": infinite.sum(),
    }
    if f"{BEFORE}{name}" in rows.columns:
        out[f"repeat:{name}"] = (value == rows[f"{BEFORE}{name}"]).sum()
        out[f"zero:{name}"] = (value == 0).sum()
    if name in reference.ranges:
        low, high = reference.ranges[name]
        margin = FAR * (high - low)
        if margin > 0:
            out[f"far:{name}"] = ((value < low - margin) | (value > high + margin)).sum()
    return out


def _count_names(rows: ir.Table, name: str, reference: Known) -> dict[str, ir.Value]:
    out: dict[str, ir.Value] = {f"null:{name}": rows[name].isnull().sum()}
    names = reference.names.get(name)
    if names:
        out[f"unknown:{name}"] = (rows[name].notnull() & ~rows[name].isin(sorted(names))).sum()
    return out


def series_of(columns: Columns) -> list[str]:
    """List the columns that tell one series from the other, where the key is a series and a time."""
    return [name for name in columns.key if name != TS] if TS in columns.key else []


def with_fresh(profile: pd.DataFrame, rows: ir.Table, reference: Known) -> pd.DataFrame:
    """Count the names of which no row is as old as FRESH_DAYS, in columns of too many names to know them all."""
    profile = profile.copy() if reference.many else profile
    for column in sorted(reference.many):
        named = rows.filter(rows[column].notnull()).select(day=rows[DAY], name=rows[column])
        first = named.group_by("name").aggregate(first=named["day"].min())
        aged = named.join(first, "name").mutate(age=lambda row: row["day"].delta(row["first"], unit="day"))
        fresh = aged.filter(aged["age"] < FRESH_DAYS).group_by("day").aggregate(rows=lambda row: row.count())
        counts = {row["day"]: row["rows"] for row in fresh.to_pyarrow().to_pylist()}
        own = profile["column"] == column
        profile.loc[own, "fresh"] = [counts.get(day, 0) for day in profile.loc[own, DAY]]
    return profile


def _tidy(wide: pa.Table) -> pd.DataFrame:
    """Turn columns such as `null:temperature` into rows."""
    pairs = {tuple(name.split(":", 1)) for name in wide.column_names if ":" in name and name != DAY}
    columns = sorted({ROWS, *(column for _, column in pairs)})
    counted = np.zeros((len(COUNTS), wide.num_rows, len(columns)), dtype=np.int64)
    counted[0] = wide["rows"].to_numpy()[:, None]
    for count, column in pairs:
        found = wide[f"{count}:{column}"].fill_null(0)
        counted[COUNTS.index(count), :, columns.index(column)] = found.to_numpy()
    days = np.repeat(wide[DAY].to_numpy().astype("datetime64[D]").astype(object), len(columns))
    names = pd.Series(np.tile(np.array(columns, dtype=object), wide.num_rows), dtype="str")
    counts = dict(zip(COUNTS, counted.reshape(len(COUNTS), -1), strict=True))
    return pd.DataFrame({DAY: days, "column": names, **counts})

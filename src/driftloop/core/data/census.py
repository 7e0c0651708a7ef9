"""The census: per day the rows, the ends of each number, and how many rows have each name. It adds up over days and over parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis
import pandas as pd

from driftloop.core.columns import DAY
from driftloop.core.data import query

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import ibis.expr.types as ir

    from driftloop.core.data.declared import Columns
    from driftloop.core.windows import Window

MOST_NAMES = 1000  # per day and column; a day with more is crowded, and its names are not kept
NAMES = ("column", DAY, "name")


@dataclass(frozen=True)
class Census:
    """What is in some rows, by day.

    Attributes
    ----------
    days
        `DAY`, `rows`, `labelled` (rows that have the target), and for each number `min:NAME` and `max:NAME`; null where a day has no value. Sorted by day.
    names
        `column`, `DAY`, `name`, `rows`: sorted. A crowded day has one row without a name.
    """

    days: pd.DataFrame
    names: pd.DataFrame

    def before(self, until: date) -> Census:
        """Keep the days before a day."""
        return Census(self.days[self.days[DAY] < until], self.names[self.names[DAY] < until])

    def within(self, window: Window) -> Census:
        """Keep the days of a window."""
        return Census(window.of(self.days), window.of(self.names))

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return int(self.days["rows"].sum())

    def ends(self, columns: Sequence[str]) -> dict[str, tuple[float, float]]:
        """Return the smallest and the largest value of each number that has any."""
        low, high = (self.days[[f"{end}:{name}" for name in columns]] for end in ("min", "max"))
        found = zip(columns, low.min().tolist(), high.max().tolist(), strict=True)
        return {name: (least, most) for name, least, most in found if least == least}  # noqa: PLR0124 (not NaN)

    def counts(self, column: str) -> pd.Series:
        """Return the rows of each name of a column, by name; a missing name stands for those of crowded days."""
        own = self.names[self.names["column"] == column]
        counted: pd.Series = own.groupby("name", dropna=False)["rows"].sum()
        return counted

    def crowded(self, column: str) -> bool:
        """Whether there are more names than are kept: on some day, or on all days together."""
        names = self.counts(column).index
        return len(names) > MOST_NAMES or bool(names.isna().any())


def take(rows: ir.Table, columns: Columns) -> Census:
    """Take the census of rows; see `count_days` and `count_names`."""
    return total([Census(count_days(rows, columns), count_names(rows, columns))])


def count_days(rows: ir.Table, columns: Columns) -> pd.DataFrame:
    """Count rows and find the ends of numbers, per day: one scan.

    Parameters
    ----------
    rows
        Typed rows without duplicates (see `schema.typed`), with `DAY` not null.
    columns
        Which columns to count: numbers, the target among them.
    """
    ends = {f"{end}:{name}": getattr(rows[name], end)() for name in columns.numbers for end in ("min", "max")}
    counts = {"rows": rows.count(), "labelled": rows[columns.target].count()}
    return query.frame(rows.group_by(DAY).aggregate(**counts, **ends).order_by(DAY))


def count_names(rows: ir.Table, columns: Columns) -> pd.DataFrame:
    """Count the rows of each name, per day: one scan for each column of names that is an input."""
    none = pd.DataFrame({"column": [], DAY: [], "name": [], "rows": []}).astype({"rows": "int64"})
    names = [query.frame(_names(rows, name)).assign(column=name) for name in columns.categorical]
    return pd.concat([none, *names], ignore_index=True)[[*NAMES, "rows"]]


def total(parts: Sequence[Census]) -> Census:
    """Add up the parts of some rows; a day may lie in two of them."""
    days = pd.concat([part.days for part in parts], ignore_index=True)
    ways = {name: {"min": "min", "max": "max"}.get(name.partition(":")[0], "sum") for name in days.columns.drop(DAY)}
    return Census(days.groupby(DAY, as_index=False).agg(ways), _uncrowded(pd.concat([part.names for part in parts])))


def _names(rows: ir.Table, column: str) -> ir.Table:
    counted = rows.filter(rows[column].notnull()).group_by(DAY, name=rows[column]).aggregate(rows=lambda t: t.count())
    different = counted.count().over(ibis.window(group_by=counted[DAY]))
    name = ibis.ifelse(different > MOST_NAMES, ibis.null("string"), counted["name"])
    kept = counted.select(DAY, "rows", name=name)
    return kept.group_by(DAY, "name").aggregate(rows=kept["rows"].sum()).order_by([DAY, "name"])


def _uncrowded(names: pd.DataFrame) -> pd.DataFrame:
    """Add up rows, and drop the names of days that have too many of them."""
    counted = _summed(names)
    day = counted.assign(none=counted["name"].isna()).groupby(["column", DAY])
    crowded = (day["name"].transform("size") > MOST_NAMES) | day["none"].transform("any")
    if crowded.any():
        counted["name"] = counted["name"].mask(crowded)
        counted = _summed(counted)
    return counted


def _summed(names: pd.DataFrame) -> pd.DataFrame:
    summed: pd.DataFrame = names.groupby(list(NAMES), as_index=False, dropna=False)[["rows"]].sum()
    return summed

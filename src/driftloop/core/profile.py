"""The daily profile: counts per day and column that add up over days. Ibis expressions and their tidy result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping

    import ibis.expr.types as ir

    from driftloop.core.schema import Columns
    from driftloop.core.windows import Window

MOST_NAMES = 1000  # beyond so many names in the reference, new ones are no news
FAR = 0.5  # of the reference's range, beyond its ends: a gross change of unit, not a warm summer

ROWS = ""  # the profile's own "column" for what concerns whole rows
COUNTS = ("rows", "null", "invalid", "infinite", "far", "unknown", "repeat")


@dataclass(frozen=True)
class Known:
    """What the reference contains.

    Attributes
    ----------
    ranges
        Smallest and largest value per number.
    names
        Values per name column; None where there are too many to tell a new one.
    """

    ranges: Mapping[str, tuple[float, float]]
    names: Mapping[str, frozenset[str] | None]


def known(rows: ir.Table, columns: Columns, reference: Window) -> Known:
    """Read ranges and names from the reference rows; executes two kinds of small aggregates."""
    part = rows.filter(rows["_day"] >= reference.since, rows["_day"] < reference.until)
    bounds = {f"{end} {name}": getattr(part[name], end)() for name in columns.numerical for end in ("min", "max")}
    found = part.aggregate(**bounds).to_pyarrow().to_pylist()[0] if bounds else {}
    ranges = {
        name: (found[f"min {name}"], found[f"max {name}"])
        for name in columns.numerical
        if found[f"min {name}"] is not None
    }
    return Known(ranges=ranges, names={name: _names(part, name) for name in columns.categorical})


def _names(part: ir.Table, name: str) -> frozenset[str] | None:
    values = part.select(value=part[name]).distinct().filter(lambda t: t["value"].notnull()).limit(MOST_NAMES + 1)
    found = values.to_pyarrow()["value"].to_pylist()
    return None if len(found) > MOST_NAMES else frozenset(found)


def daily(rows: ir.Table, columns: Columns, reference: Known) -> pd.DataFrame:
    """Count, per day and column, what the quality rules need. One scan of the rows.

    Parameters
    ----------
    rows
        Typed rows without duplicates (see `schema.typed`), with `_day` not null.
    columns
        Which columns to count.
    reference
        Ranges and names that are known.

    Returns
    -------
    pandas.DataFrame
        `_day`, `column` and COUNTS: rows; null; invalid (no number where one belongs); infinite; far (beyond the
        reference's range by half of it); unknown (a name that the reference lacks); repeat (equal to the row
        before, in order of time, within the same key). Sorted by day and column; sums over days are valid.
    """
    before = ibis.window(group_by=[n for n in columns.key if n != "_ts"], order_by=[rows["_ts"], rows["_row"]])
    marked = rows.mutate(**{f"_before:{name}": rows[name].lag().over(before) for name in columns.numerical})
    counts: dict[str, ir.Value] = {"rows": marked.count()}
    for name in columns.numbers:
        counts |= _count_numbers(marked, name, reference)
    for name in columns.names:
        counts |= _count_names(marked, name, reference)
    wide = marked.group_by("_day").aggregate(**counts).order_by("_day").to_pandas()
    return _tidy(wide)


def _count_numbers(rows: ir.Table, name: str, reference: Known) -> dict[str, ir.Value]:
    value, bad, infinite = rows[name], rows[f"_invalid:{name}"], rows[f"_infinite:{name}"]
    out: dict[str, ir.Value] = {
        f"null:{name}": (value.isnull() & ~bad & ~infinite).sum(),
        f"invalid:{name}": bad.sum(),
        f"infinite:{name}": infinite.sum(),
    }
    if f"_before:{name}" in rows.columns:
        out[f"repeat:{name}"] = (value == rows[f"_before:{name}"]).sum()
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


def _tidy(wide: pd.DataFrame) -> pd.DataFrame:
    """Turn columns such as `null:temperature` into rows."""
    pairs = [name.split(":", 1) for name in wide.columns if ":" in name]
    parts = [wide[["_day", "rows"]].assign(column=ROWS)]
    for column in sorted({column for _, column in pairs}):
        counted = {count: wide[f"{count}:{column}"] for count, other in pairs if other == column}
        parts.append(wide[["_day", "rows"]].assign(column=column, **counted))
    tidy = pd.concat(parts, ignore_index=True).reindex(columns=["_day", "column", *COUNTS])
    tidy[list(COUNTS)] = tidy[list(COUNTS)].fillna(0).astype("int64")
    tidy["_day"] = pd.to_datetime(tidy["_day"]).dt.date
    return tidy.sort_values(["_day", "column"], ignore_index=True)


def total(profile: pd.DataFrame, window: Window) -> pd.DataFrame:
    """Sum the counts over a window; one row per column, indexed by column."""
    sums: pd.DataFrame = window.of(profile).groupby("column")[list(COUNTS)].sum()
    return sums

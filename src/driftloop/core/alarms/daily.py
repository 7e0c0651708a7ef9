"""Profile and histogram as arrays: one day per row, for each model input."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from driftloop.core.alarms.deviation import Column
from driftloop.core.columns import DAY
from driftloop.core.data.counts import COUNTS
from driftloop.core.data.grid import TOP_NAMES
from driftloop.core.windows import day_numbers

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from driftloop.core.data.declared import Columns
    from driftloop.core.data.grid import Bins, Grid


def daily_columns(
    profile: pd.DataFrame, histogram: pd.DataFrame, grid: Grid, columns: Columns, *, until: date
) -> tuple[tuple[Column, ...], date]:
    """Lay the profile out by day, up to `until` (exclusive), days without rows included.

    Parameters
    ----------
    profile, histogram, grid
        See `profile.daily` and `histogram.daily`.
    columns
        Its features are taken, those in the grid: where the reference has no value there is nothing to compare with.
    until
        End of the data; days after it are left out.

    Returns
    -------
    tuple of Column, date
        One per feature, and the first day of all; no column without rows before `until`.
    """
    kept = profile[profile[DAY] < until]
    if kept.empty:
        return (), until
    numbers = day_numbers(kept[DAY])
    first = int(numbers.min())
    days = int(day_numbers([until])[0]) - first
    places, cells = kept.groupby("column").indices, histogram.groupby("column").indices
    found = []
    for name in columns.features:
        if name in grid.columns and name in places:
            at = places[name]
            counts = {count: np.zeros(days, dtype=np.int64) for count in COUNTS}
            for count in COUNTS:
                counts[count][numbers[at] - first] = kept[count].to_numpy()[at]
            own = {key: histogram[key].to_numpy()[cells.get(name, [])] for key in ("day", "bin", "rows", "sum")}
            found.append(_column(name, grid.columns[name], counts, own, first=first))
    return tuple(found), date(1970, 1, 1) + timedelta(days=first)


def _mixed(rows: NDArray[np.int64], bins: Bins) -> NDArray[np.int64]:
    """Count names without a bin on days that have others, too.

    The profile does not report new names in columns that follow the calendar, since a new month is expected. Such a name
    comes for whole days, though: a new name among known ones is reported in such a column as well.
    """
    if len(bins.names) >= TOP_NAMES:  # what has no bin need not be new
        return np.zeros(len(rows), dtype=np.int64)
    return np.where(rows[:, :-1].any(axis=1), rows[:, -1], 0)


def _column(
    name: str,
    bins: Bins,
    counts: dict[str, NDArray[np.int64]],
    cells: dict[str, NDArray[np.int64]],
    *,
    first: int,
) -> Column:
    days = len(counts["rows"])
    rows, sums = np.zeros((2, days, bins.count), dtype=np.int64)
    inside = (cells["day"] >= first) & (cells["day"] < first + days)
    at = cells["day"][inside] - first, cells["bin"][inside]
    rows[at], sums[at] = cells["rows"][inside], cells["sum"][inside]
    faults = {"null": counts["null"] + counts["invalid"] + counts["infinite"]}
    if bins.edges:
        faults |= {"zero": counts["zero"], "repeat": counts["repeat"], "range": rows[:, 0] + rows[:, -1]}
    else:
        faults |= {"new": np.maximum(counts["unknown"], _mixed(rows, bins))}
    return Column(name=name, rows=counts["rows"], faults=faults, bins=rows, sums=sums, number=bool(bins.edges))

"""How far the week that ends on a day differs from the weeks before it and from earlier years, per column."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from driftloop.core.alarms.statistics import SHAPE
from driftloop.core.data import distances
from driftloop.core.windows import LASTING_DAYS, Window, last_days

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from numpy.typing import NDArray

    Counts = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Sound = NDArray[np.bool_]

WINDOW = 7  # days that are judged
BEFORE = 28  # sound days with rows before them
AROUND = 10  # days around the window, in earlier years
FEWEST_TIMES = 2  # as many rows as the window: less is too little to compare with
YEAR = 364  # days: whole weeks


@dataclass(frozen=True)
class Column:
    """What the profile holds of one column.

    Attributes
    ----------
    name
        Of the column.
    rows
        Shape (days,): rows per day, missing values included.
    faults
        Per fault statistic, shape (days,): affected rows per day.
    bins, sums
        Shape (days, bins): see `histogram.daily`.
    number
        Whether it holds numbers; else names.
    """

    name: str
    rows: Counts
    faults: Mapping[str, Counts]
    bins: Counts
    sums: Counts
    number: bool

    @property
    def statistics(self) -> tuple[str, ...]:
        """What is watched: the shape where there are bins, and the kinds of faults."""
        return (*self.faults, SHAPE)


@dataclass(frozen=True)
class Sums:
    """Rows, faults, bins and sums over windows: shape (windows, 1 + faults + 2 · bins)."""

    values: Counts
    faults: tuple[str, ...]
    bins: int

    @property
    def rows(self) -> Counts:
        """Rows per window."""
        return self.values[:, 0]

    def share(self, fault: str) -> Floats:
        """Affected share of the rows; NaN without rows."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(self.values[:, 1 + self.faults.index(fault)] / self.rows)

    @property
    def histogram(self) -> tuple[Counts, Counts]:
        """Rows and sums per bin."""
        first = 1 + len(self.faults)
        return self.values[:, first : first + self.bins], self.values[:, first + self.bins :]


def compared(rows: Counts, sound: Sound) -> Sound:
    """Mark the days that the last week is compared with; arguments as in `windows`, shapes (days,)."""
    days = len(rows)
    first, out = max(0, days - WINDOW), np.zeros(days, dtype=bool)
    out[np.flatnonzero((sound & (rows > 0))[:first])[-BEFORE:]] = True
    for years in _years(days):
        start = max(0, first - YEAR * years - AROUND)
        out[start : max(0, days - YEAR * years + AROUND)] |= sound[start : max(0, days - YEAR * years + AROUND)]
    return out


def candidates(first: date, until: date) -> list[Window]:
    """List the days that the last week before `until` may be compared with, when the data begins on `first`."""
    week = last_days(until, WINDOW).since
    out = [last_days(week, BEFORE + LASTING_DAYS + WINDOW)]
    for years in _years((until - first).days):
        ago, around = timedelta(days=YEAR * years), timedelta(days=AROUND)
        out.append(Window(since=week - ago - around, until=until - ago + around))
    return out


def windows(column: Column, sound: Sound, days: NDArray[np.int64], *, length: int = WINDOW) -> tuple[Sums, Sums]:
    """Sum up the windows that end with the given days, and what they are compared with.

    Parameters
    ----------
    column
        See `Column`.
    sound
        Shape (all days,): whether a day may be compared with.
    days
        Places of the last days of the windows.
    length
        Days per window. What it is compared with are the newest `BEFORE` sound days with rows before a full week,
        and the sound days around the same date in earlier years.
    """
    table = np.column_stack([column.rows, *column.faults.values(), column.bins, column.sums])
    first = days - WINDOW + 1
    whole = _cumulated(table)
    now = whole[days + 1] - whole[np.maximum(days - length + 1, 0)]
    kept = sound & (column.rows > 0)
    usable = whole if kept.all() else _cumulated(table[kept])
    known = np.concatenate([[0], np.cumsum(kept)])[np.maximum(first, 0)]
    then = usable[known] - usable[np.maximum(known - BEFORE, 0)]
    masked = whole if sound.all() else _cumulated(np.where(sound[:, None], table, 0))
    for years in _years(len(table)):
        start = np.clip(first - YEAR * years - AROUND, 0, None)
        end = np.clip(days - YEAR * years + AROUND + 1, 0, None)
        then = then + masked[end] - masked[start]
    faults, bins = tuple(column.faults), column.bins.shape[1]
    return Sums(now, faults, bins), Sums(then, faults, bins)


def deviations(column: Column, sound: Sound, days: NDArray[np.int64], *, length: int = WINDOW) -> Floats:
    """Return each statistic's deviation, shape (len(days), statistics).

    Shares count when they rise, shapes wherever they go. NaN where either side has no rows; arguments as in
    `windows`.
    """
    now, then = windows(column, sound, days, length=length)
    rises = [np.maximum(now.share(fault) - then.share(fault), 0) for fault in column.faults]
    found = np.column_stack([*rises, shape(column, now, then)])
    found[then.rows < FEWEST_TIMES * now.rows] = np.nan
    return found


def shape(column: Column, now: Sums, then: Sums) -> Floats:
    """Return the distance between the histograms of windows."""
    (rows, sums), (before, before_sums) = now.histogram, then.histogram
    if column.number:
        return distances.wasserstein(rows, sums, before, before_sums)
    return distances.jensen_shannon(rows, before)


def _years(days: int) -> range:
    """Return the earlier years, as 1, 2, …, in which some day around the newest week's date lies in `days` days of data.

    A year counts as soon as one of these days is there: if it had to be whole, days that came later would change what
    earlier windows are compared with.
    """
    return range(1, (days + AROUND - 1) // YEAR + 1)


def _cumulated(table: Counts) -> Counts:
    """Sum from the first day up to each day, with a row of zeros before."""
    return np.concatenate([np.zeros((1, table.shape[1]), table.dtype), np.cumsum(table, axis=0)])

"""What rows and columns of a table of deviations stand for: days, and statistics of data columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from driftloop.core.alarms.calibration import thin
from driftloop.core.alarms.deviation import WINDOW
from driftloop.core.alarms.statistics import SHAPE, STATISTICS
from driftloop.core.windows import day_numbers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import NDArray

    from driftloop.core.alarms.deviation import Column
    from driftloop.core.alarms.values import Kind

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Statistics:
    """The k statistics that are watched: those of the first data column, then those of the second, and so on.

    Attributes
    ----------
    names
        What each is called, such as `null`.
    owner
        Shape (k,): place of the data column that it belongs to.
    kind
        Shape (k,): `fault` or `shape`.
    floor, needed
        Shape (k,): smallest change that matters; weeks of history before it is judged.
    """

    names: tuple[str, ...]
    owner: NDArray[np.int64]
    kind: NDArray[np.str_]
    floor: Floats
    needed: NDArray[np.int64]

    @classmethod
    def of(cls, columns: Sequence[Column]) -> Statistics:
        """List the statistics of data columns."""
        places = [place for place, column in enumerate(columns) for _ in column.statistics]
        names = tuple(name for column in columns for name in column.statistics)
        return cls(
            names=names,
            owner=np.array(places),
            kind=np.array([SHAPE if name == SHAPE else "fault" for name in names]),
            floor=np.array([STATISTICS[name].floor for name in names]),
            needed=np.array([STATISTICS[name].weeks for name in names]),
        )

    def mask(self, place: int, kind: Kind | None = None) -> NDArray[np.bool_]:
        """Mark the statistics of one data column, of one kind or of both; shape (k,)."""
        own = self.owner == place
        return np.asarray(own if kind is None else own & (self.kind == kind))


@dataclass(frozen=True)
class Days:
    """The days of the data, and the calendar weeks that they fall into.

    Attributes
    ----------
    rows, thin
        Shape (days,): rows in the seven days that end with each day; by how much more these may deviate because they
        have fewer rows than usual, see `calibration.thin`.
    week
        Shape (days,): number of the week of each day, from 0 on.
    starts
        Shape (weeks,): place of the first day of each week.
    """

    rows: NDArray[np.int64]
    thin: Floats
    week: NDArray[np.int64]
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, rows: NDArray[np.int64], first: date) -> Days:
        """Count rows by week; `rows` has shape (days,) and begins on `first`."""
        every = np.arange(len(rows))
        total = np.concatenate([[0], np.cumsum(rows)])
        window = total[every + 1] - total[np.maximum(every + 1 - WINDOW, 0)]
        number = int(day_numbers([first])[0])
        week = (number + every) // 7 - number // 7
        return cls(rows=window, thin=thin(window), week=week, starts=np.flatnonzero(np.diff(week, prepend=-1)))

    def __len__(self) -> int:
        """Count the days."""
        return len(self.rows)

    def end(self, week: int) -> int:
        """Return the place of the day after a week, or after the last day of the data."""
        return int(self.starts[week + 1]) if week + 1 < len(self.starts) else len(self)

    def maxima(self, found: Floats) -> Floats:
        """Take the largest deviation of each week, shape (weeks, k); NaN where a week has none."""
        return np.asarray(np.fmax.reduceat(found, self.starts, axis=0))

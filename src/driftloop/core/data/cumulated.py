"""The profile as arrays that are summed up over days, so that the counts of any window are one difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from driftloop.core.columns import DAY
from driftloop.core.data.counts import COUNTS
from driftloop.core.windows import day_numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from driftloop.core.windows import Window

    Counts = NDArray[np.int64]

DAYS = len(COUNTS)  # place of how many days of a window have a column in the profile


@dataclass(frozen=True)
class CumulatedProfile:
    """Counts of whole rows.

    Attributes
    ----------
    days
        Shape (days,): the days of the profile since 1970-01-01, ascending.
    columns
        The columns of the profile, `ROWS` among them, ascending.
    daily
        Shape (days, columns, counts): `COUNTS`, and behind them 1 where the profile has the column on that day.
    before
        Shape (days + 1, columns, counts): sums of `daily` over all earlier days.
    """

    days: Counts
    columns: tuple[str, ...]
    daily: Counts
    before: Counts

    @classmethod
    def of(cls, profile: pd.DataFrame) -> CumulatedProfile:
        """Lay out a profile; see `profile.daily`."""
        days, day = np.unique(day_numbers(profile[DAY]), return_inverse=True)
        place, columns = pd.factorize(profile["column"], sort=True)
        daily = np.zeros((len(days), len(columns), len(COUNTS) + 1), dtype=np.int64)
        daily[day, place] = np.column_stack([*(profile[count] for count in COUNTS), np.ones(len(profile), np.int64)])
        before = np.concatenate([np.zeros_like(daily[:1], shape=(1, *daily.shape[1:])), np.cumsum(daily, axis=0)])
        return cls(days=days, columns=tuple(columns), daily=daily, before=before)

    def between(self, since: int | Counts, until: int | Counts) -> Counts:
        """Sum up days in [since, until), numbers since 1970-01-01; shape of these, then (columns, counts)."""
        summed: Counts = self.before[np.searchsorted(self.days, until)] - self.before[np.searchsorted(self.days, since)]
        return summed

    def within(self, window: Window) -> Counts:
        """Return the days of a window one by one: shape (days that the profile has, columns, counts)."""
        first, last = np.searchsorted(self.days, day_numbers([window.since, window.until]))
        return self.daily[first:last]

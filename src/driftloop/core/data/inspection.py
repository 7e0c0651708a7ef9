"""What the quality rules look at: the counts of some days, and those that they are compared with."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from driftloop.core.data.counts import COUNTS, ROWS
from driftloop.core.data.cumulated import DAYS
from driftloop.core.windows import LASTING_DAYS, day_numbers

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

    from driftloop.core.data.cumulated import CumulatedProfile
    from driftloop.core.data.declared import Columns
    from driftloop.core.windows import Window

FRESH_BLOCKS = 4  # of the reference, to know what is usual
VANISHED = 0.5  # of the rows: a column that is missing in more of them does not become normal


@dataclass(frozen=True)
class Inspection:
    """What the rules look at.

    Attributes
    ----------
    profile
        See `profile.daily`, laid out as `CumulatedProfile`.
    columns
        Which columns there should be.
    window, reference
        The days that are judged, and the days that they are compared with.
    accepted_missing
        Share of missing values that was accepted as normal, by column.
    absent
        Declared columns that the source does not have.
    duplicates, undated, stray
        Rows of the window with a key seen before; new rows whose timestamp cannot be parsed, and new rows that are dated
        long before all others (see `strays`).
    """

    profile: CumulatedProfile
    columns: Columns
    window: Window
    reference: Window
    accepted_missing: Mapping[str, float] = field(default_factory=dict)
    absent: Collection[str] = ()
    duplicates: int = 0
    undated: int = 0
    stray: int = 0

    def at(self, window: Window) -> Inspection:
        """Look at other days; what is only known of the newest ones is left out."""
        return replace(self, window=window, absent=(), duplicates=0, undated=0, stray=0)

    @cached_property
    def now(self) -> dict[str, dict[str, int]]:
        """Counts over the window, by column and count."""
        sums = self.profile.between(*day_numbers([self.window.since, self.window.until])).tolist()
        return {
            name: dict(zip(COUNTS, counts, strict=False))
            for name, counts in zip(self.profile.columns, sums, strict=True)
            if counts[DAYS]
        }

    @property
    def rows(self) -> int:
        """Rows in the window."""
        return self.now.get(ROWS, {}).get("rows", 0)

    @cached_property
    def blocks(self) -> NDArray[np.int64]:
        """Counts over the reference in blocks of the window's length that lie whole weeks before or after the window.

        In this way Sundays are compared with Sundays. Shape (blocks, columns, counts); see `CumulatedProfile`.
        """
        days = max(1, self.window.days)
        stride = 7 * ceil(days / 7)
        end = int(day_numbers([self.window.until])[0])
        first, last = self.window.until - self.reference.until, self.window.until - self.reference.since
        ends = end - stride * np.arange(-(-first.days // stride), (last.days - days) // stride + 1)
        return self.profile.between(ends - days, ends)

    @cached_property
    def lately(self) -> NDArray[np.int64]:
        """Counts over the last `LASTING_DAYS` before the window, in such blocks: what has lasted so long is normal."""
        days = max(1, self.window.days)
        stride = 7 * ceil(days / 7)
        end = int(day_numbers([self.window.until])[0])
        ends = end - stride * np.arange(1, max(1, LASTING_DAYS // stride) + 1)
        return self.profile.between(ends - days, ends)

    @property
    def usual_rows(self) -> float:
        """Median of rows per block of the reference, or as few as there have been lately; 0 without blocks."""
        whole = self.blocks[:, self._whole].reshape(-1, DAYS + 1)
        rows = whole[whole[:, DAYS] > 0, COUNTS.index("rows")]
        lately = self.lately[:, self._whole, COUNTS.index("rows")]
        return float(min(np.median(rows), lately.max(initial=0))) if len(rows) else 0.0

    @cached_property
    def most_null(self) -> dict[str, float]:
        """Largest share of nulls in a block of the reference, by column; of all lately, where each of these has more.

        A column that is missing in most rows has vanished, however long ago. More may have been accepted.
        """
        most = self._null_shares(self.blocks).max(axis=0, initial=0.0)
        lately = self._null_shares(self.lately)
        lasting = (lately.min(axis=0) > most) & (lately.max(axis=0) <= VANISHED)
        found = np.where(lasting, lately.max(axis=0), most)
        shares = dict(zip(self.profile.columns, found.tolist(), strict=True))
        return {name: max(share, self.accepted_missing.get(name, 0.0)) for name, share in shares.items()}

    @property
    def _whole(self) -> list[bool]:
        """Which place of the profile's columns holds the counts of whole rows."""
        return [name == ROWS for name in self.profile.columns]

    def _null_shares(self, blocks: NDArray[np.int64]) -> NDArray[np.float64]:
        rows, null = (blocks[..., COUNTS.index(count)] for count in ("rows", "null"))
        return np.asarray(null / np.maximum(rows, 1))

    @cached_property
    def most_fresh(self) -> dict[str, float]:
        """Largest share of fresh names in a block of the reference's newer half, by column; none while those are few.

        At the beginning of a history each name is fresh.
        """
        rows, fresh = (self.blocks[..., COUNTS.index(count)] for count in ("rows", "fresh"))  # newest block first
        known = rows[:, self._whole].reshape(-1) > 0
        newer = (fresh / np.maximum(rows, 1))[known][: known.sum() // 2]
        most = newer.max(axis=0).tolist() if len(newer) >= FRESH_BLOCKS else []
        return dict(zip(self.profile.columns, most, strict=False))

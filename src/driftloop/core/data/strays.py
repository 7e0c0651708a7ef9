"""Rows with wrong clocks: a handful of rows dated long before all others would make a history of 54 years."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_GAP = 28  # days
YEAR = 365
FEW_ROWS = 0.01  # of all rows, before the gap
FEW_DAYS = 0.05  # of the days with rows after the gap: a clock that begins anew in 1970 may stamp many rows
MOST_ROWS = 0.5  # what holds more is the history


def first_day(days: NDArray[np.int64], rows: NDArray[np.int64]) -> int:
    """Find where the history begins: after the last long gap that has almost no rows before it.

    A gap is long that lasts longer than all that follows it, or than a year, and at least four weeks. What comes once
    a month or once a quarter has many such days before each gap, and a pause in a history has many rows before it, so
    neither is cut off. Days after a gap are never left out, for they may be the first of many.

    Parameters
    ----------
    days, rows
        Shape (n,), n > 0: days with rows since 1970-01-01, ascending; how many rows each has.

    Returns
    -------
    int
        The first day that counts.

    >>> days, rows = np.array([0, *range(20_000, 20_100)]), np.array([1, *[24] * 100])
    >>> first_day(days, rows), first_day(days[1:], rows[1:])
    (20000, 20000)
    """
    before = np.cumsum(rows)[:-1]
    gap, rest = np.diff(days), days[-1] - days[1:]
    count = np.arange(1, len(days))
    long = (gap > LEAST_GAP) & (gap > np.minimum(rest, YEAR))
    few = (before <= FEW_ROWS * rows.sum()) | (
        (count <= FEW_DAYS * (len(days) - count)) & (before < MOST_ROWS * rows.sum())
    )
    cuts = np.flatnonzero(long & few)
    return int(days[cuts[-1] + 1]) if len(cuts) else int(days[0])

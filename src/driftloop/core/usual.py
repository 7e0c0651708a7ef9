"""What is usual in a week: deviations in units of what the past makes plausible."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from driftloop.core import calibration
from driftloop.core.deviation import WINDOW

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FEWEST_ROWS = 3  # a share of the rows that means less than so many rows is no news
USUAL_WEEKS = 8
THIN = 1 / 3  # of the usual rows: fewer say nothing


@dataclass(frozen=True)
class Usual:
    """What is usual of each of k statistics, before one week.

    Attributes
    ----------
    median, scale
        Shape (k,): deviations are divided by `scale` after `median` is taken off.
    limit
        Of the largest of these ratios: what the budget allows.
    tail
        Of the largest ratio of each past week.
    judged
        Shape (k,): whether the history is long enough.
    """

    median: Floats
    scale: Floats
    limit: float
    tail: calibration.Tail
    judged: NDArray[np.bool_]

    def ratios(self, found: Floats, *, least: Floats, thin: Floats) -> Floats:
        """Give deviations in units of the limit, shape (days, k); NaN where they are not judged.

        Parameters
        ----------
        found
            Shape (days, k); see `deviation.deviations`.
        least
            Shape (days, k): the smallest scale that the number of rows allows for.
        thin
            Shape (days,); see `thin`.
        """
        scale = np.maximum(self.scale, least) * thin[:, None]
        return np.asarray(np.where(self.judged, (found - self.median) / scale / self.limit, np.nan))


def usual(weeks: Floats, *, floor: Floats, needed: NDArray[np.int64], per_year: float) -> Usual | None:
    """Calibrate by past weeks; None while there are too few of them for any statistic.

    Parameters
    ----------
    weeks
        Shape (weeks, k): the largest deviation of each week; NaN for one that says nothing.
    floor, needed
        Shape (k,): the smallest change worth a word; weeks of history before a statistic is judged.
    per_year
        How many false alarms a year are acceptable.
    """
    tail = calibration.tail(weeks)
    judged = tail.weeks >= needed
    if not judged.any():
        return None
    scale = np.maximum(tail.level(1) - tail.median, floor)
    with np.errstate(invalid="ignore"):
        ratios = np.where(judged, (weeks - tail.median) / scale, np.nan)
    whole = calibration.tail(np.fmax.reduce(ratios, axis=1)[:, None])
    limit = max(1.0, float(whole.level(1 / per_year)[0]))
    return Usual(tail.median, scale, limit, whole, judged)


def thin(rows: NDArray[np.int64]) -> Floats:
    """Say by how much more a week may deviate because it has fewer rows than usual; NaN where it says nothing.

    Parameters
    ----------
    rows
        Shape (days,): rows in the week that ends with each day.
    """
    before = [
        np.concatenate([np.full(min(7 * k, len(rows)), np.nan), rows[: max(0, len(rows) - 7 * k)]])
        for k in range(1, USUAL_WEEKS + 1)
    ]
    table = np.where(np.array(before) > 0, before, np.nan)
    known = np.isfinite(table).any(axis=0)
    usually = rows.astype(float)
    usually[known] = np.nanmedian(table[:, known], axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        short = usually / rows
    out = np.sqrt(np.maximum(short, 1))
    out[(rows == 0) | (short > 1 / THIN)] = np.nan
    out[: WINDOW - 1] = np.nan
    return np.asarray(out)

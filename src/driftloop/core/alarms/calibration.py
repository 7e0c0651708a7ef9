"""Scale deviations by their history: levels that the past reached once in a given number of years."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from driftloop.core.alarms.deviation import WINDOW

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


WEEKS_PER_YEAR = 365.25 / 7
TAIL = 0.8  # the tail begins at this quantile of weekly maxima


@dataclass(frozen=True)
class Tail:
    """Weekly maxima of some statistics, as far as they matter for rare values.

    Attributes
    ----------
    median, start, mean_excess
        Shape (k,): the median; where the tail begins; by how much values in the tail exceed that on average.
    count, weeks
        Shape (k,): values in the tail; weeks that were seen. NaN in the attributes above where no week was seen.
    """

    median: Floats
    start: Floats
    mean_excess: Floats
    count: Floats
    weeks: Floats

    def level(self, years: float) -> Floats:
        """Return the values that are expected to be reached once in `years` years; shape (k,).

        The tail is exponential, as for most maxima. Its mean is known from few values, so the level is that of the
        predictive distribution: it lies above start + mean_excess · ln(rate · years), and approaches it as the
        history grows.
        """
        expected = np.maximum(self._rate * years, 1.0)
        few = np.maximum(self.count, 1.0)
        return np.asarray(self.start + self.mean_excess * few * (expected ** (1 / few) - 1))

    def years(self, values: Floats) -> Floats:
        """Return how many years lie between such values on average: the inverse of `level`; shape as `values`.

        Where the tail starts, that is one over its rate. 0 below it, where `level` has no inverse; infinite above a
        tail that never moved.
        """
        few = np.maximum(self.count, 1.0)
        above = values - self.start
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            found = (1 + above / (self.mean_excess * few)) ** few / self._rate
        never_moved = np.where(above > 0, np.inf, 0.0)
        return np.asarray(np.where(self.mean_excess > 0, np.where(above >= 0, found, 0.0), never_moved))

    @property
    def _rate(self) -> Floats:
        """Values in the tail per year."""
        return np.asarray(self.count / np.maximum(self.weeks, 1.0) * WEEKS_PER_YEAR)


def fit_tail(maxima: Floats) -> Tail:
    """Fit the tail of weekly maxima.

    Parameters
    ----------
    maxima
        Shape (weeks, k); NaN for a week that says nothing.

    Returns
    -------
    Tail
        Of each of the k statistics.

    References
    ----------
    Coles (2001), An Introduction to Statistical Modeling of Extreme Values, chapter 4.
    """
    ordered = np.sort(maxima, axis=0)  # NaN last
    weeks = np.isfinite(ordered).sum(axis=0)
    if not len(ordered):
        nothing = np.full(maxima.shape[1], np.nan)
        return Tail(nothing, nothing, nothing, weeks.astype(float), weeks.astype(float))
    last = np.maximum(weeks - 1, 0)
    columns = np.arange(ordered.shape[1])
    median = (ordered[last // 2, columns] + ordered[(last + 1) // 2, columns]) / 2
    start = ordered[np.floor(TAIL * last).astype(int), columns]
    excess = np.where(ordered > start, ordered - start, 0.0)
    count = (excess > 0).sum(axis=0)
    return Tail(
        median=median,
        start=start,
        mean_excess=excess.sum(axis=0) / np.maximum(count, 1),
        count=count.astype(float),
        weeks=weeks.astype(float),
    )


FEWEST_ROWS = 3  # a deviation that concerns fewer rows than this does not count
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
    tail: Tail
    judged: NDArray[np.bool_]

    def ratios(self, found: Floats, *, least: Floats, thin: Floats) -> Floats:
        """Return deviations in units of the limit, shape (days, k); NaN where they are not judged.

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
        Shape (k,): the smallest change that matters; weeks of history before a statistic is judged.
    per_year
        How many false alarms a year are acceptable.
    """
    tail = fit_tail(weeks)
    judged = tail.weeks >= needed
    if not judged.any():
        return None
    scale = np.maximum(tail.level(1) - tail.median, floor)
    with np.errstate(invalid="ignore"):
        ratios = np.where(judged, (weeks - tail.median) / scale, np.nan)
    whole = fit_tail(np.fmax.reduce(ratios, axis=1)[:, None])
    limit = max(1.0, float(whole.level(1 / per_year)[0]))
    return Usual(tail.median, scale, limit, whole, judged)


def thin(rows: NDArray[np.int64]) -> Floats:
    """Return the factor by which a week may deviate more because it has fewer rows than usual; NaN if it is not judged.

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

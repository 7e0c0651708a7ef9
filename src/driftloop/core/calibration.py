"""What was usual: levels that the past reached once in so many years."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

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
        """Give the values that are expected to be reached once in so many years; shape (k,).

        The tail is exponential, as for most maxima. Its mean is known from few values, so the level is that of the
        predictive distribution: it lies above start + mean_excess · ln(rate · years), and approaches it as the
        history grows.
        """
        expected = np.maximum(self._rate * years, 1.0)
        few = np.maximum(self.count, 1.0)
        return np.asarray(self.start + self.mean_excess * few * (expected ** (1 / few) - 1))

    def years(self, values: Floats) -> Floats:
        """Give how many years lie between such values on average: the inverse of `level`.

        0 below the tail; infinite above a tail that never moved.
        """
        few = np.maximum(self.count, 1.0)
        above = np.maximum(values - self.start, 0)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            found = (1 + above / (self.mean_excess * few)) ** few / self._rate
        found = np.where(self.mean_excess > 0, found, np.inf)
        return np.asarray(np.where(above > 0, found, 0.0))

    @property
    def _rate(self) -> Floats:
        """Values in the tail per year."""
        return np.asarray(self.count / np.maximum(self.weeks, 1.0) * WEEKS_PER_YEAR)


def tail(maxima: Floats) -> Tail:
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

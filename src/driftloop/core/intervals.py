"""Confidence intervals for mean losses whose days are correlated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict

from driftloop.core.windows import day_numbers

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike

LAG_DAYS = 3


class Interval(BaseModel):
    """An estimate between two one-sided bounds of the same confidence.

    Attributes
    ----------
    estimate
        The point estimate.
    low, high
        One-sided bounds. None where fewer than two days speak.
    level
        Confidence of the interval between them: 0.9 for bounds of 0.95.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    estimate: float
    low: float | None
    high: float | None
    level: float

    def above(self, threshold: float) -> bool:
        """Say whether the whole interval lies above `threshold`; never without a bound."""
        return self.low is not None and self.low > threshold


def ratio(
    numerator: ArrayLike, denominator: ArrayLike, days: pd.Series, *, confidence: float, lag: int = LAG_DAYS
) -> Interval:
    """Estimate sum(numerator) / sum(denominator) with bounds that hold for rows clustered by day.

    Rows of one day are summed, the influence of each day on the ratio is taken, and its long-run variance
    is estimated with Bartlett weights over calendar days (days without rows count as zero influence).

    Parameters
    ----------
    numerator, denominator
        Shape (n,), finite. With a denominator of ones the ratio is the mean.
    days
        Shape (n,), the date of each row.
    confidence
        Of each one-sided bound, in (0.5, 1).
    lag
        Days over which dependence is allowed for.

    Raises
    ------
    ValueError
        If there are no rows or the denominator sums to zero.

    References
    ----------
    Newey and West (1987), "A simple, positive semi-definite, heteroskedasticity and autocorrelation consistent
    covariance matrix"; t quantile with (days - 1) degrees of freedom, and the factor days / (days - 1).
    """
    from scipy import stats  # takes a second to import, and whoever only reads an Interval needs none of it

    top, bottom = np.asarray(numerator, dtype=float), np.asarray(denominator, dtype=float)
    total = bottom.sum()
    if not len(top) or total == 0:
        msg = "a ratio needs rows and a denominator that is not zero"
        raise ValueError(msg)
    estimate, level = float(top.sum() / total), round(2 * confidence - 1, 6)
    position = day_numbers(days)
    position -= position.min()
    influence = np.bincount(position, weights=top - estimate * bottom)
    observed = len(np.unique(position))
    if observed < 2:  # noqa: PLR2004 a variance needs two days
        return Interval(estimate=estimate, low=None, high=None, level=level)
    variance = float(influence @ influence)
    for step in range(1, min(lag, len(influence) - 1) + 1):
        variance += 2 * (1 - step / (lag + 1)) * float(influence[step:] @ influence[:-step])
    deviation = np.sqrt(max(variance, 0.0) * observed / (observed - 1)) / abs(total)
    reach = float(stats.t.ppf(confidence, observed - 1) * deviation)
    return Interval(estimate=estimate, low=estimate - reach, high=estimate + reach, level=level)


def mean(values: ArrayLike, days: pd.Series, *, confidence: float, lag: int = LAG_DAYS) -> Interval:
    """Estimate a mean with bounds that hold for rows clustered by day; see `ratio`."""
    values = np.asarray(values, dtype=float)
    return ratio(values, np.ones_like(values), days, confidence=confidence, lag=lag)

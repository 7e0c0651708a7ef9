"""Confidence intervals for mean losses whose days are correlated."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict

from driftloop.core.windows import day_numbers

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

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
        """Whether the whole interval lies above `threshold`; never without a bound."""
        return self.low is not None and self.low > threshold


class Spread(NamedTuple):
    """A ratio and how certain it is.

    Attributes
    ----------
    estimate
        The ratio.
    variance
        Of the estimate; None where fewer than two days speak.
    freedom
        Degrees of freedom that the variance was estimated with.
    """

    estimate: float
    variance: float | None
    freedom: float


def ratio(
    numerator: ArrayLike, denominator: ArrayLike, days: pd.Series, *, confidence: float, lag: int = LAG_DAYS
) -> Interval:
    """Estimate sum(numerator) / sum(denominator) with bounds that hold for rows clustered by day; see `spread`.

    Parameters
    ----------
    numerator, denominator, days, lag
        See `spread`.
    confidence
        Of each one-sided bound, in (0.5, 1).
    """
    return _interval(spread(numerator, denominator, days, lag=lag), confidence)


def spread(
    numerator: ArrayLike, denominator: ArrayLike, days: Iterable[date] | pd.Series, *, lag: int = LAG_DAYS
) -> Spread:
    """Estimate sum(numerator) / sum(denominator), and its variance where rows are clustered by day.

    Rows of one day are summed, the influence of each day on the ratio is taken, and its long-run variance
    is estimated with Bartlett weights over calendar days (days without rows count as zero influence).
    With few days that variance is too small and itself uncertain. Both are put right as if days were
    independent: it is scaled to be unbiased, and the t quantile has the degrees of freedom that match its spread.
    At lag 0 that is the usual (days - 1).

    Parameters
    ----------
    numerator, denominator
        Shape (n,), finite. With a denominator of ones the ratio is the mean; sums by day do as well as rows.
    days
        Shape (n,), the date of each row.
    lag
        Days over which dependence is allowed for.

    Raises
    ------
    ValueError
        If there are no rows or the denominator sums to zero.

    References
    ----------
    Newey and West (1987), "A simple, positive semi-definite, heteroskedasticity and autocorrelation consistent
    covariance matrix": the variance. Bell and McCaffrey (2002), "Bias reduction in standard errors for linear
    regression with multi-stage samples": scale and degrees of freedom. The quantiles agree with Kiefer and Vogelsang
    (2005), "A new asymptotic theory for heteroskedasticity-autocorrelation robust tests", to 1 % at 4 of 28 days.
    """
    top, bottom = np.asarray(numerator, dtype=float), np.asarray(denominator, dtype=float)
    total = bottom.sum()
    if not len(top) or total == 0:
        msg = "a ratio needs rows and a denominator that is not zero"
        raise ValueError(msg)
    estimate = float(top.sum() / total)
    position, day = np.unique(day_numbers(days), return_inverse=True)
    if len(position) < 2:  # noqa: PLR2004 a variance needs two days
        return Spread(estimate, None, 0.0)
    influence = np.bincount(day, weights=top - estimate * bottom)
    weights = np.clip(1 - np.abs(position[:, None] - position) / (lag + 1), 0, None)
    scale, freedom = _small_sample(weights)
    # Products are added up by NumPy and not by BLAS, whose order, and so the last digits, depend on the processor.
    variance = float((weights * np.outer(influence, influence)).sum())
    return Spread(estimate, max(variance, 0.0) * scale / total**2, freedom)


def difference(first: Spread, second: Spread, *, factor: float, confidence: float) -> Interval:
    """Estimate first − factor · second of two independent windows, both of which are uncertain.

    References
    ----------
    Welch (1947), "The generalization of 'Student's' problem when several different population variances are involved":
    the degrees of freedom.
    """
    estimate = first.estimate - factor * second.estimate
    if first.variance is None or second.variance is None:
        return _interval(Spread(estimate, None, 0.0), confidence)
    parts = ((first.variance, first.freedom), (factor**2 * second.variance, second.freedom))
    variance = sum(part for part, _ in parts)
    spread_of_it = sum(part**2 / freedom for part, freedom in parts if part)
    return _interval(Spread(estimate, variance, variance**2 / spread_of_it if variance else 1.0), confidence)


def _interval(found: Spread, confidence: float) -> Interval:
    """Bound an estimate by the quantiles of Student's t."""
    from scipy import stats  # takes a second to import, and whoever only reads an Interval needs none of it

    estimate, level = found.estimate, round(2 * confidence - 1, 6)
    if found.variance is None:
        return Interval(estimate=estimate, low=None, high=None, level=level)
    reach = float(stats.t.ppf(confidence, found.freedom) * np.sqrt(found.variance))
    return Interval(estimate=estimate, low=estimate - reach, high=estimate + reach, level=level)


def _small_sample(weights: NDArray[np.float64]) -> tuple[float, float]:
    """Return factor and degrees of freedom of the variance u'Wu if the days behind u are independent with equal variance.

    u are deviations from a mean, so u'Wu = x'Ax with A = MWM, M = I - 1/n. It has mean tr(A), where n is meant, and
    variance 2 tr(A²), that of a chi-square with tr(A)² / tr(A²) degrees of freedom (Satterthwaite).
    """
    centred = weights - weights.mean(axis=0)
    centred -= centred.mean(axis=1, keepdims=True)
    trace = float(np.trace(centred))
    return len(weights) / trace, trace**2 / float((centred**2).sum())


def mean(values: ArrayLike, days: pd.Series, *, confidence: float, lag: int = LAG_DAYS) -> Interval:
    """Estimate a mean with bounds that hold for rows clustered by day; see `ratio`."""
    values = np.asarray(values, dtype=float)
    return ratio(values, np.ones_like(values), days, confidence=confidence, lag=lag)

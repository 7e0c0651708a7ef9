"""How far two windows lie apart, from binned counts alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64] | NDArray[np.int64]

UNIT = 65_536  # sums count in such parts of the reference's standard deviation: whole numbers add up exactly


def wasserstein(now: Numbers, now_sums: Numbers, then: Numbers, then_sums: Numbers) -> NDArray[np.float64]:
    """Return the Wasserstein-1 distance in standard deviations of the reference.

    All rows of a bin are taken to lie at its mean, which costs little: the distance is exact where a bin holds one
    value, and otherwise wrong by less than the mean width of the bins.

    Parameters
    ----------
    now, then
        Shape (…, bins): rows per bin, bins in ascending order.
    now_sums, then_sums
        Their sums; see `histogram.daily`.

    Returns
    -------
    numpy.ndarray
        Shape (…), ≥ 0; NaN where a side has no row.

    References
    ----------
    Vallender (1974), Calculation of the Wasserstein distance between probability distributions on the line.
    """
    p, q = shares(now), shares(then)
    with np.errstate(invalid="ignore", divide="ignore"):
        here, there = now_sums / now / UNIT, then_sums / then / UNIT
    here, there = np.where(now > 0, here, there), np.where(then > 0, there, here)  # both NaN in an empty bin
    low, high = np.minimum(here, there), np.maximum(here, there)
    first = np.nanmin(np.where(np.isnan(low), np.inf, low), axis=-1, keepdims=True)
    first = np.where(np.isfinite(first), first, 0.0)
    high = np.maximum.accumulate(np.where(np.isnan(high), -np.inf, high), axis=-1)
    high = np.maximum(high, first)
    low = np.where(np.isnan(low), high, low)
    ahead = np.cumsum(p - q, axis=-1)
    inside = (ahead - (p - q)) + np.where(here < there, p, -q)  # between the two means of a bin
    between = np.abs(ahead[..., :-1]) * np.maximum(0, low[..., 1:] - high[..., :-1])
    with np.errstate(invalid="ignore"):
        distance = (np.abs(inside) * (high - low)).sum(axis=-1) + between.sum(axis=-1)
    return np.asarray(distance)


def jensen_shannon(now: Numbers, then: Numbers) -> NDArray[np.float64]:
    """Return the Jensen–Shannon distance: the root of the divergence, natural logarithm.

    Parameters
    ----------
    now, then
        Shape (…, bins): rows per bin.

    Returns
    -------
    numpy.ndarray
        Shape (…), from 0 to √ln 2; NaN where a side has no row.
    """
    p, q = shares(now), shares(then)
    middle = (p + q) / 2
    divergence = (_relative(p, middle) + _relative(q, middle)).sum(axis=-1) / 2
    return np.asarray(np.sqrt(np.maximum(divergence, 0)))


def total_variation(now: Numbers, then: Numbers) -> NDArray[np.float64]:
    """Return the share of rows that would have to change for the windows to agree, in [0, 1]; NaN as above."""
    return np.asarray(np.abs(shares(now) - shares(then)).sum(axis=-1) / 2)


def shares(counts: Numbers) -> NDArray[np.float64]:
    """Divide by the sum over bins; NaN where it is 0."""
    with np.errstate(invalid="ignore"):
        return np.asarray(counts / counts.sum(axis=-1, keepdims=True))


def _relative(p: NDArray[np.float64], q: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return p ln(p / q), where 0 ln 0 is 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(p == 0, 0.0, p * np.log(p / q)))

"""Bounds for means and ratios of rows that are clustered by day."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from factories import START, make_days
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from driftloop.core.columns import DAY
from driftloop.core.intervals import LAG_DAYS, Interval, Spread, difference, mean, ratio, spread

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

steady = settings(max_examples=60, deadline=None, derandomize=True)
values = st.floats(-1e3, 1e3).map(lambda value: round(value, 3))


def day_series(days: Sequence[date]) -> pd.Series:
    return pd.Series(days, dtype=object)


def ar1(random: np.random.Generator, shape: tuple[int, int], phi: float) -> Floats:
    """Give rows of AR(1) series of variance 1."""
    out = random.normal(size=shape)
    for day in range(1, shape[1]):
        out[:, day] = phi * out[:, day - 1] + np.sqrt(1 - phi**2) * out[:, day]
    return out


def bound_by_hand(top: Floats, bottom: Floats, numbers: Sequence[int], *, confidence: float) -> tuple[float, float]:
    """Sum over all pairs of rows, weighted by the distance of their days: what the docstring says, without arrays."""
    estimate = sum(top) / sum(bottom)
    left_over = [one - estimate * other for one, other in zip(top, bottom, strict=True)]
    variance = sum(
        max(0.0, 1 - abs(numbers[i] - numbers[j]) / (LAG_DAYS + 1)) * left_over[i] * left_over[j]
        for i in range(len(top))
        for j in range(len(top))
    )
    scale, freedom = small_sample(sorted(set(numbers)))
    deviation = (max(variance, 0.0) * scale) ** 0.5 / abs(sum(bottom))
    return estimate, estimate - stats.t.ppf(confidence, freedom) * deviation


def small_sample(numbers: Sequence[int], lag: int = LAG_DAYS) -> tuple[float, float]:
    """Give factor and degrees of freedom by the eigenvalues of the variance as a sum of squares."""
    weights = [[max(0.0, 1 - abs(one - other) / (lag + 1)) for other in numbers] for one in numbers]
    away = np.eye(len(numbers)) - 1 / len(numbers)
    parts = np.linalg.eigvalsh(away @ np.array(weights) @ away)
    return len(numbers) / parts.sum(), parts.sum() ** 2 / (parts**2).sum()


@pytest.mark.parametrize(("days", "rows"), [(28, 24), (10, 1), (91, 5)])
def test_mean__agrees_with_statsmodels_on_equal_days(days: int, rows: int) -> None:
    import statsmodels.api as sm  # type: ignore[import-untyped] # slow, and of no other test

    random = np.random.default_rng(days)
    loss = np.repeat(ar1(random, (1, days), 0.6)[0], rows) + random.standard_t(3, days * rows)
    found = mean(loss, day_series(make_days(days, rows=rows)), confidence=0.95)
    sums = loss.reshape(days, rows).sum(axis=1)
    hac = {"maxlags": LAG_DAYS, "use_correction": False, "kernel": "bartlett"}
    fit = sm.OLS(sums, np.ones(days)).fit(cov_type="HAC", cov_kwds=hac)
    scale, freedom = small_sample(range(days))
    reach = stats.t.ppf(0.95, freedom) * np.sqrt(scale) * fit.bse[0] / rows
    assert found.estimate == pytest.approx(fit.params[0] / rows)
    assert found.low == pytest.approx(found.estimate - reach)
    assert found.high == pytest.approx(found.estimate + reach)
    assert found.level == 0.9


def test_mean__without_lag_is_the_usual_t_interval() -> None:
    loss = np.random.default_rng(0).normal(size=9)
    found = mean(loss, day_series(make_days(9)), confidence=0.975, lag=0)
    usual = stats.t.interval(0.95, 8, loc=loss.mean(), scale=stats.sem(loss))
    assert (found.low, found.high) == pytest.approx(usual)


@pytest.mark.parametrize("share", [0.04, 1 / 7])
@pytest.mark.parametrize(("confidence", "table"), [(0.9, 0), (0.95, 1), (0.975, 2), (0.99, 3)])
def test_mean__quantiles_are_those_of_kiefer_and_vogelsang(share: float, confidence: float, table: int) -> None:
    """Kiefer and Vogelsang (2005), Table 1, Bartlett: the quantile as a cubic in the share of days that the lag covers."""
    cubics = [
        (1.2816, 1.3040, 0.5135, -0.3386),
        (1.6449, 2.1859, 0.3142, -0.3427),
        (1.9600, 2.9694, 0.4160, -0.5324),
        (2.3263, 4.1618, 0.5368, -0.9060),
    ]
    days = 350
    loss = np.random.default_rng(0).normal(size=days)
    lag = round(share * days) - 1
    found = mean(loss, day_series(make_days(days)), confidence=confidence, lag=lag)
    assert found.low is not None
    away = loss - loss.mean()
    variance = sum(max(0, 1 - abs(step) / (lag + 1)) * away[: days - step] @ away[step:] for step in range(days))
    deviation = np.sqrt(2 * variance - away @ away) / days
    assert (found.estimate - found.low) / deviation == pytest.approx(np.polyval(cubics[table][::-1], share), rel=0.02)


@steady
@given(st.lists(st.tuples(st.integers(0, 40), values, st.floats(0.5, 2)), min_size=2, max_size=25))
def test_ratio__equals_the_sum_over_pairs_of_rows_also_with_gaps(rows: list[tuple[int, float, float]]) -> None:
    numbers = [number for number, _, _ in rows]
    top, bottom = np.array([value for _, value, _ in rows]), np.array([weight for _, _, weight in rows])
    days = day_series([START + timedelta(days=number) for number in numbers])
    found = ratio(top, bottom, days, confidence=0.95)
    if len(set(numbers)) < 2:
        assert (found.low, found.high) == (None, None)
        return
    estimate, low = bound_by_hand(top, bottom, numbers, confidence=0.95)
    assert found.estimate == pytest.approx(estimate, abs=1e-9)
    assert found.low == pytest.approx(low, rel=1e-6, abs=1e-4)


@steady
@given(st.integers(2, 30), st.integers(0, 2**32 - 1))
def test_ratio__does_not_depend_on_the_order_of_rows(days: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({DAY: make_days(days, rows=3), "a": random.normal(size=3 * days)})
    frame["b"] = random.exponential(size=len(frame))
    mixed = frame.sample(frac=1, random_state=seed)
    found, other = (ratio(one["a"], one["b"], one[DAY], confidence=0.9) for one in (frame, mixed))
    assert (other.estimate, other.low, other.high) == pytest.approx((found.estimate, found.low, found.high))


def test_mean__days_far_apart_do_not_depend() -> None:
    values = np.array([1.0, 1.2, -1.0, -1.2])
    apart = [START + timedelta(days=10 * day) for day in range(4)]
    spread = mean(values, day_series(apart), confidence=0.95)
    assert spread.low == pytest.approx(-stats.t.ppf(0.95, 3) * np.sqrt(4 / 3 * (values**2).sum()) / 4)


@pytest.mark.parametrize("factor", [1e-6, 7.0, 1e6])
def test_ratio__of_losses_has_no_unit(factor: float) -> None:
    random = np.random.default_rng(0)
    days = day_series(make_days(14, rows=4))
    top, bottom = random.normal(size=56), random.exponential(size=56)
    found, scaled = (ratio(c * top, c * bottom, days, confidence=0.95) for c in (1.0, factor))
    assert scaled.low == pytest.approx(found.low)


def test_ratio__one_day_has_no_bound() -> None:
    found = ratio([1.0, 2.0], [2.0, 2.0], day_series(make_days(1, rows=2)), confidence=0.95)
    assert found == Interval(estimate=0.75, low=None, high=None, level=0.9)
    assert not found.above(-1e9)


def test_ratio__constant_losses_are_certain() -> None:
    found = mean([2.0] * 10, day_series(make_days(5, rows=2)), confidence=0.95)
    assert (found.low, found.estimate, found.high) == (2.0, 2.0, 2.0)


@pytest.mark.parametrize(("top", "bottom"), [([], []), ([1.0, 1.0], [1.0, -1.0]), ([1.0, 2.0], [0.0, 0.0])])
def test_ratio__without_denominator_is_refused(top: list[float], bottom: list[float]) -> None:
    with pytest.raises(ValueError, match="a denominator that is not zero"):
        ratio(top, bottom, day_series(make_days(len(top))), confidence=0.95)


@pytest.mark.parametrize(
    ("phi", "days", "least", "most"),
    [(0.0, 5, 0.94, 0.98), (0.0, 28, 0.935, 0.97), (0.4, 28, 0.915, 0.97), (0.4, 91, 0.92, 0.97)],
)
def test_mean__one_sided_bound_covers(phi: float, days: int, least: float, most: float) -> None:
    """With correlated days the bound is a little too bold, which is one reason for the gate's δ."""
    random = np.random.default_rng(1)
    dates, rows, runs = day_series(make_days(days, rows=6)), 6, 800
    effect = np.repeat(ar1(random, (runs, days), phi), rows, axis=1)
    losses = effect + random.standard_t(4, effect.shape)
    lows = [mean(loss, dates, confidence=0.95).low for loss in losses]
    assert least <= np.mean([low is not None and low <= 0 for low in lows]) <= most


def test_above__needs_the_whole_interval() -> None:
    found = Interval(estimate=0.1, low=0.02, high=0.18, level=0.9)
    assert found.above(0.01)
    assert not found.above(0.02)


def test_difference__agrees_with_welch_on_independent_days() -> None:
    random = np.random.default_rng(0)
    one, other = random.normal(2, 1, 28), random.normal(1, 3, 20)
    parts = [spread(values, np.ones(len(values)), make_days(len(values)), lag=0) for values in (one, other)]
    found = difference(*parts, factor=1.1, confidence=0.99)
    usual = stats.ttest_ind(one, 1.1 * other, equal_var=False).confidence_interval(0.98)
    assert (found.low, found.high) == pytest.approx(tuple(usual))
    assert found.estimate == pytest.approx(one.mean() - 1.1 * other.mean())


def test_difference__is_exact_where_both_are_and_unknown_where_one_is() -> None:
    exact = difference(Spread(2.0, 0.0, 1.0), Spread(1.0, 0.0, 1.0), factor=1.5, confidence=0.99)
    assert (exact.low, exact.high) == (0.5, 0.5)
    for parts in ((Spread(2.0, None, 0.0), Spread(1.0, 0.1, 9.0)), (Spread(2.0, 0.1, 9.0), Spread(1.0, None, 0.0))):
        assert difference(*parts, factor=1.5, confidence=0.99).low is None

"""Distances from counts, against scipy on the rows themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import wasserstein_distance

from driftloop.core.data import distances
from driftloop.core.data.distances import UNIT
from driftloop.core.data.grid import Bins, number_bins

few = st.lists(st.integers(-5, 5), min_size=1, max_size=40)
many = st.lists(st.floats(-1e3, 1e3, allow_nan=False), min_size=2, max_size=200)


def binned(values: np.ndarray, bins: Bins) -> tuple[np.ndarray, np.ndarray]:
    place = np.searchsorted(bins.edges, values, side="right")
    units = np.rint((values - bins.origin) / bins.scale * UNIT)
    return np.bincount(place, minlength=bins.count), np.bincount(place, units, minlength=bins.count).astype(np.int64)


def make_bins(values: np.ndarray) -> Bins:
    return number_bins(values, float(values.min()), float(values.max()))


@given(few, few)
def test_wasserstein__is_exact_where_bins_hold_one_value(now: list[int], then: list[int]) -> None:
    new, old = np.array(now, float), np.array(then, float)
    bins = make_bins(np.concatenate([new, old]))
    found = distances.wasserstein(*binned(new, bins), *binned(old, bins))
    assert found == pytest.approx(wasserstein_distance(new, old) / bins.scale, abs=2 / UNIT)


@settings(deadline=None)
@given(many, many)
def test_wasserstein__is_never_off_by_more_than_the_widest_bin(now: list[float], then: list[float]) -> None:
    new, old = np.array(now), np.array(then)
    bins = make_bins(np.concatenate([new, old]))
    found = distances.wasserstein(*binned(new, bins), *binned(old, bins))
    widest = float(np.diff(bins.edges).max()) / bins.scale
    assert abs(found - wasserstein_distance(new, old) / bins.scale) <= widest + 2 / UNIT


@pytest.mark.parametrize(("draw", "most"), [("normal", 0.013), ("lognormal", 0.02), ("exponential", 0.013)])
def test_wasserstein__is_close_on_smooth_values(draw: str, most: float) -> None:
    random = np.random.default_rng(0)
    reference = getattr(random, draw)(size=8000)
    bins = make_bins(reference)
    for shift in (0.0, 0.1, 0.5, 2.0):
        now, then = getattr(random, draw)(size=300) + shift, getattr(random, draw)(size=3000)
        exact = wasserstein_distance(now, then) / bins.scale
        assert abs(distances.wasserstein(*binned(now, bins), *binned(then, bins)) - exact) < most


def test_wasserstein__takes_many_windows_at_once_and_is_nan_without_rows() -> None:
    bins = make_bins(np.arange(5.0))
    rows, sums = np.array([binned(np.array([1.0, 2.0]), bins), binned(np.array([]), bins)]).transpose(1, 0, 2)
    then = np.array([binned(np.array([3.0, 4.0]), bins)] * 2).transpose(1, 0, 2)
    found = distances.wasserstein(rows, sums, *then)
    assert found[0] == pytest.approx(2 / bins.scale, abs=2 / UNIT)
    assert np.isnan(found[1])


counts = st.lists(st.integers(0, 50), min_size=3, max_size=3).filter(any)


@given(counts, counts)
def test_jensen_shannon__agrees_with_scipy(now: list[int], then: list[int]) -> None:
    found = distances.jensen_shannon(np.array(now), np.array(then))
    assert found == pytest.approx(float(np.nan_to_num(jensenshannon(now, then))), abs=1e-7)


@given(counts, counts)
def test_distances__are_zero_for_equals_symmetric_and_bounded(now: list[int], then: list[int]) -> None:
    a, b = np.array(now), np.array(then)
    for distance, most in ((distances.jensen_shannon, np.sqrt(np.log(2))), (distances.total_variation, 1.0)):
        assert distance(a, 3 * a) == pytest.approx(0, abs=1e-7)
        assert distance(a, b) == pytest.approx(distance(b, a))
        assert 0 <= distance(a, b) <= most + 1e-9

"""Figures in words."""

from __future__ import annotations

import pytest

from driftloop.core.figures import less_error, percent
from driftloop.core.intervals import Interval


@pytest.mark.parametrize(
    ("share", "digits", "words"),
    [(0.1234, 1, "12.3 %"), (0.1, 0, "10 %"), (-0.05, 1, "-5.0 %"), (0.0, 1, "0.0 %"), (1.5, 0, "150 %")],
)
def test_percent__digits(share: float, digits: int, words: str) -> None:
    assert percent(share, digits) == words


@pytest.mark.parametrize(
    ("gain", "words"),
    [
        (
            Interval(estimate=0.0984, low=0.075, high=0.1214, level=0.9),
            "9.8 % less error (90 % interval 7.5 to 12.1 %)",
        ),
        (Interval(estimate=0.02, low=-0.01, high=0.05, level=0.98), "2.0 % less error (98 % interval -1.0 to 5.0 %)"),
        (Interval(estimate=0.0, low=0.0, high=0.0, level=0.9), "0.0 % less error (90 % interval 0.0 to 0.0 %)"),
        (Interval(estimate=0.1, low=None, high=None, level=0.9), "10.0 % less error (no interval from a single day)"),
    ],
)
def test_less_error__with_its_interval(gain: Interval, words: str) -> None:
    assert less_error(gain) == words


def test_less_error__or_more() -> None:
    assert less_error(Interval(estimate=-0.05, low=-0.08, high=-0.02, level=0.9)).startswith("5.0 % more error (")

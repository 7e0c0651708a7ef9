"""Distributions for people: bars of whole bins, exact shares, and nothing of a handful of rows."""

from __future__ import annotations

import numpy as np
import pytest

from driftloop.core.data.grid import Bins
from driftloop.core.overview.histograms import ALPHABET, FEW, SHOWN, bars, decoded, encoded, shares


def test_bars__few_bins_are_shown_as_they_are() -> None:
    shown = bars(Bins(edges=(-1.2, 1.5, 3.5, 13.2)))  # the reference reached from 0 to 12
    assert shown.labels == ("below −1.2", "0 to 1.5", "1.5 to 3.5", "3.5 to 12", "from 13.2")
    assert np.array_equal(shown.weights, np.eye(5))


def test_bars__many_bins_become_bars_of_equal_width() -> None:
    inner = np.linspace(0, 100, 65)[1:-1]
    shown = bars(Bins(edges=(-10.0, *inner, 110.0)))
    assert len(inner) > FEW
    assert len(shown.labels) == SHOWN + 2
    assert shown.weights.sum(axis=1) == pytest.approx(np.ones(66))  # no row is lost
    even = np.array([[0, *[7] * 64, 0]])
    assert shares(even, shown, fewest=1)[0, 1:-1] == pytest.approx(np.full(SHOWN, 1 / SHOWN))


def test_bars__names_beyond_the_first_are_together() -> None:
    shown = bars(Bins(names=tuple(f"n{place:02}" for place in range(20))))
    assert shown.labels == (*(f"'n{place:02}'" for place in range(15)), "all others")
    assert shares(np.ones((1, 21), dtype=np.int64), shown, fewest=1)[0, -1] == pytest.approx(6 / 21)


def test_shares__bars_of_fewer_rows_are_left_out() -> None:
    shown = bars(Bins(names=("a", "b")))
    found = shares(np.array([[4, 5, 91], [0, 0, 0]]), shown, fewest=5)
    assert found.tolist() == [[0.0, 0.05, 0.91], [0.0, 0.0, 0.0]]


def test_encoded__comes_back_to_one_part_in_sixty_three() -> None:
    found = np.random.default_rng(0).random((3, 9))
    texts = encoded(found, 1.0)
    assert np.array([decoded(text, 1.0) for text in texts]) == pytest.approx(found, abs=0.5 / 63 + 1e-9)


def test_alphabet__is_the_scripts_too_and_holds_nothing_that_html_or_a_search_for_values_minds() -> None:
    from driftloop.report.dashboard.page import stylesheet_and_script

    assert f'"{ALPHABET}"' in stylesheet_and_script()["dashboard.js"]
    assert len(set(ALPHABET)) == 64
    assert not set(ALPHABET) & set("0123456789 <>&\"'")

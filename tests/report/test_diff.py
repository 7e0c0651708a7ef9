"""Better and worse: said only where it is known."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import pytest

from driftloop.report.diff import Change, change, diff


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        ("production: mae", 10.0, 12.0, ("+20.0 %", "worse")),
        ("mae", 2.0, 1.0, ("−50.0 %", "better")),
        ("refit.rmse", 1.0, 2.0, ("+100.0 %", "worse")),
        ("monitor: measured_error", 2.0, 1.0, ("−50.0 %", "better")),
        ("mae", 0.0, 1.0, ("+1", "worse")),
        ("mae", 1.0, 1.0, ("0", "same")),
        ("mae", 100.01, 100.02, ("+0.01", "same")),
        ("accuracy", 0.5, 0.4, ("−0.1", "worse")),
        ("roc_auc", 0.5, 0.75, ("+0.25", "better")),
        ("bias", 1.0, -2.0, ("farther from 0", "worse")),
        ("bias", -3.0, -2.0, ("nearer 0", "better")),
        ("bias", 1.0, -1.0, ("as far from 0", "same")),
        ("rows", 1000, 3000, ("+2,000", "")),
        ("promote", 1, 0, ("−1", "")),
        ("share", 0.25, 0.5, ("+0.25 (+100.0 %)", "")),
        ("rows", 0, 3, ("+3", "")),
        ("x", -2.5, -1.5, ("+1 (+40.0 %)", "")),
        ("mae", None, 1.0, ("", "")),
        ("mae", 1.0, None, ("", "")),
        ("mae", nan, 1.0, ("", "")),
        ("mae", 1.0, inf, ("", "")),
        ("mae", "high", "low", ("", "")),
        ("accuracy", True, False, ("", "")),
    ],
)
def test_change__knows_which_way_is_better_or_says_nothing(
    name: str, old: Any, new: Any, expected: tuple[str, str]
) -> None:
    assert change(name, old, new) == Change(*expected)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (nan, nan, "| a: mae | nan | nan |  |  |"),
        (100.01, 100.02, "| a: mae | 100.01 | 100.02 | +0.01 | same |"),
        (1000, 1200, "| a: mae | 1,000 | 1,200 | +20.0 % | worse |"),
        (True, False, "| a: mae | True | False |  |  |"),
    ],
)
def test_diff__never_judges_what_a_side_lacks(old: Any, new: Any, said: str) -> None:
    text = diff([("a: mae", old, new)], "main", "here")
    assert text.startswith("| metric | main | here | change |  |\n")
    assert text.splitlines()[2:] == [said]


def test_diff__counts_what_is_equal() -> None:
    assert diff([], "main", "here") == "No metrics on either side."
    assert diff([("mae", 1.0, 1.0)], "main", "here") == "1 metric is equal on both sides."
    text = diff([("mae", 1.0, 1.0), ("rows", 3, 3), ("r2", 0.0, 0.5)], "main", "here")
    assert text.endswith("| r2 | 0 | 0.5 | +0.5 | better |\n\n2 metrics are equal on both sides.")


def test_diff__is_cut_after_so_many_rows() -> None:
    text = diff([(f"m{place}", 0, 1) for place in range(70)], "main", "here")
    assert text.endswith("\n\n… and 10 more.")
    assert len(text.splitlines()) == 64


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (None, 1.0, "1 metric has no value on main: a 1."),
        (1.0, None, "1 metric has no value here: a 1."),
        (None, None, "1 metric has no value here: a 1."),
    ],
)
def test_diff__counts_what_a_side_lacks(old: Any, new: Any, said: str) -> None:
    assert diff([("a: mae", old, new)], "main", "here") == said
    assert diff([("a: x", None, None), ("b: x", 1, None), ("b: y", 2, None)], "main", "here") == (
        "3 metrics have no value here: a 1, b 2."
    )

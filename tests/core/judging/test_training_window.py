"""How many days to train on."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from driftloop.core.judging.training_window import HALF_LIFE_STEPS, choose, origins
from driftloop.core.models.recipe import Choice
from driftloop.params import MOST_STEPS

CANDIDATES: tuple[int | str, ...] = ("all", 365, 182, 91)


def totals(**over: float) -> dict[int | str, float]:
    return {days: over.get(f"d{days}", 1.0) for days in CANDIDATES}


def test_choose__the_smallest_loss() -> None:
    found = choose([totals(d182=0.75)] * 10, CANDIDATES)
    assert (found.train_days, found.steps) == (182, 10)
    assert found.saved == pytest.approx(0.25)
    assert "25.0 % less error than everything over 10 steps" in found.reason


def test_choose__the_longer_of_equals() -> None:
    assert choose([totals()] * 3, CANDIDATES).train_days == "all"
    assert choose([totals(d91=0.5, d365=0.5)], CANDIDATES).train_days == 365


def test_choose__newer_steps_weigh_more() -> None:
    old, new = [totals(d91=0.9)] * 8, [totals(d91=1.12)] * 8
    assert choose([*old, *new], CANDIDATES).train_days == "all"
    assert choose([*new, *old], CANDIDATES).train_days == 91
    assert HALF_LIFE_STEPS == 8


def test_choose__a_candidate_that_could_not_be_fitted_everywhere_is_not_chosen() -> None:
    short = {days: loss for days, loss in totals(d91=0.1).items() if days != 91}
    assert choose([totals(d91=0.1, d182=0.9), short | {182: 0.9}], CANDIDATES).train_days == 182


def test_choose__the_longest_need_not_be_everything() -> None:
    found = choose([{364: 2.0, 56: 1.0}], [364, 56])
    assert (found.train_days, found.longest, found.saved) == (56, 364, 0.5)
    assert "50.0 % less error than the last 364 days over 1 steps" in found.reason
    assert choose([], [364, 56]).train_days == 364


def test_choose__nothing_to_go_by() -> None:
    assert choose([], CANDIDATES) == Choice(train_days="all")
    assert "no shorter window could be compared yet" in choose([], CANDIDATES).reason


def test_origins__end_before_the_cut_on_a_grid_of_the_calendar() -> None:
    for shift in range(7):
        cut = date(2025, 3, 3) + timedelta(days=shift)  # a Monday, and the days after it
        found = origins(cut, step_days=7, label_delay_days=3)
        assert len(found) == MOST_STEPS
        assert found[-1].window.until == date(2025, 3, 3)
        assert found[-1].known_until == date(2025, 2, 24) - timedelta(days=3)
        assert {step.window.since.weekday() for step in found} == {0}

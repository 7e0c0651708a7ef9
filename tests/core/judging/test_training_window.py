"""How many days to train on."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from driftloop.core.judging.training_window import CANDIDATES, HALF_LIFE_STEPS, choose, origins
from driftloop.core.models.recipe import Choice
from driftloop.params import MOST_STEPS


def totals(**over: float) -> dict[int | str, float]:
    return {days: over.get(f"d{days}", 1.0) for days in CANDIDATES}


def test_choose__the_smallest_loss() -> None:
    found = choose([totals(d182=0.75)] * 10)
    assert (found.train_days, found.steps) == (182, 10)
    assert found.saved == pytest.approx(0.25)
    assert "25.0 % less error than everything over 10 steps" in found.reason


def test_choose__the_longer_of_equals() -> None:
    assert choose([totals()] * 3).train_days == "all"
    assert choose([totals(d91=0.5, d365=0.5)]).train_days == 365


def test_choose__newer_steps_weigh_more() -> None:
    old, new = [totals(d91=0.9)] * 8, [totals(d91=1.12)] * 8
    assert choose([*old, *new]).train_days == "all"
    assert choose([*new, *old]).train_days == 91
    assert HALF_LIFE_STEPS == 8


def test_choose__nothing_to_go_by() -> None:
    assert choose([]) == Choice(train_days="all")
    assert "no shorter window could be compared yet" in choose([]).reason


def test_origins__end_before_the_cut_on_a_grid_of_the_calendar() -> None:
    for shift in range(7):
        cut = date(2025, 3, 3) + timedelta(days=shift)  # a Monday, and the days after it
        found = origins(cut, step_days=7, label_delay_days=3)
        assert len(found) == MOST_STEPS
        assert found[-1].window.until == date(2025, 3, 3)
        assert found[-1].known_until == date(2025, 2, 24) - timedelta(days=3)
        assert {step.window.since.weekday() for step in found} == {0}

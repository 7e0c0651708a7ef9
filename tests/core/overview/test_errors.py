"""Errors over time: means per step, a band that holds nine of ten, segments of enough rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from proposals import make_card

from driftloop.core.columns import DAY, PRODUCTION_LOSS, REFIT_LOSS, STEP
from driftloop.core.decision.evidence import Evidence
from driftloop.core.intervals import Interval
from driftloop.core.judging.refits import Waiting
from driftloop.core.models.card import JudgedDay
from driftloop.core.overview import errors

FIRST = date(2025, 3, 3)


def make_scored(**over: Any) -> pd.DataFrame:
    days = [FIRST + timedelta(days=place) for place in range(14)]
    steps = [FIRST + timedelta(days=place // 7 * 7) for place in range(14)]
    frame = pd.DataFrame(
        {DAY: days, STEP: steps, PRODUCTION_LOSS: [2.0] * 7 + [4.0] * 7, REFIT_LOSS: [1.0] * 7 + [3.0] * 7}
    )
    return frame.assign(**over)


def make_evidence(scored: pd.DataFrame) -> Evidence:
    waiting = Waiting(days=1.0, since=FIRST, saved=1.0, history=((FIRST, 0.5), (FIRST + timedelta(days=7), 1.0)))
    return Evidence(until=date(2025, 3, 24), trained_until=FIRST, sound=scored, judged=scored, waiting=waiting)


def test_steps__are_means_with_the_cost_of_waiting() -> None:
    scored = make_scored()
    one, two = errors.steps(scored, make_evidence(scored), [FIRST], step_days=7)
    assert (one.production, one.refit, one.waiting, one.faulty, one.rows) == (2.0, 1.0, 0.5, True, 7)
    assert (two.production, two.refit, two.waiting, two.faulty) == (4.0, 3.0, 1.0, False)
    assert (two.window.since, two.window.days) == (FIRST + timedelta(days=7), 7)


def test_steps__without_rows_or_production_there_are_none() -> None:
    scored = make_scored()
    evidence = make_evidence(scored)
    assert errors.steps(scored.iloc[:0], evidence, [], step_days=7) == []
    assert errors.steps(scored.drop(columns=PRODUCTION_LOSS), evidence, [], step_days=7) == []


def test_steps__a_holdout_without_steps_has_none() -> None:
    scored = make_scored()
    assert errors.steps(scored.drop(columns=STEP), make_evidence(scored), [], step_days=7) == []


def test_band__holds_nine_of_ten_weeks_of_independent_days() -> None:
    random = np.random.default_rng(0)
    losses = random.normal(30, 5, 28)
    days = tuple(
        JudgedDay(day=FIRST + timedelta(days=place), rows=24, losses={"mae": 24 * loss})
        for place, loss in enumerate(losses)
    )
    found = errors.band(make_card(1, judged=days), "mae", step_days=7)
    assert found is not None
    low, high = found
    assert (low + high) / 2 == pytest.approx(losses.mean())
    assert (high - low) / 2 == pytest.approx(1.645 * losses.std() / np.sqrt(7))
    weeks = random.normal(losses.mean(), losses.std(), (10_000, 7)).mean(axis=1)
    assert np.mean((low < weeks) & (weeks < high)) == pytest.approx(0.9, abs=0.01)


def test_band__needs_a_week_of_days_of_this_metric() -> None:
    days = tuple(JudgedDay(day=FIRST + timedelta(days=place), rows=24, losses={"mae": 24.0}) for place in range(6))
    assert errors.band(make_card(1, judged=days), "mae", step_days=7) is None
    assert errors.band(make_card(1, judged=days * 2), "mse", step_days=7) is None


def test_segments__the_worst_first_and_none_of_a_handful() -> None:
    evidence = make_evidence(make_scored(c=["a"] * 4 + ["b"] * 10))
    found = errors.segments(evidence, ["c", "gone"], fewest=5, confidence=0.95)
    assert [(each.value, each.rows) for each in found] == [("b", 10)]
    worst, other = errors.segments(evidence, ["c"], fewest=1, confidence=0.95)
    assert worst.value == "b"
    assert worst.production == pytest.approx(3.4)
    assert (other.value, other.production, other.refit) == ("a", 2.0, 1.0)
    assert (worst.normal, worst.share) == (None, None)


def test_segments__say_what_each_has_of_the_added_loss_while_the_error_is_up() -> None:
    up = Interval(estimate=1.0, low=0.5, high=1.5, level=0.9)
    scored = make_scored(c=["a", "b"] * 7, **{PRODUCTION_LOSS: [2.0] * 7 + [2.0, 4.0] * 3 + [2.0]})
    judged = scored[scored[STEP] > FIRST]
    evidence = replace(make_evidence(scored), judged=judged, rise=up)
    worst, other = errors.segments(evidence, ["c"], fewest=1, confidence=0.95)
    assert (worst.value, worst.normal, worst.share, other.share) == ("a", 2.0, 1.0, 0.0)
    assert worst.usual == pytest.approx(3 / 7)
    calm = errors.segments(replace(evidence, rise=None), ["c"], fewest=1, confidence=0.95)
    assert [each.share for each in calm] == [None, None]

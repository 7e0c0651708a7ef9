"""When each policy asks for a retraining."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, get_args

import pandas as pd
import pytest
from decisions import make_decision
from factories import START, make_params

from driftloop.core.decision import policy
from driftloop.core.decision.evidence import Evidence
from driftloop.core.decision.policy import POLICIES, Settings
from driftloop.core.decision.thresholds import waited_enough
from driftloop.core.decision.values import Drift
from driftloop.core.intervals import Interval
from driftloop.core.judging.refits import Waiting
from driftloop.params import Monitor

SETTINGS = Settings(alert_at_days=8, calendar_days=91)


def interval(low: float | None) -> Interval:
    return Interval(estimate=(low or 0) + 0.5, low=low, high=None if low is None else low + 1, level=0.9)


def waiting(days: float, since: date = START) -> Waiting:
    return Waiting(days=days, since=since, saved=0.0, history=())


def make_evidence(**over: Any) -> Evidence:
    given: dict[str, Any] = {"until": START, "trained_until": START, "sound": pd.DataFrame(), "judged": pd.DataFrame()}
    return Evidence(**given | over)


@pytest.mark.parametrize(("days", "enough"), [(8.0, True), (7.99, False), (None, False)])
def test_waited_enough__from_the_threshold_on(days: float | None, *, enough: bool) -> None:
    assert waited_enough(days, 8) == enough
    held_back = make_decision(waiting_days=days, alert_at_days=8, refusal="not certain enough").held_back
    assert bool(held_back) == enough


@pytest.mark.parametrize(
    ("policy_set", "refit", "used"),
    [
        ("avoidable_loss", True, "avoidable_loss"),
        ("avoidable_loss", False, "loss"),
        ("calendar", False, "calendar"),
    ],
)
def test_policy_of__goes_by_measured_loss_where_there_are_no_refits(policy_set: str, used: str, *, refit: bool) -> None:
    assert policy.policy_of(make_params(monitor={"policy": policy_set, "refit": refit})) == used


@pytest.mark.parametrize(
    ("cost", "refusal", "asks"),
    [
        (waiting(8.0), None, True),
        (waiting(7.99), None, False),  # not yet
        (waiting(80.0), "not certain enough", False),  # nobody is asked for what would be refused
        (None, None, False),
    ],
)
def test_avoidable_loss__needs_cost_and_a_gate_that_opens(
    cost: Waiting | None, refusal: str | None, *, asks: bool
) -> None:
    assert bool(policy.avoidable_loss(make_evidence(waiting=cost, refusal=refusal), SETTINGS)) == asks


def test_avoidable_loss__says_since_when() -> None:
    found = policy.avoidable_loss(make_evidence(waiting=waiting(8.26)), SETTINGS)
    assert found == "keeping production has cost 8.3 normal days of error since 6 Jan 2025 (alert at 8)"


@pytest.mark.parametrize(
    ("rise", "asks"), [(interval(0.01), True), (interval(0.0), False), (interval(None), False), (None, False)]
)
def test_loss__asks_where_it_certainly_rose(rise: Interval | None, *, asks: bool) -> None:
    evidence = make_evidence(error=interval(1.2), normal_error=1.0, rise=rise)
    assert evidence.loss_is_up == asks
    assert bool(policy.loss(evidence, SETTINGS)) == asks


def test_loss__says_how_far() -> None:
    evidence = make_evidence(error=interval(1.2), normal_error=1.0, rise=interval(0.1))
    assert policy.loss(evidence, SETTINGS) == "error is 70 % above normal"


@pytest.mark.parametrize(("share", "asks"), [(0.5, True), (0.49, False), (None, False)])
def test_evidently__asks_at_half_of_the_columns(share: float | None, *, asks: bool) -> None:
    assert bool(policy.evidently(make_evidence(drift=Drift(share=share)), SETTINGS)) == asks


@pytest.mark.parametrize(("age", "asks"), [(91, True), (90, False), (0, False)])
def test_calendar__asks_at_an_age(age: int, *, asks: bool) -> None:
    evidence = make_evidence(until=START + timedelta(days=age))
    assert bool(policy.calendar(evidence, SETTINGS)) == asks


@pytest.mark.parametrize("name", POLICIES)
def test_policies__are_silent_without_evidence(name: str) -> None:
    assert POLICIES[name](make_evidence(), SETTINGS) is None


def test_policies__are_those_of_params() -> None:
    assert set(POLICIES) == set(get_args(Monitor.model_fields["policy"].annotation))

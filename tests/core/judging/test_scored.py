"""Which steps have faulty data, by rules and by data alarms."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest
from factories import START, make_days, make_losses, make_params
from profiles import make_rows, make_tables

from driftloop.core.alarms.values import Alarm
from driftloop.core.columns import DAY, STEP, TS
from driftloop.core.data.cumulated import CumulatedProfile
from driftloop.core.judging.scored import faulty_among, faulty_steps, holdout, sound_rows, steps_of
from driftloop.core.models.card import Card
from driftloop.core.windows import Window

STEPS = [START + timedelta(days=7 * place) for place in range(4)]


def day(place: int) -> date:
    return START + timedelta(days=place)


def make_alarm(since: int, until: int | None, **over: Any) -> Alarm:
    given = {"kind": "fault", "column": "x", "statistic": "null", "now": 0.3, "usual": 0.0, "years": 10.0}
    given |= {"number": True, "rows": 168, "since": day(since), "found": day(since + 1)}
    return Alarm.model_validate({**given, "until": None if until is None else day(until), **over})


def test_steps_of__refits_are_their_own() -> None:
    assert steps_of(make_params(), make_losses(28)) == STEPS


@pytest.mark.parametrize(("days", "steps"), [(28, 4), (29, 5), (7, 1), (1, 1)])
def test_steps_of__a_holdout_is_cut_from_its_first_day_on(days: int, steps: int) -> None:
    rows = pd.DataFrame({DAY: make_days(days, rows=3, since=day(2))}).sample(frac=1, random_state=0)
    assert steps_of(make_params(), rows) == [day(2 + 7 * place) for place in range(steps)]


def test_steps_of__no_rows_have_no_step() -> None:
    assert steps_of(make_params(), make_losses(7).head(0)) == []
    assert steps_of(make_params(), make_losses(7).head(0).drop(columns=STEP)) == []


def test_holdout__ends_with_the_last_final_label() -> None:
    params = make_params(data={"label_delay_days": 7}, windows={"judge_days": 14})
    assert holdout(params) == Window(since=date(2025, 2, 10), until=date(2025, 2, 24))


@pytest.mark.parametrize(
    ("alarm", "faulty"),
    [
        (make_alarm(7, 14), STEPS[1:2]),
        (make_alarm(13, 15), STEPS[1:3]),
        (make_alarm(14, 15), STEPS[2:3]),
        (make_alarm(20, None), STEPS[2:]),
        (make_alarm(28, None), []),
        (make_alarm(7, 14, kind="shape"), []),
    ],
)
def test_faulty_among__a_step_in_which_an_alarm_on_a_fault_lasted(alarm: Alarm, faulty: list[date]) -> None:
    assert faulty_among(STEPS, 7, [alarm], lambda _: False) == faulty


def test_faulty_among__a_step_that_broke_a_rule() -> None:
    broken = Window(since=day(14), until=day(21))
    assert faulty_among(STEPS, 7, [make_alarm(0, 3)], lambda window: window == broken) == [STEPS[0], STEPS[2]]


def test_faulty_steps__without_production_are_compared_with_the_days_before() -> None:
    params = make_params(source={"until": f"{day(84)}T00:00Z"}, data={"label_delay_days": 0})
    rows = make_rows(84)
    rows["x"] = rows["x"].mask((rows[TS] >= pd.Timestamp(day(70))) & (rows[TS] < pd.Timestamp(day(72))), 999.0)
    profile = CumulatedProfile.of(make_tables(rows, reference=56)[0])
    steps = [day(7 * place) for place in range(8, 12)]
    assert faulty_steps(params, Card(), profile, steps) == [day(70)]
    assert faulty_steps(params, Card(), CumulatedProfile.of(make_tables(rows)[0].head(0)), steps) == []


def test_sound_rows__are_those_outside_of_faulty_steps() -> None:
    rows = pd.DataFrame({DAY: make_days(28)})
    assert list(sound_rows(make_params(), rows, [day(7), day(99)])[DAY]) == [
        *map(day, range(7)),
        *map(day, range(14, 28)),
    ]

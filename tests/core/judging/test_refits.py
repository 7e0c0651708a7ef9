"""Which refits there are, and what they would have saved."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from factories import START, make_days, make_losses
from hypothesis import given, settings
from hypothesis import strategies as st

from driftloop.core.columns import DAY, PRODUCTION_LOSS, REFIT_LOSS, SCORE, STEP, loss_of, scores_of
from driftloop.core.judging import refits
from driftloop.core.judging.refits import Step, avoidable_loss, plan
from driftloop.core.windows import Window
from driftloop.params import MOST_STEPS

if TYPE_CHECKING:
    from collections.abc import Collection

steady = settings(max_examples=80, deadline=None, derandomize=True)
losses = st.floats(0, 100).map(lambda value: round(value, 2))
weeks = st.lists(st.lists(st.tuples(losses, losses), min_size=1, max_size=5), min_size=1, max_size=8)


def steps_since(trained_until: date | None, days: int, *, step: int = 7, judge: int = 28, delay: int = 7) -> list[Step]:
    until = (trained_until or START) + timedelta(days=days)
    return plan(
        trained_until=trained_until,
        labelled_until=until,
        step_days=step,
        recent_days=min(judge, 28),
        judge_days=judge,
        label_delay_days=delay,
    )


@steady
@given(st.integers(-10, 700), st.integers(1, 30), st.integers(1, 60), st.integers(0, 40))
def test_plan__whole_steps_tile_from_the_end_of_training(days: int, step: int, judge: int, delay: int) -> None:
    found = steps_since(START, days, step=step, judge=judge, delay=delay)
    assert len(found) == min(MOST_STEPS, max(0, days // step))
    assert all(one.window.days == step for one in found)
    assert all(one.window.until == other.window.since for one, other in pairwise(found))
    assert all((one.window.since - START).days % step == 0 for one in found)
    if found:
        assert 0 <= (START + timedelta(days=days) - found[-1].window.until).days < step


@steady
@given(st.integers(0, 300), st.integers(0, 40))
def test_plan__labels_are_embargoed_by_the_delay(days: int, delay: int) -> None:
    assert all(
        one.window.since - one.known_until == timedelta(days=delay) for one in steps_since(START, days, delay=delay)
    )


@steady
@given(st.integers(0, 250), st.integers(1, 60))
def test_plan__a_step_is_the_same_on_every_later_day(days: int, later: int) -> None:
    now = [(one.window, one.known_until) for one in steps_since(START, days)]
    then = [(one.window, one.known_until) for one in steps_since(START, days + later)]
    kept = [one for one in now if one[0].since >= then[0][0].since] if then else []
    assert kept == then[: len(kept)]


@steady
@given(st.integers(0, 300), st.integers(1, 20), st.integers(1, 60))
def test_plan__the_gate_judges_the_newest(days: int, step: int, judge: int) -> None:
    found = steps_since(START, days, step=step, judge=judge)
    count = refits.judged_steps(judge, step)
    assert count * step >= judge > (count - 1) * step
    assert [one.judged for one in found] == [index >= len(found) - count for index in range(len(found))]


@steady
@given(st.integers(0, 40), st.integers(1, 20), st.integers(1, 60))
def test_plan__without_production_the_newest_in_which_the_error_is_measured(days: int, step: int, judge: int) -> None:
    found = steps_since(None, days, step=step, judge=judge)
    assert len(found) == refits.judged_steps(min(judge, 28), step)
    assert all(one.judged and one.window.days == step for one in found)
    assert all(one.window.until == other.window.since for one, other in pairwise(found))
    assert found[-1].window.until == START + timedelta(days=days)


def test_plan__production_knows_everything() -> None:
    assert steps_since(START, 6) == []
    assert steps_since(START, 0) == []


def test_plan__exact() -> None:
    window = Window(since=date(2025, 1, 13), until=date(2025, 1, 20))
    assert steps_since(START, 20, judge=7)[-1] == Step(
        window=window, known_until=date(2025, 1, 6), judged=True, seeded=True
    )


def test_plan__other_seeds_only_where_the_recent_error_is_measured() -> None:
    found = steps_since(START, 7 * 20, judge=91)
    assert [step.judged for step in found] == [False] * 7 + [True] * 13
    assert [step.seeded for step in found] == [False] * 16 + [True] * 4


def frame(steps: list[list[tuple[float, float]]], *, per_day: int = 2) -> pd.DataFrame:
    """Give losses (production, refit) of rows in weekly steps, at most `per_day` on one day."""
    rows = [
        {
            STEP: START + timedelta(days=7 * number),
            DAY: START + timedelta(days=7 * number + index // per_day),
            PRODUCTION_LOSS: pair[0],
            REFIT_LOSS: pair[1],
        }
        for number, step in enumerate(steps)
        for index, pair in enumerate(step)
    ]
    return pd.DataFrame(rows)


def by_hand(
    table: pd.DataFrame, normal: float, min_gain: float, left_out: Collection[date]
) -> list[tuple[date, float, date | None]]:
    """Give step, sum and since: the recursion of DECISION.md in plain Python."""
    rows = table.to_dict("records")
    per_day = len(rows) / len({row[DAY] for row in rows})
    total, since, found = 0.0, None, []
    for step in sorted({row[STEP] for row in rows}):
        if step not in left_out:
            for row in rows:
                if row[STEP] == step:
                    total += (row[PRODUCTION_LOSS] - row[REFIT_LOSS] - min_gain * normal) / (normal * per_day)
            total = max(total, 0.0)
            since = (since or step) if total > 1e-9 else None
        found.append((step, total, since))
    return found


@steady
@given(weeks, st.floats(0.1, 50), st.sampled_from([0.0, 0.01, 0.1]), st.sets(st.integers(0, 7)))
def test_avoidable_loss__is_the_recursion(
    steps: list[list[tuple[float, float]]], normal: float, min_gain: float, faulty: set[int]
) -> None:
    table, left_out = frame(steps), [START + timedelta(days=7 * number) for number in faulty]
    found = avoidable_loss(table, normal_error=normal, min_gain=min_gain, left_out=left_out)
    expected = by_hand(table, normal, min_gain, left_out)
    assert [step for step, _ in found.history] == [step for step, _, _ in expected]
    assert [total for _, total in found.history] == pytest.approx([total for _, total, _ in expected], abs=1e-6)
    assert found.days == found.history[-1][1]
    assert all(total >= 0 for _, total in found.history)
    if all(total == 0 or total > 1e-6 for _, total in found.history):  # a last bit does not decide
        assert found.since == expected[-1][2]
    assert (found.since is None) == (found.days == 0)


@steady
@given(weeks, st.integers(-20, 20))
def test_avoidable_loss__has_no_unit(steps: list[list[tuple[float, float]]], power: int) -> None:
    table, factor = frame(steps), 2.0**power  # so that scaling is exact
    scaled = table.assign(**{name: table[name] * factor for name in (PRODUCTION_LOSS, REFIT_LOSS)})
    found = avoidable_loss(table, normal_error=3, min_gain=0.01)
    expected = replace(found, saved=found.saved * factor)  # which is in the unit of the losses
    assert avoidable_loss(scaled, normal_error=3 * factor, min_gain=0.01) == expected


@steady
@given(weeks, st.integers(0, 2**32 - 1))
def test_avoidable_loss__does_not_depend_on_the_order_of_rows(
    steps: list[list[tuple[float, float]]], seed: int
) -> None:
    table = frame(steps)
    found, mixed = (
        avoidable_loss(one, normal_error=3, min_gain=0.01) for one in (table, table.sample(frac=1, random_state=seed))
    )
    assert [total for _, total in mixed.history] == pytest.approx([total for _, total in found.history], abs=1e-9)


def weekly(*changes: float) -> pd.DataFrame:
    """Give weeks of one row a day, in which the refits save so many normal days of error (of 1)."""
    return frame([[(1 + change / 7, 1.0)] * 7 for change in changes], per_day=1)


def test_avoidable_loss__unit_is_a_normal_day() -> None:
    found = avoidable_loss(weekly(7.0, 7.0), normal_error=1, min_gain=0)  # twice the error, for a fortnight
    assert found.days == pytest.approx(14)
    assert found.since == START


def test_avoidable_loss__min_gain_does_not_count() -> None:
    assert avoidable_loss(weekly(0.07), normal_error=1, min_gain=0.02).days == 0
    assert avoidable_loss(weekly(0.21), normal_error=1, min_gain=0.02).days == pytest.approx(0.07)


@pytest.mark.parametrize(
    ("changes", "since"),
    [
        ((1, 1, 1), 0),
        ((-1, 1, 1), 1),
        ((2, -1, 1), 0),  # shrank, but never to zero
        ((2, -3, 1), 2),  # was zero in between
        ((1, 1, -3), None),
        ((1, -1, 1), 2),  # exactly zero is zero
        ((0, 0, 1), 2),
    ],
)
def test_avoidable_loss__since_is_where_it_began_to_add_up(changes: tuple[float, ...], since: int | None) -> None:
    found = avoidable_loss(weekly(*(7.0 * change for change in changes)), normal_error=1, min_gain=0)
    assert found.since == (None if since is None else START + timedelta(days=7 * since))


def test_avoidable_loss__steps_left_out_do_not_count() -> None:
    table, broken = weekly(7.0, 700.0, -7.0, 3.5), START + timedelta(days=7)
    found = avoidable_loss(table, normal_error=1, min_gain=0, left_out=[broken])
    assert [total for _, total in found.history] == pytest.approx([7, 7, 0, 3.5])
    assert found.since == START + timedelta(days=21)


def test_avoidable_loss__saved_is_the_sum_over_rows_since_then() -> None:
    table, broken = weekly(7.0, -70.0, 3.5, 700.0, 7.0), START + timedelta(days=21)
    found = avoidable_loss(table, normal_error=1, min_gain=0.02, left_out=[broken])
    assert found.saved == pytest.approx(10.5)  # all of it, also what is below the smallest gain
    assert found.days == pytest.approx(10.5 - 14 * 0.02)


def test_avoidable_loss__no_steps() -> None:
    found = avoidable_loss(make_losses(0), normal_error=1, min_gain=0.01)
    assert found == refits.Waiting(days=0.0, since=None, saved=0.0, history=())


def test_relative_gain__share_of_productions_loss() -> None:
    table = frame([[(4.0, 3.0), (2.0, 2.0), (2.0, 1.0)]])
    found = refits.relative_gain(table, confidence=0.95)
    assert found.estimate == 0.25
    assert found.level == 0.9


def test_newest_steps__keeps_whole_steps() -> None:
    table = make_losses(28)
    until = max(table[DAY]) + timedelta(days=1)
    newest = partial(refits.newest_steps, labelled_until=until, step_days=7)
    kept = newest(table, 2)
    assert sorted(set(kept[STEP])) == sorted(set(table[STEP]))[-2:]
    assert len(kept) == 14 * 24
    assert len(newest(table, 99)) == len(table)
    assert newest(table.head(0), 4).empty


def test_newest_steps__a_step_without_rows_is_not_made_up_by_an_older_one() -> None:
    table = make_losses(28)
    until = max(table[DAY]) + timedelta(days=1)
    gone = table[table[STEP] != max(table[STEP])]
    kept = refits.newest_steps(gone, 2, labelled_until=until, step_days=7)
    assert sorted(set(kept[STEP])) == sorted(set(table[STEP]))[-2:-1]


def test_as_judged__takes_the_candidate_where_it_is_not_productions_recipe() -> None:
    table = make_losses(7).assign(**{loss_of("candidate"): 0.5, loss_of("candidate", 1): 0.6})
    table[f"{scores_of('refit')}{SCORE}"], table[f"{scores_of('candidate')}{SCORE}"] = 1.0, 2.0
    judged = refits.as_judged(table)
    assert set(judged[REFIT_LOSS]) == {0.5}
    assert set(judged[loss_of("refit", 1)]) == {0.6}
    assert set(judged[f"{scores_of('refit')}{SCORE}"]) == {2.0}
    assert judged[PRODUCTION_LOSS].equals(table[PRODUCTION_LOSS])
    same = make_losses(7)
    assert refits.as_judged(same) is same


def test_seed_noise__deviation_of_the_means() -> None:
    days = make_days(2)
    table = pd.DataFrame({DAY: days, PRODUCTION_LOSS: [2.0, 6.0], REFIT_LOSS: [1.0, 3.0]})
    assert refits.seed_noise(table) == 0
    seeds = table.assign(**{loss_of("refit", 1): [2.0, 4.0], loss_of("refit", 2): [3.0, 5.0]})
    assert refits.seed_noise(seeds) == pytest.approx(np.std([2, 3, 4], ddof=1) / 4)


def test_seed_noise__compares_seeds_on_the_rows_that_all_of_them_scored() -> None:
    table = make_losses(28, seed=3)
    table[loss_of("refit", 1)] = table[REFIT_LOSS].where(table[STEP] > START)  # an older step came in for an empty one
    assert refits.seed_noise(table) == 0


def test_seed_noise__production_without_error() -> None:
    assert refits.seed_noise(make_losses(7).assign(**{PRODUCTION_LOSS: 0.0, loss_of("refit", 1): 1.0})) == 0

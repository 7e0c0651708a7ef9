"""The loop on its own history, with losses that are known exactly."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from factories import START, make_params
from known_losses import AVOIDABLE, CHANGE, ROWS, all_days, broken_at_each_answer, losses_of, replay, replayed

from driftloop.core.backtest.figures import figures
from driftloop.core.backtest.replay import Replay
from driftloop.core.backtest.schedule import at
from driftloop.core.backtest.values import Fit, Rule, Stream
from driftloop.core.columns import DAY, PRODUCTION_LOSS, STEP
from driftloop.core.data.finding import Finding
from driftloop.core.windows import Window, end_day

if TYPE_CHECKING:
    from collections.abc import Sequence

    from driftloop.core.backtest.values import Losses


def test_under__nothing_changes_nothing_is_asked() -> None:
    found = replayed(change=None)
    assert found.alerts == ()
    assert [one.how for one in found.promotions] == ["first"]


def test_under__an_abrupt_change_is_noticed_when_labels_and_refits_have_seen_it() -> None:
    # The refit of the first changed week, and of the one that its labels are missing in, know nothing of the change.
    # From the third on a step adds 7 * 0.99 days: 6.93, 13.86. The labels of that step are final a week after it.
    found = replayed()
    degraded, asked = found.alerts
    assert degraded.status == "degraded"  # error was up before a refit could know why
    assert asked.status == "outdated"
    assert asked.day == CHANGE + timedelta(weeks=4 + 1)
    assert "13.9 normal days" in asked.reason
    assert asked.outcome == "promote"
    assert found.promotions[1].live == asked.day
    assert found.promotions[1].cut == asked.day - timedelta(days=7)


def test_under__the_answer_takes_its_time() -> None:
    now, later = replayed(answer_days=0), replayed(answer_days=10)
    assert later.alerts[0].day == now.alerts[0].day
    assert later.promotions[1].live == now.promotions[1].live + timedelta(days=10)
    assert later.promotions[1].cut == now.promotions[1].cut + timedelta(days=7)


def test_under__gain_is_what_retraining_saves_in_four_weeks() -> None:
    _, asked = replayed().alerts
    assert asked.gain == pytest.approx(0.5)
    assert asked.gain_live == pytest.approx(0.5)


def test_served__adds_up_exactly() -> None:
    one = replay()
    window = Window(since=one.schedule.runs[0], until=one.schedule.scored_until)
    served = {name: one.table.served(one.under(Rule(name, name, AVOIDABLE)), window) for name in ("never", "always")}
    after = (one.schedule.scored_until - CHANGE).days * ROWS
    assert len(served["never"]) == window.days * ROWS
    assert served["never"].sum() == window.days * ROWS + after
    assert served["always"].sum() == window.days * ROWS + 14 * ROWS  # the change, one step and the delay


def test_under__broken_data_vetoes_and_is_told_once() -> None:
    fault = Finding(rule="stuck", column="x", kind="fault", rows=9, of=9, text="x stands still")
    broken = {CHANGE + timedelta(weeks=week) for week in range(4)}
    found = replayed(findings=lambda _, until: [fault] if until in broken else [])
    assert [alert.status for alert in found.alerts][:1] == ["data fault"]
    assert sum(alert.status == "data fault" for alert in found.alerts) == 1
    assert all(one.live not in broken for one in found.promotions)


def test_under__a_fault_that_stays_becomes_the_new_normal() -> None:
    fault = Finding(rule="new-category", column="c", kind="fault", rows=9, of=9, text="c has a new category")

    def findings(card: Any, until: date) -> list[Finding]:
        return [fault] if until > CHANGE and card.reference.until <= CHANGE else []

    found = replayed(change=None, findings=findings)
    assert [one.how for one in found.promotions] == ["first", "new normal"]
    assert found.promotions[1].live == CHANGE + timedelta(weeks=9)


def test_under__a_standing_approval_refreshes_without_asking() -> None:
    found = replayed(standing_days=28)
    assert [alert.status for alert in found.alerts] == ["degraded", "outdated"]
    assert [one.how for one in found.promotions][:5] == ["first", "asked", "standing", "standing", "standing"]
    lives = [one.live for one in found.promotions[1:]]
    assert {after - before for before, after in pairwise(lives)} == {timedelta(weeks=1)}
    assert [day - found.promotions[1].live for day in found.allowed] == [
        timedelta(weeks=4),
        timedelta(weeks=8),
        timedelta(weeks=12),
    ]


def test_under__a_fault_stops_refreshes_for_as_long_as_it_lasts_and_asks_nothing() -> None:
    fault = Finding(rule="stuck", column="x", kind="fault", rows=9, of=9, text="x stands still")
    broken = CHANGE + timedelta(weeks=7)
    found = replayed(standing_days=84, findings=lambda _, until: [fault] if until == broken else [])
    lives = [one.live for one in found.promotions]
    assert broken not in lives
    assert broken + timedelta(weeks=1) in lives
    assert found.allowed == (CHANGE + timedelta(weeks=5 + 12),)  # when its time is over, and no earlier


def ageing(share: float) -> Replay:
    """Let each day between a model's last label and a row cost as much error."""

    def losses(fits: Sequence[Fit]) -> list[Losses | None]:
        days = [[day for day in all_days() if fit.window.since <= day < fit.window.until] for fit in fits]
        return [
            np.array([1 + share * (day - fit.cut).days for day in those]) for fit, those in zip(fits, days, strict=True)
        ]

    one = replay()
    return Replay(one.params, Stream(rows=one.stream.rows, losses=losses, seeded=False), one.schedule, answer_days=3)


def test_under__a_model_that_ages_fast_is_refreshed_at_each_run() -> None:
    """A refit that is a week older than production is worse by a third here, which is no reason to keep production."""
    found = ageing(0.05).under(Rule("a", "avoidable_loss", AVOIDABLE, 91))
    lives = [each.live for each in found.promotions if each.how == "standing"]
    assert len(lives) > 10
    assert {after - before for before, after in pairwise(lives)} == {timedelta(weeks=1)}


def test_under__merges_of_people_take_their_time_and_count() -> None:
    one = replay(answer_days=3)
    found = one.under(Rule("a", "avoidable_loss", AVOIDABLE, 28))
    later = found.promotions[2:]
    assert {each.how for each in later} == {"standing"}
    assert {(each.live - each.cut).days for each in later} == {7 + 3}
    (line,) = figures([found], one, train_days="all", events=[], ends=(1.0, 2.0))
    years = (one.schedule.scored_until - one.schedule.runs[0]).days / 365.25
    labels = 1 + len(found.allowed)
    assert line.actions_a_year * years == pytest.approx(labels + 1 + len(later))


def test_under__the_loop_merges_a_day_later_what_was_compared_with_production() -> None:
    """A production that is a week old knows newer labels than any refit that could be judged."""
    found = ageing(0.02).under(Rule("a", "avoidable_loss", AVOIDABLE, 91, merged=True))
    later = [each for each in found.promotions if each.how == "merged"]
    assert len(later) > 5
    assert {(each.live - each.cut).days for each in later} == {7 + 1}
    assert {after.live - before.live for before, after in pairwise(later)} == {timedelta(weeks=2)}


def test_under__an_approval_on_the_first_day_waits_for_no_alert() -> None:
    one = ageing(0.02)
    found = one.under(Rule("a", "avoidable_loss", AVOIDABLE, 91, from_start=True))
    first = one.schedule.runs[0]
    assert found.alerts == ()
    assert found.allowed[:2] == (first, first + timedelta(days=91))
    assert [each.how for each in found.promotions][:3] == ["first", "standing", "standing"]
    (line,) = figures([found], one, train_days="all", events=[], ends=(1.0, 2.0))
    years = (one.schedule.scored_until - first).days / 365.25
    assert line.alerts_a_year * years == pytest.approx(len(found.allowed))


def test_under__after_a_refusal_it_waits_for_as_much_again() -> None:
    found = replayed(faulty=broken_at_each_answer, answer_days=7)
    asked = [alert for alert in found.alerts if alert.status == "outdated"]
    assert {alert.outcome for alert in asked[:3]} == {"keep production"}
    assert [(b.day - a.day).days for a, b in pairwise(asked)][:2] == [14, 14]  # 2 * 6.93 > 8


def test_under__the_calendar_asks_by_the_age_of_the_labels() -> None:
    found = replayed("calendar", gated=False)
    lives = [one.live for one in found.promotions]
    assert {(b - a).days for a, b in pairwise(lives[1:])} == {84}  # the labels are 7 days old then


def test_scored__is_what_the_stage_writes() -> None:
    one = replay()
    cut = one.schedule.first_cut
    table = one.table.scored(cut, cut + timedelta(days=35))
    assert sorted(table[STEP].unique()) == [cut + timedelta(weeks=week) for week in range(4)]
    assert len(table) == 4 * 7 * ROWS
    assert (table[PRODUCTION_LOSS] == 1).all()


def test_under__weeks_without_rows_are_no_trouble() -> None:
    gap = Window(since=CHANGE + timedelta(weeks=2), until=CHANGE + timedelta(weeks=5))
    days = [day for day in all_days() if not gap.since <= day < gap.until]

    def losses(fits: Sequence[Fit]) -> list[Losses | None]:
        return [
            np.array(
                [2.0 if day >= CHANGE >= fit.cut else 1.0 for day in days if fit.window.since <= day < fit.window.until]
            )
            for fit in fits
        ]

    one = replay()
    stream = Stream(rows=pd.DataFrame({DAY: days}), losses=losses, seeded=False)
    found = Replay(one.params, stream, one.schedule, answer_days=0).under(Rule("a", "avoidable_loss", AVOIDABLE))
    assert found.alerts[-1].outcome == "promote"


def test_under__an_unfittable_week_is_passed_over() -> None:
    hole = START + timedelta(weeks=28)

    def losses(fits: Sequence[Fit]) -> list[Losses | None]:
        return [None if fit.cut == hole else found for fit, found in zip(fits, losses_of(fits), strict=True)]

    one = replay()
    stream = Stream(rows=one.stream.rows, losses=losses, seeded=False)
    found = Replay(one.params, stream, one.schedule, answer_days=0).under(Rule("always", "always", AVOIDABLE))
    assert hole not in {promotion.cut for promotion in found.promotions}


def test_at__local_midnight() -> None:
    params = make_params(data={"timezone": "Asia/Shanghai"})
    assert end_day(at(params, date(2025, 1, 31)).source.until_instant, params.zone) == date(2025, 1, 31)

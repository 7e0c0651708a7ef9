"""What a person would have been told, on losses that are known exactly."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from factories import START
from known_losses import AVOIDABLE, CHANGE, ROWS, WEEKS, all_days, broken_at_each_answer, replay

from driftloop.core.backtest.replay import Replay
from driftloop.core.backtest.told import headline, tell
from driftloop.core.backtest.values import Rule, Stream
from driftloop.core.data.finding import Finding
from driftloop.core.windows import Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from driftloop.core.backtest.told import Told
    from driftloop.core.backtest.values import Fit, Losses

OWN = Rule("avoidable_loss", "avoidable_loss", AVOIDABLE)
FAULT = Finding(rule="stuck", column="x", kind="fault", rows=9, of=9, text="x stands still")


def told(one: Replay) -> tuple[Told, ...]:
    return tell(one.under(OWN), one)


def weeks(number: int) -> timedelta:
    return timedelta(weeks=number)


def test_tell__nothing_on_calm_data() -> None:
    assert told(replay(change=None)) == ()


def test_tell__a_change_ends_with_a_version_and_what_it_saved() -> None:
    one = replay(answer_days=3)
    degraded, outdated = told(one)
    assert (degraded.status, degraded.ending, degraded.ended) == ("degraded", "next alert", outdated.day)
    assert degraded.versions == ()
    assert outdated.headline == "outdated: retraining would have paid"
    assert outdated.day == CHANGE + weeks(5)
    assert outdated.answered == outdated.day + timedelta(days=3)
    [version] = outdated.versions
    assert (version.version, version.asked, version.live) == (2, True, outdated.answered)
    assert (outdated.ending, outdated.ended) == ("promoted", version.live)
    saved = version.saved
    assert saved is not None
    assert saved.window == Window(since=version.live, until=one.schedule.scored_until)
    assert (saved.rows, saved.error, saved.error_before) == (saved.window.days * ROWS, 1.0, 2.0)
    assert saved.share == pytest.approx(0.5)


def test_tell__a_version_that_did_not_pay_says_so() -> None:
    back = CHANGE + weeks(6)

    def losses(fits: Sequence[Fit]) -> list[Losses | None]:
        """Change, and change back a week after the answer: who has learned the change alone is worst off then."""
        found: list[Losses | None] = []
        for fit in fits:
            day = np.array([day for day in all_days() if fit.window.since <= day < fit.window.until], dtype=object)
            between, after = (day >= CHANGE) & (day < back), day >= back
            learned, unlearned = fit.cut > CHANGE, fit.cut > back
            found.append(1.0 + (between & (not learned)) + 2.0 * (after & (learned and not unlearned)))
        return found

    plain = replay()
    stream = Stream(rows=plain.stream.rows, losses=losses, seeded=False)
    first, second = (
        version
        for each in told(Replay(plain.params, stream, plain.schedule, answer_days=0))
        for version in each.versions
    )
    assert first.saved is not None
    assert second.saved is not None
    days = first.saved.window.days
    assert first.saved.window == Window(since=CHANGE + weeks(5), until=second.live)
    assert first.saved.error_before == pytest.approx((7 * 2 + (days - 7)) / days)
    assert first.saved.error == pytest.approx((7 + (days - 7) * 3) / days)
    assert first.saved.share is not None
    assert first.saved.share < 0
    assert second.saved.share == pytest.approx(2 / 3)


def test_tell__a_fault_that_passes_is_over_by_itself() -> None:
    broken = {CHANGE + weeks(week) for week in range(1, 4)}
    [fault] = told(replay(change=None, findings=lambda _, until: [FAULT] if until in broken else []))
    assert fault.headline == "data fault: fix the data, do not retrain"
    assert (fault.day, fault.ending, fault.ended) == (CHANGE + weeks(1), "recovered", CHANGE + weeks(4))
    assert fault.versions == ()


def test_tell__a_fault_that_stays_ends_with_a_version_that_nobody_was_asked_for() -> None:
    def findings(card: Any, until: date) -> list[Finding]:
        return [FAULT] if until > CHANGE and card.reference.until <= CHANGE else []

    [fault] = told(replay(change=None, findings=findings))
    [version] = fault.versions
    assert (version.version, version.asked, version.live) == (2, False, CHANGE + weeks(9))
    assert version.saved is not None
    assert version.saved.share == 0


def test_tell__a_refusal_is_followed_by_the_next_question() -> None:
    asked = [each for each in told(replay(faulty=broken_at_each_answer, answer_days=7)) if each.status == "outdated"]
    assert asked[0].outcome == "keep production"
    assert asked[0].answered == asked[0].day + weeks(1)
    assert asked[0].versions == ()
    assert asked[1].day == asked[0].day + weeks(2)
    assert asked[-1].ending == "promoted"  # the first answer without a fault


def test_tell__an_alert_on_the_day_of_an_answer_does_not_get_its_version() -> None:
    answer = CHANGE + weeks(6)

    def findings(card: Any, until: date) -> list[Finding]:  # of the new version alone, so that the gate lets it through
        return [FAULT] if until == answer and card.reference.until > CHANGE else []

    found = told(replay(answer_days=7, findings=findings))
    assert [(each.status, each.day, len(each.versions)) for each in found[1:]] == [
        ("outdated", CHANGE + weeks(5), 1),
        ("data fault", answer, 0),
    ]


@pytest.mark.parametrize(("answer_days", "answered"), [(7, True), (30, False)])
def test_tell__what_the_history_does_not_tell_any_more_is_not_claimed(answer_days: int, *, answered: bool) -> None:
    newest = told(replay(change=START + weeks(WEEKS - 5), answer_days=answer_days))[-1]
    assert newest.status == "outdated"
    assert (newest.answered is not None) is answered
    assert [version.saved for version in newest.versions] == ([None] if answered else [])
    assert newest.ending == ("promoted" if answered else "open")


def test_headline__names_the_policy_that_asked() -> None:
    assert headline("outdated", "calendar") == "outdated: retraining is due by the policy calendar"
    assert headline("insufficient data", "loss") == "insufficient data"

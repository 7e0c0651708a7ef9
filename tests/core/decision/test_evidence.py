"""What is measured before anybody is asked."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from factories import START, make_losses, make_params

from driftloop.core.columns import DAY, PRODUCTION_LOSS, REFIT_LOSS, STEP, loss_of
from driftloop.core.decision.evidence import gather
from driftloop.core.models.card import Card, JudgedDay
from driftloop.core.windows import Window

if TYPE_CHECKING:
    import pandas as pd

CARD = Card(version=1, trained=Window(since=START, until=START), normal_error={"mae": 1.0})


def refusal(scored: pd.DataFrame, *, broken: tuple[int, ...] = (), **over: Any) -> str:
    """Say what the gate would object to, with labels a week late and some weeks' data broken."""
    until = scored[DAY].max() + timedelta(days=8)
    params = make_params(source={"until": f"{until}T00:00Z"}, data={"label_delay_days": 7}, **over)
    return gather(params, CARD, scored, [START + timedelta(weeks=week) for week in broken]).refusal or ""


@pytest.mark.parametrize(
    ("weeks", "gain", "over", "said"),
    [
        (6, 0.2, {}, ""),
        (6, 0.2, {"broken": (0,)}, ""),  # the gate does not look at that week any more
        (6, 0.2, {"broken": (5,)}, "the data is faulty: data fault in the judged step from 10 Feb 2025"),
        (6, 0.2, {"evaluate": {"min_rows": 9999}}, "672 labelled rows to compare on, 9999 are needed"),
        (6, 0.005, {}, "is not certain enough; the lower end must exceed 1.0 %"),
        (6, -0.2, {}, "more error"),
        (3, 0.2, {}, "production has seen most of these rows; comparable when data reaches 10 Feb 2025"),
    ],
)
def test_measure__knows_what_the_gate_would_object_to(weeks: int, gain: float, over: dict[str, Any], said: str) -> None:
    found = refusal(make_losses(7 * weeks, gain=gain), **over)
    assert said in found
    assert bool(said) == bool(found)


def test_measure__noise_between_seeds_raises_the_bar() -> None:
    noisy = make_losses(42, gain=0.05).assign(**{loss_of("refit", 1): lambda frame: frame[REFIT_LOSS] * 0.7})
    assert "the noise between seeds" in refusal(noisy)


def test_measure__without_refits_there_is_nothing_to_refuse() -> None:
    assert refusal(make_losses(42, gain=0.2).drop(columns=REFIT_LOSS)) == ""


def test_measure__keeps_the_normal_error_where_no_labelled_row_is_new() -> None:
    params = make_params(source={"until": f"{START + timedelta(days=8)}T00:00Z"}, data={"label_delay_days": 7})
    card = CARD.model_copy(update={"normal_error": {"mae": 70.6}})
    found = gather(params, card, make_losses(14).head(0), [])
    assert (found.error, found.normal_error) == (None, 70.6)
    assert gather(params, Card(), make_losses(14).head(0), []).normal_error is None


def test_measure__says_the_error_with_and_without_faulty_steps() -> None:
    scored = make_losses(42)
    broken = START + timedelta(weeks=4)
    scored[PRODUCTION_LOSS] = scored[PRODUCTION_LOSS].where(scored[STEP] != broken, 9.0)
    params = make_params(source={"until": f"{START + timedelta(days=42)}T00:00Z"}, data={"label_delay_days": 0})
    sound, newest = (
        scored[scored[DAY] >= START + timedelta(days=14)],
        scored[scored[STEP] >= START + timedelta(days=14)],
    )
    found = gather(params, CARD, scored, [START, broken])
    assert found.error
    assert found.error.estimate == pytest.approx(sound[sound[STEP] != broken][PRODUCTION_LOSS].mean())
    assert found.with_faults
    assert found.with_faults.error.estimate == pytest.approx(newest[PRODUCTION_LOSS].mean())
    assert (found.with_faults.rows, found.with_faults.steps) == (672, 1)
    assert gather(params, CARD, scored, [START]).with_faults is None  # too old to count
    alone = gather(params, CARD, scored, sorted(scored[STEP].unique()))
    assert (alone.error, alone.with_faults and alone.with_faults.steps) == (None, 4)


def make_card(days: int, *, loss: float = 1.0, sway: float = 0.0) -> Card:
    """Give a card whose normal error was measured on so many days of 24 rows, around a mean loss."""
    honest = [loss * (1 + sway * (-1) ** (day // 4)) for day in range(days)]
    judged = tuple(
        JudgedDay(day=START - timedelta(days=days - place), rows=24, losses={"mae": 24 * mean})
        for place, mean in enumerate(honest)
    )
    return CARD.model_copy(update={"judged": judged, "normal_error": {"mae": sum(honest) / days}})


@pytest.mark.parametrize(
    ("card", "up"),
    [
        (make_card(28), True),
        (make_card(28, sway=0.1), True),
        (make_card(28, sway=0.5), False),  # what is normal is not known well enough
        (make_card(28, loss=1.3), False),
        (make_card(1), False),  # one day says nothing of the others
        (CARD, True),  # a card that does not keep its days is believed
    ],
)
def test_measure__a_rise_is_certain_only_where_normal_is(card: Card, *, up: bool) -> None:
    scored = make_losses(28)
    scored[PRODUCTION_LOSS] *= 1.5 / scored[PRODUCTION_LOSS].mean()
    params = make_params(source={"until": f"{START + timedelta(days=28)}T00:00Z"}, data={"label_delay_days": 0})
    found = gather(params, card, scored, [])
    assert found.normal_error == pytest.approx(card.normal_error["mae"])
    assert found.loss_is_up == up

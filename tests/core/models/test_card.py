"""The card of the production model, and its honest error."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest
from factories import START, make_days, make_params

from driftloop.core.columns import DAY, PRODUCTION_LOSS
from driftloop.core.models.card import Card, JudgedDay, honest_error, judged_days, read_card
from driftloop.core.models.recipe import recipe_of
from driftloop.core.windows import Window
from driftloop.errors import ModelError

WHERE = "models/production/card.json"
TRAINED_UNTIL = START + timedelta(days=3)


def make_card(**over: Any) -> Card:
    given: dict[str, Any] = {
        "version": 2,
        "model": "bikes",
        "recipe": recipe_of(make_params()),
        "trained": Window(since=date(2024, 1, 1), until=TRAINED_UNTIL),
        "sha256": "0" * 64,
    }
    return Card(**given | over)


def text(card: Card, **over: Any) -> str:
    return json.dumps(card.model_dump(mode="json") | over)


def test_read_card__round_trip() -> None:
    card = make_card(judged=(JudgedDay(day=START, rows=24, losses={"mae": 12.0}),), normal_error={"mae": 0.5})
    assert read_card(text(card), make_params(), where=WHERE) == card
    assert card.trained_until == TRAINED_UNTIL


def test_read_card__version_zero_is_no_production() -> None:
    for content in ("{}", text(Card())):
        card = read_card(content, make_params(), where=WHERE)
        assert card == Card()
        assert card.trained_until is None


def test_read_card__of_a_model_of_another_name_is_no_production() -> None:
    assert read_card(text(make_card(model="cars")), make_params(), where=WHERE) == Card()
    assert read_card(text(make_card()), make_params(model="cars"), where=WHERE).version == 0


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "not valid JSON"),
        ("not json", "not valid JSON"),
        ("[]", "file: "),
        (text(make_card(), version="two"), "version: "),
        (text(make_card(), colour="red"), "colour: "),
        (text(make_card(), trained={"since": "2024-01-01", "until": "soon"}), "trained.until: "),
        (text(make_card(), judged=[{"day": "2024-01-01", "rows": 1}]), "judged.0.losses: "),
    ],
)
def test_read_card__no_card(content: str, says: str) -> None:
    with pytest.raises(ModelError) as caught:
        read_card(content, make_params(), where=WHERE)
    message = str(caught.value)
    assert message.startswith(f"{WHERE}: {says}")
    assert message.endswith(f"; restore it with `git checkout -- {WHERE}`")
    assert "\n" not in message


@pytest.mark.parametrize("missing", ["recipe", "trained", "sha256"])
def test_read_card__version_without_its_model(missing: str) -> None:
    with pytest.raises(ModelError, match=f"{WHERE}: version 2 without recipe, trained or sha256"):
        read_card(text(make_card(), **{missing: None}), make_params(), where=WHERE)


@pytest.mark.parametrize(
    ("declared", "says"),
    [
        ({"data": {"target": "z"}}, r"predicts y \(regression\), params.yaml declares z \(regression\)"),
        (
            {"data": {"task": "classification"}, "evaluate": {"metric": "brier"}},
            r"predicts y \(regression\), params.yaml declares y \(classification\)",
        ),
    ],
)
def test_read_card__of_another_target_is_refused(declared: dict[str, Any], says: str) -> None:
    with pytest.raises(ModelError, match=says):
        read_card(text(make_card()), make_params(**declared), where=WHERE)
    assert read_card(text(make_card()), make_params(model="cars", **declared), where=WHERE) == Card()


def judged(*days: date, loss: float) -> tuple[JudgedDay, ...]:
    return tuple(JudgedDay(day=day, rows=2, losses={"mae": 2 * loss}) for day in days)


def unseen(days: int, loss: float) -> pd.DataFrame:
    return pd.DataFrame({DAY: make_days(days, rows=3, since=TRAINED_UNTIL), PRODUCTION_LOSS: loss})


def test_honest_error__measures_unseen_days_and_takes_seen_ones_from_the_card() -> None:
    card = make_card(judged=judged(*make_days(3), loss=1.0))
    window = Window(since=START + timedelta(days=1), until=START + timedelta(days=7))
    found = honest_error(unseen(10, loss=4.0), card, "mae", window)
    # two seen days of 2 rows, four unseen ones of 3
    assert found is not None
    assert found == pytest.approx(((4 * 1.0 + 12 * 4.0) / 16, 16))


def test_honest_error__a_day_counts_once() -> None:
    """The classic holdout is judged on days that the shipped model has not seen: these are measured."""
    card = make_card(judged=judged(*make_days(6), loss=1.0))
    window = Window(since=START, until=START + timedelta(days=6))
    found = honest_error(unseen(3, loss=4.0), card, "mae", window)
    assert found is not None
    assert found == pytest.approx(((6 * 1.0 + 9 * 4.0) / 15, 15))


def test_honest_error__of_seen_days_alone_is_the_cards() -> None:
    card = make_card(judged=judged(*make_days(3), loss=1.5))
    assert honest_error(unseen(0, loss=4.0), card, "mae", Window(since=START, until=TRAINED_UNTIL)) == (1.5, 6)
    two_days = Window(since=START, until=TRAINED_UNTIL - timedelta(days=1))
    assert honest_error(unseen(0, loss=4.0), card, "mae", two_days) == (1.5, 4)


def test_honest_error__nothing_is_known() -> None:
    window = Window(since=START, until=TRAINED_UNTIL)
    assert honest_error(unseen(5, loss=4.0), make_card(), "mae", window) is None
    assert honest_error(unseen(0, loss=4.0), make_card(judged=judged(START, loss=1.0)), "mse", window) is None


def test_judged_days__sums_by_day_in_order() -> None:
    days = pd.Series([START + timedelta(days=1), START, START + timedelta(days=1)], index=[7, 3, 5])
    found = judged_days(days, {"mae": [1.0, 2.0, 4.0], "mse": [1.0, 4.0, 16.0]})
    assert found == (
        JudgedDay(day=START, rows=1, losses={"mae": 2.0, "mse": 4.0}),
        JudgedDay(day=START + timedelta(days=1), rows=2, losses={"mae": 5.0, "mse": 17.0}),
    )
    assert judged_days(days.head(0), {"mae": []}) == ()

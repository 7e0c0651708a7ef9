"""What production meets that its training data did not hold."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest
from factories import START, make_days

from driftloop.core.columns import DAY, scores_of
from driftloop.core.data.counts import COUNTS
from driftloop.core.data.cumulated import CumulatedProfile
from driftloop.core.decision import unseen
from driftloop.core.models.card import Card
from driftloop.core.models.recipe import Recipe
from driftloop.core.windows import Window

TRAINED = Window(since=START, until=START + timedelta(days=28))
NOW = Window(since=START + timedelta(days=35), until=START + timedelta(days=42))


def make_card(task: str = "regression") -> Card:
    recipe = Recipe(target="y", task=task, numerical=("late",), categorical=("c",), estimator="e", params={}, train_days="all", seed=0)  # fmt: skip
    return Card(version=3, model="m", recipe=recipe, trained=TRAINED, sha256="")


def make_profile(*, then: int, now: int, column: str = "late", count: str = "null") -> CumulatedProfile:
    """Give the profile of 24 rows a day of which so many are empty."""
    days = make_days(42)
    frame = pd.DataFrame({DAY: days, "column": column}).assign(**dict.fromkeys(COUNTS, 0)).assign(rows=24)
    return CumulatedProfile.of(frame.assign(**{count: [then if day < TRAINED.until else now for day in days]}))


@pytest.mark.parametrize(("column", "count"), [("late", "null"), ("late", "invalid"), ("c", "null")])
def test_columns__that_were_empty(column: str, count: str) -> None:
    profile = make_profile(then=24, now=6, column=column, count=count)
    assert list(unseen.columns(make_card(), profile, NOW)) == [
        f"{column} was empty when v3 was trained and is present in 75 % of the rows now"
    ]


@pytest.mark.parametrize(("then", "now"), [(23, 0), (24, 24), (0, 0)])
def test_columns__that_were_not_empty_or_still_are(then: int, now: int) -> None:
    assert list(unseen.columns(make_card(), make_profile(then=then, now=now), NOW)) == []
    assert list(unseen.columns(Card(), make_profile(then=24, now=0), NOW)) == []


def make_judged(labels: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"y": labels, **{f"{scores_of('production')}{name}": 0.5 for name in ("a", "b")}})


def test_classes__that_production_does_not_know() -> None:
    card = make_card("classification")
    judged = make_judged(["a", "b"] * 9 + ["billing\n@all"] * 2)
    assert list(unseen.classes(card, judged, ())) == [
        "10 % of the labels are of a class that v3 does not know ('billing @all')"
    ]
    assert list(unseen.classes(card, judged, ("y",))) == ["10 % of the labels are of a class that v3 does not know"]
    two = make_judged(["a"] * 10 + ["c"] * 2 + ["d"] * 8)
    assert list(unseen.classes(card, two, ())) == [
        "50 % of the labels are of 2 classes that v3 does not know ('d', 'c')"
    ]


def test_classes__that_it_knows_are_not_told() -> None:
    assert list(unseen.classes(make_card("classification"), make_judged(["a", "b"]), ())) == []
    assert list(unseen.classes(make_card(), make_judged(["c"]), ())) == []

"""Labelled rows, and the samples that refits learn from."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
from factories import START, make_frame, make_params

from driftloop.core.columns import DAY
from driftloop.core.judging.labelled import Labelled
from driftloop.core.models.estimator import training_rows
from driftloop.core.models.recipe import Recipe, recipe_of

CUT = START + timedelta(days=60)


def make_recipe(days: int | str = "all") -> Recipe:
    return recipe_of(make_params(windows={"train_days": days}))


def test_known__is_what_the_recipe_trains_on() -> None:
    rows = make_frame(24 * 90)
    for days in ("all", 28):
        places = Labelled(rows).known(make_recipe(days), CUT, most=10_000)
        assert rows.iloc[places].equals(training_rows(make_recipe(days), rows, CUT))


def test_known__draws_the_same_rows_when_there_are_later_ones() -> None:
    rows = make_frame(24 * 90)
    drawn = [
        Labelled(part).known(make_recipe(), CUT, most=500).tolist() for part in (rows, rows[rows[DAY] < CUT], rows)
    ]
    assert drawn[0] == drawn[1] == drawn[2] == sorted(drawn[0])
    assert len(set(drawn[0])) == 500


def test_known__draws_evenly() -> None:
    rows = make_frame(24 * 60)
    places = Labelled(rows).known(make_recipe(), CUT, most=720)
    halves = np.bincount(places // 720)
    assert halves.min() > 320
    assert abs(rows["x"].iloc[places].mean()) < 0.1


def test_known__draws_rows_that_are_alike_one_by_one() -> None:
    rows = make_frame(1)
    alike = pd.concat([rows] * 1000, ignore_index=True)
    places = Labelled(alike).known(make_recipe(), CUT, most=300)
    assert len(places) == 300
    assert np.diff(places).max() > 1

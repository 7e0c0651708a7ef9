"""The training window that is chosen by evidence, through the stages."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from factories import START, make_frame, make_params

from driftloop.core.judging.labelled import Labelled
from driftloop.core.models.recipe import recipe_of
from driftloop.errors import ParamsError
from driftloop.params import load_params
from driftloop.report.screen import screen
from driftloop.store.files import CANDIDATE_CARD, CARD, TRAIN_WINDOW
from driftloop.store.training_windows import Chooser

if TYPE_CHECKING:
    from pathlib import Path

    from workspace import Workspace


@pytest.mark.extended
def test_pipeline__says_what_was_chosen_and_why(healthy: Workspace) -> None:
    healthy.set(windows={"train_days": "auto"}).run("prepare", "refit", "alarms", "train", "evaluate", "monitor")
    chosen = healthy.json(TRAIN_WINDOW)
    assert chosen["train_days"] in load_params(healthy.root / "params.yaml").windows.candidates
    assert chosen["steps"] > 8
    assert healthy.json(CANDIDATE_CARD)["window"] == chosen
    assert healthy.json(CANDIDATE_CARD)["recipe"]["train_days"] == "auto"
    assert healthy.report.window is not None
    assert f"Trained   on {healthy.report.window.reason}" in screen(healthy.decision, healthy.report)
    healthy.promote(force=True)
    assert healthy.json(CARD)["window"] == chosen


@pytest.mark.extended
def test_pipeline__the_choice_does_not_hang_on_production(healthy: Workspace) -> None:
    healthy.set(windows={"train_days": "auto"}).run("prepare", "refit", "alarms", "train", "evaluate")
    before = healthy.json(TRAIN_WINDOW)
    healthy.promote(force=True).run("prepare", "refit")
    assert healthy.json(TRAIN_WINDOW) == before


def test_pipeline__a_fixed_window_is_no_choice(healthy: Workspace) -> None:
    healthy.run("refit", "train")
    assert healthy.json(TRAIN_WINDOW) == {"train_days": "all", "longest": "all", "saved": None, "steps": 0}
    assert healthy.json(CANDIDATE_CARD)["window"] is None


def test_choice__after_a_change_the_shorter_window(tmp_path: Path) -> None:
    since = START + timedelta(days=200)
    rows = pd.concat([make_frame(24 * 200), make_frame(24 * 180, shift=5.0, since=since)], ignore_index=True)
    params = make_params(windows={"train_days": "auto"}, data={"label_delay_days": 7})
    chooser = Chooser(params, Labelled(rows), tmp_path)
    recipe = recipe_of(params)
    assert (chooser.choice(recipe, since).saved or 0) < 0.01
    assert chooser.choice(recipe, since + timedelta(days=150)).train_days in (91, 56, 28)
    assert chooser.at(recipe, since + timedelta(days=150)).train_days in (91, 56, 28)


def test_choice__nothing_is_known_yet(tmp_path: Path) -> None:
    params = make_params(windows={"train_days": "auto"})
    assert Chooser(params, Labelled(make_frame(24)), tmp_path).choice(recipe_of(params), START).train_days == "all"


def test_params__auto_needs_refits(healthy: Workspace) -> None:
    healthy.set(windows={"train_days": "auto"}, monitor={"refit": False})
    with pytest.raises(ParamsError, match=r"windows.train_days: expected a number or all with monitor.refit: false"):
        load_params(healthy.root / "params.yaml")

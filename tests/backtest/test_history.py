"""What the data rules say at any time of a history."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from factories import START, make_params

from driftloop.backtest.history import History
from driftloop.core.columns import DAY, STEP
from driftloop.core.models.card import Card
from driftloop.core.windows import Window
from driftloop.store.fits import Workers

if TYPE_CHECKING:
    from pathlib import Path

    from driftloop.core.backtest.replay import Replay

WEEK = timedelta(weeks=1)
CARD = Card(version=1, reference=Window(since=START, until=START + 20 * WEEK), trained=Window(since=START, until=START))
OPENED = START + 21 * WEEK


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    folder: Path = tmp_path_factory.mktemp("history")
    rows = pd.DataFrame({"ts": pd.date_range(START, periods=24 * 7 * 40, freq="h")})
    random = np.random.default_rng(0)
    rows["x"], rows["c"] = random.normal(size=len(rows)), random.choice(["a", "b"], size=len(rows))
    new = (rows["ts"] >= pd.Timestamp(OPENED)) & (random.random(len(rows)) < 0.2)
    rows["c"], rows["y"] = rows["c"].mask(new, "new"), rows["x"]
    rows.to_csv(folder / "in.csv", index=False)
    source = {"path": str(folder / "in.csv"), "until": str(START + 40 * WEEK)}
    return History(make_params(source=source, data={"label_delay_days": 7}), folder)


def replayed(folder: Path, rows: pd.DataFrame, delay: int, window: str) -> Replay:
    """Lay out a replay of a year of days."""
    folder.mkdir()
    rows.to_csv(folder / "in.csv", index=False)
    params = make_params(
        source={"path": str(folder / "in.csv"), "until": str(START + 52 * WEEK)},
        data={"label_delay_days": delay, "categorical": []},
        windows={"train_days": window, "candidates": ["all", 56], "judge_days": 28},
        evaluate={"min_rows": 10},
    )
    return History(params, folder, first_days=182).replay(window, answer_days=0, workers=Workers(1))


@pytest.mark.parametrize(
    ("delay", "window"),
    [
        (1, "all"),
        pytest.param(28, "auto", marks=pytest.mark.extended),
        pytest.param(0, "all", marks=pytest.mark.extended),
        pytest.param(91, "all", marks=pytest.mark.extended),
    ],
)
def test_replay__knows_on_each_day_no_label_that_came_later(tmp_path: Path, delay: int, window: str) -> None:
    """What is measured up to a day is the same whatever the labels are that were not known then."""
    rows = pd.DataFrame({"ts": pd.date_range(START, periods=52 * 7)})
    random = np.random.default_rng(0)
    rows["x"] = random.normal(size=len(rows))
    rows["y"] = (3 + 0.01 * rows.index) * rows["x"] + 0.1 * random.normal(size=len(rows))
    known = replayed(tmp_path / "known", rows, delay, window)
    first, now = known.schedule.first_cut, known.schedule.runs[-3]

    def measured(replay: Replay) -> tuple[pd.DataFrame, Card]:
        return replay.table.scored(first, now), replay.table.card(2, now - replay.schedule.delay)

    def other(since: date) -> Replay:
        wrong = rows["y"].where(rows["ts"] < pd.Timestamp(since), -rows["y"])
        return replayed(tmp_path / str(since), rows.assign(y=wrong), delay, window)

    scored, card = measured(known)
    later, same = measured(other(now - timedelta(days=delay)))
    assert len(scored)
    pd.testing.assert_frame_equal(scored, later, check_exact=True)
    assert card == same
    last, another = measured(other(now - timedelta(days=delay + 1)))
    assert not scored.equals(last)  # the newest label that was known counts
    assert card != another


def at(history: History, until: date) -> tuple[list[str], int]:
    """Give the rules that find something when data ends on a day, and how many steps since the reference are faulty."""
    steps = [START + week * WEEK for week in range(20, (until - START).days // 7)]
    scored = pd.DataFrame({DAY: steps, STEP: steps})
    found = {finding.rule for finding in history.findings(CARD, until)}
    return sorted(found), len(history.faulty(CARD, scored, until))


def test_findings__a_name_that_stays_becomes_normal_when_its_time_has_come(history: History) -> None:
    assert at(history, OPENED) == ([], 0)
    for weeks in (1, 7):
        assert at(history, OPENED + weeks * WEEK) == (["new-category"], weeks)
    assert at(history, OPENED + 8 * WEEK) == ([], 0)
    assert at(history, OPENED + 2 * WEEK) == (["new-category"], 2)  # later runs change nothing of earlier ones

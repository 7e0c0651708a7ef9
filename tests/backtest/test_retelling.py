"""What you would have been told, on real files with small models."""

from __future__ import annotations

import io
import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import canary
import pandas as pd
import pytest
from rich.console import Console
from workspace import Workspace

from driftloop.backtest import retelling, telling
from driftloop.backtest.retelling import retell, too_short
from driftloop.backtest.run import Options
from driftloop.core.backtest.results import Retelling, Untold
from driftloop.core.backtest.schedule import ShortHistoryError
from driftloop.params import load_params
from driftloop.sources.simulator import SINCE
from driftloop.store.files import REPLAY

if TYPE_CHECKING:
    from pathlib import Path

SHORT = Options(first_days=84, jobs=1, quick=True)
CHANGED = date(2024, 4, 1)
START = SINCE.date()


@pytest.fixture(scope="module")
def alike(calm: pd.DataFrame) -> pd.DataFrame:
    """Rows of half a year that any other order would suit as well: without seasons, nothing can change."""
    return calm.sample(frac=1, random_state=0).assign(ts=calm["ts"].to_numpy())


def make_space(root: Path, rows: pd.DataFrame, **over: Any) -> Workspace:
    rows.to_csv(root / "rows.csv", index=False)
    source = {"kind": "files", "path": str(root / "rows.csv"), "until": "2024-07-01T00:00Z"}
    return Workspace.create(root, **{"source": source} | over)


def retold(space: Workspace, options: Options = SHORT) -> Retelling | Untold:
    """Replay, write, and give what was found."""
    found = retell(load_params(space.root / "params.yaml"), space.root, options)
    retelling.write(found, space.root)
    assert type(found).model_validate(space.json(REPLAY)) == found
    return found


def printed(found: Retelling | Untold) -> str:
    out = io.StringIO()
    telling.show(found, Console(file=out, width=120))
    return out.getvalue()


def test_retell__a_planted_shift_is_told_and_its_answer_pays(tmp_path: Path, alike: pd.DataFrame) -> None:
    shifted = alike.assign(rentals=alike["rentals"] + 100 * (alike["ts"] >= pd.Timestamp(CHANGED)))
    found = retold(make_space(tmp_path, shifted))
    assert isinstance(found, Retelling)
    degraded, asked = found.told
    assert (degraded.status, asked.status) == ("degraded", "outdated")
    assert CHANGED < degraded.day <= CHANGED + timedelta(days=28)
    assert (
        degraded.day < asked.day <= CHANGED + timedelta(days=63)
    )  # refits know three months from before the shift, too
    [version] = asked.versions
    assert version.live == asked.answered == asked.day + timedelta(days=3)
    assert version.saved is not None
    assert version.saved.share is not None
    assert version.saved.share > 0.2
    assert (found.questions, found.versions) == (1, 1)
    assert found.below_never > 0
    said = printed(found)
    assert "In 3 months: 1 question and 1 other alert, 1 new version; error" in said
    assert "less error than v1" in said
    assert "rentals/hour" in said


@pytest.mark.extended
def test_retell__nothing_is_told_of_data_that_does_not_change(tmp_path: Path, alike: pd.DataFrame) -> None:
    found = retold(make_space(tmp_path, alike))
    assert isinstance(found, Retelling)
    assert (found.told, found.questions, found.versions, found.below_never) == ((), 0, 0, 0.0)
    said = printed(found)
    assert "nothing would have been asked of you; error as with never retraining" in said
    assert "what then" not in said


@pytest.mark.extended
def test_retell__a_short_history_is_an_answer(tmp_path: Path, calm: pd.DataFrame) -> None:
    space = make_space(tmp_path, calm[calm["ts"] < "2024-03-01"])
    found = retold(space, Options(until=date(2024, 3, 1), jobs=1, quick=True))
    # first production: 28 days to learn, 28 to judge, 7 of delay, up to a Monday; then the judged weeks, one more, and the delay
    first = START + timedelta(days=63)
    missing = first + timedelta(days=-first.weekday() % 7 + 35 + 7) - date(2024, 3, 1)
    assert found == too_short(ShortHistoryError("", missing_days=missing.days))
    assert f"{missing.days} more days of data are needed" in printed(found)
    later = Options(until=date(2024, 3, 1) + missing, jobs=1, quick=True)
    calm.to_csv(tmp_path / "rows.csv", index=False)
    assert isinstance(retold(space, later), Retelling)


def test_retell__a_history_without_labels_is_an_answer(tmp_path: Path, calm: pd.DataFrame) -> None:
    found = retold(make_space(tmp_path, calm), Options(since=date(2030, 1, 1), jobs=1))
    assert isinstance(found, Untold)
    assert "expected rows with labels, got none" in found.untold


def test_retell__a_policy_that_cannot_be_replayed_is_an_answer(tmp_path: Path, calm: pd.DataFrame) -> None:
    found = retold(make_space(tmp_path, calm, monitor={"policy": "evidently"}, report={"max_rows": 100}))
    assert printed(found) == "The policy evidently cannot be replayed, since the past has no drift shares.\n"


@pytest.mark.extended
def test_retell__classification(tmp_path: Path, calm: pd.DataFrame) -> None:
    busy = calm["rentals"] > calm["rentals"].median()
    turned = calm["ts"] >= pd.Timestamp(CHANGED)
    found = retold(
        make_space(
            tmp_path,
            calm.assign(rentals=(busy ^ turned).map({True: "busy", False: "quiet"})),
            data={"task": "classification", "target_unit": ""},
            train={"estimator": "sklearn.tree.DecisionTreeClassifier"},
            evaluate={"metric": "brier"},
        )
    )
    assert isinstance(found, Retelling)
    [version, *_] = [version for each in found.told for version in each.versions]
    assert version.saved is not None
    assert version.saved.error < version.saved.error_before
    assert "Brier score" in " ".join(printed(found).split())


def test_retell__names_no_private_value(tmp_path: Path) -> None:
    rows = canary.make_rows(START, 200, changed=START + timedelta(days=120))
    rows = canary.faulty(rows, START + timedelta(days=185))
    data = {"timestamp": "ts", "key": ["rid"], "target": "yield", "numerical": ["salary", "load"],
            "categorical": ["ward", "street", "patient"], "segments": ["ward"], "private": canary.PRIVATE}  # fmt: skip
    until = f"{START + timedelta(days=200)}"
    rows.to_csv(tmp_path / "rows.csv", index=False)
    source = {"kind": "files", "path": str(tmp_path / "rows.csv"), "until": until}
    space = Workspace.create(
        tmp_path, source=source, data=data, monitor={"alert_at_days": 1}, evaluate={"min_rows": 100}
    )
    found = retold(space)
    assert isinstance(found, Retelling)
    assert {each.status for each in found.told} >= {"outdated", "data fault"}
    written = json.dumps(space.json(REPLAY))
    for text in (written, printed(found)):
        assert list(canary.Canary(rows.iloc[: 185 * 8]).found("replay", text.encode())) == []
        assert not any(name in text for name in ("salary", "ward", "street", "patient"))

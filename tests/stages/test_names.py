"""A team may call its columns what it likes: as ours were called once, as our tables' own, as the parts of our texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from workspace import Workspace

from driftloop.core.columns import DAY, PRODUCTION_LOSS, REFIT_LOSS, STEP, TS
from driftloop.params import OWN
from driftloop.store.files import EVIDENTLY, LABELLED, REFITS

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.extended
NUMBERS = [
    "rows",
    "step",
    "_day",
    "_row",
    "bin",
    "sum",
    "null:day",
    "refit_loss",
    "production:prediction",
    "n",
    "index",
]
NAMES = ["column", "production_loss", "late", "_place", "proba:b", "loss", "value"]
TARGETS = {"regression": "prediction", "classification": "y:b"}


def make_rows(task: str, *, days: int) -> pd.DataFrame:
    random = np.random.default_rng(0)
    hours = pd.date_range("2024-01-01", periods=24 * days, freq="h")
    rows = pd.DataFrame({"_ts": hours.strftime("%Y-%m-%d %H:%M")})
    for name in NUMBERS:
        rows[name] = random.normal(size=len(rows)).round(4)
    for name in NAMES:
        rows[name] = random.choice(["a", "b", "refit"], size=len(rows))
    level = rows["step"] + (rows["loss"] == "a") + 0.1 * random.normal(size=len(rows))
    classes = np.where(level > 0, "prediction", "b")
    return rows.assign(**{TARGETS[task]: level.round(4) if task == "regression" else classes})


@pytest.mark.parametrize("task", TARGETS)
def test_pipeline__takes_columns_that_are_called_as_ours(tmp_path: Path, task: str) -> None:
    make_rows(task, days=105).to_csv(tmp_path / "rows.csv", index=False)
    estimator = {"regression": "Regressor", "classification": "Classifier"}[task]
    space = Workspace.create(
        tmp_path,
        source={"kind": "files", "path": str(tmp_path / "rows.csv"), "until": "2024-03-04"},
        data={
            "timestamp": "_ts", "key": ["_ts"], "target": TARGETS[task], "task": task, "label_delay_days": 0,
            "numerical": NUMBERS, "categorical": NAMES, "segments": ["loss", "production_loss", "column"],
        },
        evaluate={"metric": {"regression": "mae", "classification": "brier"}[task]},
        train={"estimator": f"sklearn.tree.DecisionTree{estimator}"},
        report={"max_rows": 500},
    )  # fmt: skip
    space.run("collect", "prepare", "refit", "alarms", "train", "evaluate").promote(first=True)
    space.set(source={"until": "2024-04-15"}).run()
    assert (space.decision.status, space.decision.findings) == ("healthy", ())
    assert space.report.verdict.rows == 28 * 24
    assert space.decision.pattern.worst is not None
    scored, labelled = (pd.read_parquet(space.root / path) for path in (REFITS, LABELLED))
    ours = {TS, DAY, STEP, PRODUCTION_LOSS, REFIT_LOSS}
    assert ours <= set(scored)
    assert {name for name in map(str, scored.columns) if not name.startswith(OWN)} == {
        "loss", "production_loss", "column", TARGETS[task]
    }  # fmt: skip
    assert set(labelled) == {TS, DAY, *NUMBERS, *NAMES, TARGETS[task]}
    given = make_rows(task, days=105)
    for name in ("step", "_day", "production:prediction"):
        assert labelled[name].tolist() == given[name].tolist()
    assert (space.root / EVIDENTLY / "index.html").exists()

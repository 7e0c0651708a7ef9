"""An estimator of the project's own, in `src/`: fitted, saved, promoted, and refitted when its code changes."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import pytest
from workspace import Workspace

from driftloop.errors import ModelError
from driftloop.store.files import CACHE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MINE = """
import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin

from shrinking import share


class Mean(RegressorMixin, BaseEstimator):
    def fit(self, x, y):
        self.mean_ = float(np.mean(y)) * share()
        self.n_features_in_ = x.shape[1]
        return self

    def predict(self, x):
        return np.full(len(x), self.mean_)
"""
SHRINKING = "def share():\n    return {share}\n"


def forget() -> None:
    for name in ("ownestimator", "shrinking"):
        sys.modules.pop(name, None)


@pytest.fixture
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """A pipeline with the module in src/, which `driftloop stage` puts on the path."""
    made = Workspace.create(
        tmp_path, train={"estimator": "ownestimator.Mean", "params": {}, "trusted": ["ownestimator.Mean"]}
    )
    (tmp_path / "src").mkdir()
    (tmp_path / "src/ownestimator.py").write_text(MINE, encoding="utf-8")
    (tmp_path / "src/shrinking.py").write_text(SHRINKING.format(share=0.99), encoding="utf-8")
    (tmp_path / "src/features.py").write_text("def features(rows):\n    return rows\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path / "src"))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    forget()
    yield made
    forget()


def fits(space: Workspace) -> set[str]:
    """Name the fits that were remembered."""
    return {path.name for path in (space.root / CACHE / "refits").glob("*.scores")}


@pytest.mark.extended
def test_own_estimator__goes_through_the_whole_pipeline(space: Workspace) -> None:
    space.run().promote(first=True).run()
    assert space.json("models/production/card.json")["recipe"]["estimator"] == "ownestimator.Mean"


def test_own_estimator__is_refused_unless_its_class_is_trusted(space: Workspace) -> None:
    space.set(train={"trusted": []}).run("collect", "prepare", "refit", "alarms", "monitor")
    with pytest.raises(ModelError, match=r"not trusted: ownestimator\.Mean; train\.trusted allows your own"):
        space.run("train")


def test_fits__are_made_again_when_the_estimator_or_what_it_imports_changes(space: Workspace) -> None:
    space.run().promote(first=True).set(source={"until": "2024-06-17T00:00Z"})
    shutil.rmtree(space.root / CACHE / "refits")
    space.run("collect", "prepare", "refit")
    first = fits(space)
    assert first
    for name, text in (("features", "# other\n"), ("unused", "x = 1\n")):  # no part of the estimator
        (space.root / f"src/{name}.py").write_text(text, encoding="utf-8")
    space.run("refit")
    assert fits(space) == first
    (space.root / "src/shrinking.py").write_text(SHRINKING.format(share=0.98), encoding="utf-8")
    forget()
    space.run("refit")
    second = fits(space) - first
    assert len(second) == len(first)
    (space.root / "src/ownestimator.py").write_text(MINE + "\n# other\n", encoding="utf-8")
    forget()
    space.run("refit")
    assert len(fits(space) - first - second) == len(first)

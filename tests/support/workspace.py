"""A folder with a pipeline in it, whose stages are run in this process: real files, no mocks, small models."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import yaml

from driftloop import promote
from driftloop.core.decision.values import Decision
from driftloop.core.judging.verdict import Report
from driftloop.core.models.card import Card
from driftloop.lock.check import LOCK
from driftloop.lock.content import installed
from driftloop.params import load_params
from driftloop.store.files import CARD, DECISION, VERDICT, write_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

STAGES = ("collect", "prepare", "refit", "alarms", "monitor", "train", "evaluate")

SMALL: dict[str, Any] = {
    "model": "small",
    "source": {"kind": "simulator", "until": "2024-05-06T00:00Z"},
    "data": {
        "timestamp": "ts",
        "key": ["ts"],
        "target": "rentals",
        "target_unit": "rentals/hour",
        "label_delay_days": 7,
        "numerical": ["hour", "temperature", "humidity", "windspeed"],
        "categorical": ["weekday", "workingday", "holiday", "weather"],
        "segments": ["workingday"],
    },
    "windows": {"train_days": "all", "judge_days": 28},  # fewer refits than what is chosen by evidence
    "train": {
        "estimator": "sklearn.tree.DecisionTreeRegressor",
        "params": {"max_depth": 8, "min_samples_leaf": 5},
        "encoding": "one_hot",  # with which so small a tree learns enough to pass the gate
    },
    "report": {"max_rows": 0},
}


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one tree of parameters over another; `params` is replaced whole."""
    out = dict(base)
    for key, value in over.items():
        deep = isinstance(value, dict) and isinstance(out.get(key), dict) and key != "params"
        out[key] = merged(out[key], value) if deep else value
    return out


@dataclass(frozen=True)
class Workspace:
    """A pipeline in `root`."""

    root: Path

    @classmethod
    def create(cls, root: Path, **over: Any) -> Workspace:
        """Begin without production, with the small parameters and `over` on top."""
        space = cls(root)
        root.mkdir(parents=True, exist_ok=True)
        (root / "params.yaml").write_text(yaml.safe_dump(merged(SMALL, over), sort_keys=False), encoding="utf-8")
        write_json(root / CARD, Card().model_dump(mode="json"))
        write_json(root / LOCK, installed().model_dump(mode="json"))
        return space

    def copy(self, root: Path) -> Workspace:
        """Copy everything to another folder."""
        shutil.copytree(self.root, root, dirs_exist_ok=True)
        return Workspace(root)

    def set(self, **over: Any) -> Workspace:
        """Change parameters."""
        path = self.root / "params.yaml"
        params = merged(yaml.safe_load(path.read_text(encoding="utf-8")), over)
        path.write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")
        return self

    def run(self, *stages: str) -> Workspace:
        """Run these stages, or all."""
        params = load_params(self.root / "params.yaml")
        for stage in stages or STAGES:
            import_module(f"driftloop.stages.{stage}").run(params, self.root)
        return self

    def promote(self, *, first: bool = False, force: bool = False) -> Workspace:
        """Make the candidate production."""
        params = load_params(self.root / "params.yaml")
        promote.apply(promote.plan(params, self.root, first=first, force=force), self.root)
        return self

    def json(self, path: Path | str) -> Any:
        """Read a JSON file."""
        return json.loads((self.root / path).read_text(encoding="utf-8"))

    @property
    def decision(self) -> Decision:
        """The newest decision."""
        return Decision.model_validate(self.json(DECISION))

    @property
    def report(self) -> Report:
        """The newest verdict, with what it is about."""
        return Report.model_validate(self.json(VERDICT))

"""A small project as its users have it: workflows, code, production and a lock, with results of later days in DVC's cache."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml
from hub import Clone
from once import copy_ours, once
from workspace import SMALL, STAGES, Workspace, merged

from driftloop.artifacts import DECISION
from driftloop.params import Params

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

MODEL = "small"
# Commuting habits change on 10 February 2025, so the simulator. `driftloop refresh` goes on by a week from UNTIL.
PROMOTED, UNTIL, NEXT, AFTER = (f"2025-{day}T00:00Z" for day in ("01-06", "04-07", "04-14", "04-21"))
LEFT_OUT = ("tests/", "backtest/", "benchmarks/", "metrics/", "models/", "dvc.lock")


@dataclass(frozen=True)
class Project:
    """A repository whose `main` is at UNTIL, and DVC's cache."""

    root: Path

    @property
    def repo(self) -> Path:
        """The clone that it was made in."""
        return self.root / "repo"

    @property
    def decision(self) -> Path:
        """What is decided at NEXT: that retraining pays."""
        return self.root / "decision.json"

    @property
    def cache(self) -> Path:
        """Results of UNTIL and NEXT, of NEXT and AFTER with the model that is better then."""
        return self.root / "cache"


def made(factory: pytest.TempPathFactory) -> Project:
    """Make it, once for all workers."""
    return Project(once(factory, "project", lambda root: _make(Project(root))))


def _make(project: Project) -> None:
    copy_ours(project.repo, without=LEFT_OUT)
    start = {"source": {"until": PROMOTED, "fingerprint": "simulator-1"}}
    complete = Params.model_validate(merged(SMALL, start)).model_dump(mode="json")
    space = Workspace.create(project.repo)
    (project.repo / "params.yaml").write_text(yaml.safe_dump(complete, sort_keys=False), encoding="utf-8")
    clone = Clone(project.repo)
    clone.run("init", "--quiet", "--initial-branch=main")
    (project.repo / ".dvc/config.local").write_text(f"[cache]\n    dir = {project.cache}\n")
    space.run().promote(first=True)
    _keep(space.set(source={"until": UNTIL}).run())
    clone.run("add", ".")
    clone.run("commit", "--quiet", "-m", "v1")
    _keep(space.set(source={"until": NEXT}).run())
    shutil.copy(project.repo / DECISION, project.decision)
    _keep(space.promote().run())
    _keep(space.set(source={"until": AFTER}).run())
    clone.run("checkout", "--quiet", "--", ".")


def _keep(space: Workspace) -> None:
    """Let DVC lock what the stages have written, and keep it for whoever runs them again."""
    subprocess.run([sys.executable, "-m", "dvc", "commit", "--force", "--quiet", *STAGES], cwd=space.root, check=True)

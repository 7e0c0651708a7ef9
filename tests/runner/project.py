"""This repository as it ships, with results of later data in DVC's cache, so that no test has to train."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import forks
from architecture import SRC
from hub import Clone
from once import copy_ours, once

from driftloop.store.files import DECISION

if TYPE_CHECKING:
    import pytest

MODEL = "city-bikes"
# `source.until` as it is committed, and where `driftloop refresh` moves it.
UNTIL, NEXT = "2025-04-14T00:00Z", "2025-04-21T00:00Z"


@dataclass(frozen=True)
class Project:
    """A repository whose `main` is what `git archive HEAD` holds, nothing left out or changed; and DVC's cache."""

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
        """Results of NEXT, and of NEXT with the model that is better then."""
        return self.root / "cache"

    @property
    def fits(self) -> Path:
        """The refits that these results are made of."""
        return self.repo / ".cache/refits"


def made(factory: pytest.TempPathFactory) -> Project:
    """Make it, once for all workers: the one full run of the pipeline that these tests cost, less the refits made before."""
    return Project(once(factory, "project", lambda root: _make(Project(root))))


def _make(project: Project) -> None:
    copy_ours(project.repo)
    known = SRC.parent / ".cache/refits"  # of `make repro`; each is named by its code, packages and rows
    if known.is_dir():
        shutil.copytree(known, project.fits)
    clone = Clone(project.repo)
    clone.run("init", "--quiet", "--initial-branch=main")
    clone.run("add", ".")
    clone.run("commit", "--quiet", "-m", "Initial commit")
    (project.repo / ".dvc/config.local").write_text(f"[cache]\n    dir = {project.cache}\n")
    _run(project, "driftloop", "refresh")
    _run(project, "dvc", "repro", "--quiet")
    shutil.copy(project.repo / DECISION, project.decision)
    _run(project, "driftloop", "promote")
    _run(project, "dvc", "repro", "--quiet")
    clone.run("checkout", "--quiet", "--", ".")


def _run(project: Project, *command: str) -> None:
    """Run a command of these tests' environment with the code of the project."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    env = {**os.environ, "PATH": path, "PYTHONPATH": forks.python_path(project.repo / "src")}
    subprocess.run(command, cwd=project.repo, env=env, check=True)

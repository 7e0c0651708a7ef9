"""The DVC remote, with the real DVC: without one nothing happens, and what was pushed is looked for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from driftloop import dvc_remote
from driftloop.errors import LoopError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow
PIPELINE = "stages:\n  make:\n    cmd: mkdir -p many && echo 1 > many/x && echo 2 > one\n    outs: [many, one]\n"


def dvc(root: Path, *args: str) -> None:
    subprocess.run([sys.executable, "-m", "dvc", *args], cwd=root, check=True, capture_output=True)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A pipeline that has run, with a remote beside it."""
    found = tmp_path / "w"
    found.mkdir()
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(["git", "init", "--quiet"], cwd=found, check=True, env=env)
    dvc(found, "init", "--quiet")
    (found / "dvc.yaml").write_text(PIPELINE)
    dvc(found, "repro", "--quiet")
    dvc(found, "remote", "add", "-d", "store", str(tmp_path / "remote"))
    return found


def lose(root: Path) -> None:
    """Lose everything that was computed here."""
    shutil.rmtree(root / ".dvc/cache")
    shutil.rmtree(root / "many")
    (root / "one").unlink()


def test_store__without_a_remote_does_nothing(root: Path) -> None:
    dvc(root, "remote", "remove", "store")
    assert dvc_remote.pull(root) == "no DVC remote is set: everything is computed here"
    assert dvc_remote.push(root).startswith("no DVC remote is set")


def test_push__and_pull_bring_results_elsewhere(root: Path) -> None:
    assert dvc_remote.push(root) == "pushed to store, and everything is there"
    lose(root)
    assert dvc_remote.pull(root) == "pulled from store"
    assert (root / "many/x").read_text() == "1\n"


def test_push__of_objects_that_are_not_here_is_an_error(root: Path) -> None:
    """DVC itself says that everything is up to date."""
    lose(root)
    with pytest.raises(LoopError, match=r"store: expected all that dvc.lock names .*, missing: .*one"):
        dvc_remote.push(root)


def test_pull__of_what_nobody_has_ends_well(root: Path) -> None:
    lose(root)
    assert dvc_remote.pull(root) == "pulled from store"


def test_store__out_of_reach_stops_a_push_and_no_pull(root: Path) -> None:
    blocked = root.parent / "file"
    blocked.write_text("")
    dvc(root, "remote", "modify", "store", "url", str(blocked))
    with pytest.raises(LoopError, match="store: "):
        dvc_remote.push(root)
    lose(root)
    assert dvc_remote.pull(root).startswith("store: dvc pull failed, so everything is computed here")

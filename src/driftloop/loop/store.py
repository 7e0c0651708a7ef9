"""The DVC remote, where one is set: nothing here is needed for a right result, only for a fast one and for other people."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from driftloop.errors import LoopError

if TYPE_CHECKING:
    from pathlib import Path

SECRETS = {"GITHUB_TOKEN", "GH_TOKEN"}
MOST_NAMED = 5


def remote(root: Path) -> str:
    """Name the default remote; empty if there is none."""
    return _dvc(root, "config", "core.remote").stdout.strip()


def pull(root: Path) -> str:
    """Fetch what earlier runs wrote, and say what came of it; what is missing is computed again."""
    name = remote(root)
    if not name:
        return "no DVC remote is set: everything is computed here"
    done = _dvc(root, "pull", "--run-cache", "--allow-missing")
    if done.returncode:
        return f"{name}: dvc pull failed, so everything is computed here: {_last(done)}"
    return f"pulled from {name}"


def push(root: Path) -> str:
    """Store what dvc.lock names, and look whether it is there: `dvc push` without the objects ends well too.

    Raises
    ------
    LoopError
        If it is not.
    """
    name = remote(root)
    if not name:
        return "no DVC remote is set: results are computed again where they are needed"
    done = _dvc(root, "push", "--run-cache")
    if done.returncode:
        msg = f"{name}: dvc push failed: {_last(done)}"
        raise LoopError(msg)
    if missing := _missing(root, name):
        named = ", ".join(missing[:MOST_NAMED]) + (" …" if len(missing) > MOST_NAMED else "")
        msg = f"{name}: expected all that dvc.lock names after `dvc push`, missing: {named}; run `dvc repro`, then push again"
        raise LoopError(msg)
    return f"pushed to {name}, and everything is there"


def _missing(root: Path, name: str) -> list[str]:
    done = _dvc(root, "data", "status", "--not-in-remote", "--granular", "--json")
    try:
        found = json.loads(done.stdout or "{}") if done.returncode == 0 else None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        msg = f"{name}: what is stored there cannot be told: {_last(done)}"
        raise LoopError(msg)
    return [str(path) for path in found.get("not_in_remote", [])]


def _dvc(root: Path, *args: str) -> subprocess.CompletedProcess[str]:
    env = {key: value for key, value in os.environ.items() if key not in SECRETS}
    command = [sys.executable, "-m", "dvc", *args]
    return subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=False)  # noqa: S603 - our own arguments


def _last(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.strip().splitlines()
    return lines[-1][:300] if lines else f"exit code {done.returncode}, no reason given"

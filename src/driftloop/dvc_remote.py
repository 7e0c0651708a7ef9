"""The DVC remote, if one is set: it saves computing time and shares files, and results are the same without it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from driftloop import dvc
from driftloop.errors import LoopError
from driftloop.store.files import RAW

if TYPE_CHECKING:
    from pathlib import Path

MOST_NAMED = 5


def remote(root: Path) -> str:
    """Name the default remote; empty if there is none."""
    return dvc.run(root, "config", "core.remote", seconds=dvc.CHECK_SECONDS).out.strip()


def pull(root: Path) -> str:
    """Fetch what earlier runs wrote, and say what came of it; what is missing is computed again."""
    name = remote(root)
    if not name:
        return "no DVC remote is set: everything is computed here"
    done = dvc.run(root, "pull", "--run-cache", "--allow-missing", seconds=dvc.TRANSFER_SECONDS)
    if done.code:
        return f"{name}: dvc pull failed, so everything is computed here: {done.complaint}"
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
    _push(root, name, "--run-cache")
    return f"pushed to {name}, and everything is there"


def push_rows(root: Path) -> str:
    """Store the rows that were collected, and nothing that is computed from them: they are enough to derive a decision anew.

    Raises
    ------
    LoopError
        If they are not there afterwards.
    """
    name = remote(root)
    if not name:
        return f"no DVC remote is set: {RAW.as_posix()} is not kept"
    _push(root, name, RAW.as_posix(), below=RAW.as_posix())
    return f"pushed {RAW.as_posix()} to {name}"


def _push(root: Path, name: str, *args: str, below: str = "") -> None:
    done = dvc.run(root, "push", *args, seconds=dvc.TRANSFER_SECONDS)
    if done.code:
        msg = f"{name}: dvc push failed: {done.complaint}"
        raise LoopError(msg)
    if lacking := [path for path in missing(root, name) if path.startswith(below)]:
        named = ", ".join(lacking[:MOST_NAMED]) + (" …" if len(lacking) > MOST_NAMED else "")
        msg = f"{name}: expected all that dvc.lock names after `dvc push`, missing: {named}; run `dvc repro`, then push again"
        raise LoopError(msg)


def missing(root: Path, name: str) -> list[str]:
    """List what dvc.lock names and the remote does not hold.

    Raises
    ------
    LoopError
        If the remote cannot be asked.
    """
    done = dvc.run(root, "data", "status", "--not-in-remote", "--granular", "--json", seconds=dvc.READ_SECONDS)
    try:
        found = json.loads(done.out or "{}") if done.code == 0 else None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        msg = f"{name}: what is stored there cannot be told: {done.complaint}"
        raise LoopError(msg)
    return [str(path) for path in found.get("not_in_remote", [])]

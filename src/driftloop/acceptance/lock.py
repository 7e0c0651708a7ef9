"""Is dvc.lock up to date but for what was accepted? The job that proposes it has no data to run the pipeline on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from driftloop import dvc
from driftloop.errors import LoopError
from driftloop.foreign.lockfile import LOCK
from driftloop.params import parse_yaml

if TYPE_CHECKING:
    from pathlib import Path

    from driftloop.git import Git

PARAMS = "params.yaml"


def but_for_accepted(git: Git) -> bool:
    """Whether HEAD's dvc.lock is that of its parameters with another `data.accepted`.

    The next promotion brings the lock of what was accepted, as it does for data that has moved.
    """
    with git.worktree("HEAD") as tree:
        try:
            params, locked = _read(tree.root / PARAMS), _accepted(_read(tree.root / LOCK))
            if locked is None or locked == params["data"].get("accepted"):
                return False
            params["data"]["accepted"] = locked
            (tree.root / PARAMS).write_text(json.dumps(params), encoding="utf-8")  # JSON is YAML
            return not dvc.stale(tree.root)
        except (LoopError, OSError, LookupError, TypeError, AttributeError, ValueError):  # a fork may have written both
            return False


def _read(path: Path) -> Any:
    return parse_yaml(path.read_text(encoding="utf-8"), where=path.name)


def _accepted(lock: Any) -> Any:
    """Find what was accepted when a stage ran; None where no stage knows."""
    known = [stage.get("params", {}).get(PARAMS, {}) for stage in lock["stages"].values()]
    return next((params["data.accepted"] for params in known if "data.accepted" in params), None)

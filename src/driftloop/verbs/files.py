"""What several verbs begin with."""

from __future__ import annotations

from pathlib import Path

from driftloop.errors import LoopError

PARAMS = Path("params.yaml")


def check_lock() -> None:
    """Refuse what `dvc repro` would refuse too: code or packages that the lock does not name."""
    from driftloop.lock import check as locking
    from driftloop.params import load_params

    if stale := locking.stale(Path(), load_params(PARAMS)):
        raise LoopError(stale)

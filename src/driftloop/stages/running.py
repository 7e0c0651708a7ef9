"""`driftloop stage NAME`, which DVC calls."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

PARAMS = Path("params.yaml")
WITH_MODELS = ("refit", "monitor", "train", "evaluate", "backtest")


def run(name: str) -> None:
    """Run one stage of dvc.yaml in this folder, by the code and the packages that its lock names."""
    if name in WITH_MODELS:
        # When skops is imported, it looks for each of SciPy's functions in all modules that were loaded before them: a second
        # or two, unless they come first.
        import scipy.special  # noqa: F401
    from driftloop import own_code
    from driftloop.errors import LoopError
    from driftloop.lock import check as locking
    from driftloop.lock.source import STAGES
    from driftloop.params import load_params

    if name not in STAGES:
        msg = f"stage: expected one of {', '.join(STAGES)}, got {name!r}"
        raise LoopError(msg)
    root = Path()
    locking.require(root, name)
    own_code.allow_imports(root)
    module = import_module(STAGES[name])
    (module.measure if name == "backtest" else module.run)(load_params(PARAMS), root)

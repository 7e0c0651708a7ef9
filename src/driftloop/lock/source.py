"""What the source of driftloop says of each stage: the digest of its code, and the packages that decide its results.

All of it has to be parsed for that, which takes longer than many a verb does otherwise. So it is remembered, beside a digest of
all the source there is.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from driftloop.errors import LoopError
from driftloop.store.files import CACHE
from driftloop.store.imports import closure, imported, package_of
from driftloop.store.remembered import recall, remember

MEMORY = CACHE / "source"
INSTALLED = Path(__file__).parents[2]  # the src/ of a repository, or site-packages
# The module that each stage of dvc.yaml runs.
STAGES = {
    **{f"{name}": f"driftloop.stages.{name}" for name in
       ("collect", "prepare", "refit", "alarms", "monitor", "train", "evaluate")},
    "backtest": "driftloop.backtest.run",
}  # fmt: skip
# Packages whose version can change a result: imported name → the distributions that decide with it. A new version of any
# other one, such as pydantic, runs nothing again.
DECISIVE = {
    "duckdb": ("duckdb",),
    "evidently": ("evidently",),
    "ibis": ("duckdb", "ibis-framework"),
    "numpy": ("numpy",),
    "pandas": ("numpy", "pandas"),
    "pyarrow": ("pyarrow",),
    "scipy": ("numpy", "scipy"),
    "sklearn": ("numpy", "scikit-learn", "scipy"),
    "skops": ("skops",),
}
RUNS_FEATURES = "driftloop.stages.collect"  # code of the project, in its src/
RUNS_MODELS = "driftloop.core.models.estimator"  # that too, or the package of an estimator


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Value):
    """What the source says of a stage.

    Attributes
    ----------
    code
        MD5 of the stage's module and of all modules of driftloop that it imports.
    packages
        Those that decide its results.
    features, models
        Whether it runs the project's features, or fits and loads models.
    """

    code: str
    packages: tuple[str, ...]
    features: bool
    models: bool


class _Memory(_Value):
    source: str
    stages: dict[str, Source]


def stages(memory: Path | None = None, *, remembering: bool = False) -> dict[str, Source]:
    """Read what the source says of each of STAGES.

    Parameters
    ----------
    memory
        A file that may hold this. What it says of any other source than the one that is here does not count.
    remembering
        Whether what had to be parsed is written there.
    """
    now = _digest() if memory else ""
    if memory and (known := _recalled(memory, now)):
        return known
    found = {name: _stage(module) for name, module in STAGES.items()}
    if memory and remembering:
        with suppress(LoopError):  # where nothing can be written, it is parsed each time
            remember(memory, _Memory(source=now, stages=found).model_dump_json().encode())
    return found


def _recalled(memory: Path, source: str) -> dict[str, Source] | None:
    if (content := recall(memory)) is None:
        return None
    try:
        known = _Memory.model_validate_json(content)
    except ValidationError:  # of another version
        return None
    return known.stages if known.source == source else None


def _digest() -> str:
    """SHA-256 of all modules of driftloop, with their names."""
    value = hashlib.sha256()
    for path in sorted((INSTALLED / "driftloop").rglob("*.py")):
        content = path.read_bytes()
        value.update(f"{path.relative_to(INSTALLED)}\0{len(content)}\0".encode() + content)
    return value.hexdigest()


def _stage(module: str) -> Source:
    found = closure({module, "driftloop.params"}, (INSTALLED,), top="driftloop")
    value = hashlib.md5(usedforsecurity=False)
    for name, path in sorted(found.items()):
        value.update(f"{name}\0".encode() + path.read_bytes() + b"\0")
    names = {name for module, path in found.items() for name in imported(path, package_of(module, path))}
    tops = {name.partition(".")[0] for name in names}
    packages = {package for top in tops & DECISIVE.keys() for package in DECISIVE[top]}
    return Source(
        code=value.hexdigest(),
        packages=tuple(sorted(packages)),
        features=RUNS_FEATURES in found,
        models=RUNS_MODELS in found,
    )

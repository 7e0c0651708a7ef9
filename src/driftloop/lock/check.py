"""Compare driftloop.lock with what is installed, and write it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from driftloop.errors import LoopError
from driftloop.foreign import files, jsonfile
from driftloop.lock import source
from driftloop.lock.content import Lock, Stage, installed, versions
from driftloop.lock.source import MEMORY, STAGES
from driftloop.store.files import CARD, SRC, write_json

if TYPE_CHECKING:
    from pathlib import Path

    from driftloop.params import Params

LOCK = "driftloop.lock"
REMEDY = "install what it names (`uv sync`), or run `driftloop lock` and then `dvc repro`"


def current(root: Path, params: Params) -> Lock:
    """Compute what the lock of a project would say of this installation."""
    estimators = (params.train.estimator, production_estimator(root))
    return installed([name for name in estimators if name], src=root / SRC, memory=root / MEMORY)


def production_estimator(root: Path) -> str | None:
    """Read the estimator of production from its card; None without a production."""
    path = root / CARD
    if not path.exists():
        return None
    recipe = jsonfile.read(files.read_bytes(path, where=CARD.as_posix()), where=CARD.as_posix()).get("recipe")
    return recipe.get("estimator") if isinstance(recipe, dict) else None


def read(root: Path) -> Lock:
    """Read driftloop.lock.

    Raises
    ------
    LoopError
        If it is missing or none.
    """
    try:
        content = files.read_bytes(root / LOCK, where=LOCK)
    except OSError as exc:
        msg = f"{LOCK}: cannot be read: {exc.strerror}; run `driftloop lock`"
        raise LoopError(msg) from exc
    try:
        return Lock.model_validate(jsonfile.read(content, where=LOCK, remedy="run `driftloop lock`"))
    except ValidationError as exc:
        found = exc.errors()[0]
        msg = f"{LOCK}: {'.'.join(map(str, found['loc']))}: {found['msg']}; run `driftloop lock`"
        raise LoopError(msg) from exc


def write(root: Path, params: Params) -> dict[str, tuple[str, ...]]:
    """Write driftloop.lock for what is installed, and return what changed: stage → reasons."""
    new = current(root, params)
    try:
        old = read(root)
    except LoopError:
        old = Lock(driftloop="", stages={})
    if old != new:
        write_json(root / LOCK, new.model_dump(mode="json"))
    return differences(old, new)


def differences(locked: Lock, now: Lock) -> dict[str, tuple[str, ...]]:
    """Say what differs between two locks: stage → reasons; a stage without a difference is left out."""
    found: dict[str, tuple[str, ...]] = {}
    for name in STAGES:
        before, after = locked.stages.get(name), now.stages.get(name)
        if before is None or after is None:
            found[name] = ("not in the lock",)
            continue
        reasons = [] if before.code == after.code else ["code of driftloop"]
        reasons += [
            f"{package} {before.packages.get(package, 'none')} → {after.packages.get(package, 'none')}"
            for package in sorted({*before.packages, *after.packages})
            if before.packages.get(package) != after.packages.get(package)
        ]
        if reasons:
            found[name] = tuple(reasons)
    return found


def stale(root: Path, params: Params) -> str:
    """Say in one line why driftloop.lock does not describe this installation; empty if it does."""
    locked, now = read(root), current(root, params)
    found = differences(locked, now)
    if not found:
        return ""
    reasons = sorted({reason for given in found.values() for reason in given})
    return f"{LOCK}: not what is installed: {', '.join(reasons)} (stages {', '.join(found)}); {REMEDY}"


def require(root: Path, name: str) -> None:
    """Refuse to run a stage by other code or packages than the lock names for it.

    A package that the lock does not name yet, such as that of an estimator on trial, is allowed; `stale` tells it.

    Raises
    ------
    LoopError
        With what differs.
    """
    locked = read(root).stages.get(name)
    if locked is None:
        msg = f"{LOCK}: expected stage {name}, got none; run `driftloop lock`"
        raise LoopError(msg)
    here = Stage(code=source.stages(root / MEMORY, remembering=True)[name].code, packages=versions(locked.packages))
    before, now = (Lock(driftloop="", stages={name: each}) for each in (locked, here))
    reasons = differences(before, now).get(name)
    if reasons:
        msg = f"{LOCK}: stage {name}: not what is installed: {', '.join(reasons)}; {REMEDY}"
        raise LoopError(msg)

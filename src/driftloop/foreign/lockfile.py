"""dvc.yaml and dvc.lock, as far as others rely on them: names of stages, and what each wrote."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from driftloop.errors import LoopError
from driftloop.foreign import yamlfile

LOCK, PIPELINE = "dvc.lock", "dvc.yaml"
STAGE = {"cmd", "deps", "params", "outs"}
ENTRY = {"path", "hash", "md5", "size", "nfiles", "isexec", "etag", "checksum"}


@lru_cache(maxsize=8)  # a proposal asks six times for the same file, and the parser is slow
def pipeline(content: bytes, *, where: str = PIPELINE) -> dict[str, dict[str, Any]]:
    """Read the stages of a dvc.yaml, by name; all scalars are text."""
    stages = _mapping(_mapping(yamlfile.read(content, where=where), where).get("stages", {}), f"{where}: stages")
    return {name: _mapping(stage, f"{where}: stages.{name}") for name, stage in stages.items()}


def lock(
    content: bytes, *, stages: dict[str, dict[str, Any]] | None = None, where: str = LOCK
) -> dict[str, dict[str, Any]]:
    """Read the stages of a dvc.lock; all scalars are text.

    Parameters
    ----------
    content
        Bytes of the file.
    stages
        Those of its dvc.yaml; the lock may hold no others. That none is missing is for DVC to see, which would run it.
        None: any.
    where
        Name of the file, for messages.

    Raises
    ------
    LoopError
        If it is anything else than DVC would write for this dvc.yaml.
    """
    tree = _mapping(_read(content, where), where)
    _known(tree, {"schema", "stages"}, where)
    found = _mapping(tree.get("stages", {}), f"{where}: stages")
    for name, stage in found.items():
        if stages is not None and not _declared(name, stages):
            msg = f"{where}: stages: expected those of {PIPELINE}, got {name[:80]!r}; remove it from the file"
            raise LoopError(msg)
        at = f"{where}: stages.{name}"
        _known(_mapping(stage, at), STAGE, at)
        for kind in ("deps", "outs"):
            _check_entries(stage.get(kind, []), f"{at}.{kind}")
    return found


@lru_cache(maxsize=8)  # as for dvc.yaml
def _read(content: bytes, where: str) -> Any:
    return yamlfile.read(content, where=where)


def outs(stages: dict[str, dict[str, Any]]) -> dict[str, dict[str, str]]:
    """List what each stage wrote: stage → path → MD5; folders end with `.dir`."""
    return {
        name: {out["path"]: out["md5"] for out in stage.get("outs", []) if "md5" in out}
        for name, stage in sorted(stages.items())
    }


def _declared(name: str, stages: dict[str, dict[str, Any]]) -> bool:
    """Whether a dvc.yaml has a stage of this name; those of a loop are called `name@key`."""
    base, looped, _ = name.partition("@")
    return name in stages or bool(looped and {"foreach", "matrix"} & stages.get(base, {}).keys())


def _check_entries(entries: Any, where: str) -> None:
    if not isinstance(entries, list):
        msg = f"{where}: expected a list"
        raise LoopError(msg)
    for entry in entries:
        _known(_mapping(entry, where), ENTRY, where)
        if "path" not in entry or not all(isinstance(value, str) for value in entry.values()):
            msg = f"{where}: expected a path with its hash"
            raise LoopError(msg)


def _mapping(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        msg = f"{where}: expected keys and values"
        raise LoopError(msg)
    return value


def _known(found: dict[str, Any], known: set[str], where: str) -> None:
    if strange := sorted(found.keys() - known):
        msg = f"{where}: expected {', '.join(sorted(known))}, got {strange[0][:80]!r}"
        raise LoopError(msg)

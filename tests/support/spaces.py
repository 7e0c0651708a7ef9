"""A pipeline up to `prepare`, on given rows, and what it wrote."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import awkward
from workspace import Workspace

from driftloop.store.files import CACHE, PREPARED, QUALITY

if TYPE_CHECKING:
    from collections.abc import Callable

OUTPUTS = [PREPARED, QUALITY, Path("metrics/data.json")]


def prepared_from(root: Path, rows: Callable[[Path], dict[str, Any]]) -> Workspace:
    """Collect rows, and prepare them by DuckDB, with samples smaller than they are."""
    given = rows(root / "in")
    source = {"kind": "files", "path": str(root / "in"), "until": str(awkward.UNTIL), **given["source"]}
    data = {"target": "y", "target_unit": "", "segments": [], **given["data"]}
    space = Workspace.create(root, source=source, data=data, train={"max_rows": 1500}, report={"max_rows": 300})
    return space.run("collect", "prepare")


def again(space: Workspace, root: Path, **engine: Any) -> Workspace:
    """Copy a project without what `prepare` wrote, to prepare it by another engine."""
    copied = space.copy(root)
    for name in contents(root):
        (root / name).unlink()
    shutil.rmtree(root / CACHE)  # or what DuckDB has counted would be taken for it
    return copied.set(engine=engine)


def contents(root: Path) -> dict[str, bytes]:
    """Read all that `prepare` wrote."""
    files = [
        file for path in OUTPUTS for file in ([root / path] if (root / path).is_file() else (root / path).iterdir())
    ]
    return {str(file.relative_to(root)): file.read_bytes() for file in sorted(files)}

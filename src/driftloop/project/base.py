"""The files of a project as they were rendered last: what `driftloop upgrade` tells a team's edits from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from driftloop.errors import LoopError
from driftloop.foreign import files, jsonfile
from driftloop.store.files import write_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

BASE = ".driftloop/base.json"


class Base(BaseModel):
    """The last rendering.

    Attributes
    ----------
    driftloop
        The version whose templates these are.
    files
        Path → text.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    driftloop: str
    files: dict[str, str]


def write(root: Path, version: str, files: Mapping[str, str]) -> None:
    """Remember a rendering."""
    write_json(root / BASE, {"driftloop": version, "files": dict(sorted(files.items()))})


def read(root: Path) -> Base:
    """Read the last rendering.

    Raises
    ------
    LoopError
        If the project has none.
    """
    try:
        return Base.model_validate(jsonfile.read(files.read_bytes(root / BASE, where=BASE), where=BASE))
    except OSError as exc:
        msg = f"{BASE}: not found; `driftloop init` writes it, and only projects made by it can be upgraded"
        raise LoopError(msg) from exc
    except ValidationError as exc:
        msg = f"{BASE}: expected what `driftloop init` writes, got something else; restore it from Git"
        raise LoopError(msg) from exc

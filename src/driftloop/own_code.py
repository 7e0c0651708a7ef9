"""The project's own Python code, in `src/` of its repository."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from driftloop.store.files import SRC

if TYPE_CHECKING:
    from pathlib import Path


def allow_imports(root: Path) -> None:
    """Let modules in `src/` be imported, before others of the same name."""
    folder = str((root / SRC).resolve())
    if folder not in sys.path:
        sys.path.insert(0, folder)

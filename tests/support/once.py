"""What is dear to make, and made once for all workers; and our own files, copied into a project of a test's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from typing import TYPE_CHECKING

from architecture import SRC

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Have `make` fill a folder, or wait for the worker that does; fail where it failed."""
    base = factory.getbasetemp()
    root = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    done = root / "done"
    try:
        root.mkdir()
    except FileExistsError:
        while not done.exists():
            time.sleep(0.2)
        assert done.read_text() == "", done.read_text()
        return root
    failed = f"another worker failed to make {name}"
    try:
        make(root)
        failed = ""
    finally:
        done.write_text(failed)
    return root


def copy_ours(to: Path, *under: str, without: tuple[str, ...] = ()) -> None:
    """Copy the files that Git knows or would take, as they lie here."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *under],
        cwd=SRC.parent, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    for name in listed.split("\0"):
        if name and not name.startswith(without) and (SRC.parent / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(SRC.parent / name, to / name)

"""What a module of driftloop imports of driftloop, read from its source without running it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from driftloop.store import imports as reading

SRC = Path(__file__).parents[2] / "src"


@cache
def imports(module: str, *, typing_only: bool = False) -> frozenset[str]:
    """List the modules of driftloop that a module imports, at any place in it."""
    path = reading.path_of(module, (SRC,))
    names = reading.imported(path, typing_only=typing_only) if path else frozenset()
    return frozenset(name for name in names if name.split(".")[0] == "driftloop" and reading.path_of(name, (SRC,)))


def closure(module: str) -> set[str]:
    """List everything of driftloop that importing a module brings in, packages included."""
    return set(reading.closure({module}, (SRC,), top="driftloop"))

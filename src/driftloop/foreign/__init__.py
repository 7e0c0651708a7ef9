"""The bounds on files that somebody else may have written, in one place.

A fork's pull request and the job that trains bring files to jobs that hold a token to write. Each is small for its name,
and is looked at once, in linear time, before anything that expands, nests or allocates by what it says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from driftloop.errors import LoopError

KIB, MIB = 1 << 10, 1 << 20
BY_NAME = {
    "params.yaml": 256 * KIB,
    "dvc.yaml": 256 * KIB,
    "dvc.lock": MIB,
    "model.skops": 100 * MIB,  # GitHub refuses larger files
    "candidate.skops": 100 * MIB,
    "index.html": 64 * MIB,  # Evidently's page
}
BY_FOLDER = {"metrics": 256 * KIB, "reports": 16 * MIB}
OTHERWISE = 16 * MIB
MOST_TOTAL = 512 * MIB  # of one hand-over

MARKER = re.compile(r"^(?:<{7}|\|{7}|>{7})(?:[ \t].*)?$", re.MULTILINE)
CHOOSE = "keep one side of each conflict, and remove the lines with markers"
AFTER_MERGE = {"dvc.lock": "run `git checkout --theirs dvc.lock`, then `dvc repro`"}


@dataclass(frozen=True)
class Bounds:
    """How large a tree of values may be.

    Attributes
    ----------
    depth, nodes
        Levels, and values of all levels together.
    name, leaf
        Characters of a key, and of any other text.
    """

    depth: int
    nodes: int
    name: int = 1_000
    leaf: int = 100_000


TREE = Bounds(depth=32, nodes=200_000)
METRICS = Bounds(depth=8, nodes=10_000, name=200)
MODEL = Bounds(depth=250, nodes=5_000_000, leaf=4 * MIB)


def most_bytes(name: str) -> int:
    """Return the largest size of a file, by its path, or by a place that ends with it: `hand-over: dvc.lock`."""
    path = PurePosixPath(name.rpartition(": ")[2])
    folders = [BY_FOLDER[part] for part in path.parts[:-1] if part in BY_FOLDER]
    return BY_NAME.get(path.name) or (folders[-1] if folders else OTHERWISE)


def check_size(name: str, size: int, *, where: str = "", most: int | None = None) -> None:
    """Refuse a file that is larger than its name allows."""
    most = most or most_bytes(name)
    if size > most:
        msg = f"{where or name}: expected at most {_amount(most)}, got {_amount(size)}"
        raise LoopError(msg)


def check_merged(text: str, *, where: str) -> None:
    """Refuse what git leaves where two sides of a merge changed the same lines."""
    if found := MARKER.search(text):
        line = text.count("\n", 0, found.start()) + 1
        remedy = AFTER_MERGE.get(PurePosixPath(where.rpartition(": ")[2]).name, CHOOSE)
        msg = f"{where} at line {line}: expected a merged file, got a marker of a merge conflict; {remedy}"
        raise LoopError(msg)


def _amount(size: int) -> str:
    return f"{size / MIB:.0f} MiB" if size >= MIB else f"{-(-size // KIB)} KiB"

"""Where the rows of a new project lie: copied into it where they are few, read from where they are otherwise."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from driftloop.sources import tables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FOLDER = "data/source"
MOST_BYTES = 5_000_000  # of what is copied and committed


@dataclass(frozen=True)
class Placed:
    """What becomes of the files.

    Attributes
    ----------
    path
        `source.path` of the project.
    copies
        Files to copy: path in the project → where it lies.
    why
        What people are told.
    """

    path: str
    copies: Mapping[str, Path] = field(default_factory=dict)
    why: str = ""


def place(source: str, root: Path, *, private: Sequence[str] = ()) -> Placed:
    """Decide whether the files of a source are copied into the project.

    Parameters
    ----------
    source
        A file, a folder or a pattern.
    root
        Folder of the project.
    private
        Columns that are private: then nothing is copied, since Git keeps what is committed.
    """
    files = tables.find(source, where="--from")
    size = sum(path.stat().st_size for path in files)
    if private or size > MOST_BYTES:
        reason = f"columns are private: {', '.join(private)}" if private else f"they are {size / 1e6:,.0f} MB"
        path = os.path.relpath(source, root)
        return Placed(
            path,
            why=f"The rows are read from `{path}`, outside of this repository ({reason}). Jobs on GitHub do not have that path: "
            "let `source.command` fetch the rows there.",
        )
    single = Path(source).is_file()
    base = Path(source).parent if single else Path(os.path.commonpath([path.parent for path in files]))
    copies = {f"{FOLDER}/{path.relative_to(base).as_posix()}": path for path in files}
    usual = all(path.name.lower().endswith(tables.SUFFIXES) for path in files)
    path = next(iter(copies)) if single else FOLDER if usual else f"{FOLDER}/**/*{files[0].suffix}"
    return Placed(path, copies, f"The rows are in `{path}`. New ones go there too, or let `source.command` fetch them.")

"""Digests of files that are looked at in every run, remembered by size, time of change and inode."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from driftloop.errors import DataError
from driftloop.store.files import digest, write_text

if TYPE_CHECKING:
    from pathlib import Path

DIGESTS = "digests.json"  # in the cache
# A file that was written so shortly before may be written again without a new time; file systems tell up to 2 s apart.
SETTLED = 2_000_000_000  # ns


class _Seen(BaseModel):
    model_config = ConfigDict(frozen=True)

    stat: tuple[int, int, int]
    sha256: str


class _Memory(BaseModel):
    files: dict[str, _Seen] = {}


class Digests:
    """SHA-256 of files. A file is read again when its size, its time of change or its inode differs from the last time."""

    def __init__(self, path: Path | None) -> None:
        """Begin with what is written in `path`, if that can be read; None: with nothing, and nothing is written."""
        self._path = path
        self._asked: dict[Path, tuple[tuple[int, int, int], str]] = {}
        try:
            self._known = _Memory.model_validate_json(path.read_bytes()).files if path else {}
        except (OSError, ValidationError):
            self._known = {}

    def of(self, file: Path) -> str:
        """Return the digest of a file.

        Raises
        ------
        DataError
            If it cannot be read.
        """
        try:
            now, stat = time.time_ns(), _stat(file)
            name = str(file.resolve())
            known = self._known.get(name)
            found = known.sha256 if known and known.stat == stat else digest(file)
        except OSError as exc:
            msg = f"{file}: cannot be read: {exc.strerror}"
            raise DataError(msg) from exc
        self._asked[file] = (stat, found)
        if now - stat[1] > SETTLED:
            self._known[name] = _Seen(stat=stat, sha256=found)
        return found

    def note(self, file: Path, sha256: str, *, name: Path) -> None:
        """Remember the digest of a file that this process has written, and that will be called `name`."""
        self._known[str(name.parent.resolve() / name.name)] = _Seen(stat=_stat(file), sha256=sha256)

    def refuse_changed(self) -> None:
        """Refuse files that changed after their digest was asked for.

        Raises
        ------
        DataError
            With the first of them.
        """
        for file, (stat, _) in self._asked.items():
            try:
                same = _stat(file) == stat
            except OSError:
                same = False
            if not same:
                msg = f"{file}: expected a file that stays as it is while it is read, got another one; run it again"
                raise DataError(msg)

    def save(self) -> None:
        """Write down what is known of files that are still there."""
        if self._path is None:
            return
        kept = {name: seen for name, seen in self._known.items() if os.path.lexists(name)}
        write_text(self._path, _Memory(files=kept).model_dump_json())


def _stat(file: Path) -> tuple[int, int, int]:
    found = file.stat()
    return found.st_size, found.st_mtime_ns, found.st_ino

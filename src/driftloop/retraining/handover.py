"""The hand-over from the job that trains to the job that proposes: one or two snapshots of the pipeline's files."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from driftloop.core.judging.verdict import Outcome
from driftloop.errors import LoopError
from driftloop.foreign import MOST_TOTAL, check_size, jsonfile, lockfile
from driftloop.foreign.lockfile import LOCK, PIPELINE
from driftloop.store.files import CARD, DECISION, MODEL, QUALITY, VERDICT, replacing_folder, write_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

MANIFEST = "manifest.json"
PARAMS = "params.yaml"
REPORTS = tuple(path.as_posix() for path in (DECISION, VERDICT, QUALITY))
PRODUCTION = (CARD.as_posix(), MODEL.as_posix())
RESTORED = "reports/restored.json"  # an earlier version against production, which no stage writes
METRIC = re.compile(r"metrics/(?:[\w-][\w.-]*/)?[\w-][\w.-]*\.(?:json|csv)", re.ASCII)
MOST_FILES = 200
SnapshotName = Literal["data", "promote", "restore"]


class Manifest(BaseModel):
    """manifest.json.

    Attributes
    ----------
    issue
        The alert on which retraining was asked for; 0 for a rollback.
    base
        Commit that it was made from.
    model, before, after
        Name of the model; version of production, and of what would replace it (None for nothing).
    until, outcome
        `source.until`, and what the gate said of the recipe.
    restores
        The earlier version that a rollback brings back; 0 for a retraining.
    files
        SHA-256 by path, relative to the hand-over.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    issue: int = Field(ge=0)
    base: str = Field(pattern="^[0-9a-f]{40}$")
    model: str
    before: int
    after: int | None
    until: str
    outcome: Outcome
    restores: int = Field(default=0, ge=0)
    files: dict[str, str]

    @model_validator(mode="after")
    def _answers_one_thing(self) -> Manifest:
        if bool(self.issue) is bool(self.restores):
            msg = "expected an issue that is answered, or a version that is restored"
            raise ValueError(msg)
        return self

    @property
    def snapshots(self) -> tuple[SnapshotName, ...]:
        """What there is in it."""
        if self.restores:
            return "data", "restore"
        return ("data", "promote") if self.outcome == "promote" else ("data",)


@dataclass(frozen=True)
class Snapshot:
    """Files of the pipeline by their path in the repository: what a commit takes, and the reports that prove it."""

    files: dict[str, bytes] = field(repr=False)

    @property
    def committed(self) -> list[str]:
        """Name the files that belong into Git."""
        return sorted(path for path in self.files if path not in (*REPORTS, RESTORED))

    def __getitem__(self, path: Path | str) -> bytes:
        """Return a file's content."""
        return self.files[path.as_posix() if isinstance(path, Path) else path]

    def write(self, root: Path) -> None:
        """Put the files into a working tree."""
        for path, content in self.files.items():
            write_bytes(root / path, content)


@dataclass(frozen=True)
class HandOver:
    """A hand-over whose files are those that its manifest names.

    Attributes
    ----------
    data
        After the pipeline has run on the newest data with production as it was.
    promote
        After the candidate, or an earlier version, was made production; None where nothing is proposed.
    """

    manifest: Manifest
    data: Snapshot
    promote: Snapshot | None


def metrics_of(pipeline: bytes) -> list[str]:
    """List the metrics and plots that stages of a dvc.yaml write.

    Raises
    ------
    LoopError
        If one of them is not a JSON or CSV file under metrics/, which are the only ones that a proposal can take along.
    """
    stages = lockfile.pipeline(pipeline).values()
    listed = [
        (kind, entry) for stage in stages for kind in ("metrics", "plots", "outs") for entry in stage.get(kind, ())
    ]
    named = [(kind, str(next(iter(entry), "")) if isinstance(entry, dict) else str(entry)) for kind, entry in listed]
    found = [path for kind, path in named if kind != "outs" or path.startswith("metrics/")]
    if strange := [path for path in found if not METRIC.fullmatch(path)]:
        msg = f"{PIPELINE}: expected metrics and plots as metrics/NAME.json or .csv, got {', '.join(strange)}"
        raise LoopError(msg)
    return sorted(found)


def paths(pipeline: bytes, name: SnapshotName) -> list[str]:
    """List the files of a snapshot; nothing else is handed over."""
    production = {"data": (), "promote": PRODUCTION, "restore": (*PRODUCTION, RESTORED)}[name]
    return sorted([PARAMS, LOCK, *metrics_of(pipeline), *REPORTS, *production])


def take(root: Path, name: SnapshotName) -> Snapshot:
    """Take a snapshot of a working tree in which the pipeline has run."""
    found = {}
    for path in paths((root / PIPELINE).read_bytes(), name):
        try:
            found[path] = (root / path).read_bytes()
        except OSError as exc:
            msg = f"{path}: cannot be handed over: {exc.strerror}; run `dvc repro`"
            raise LoopError(msg) from exc
        check_size(path, len(found[path]))
    return Snapshot(found)


def write(out: Path, data: Snapshot, promote: Snapshot | None, **about: Any) -> Manifest:
    """Write a hand-over, whole or not at all."""
    check_out(out)
    manifest = Manifest(files={}, **about)
    given = zip(manifest.snapshots, filter(None, (data, promote)), strict=True)
    files = {f"{name}/{path}": content for name, snapshot in given for path, content in snapshot.files.items()}
    manifest = manifest.model_copy(update={"files": {name: _sha256(content) for name, content in files.items()}})
    with replacing_folder(out) as folder:
        for name, content in files.items():
            write_bytes(folder / name, content)
        write_bytes(folder / MANIFEST, (manifest.model_dump_json(indent=2) + "\n").encode())
    return manifest


def check_out(out: Path) -> None:
    """Refuse to replace a folder that holds something else."""
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        msg = f"{out}: expected a folder for the hand-over, got something else"
        raise LoopError(msg)
    if out.is_dir() and any(out.iterdir()) and not (out / MANIFEST).is_file():
        msg = f"{out}: expected a new folder or an earlier hand-over, got a folder with other files"
        raise LoopError(msg)


def read(folder: Path, pipeline: bytes) -> HandOver:
    """Read a hand-over that anybody may have written.

    Parameters
    ----------
    folder
        Where it is.
    pipeline
        dvc.yaml of the commit that it was made from, which says what files there are.

    Raises
    ------
    LoopError
        If anything but the expected regular files of bounded size is there, or a file is not the one of the manifest.
    """
    found = dict(walk(folder))
    if MANIFEST not in found:
        msg = f"{folder}: expected a hand-over, got no {MANIFEST}; run `driftloop ci retrain` or `driftloop ci rollback` first"
        raise LoopError(msg)
    manifest = _manifest(found.pop(MANIFEST))
    names = manifest.snapshots
    expected = {f"{name}/{path}" for name in names for path in paths(pipeline, name)}
    for name in sorted(found.keys() ^ expected | manifest.files.keys() ^ expected):
        what = "is missing" if name in expected else "does not belong there"
        msg = f"hand-over: {name!r} {what}"
        raise LoopError(msg)
    for name, content in found.items():
        if _sha256(content) != manifest.files[name]:
            msg = f"hand-over: {name}: not the file that {MANIFEST} names: its SHA-256 differs"
            raise LoopError(msg)
    data, *more = [Snapshot({path: found[f"{name}/{path}"] for path in paths(pipeline, name)}) for name in names]
    return HandOver(manifest, data, more[0] if more else None)


def _manifest(content: bytes) -> Manifest:
    jsonfile.read(content, where=f"hand-over: {MANIFEST}")
    try:
        return Manifest.model_validate_json(content)
    except ValidationError as exc:
        problem = exc.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in problem["loc"])
        msg = f"hand-over: {MANIFEST}: {where}: {problem['msg']}"
        raise LoopError(msg) from exc


def walk(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Read regular files below a folder; follow nothing."""
    pending, count, size = [(folder, PurePosixPath())], 0, 0
    while pending:
        place, name = pending.pop()
        if not place.is_dir() or place.is_symlink():
            msg = f"{place}: expected the folder of a hand-over"
            raise LoopError(msg)
        for entry in sorted(place.iterdir()):
            inner, count = name / entry.name, count + 1
            mode = entry.lstat().st_mode
            if count > MOST_FILES:
                msg = f"hand-over: expected at most {MOST_FILES} files, got more"
                raise LoopError(msg)
            if stat.S_ISDIR(mode):
                pending.append((entry, inner))
            else:
                content = _content(entry, inner.as_posix())
                size += len(content)
                if size > MOST_TOTAL:
                    msg = f"hand-over: expected at most {MOST_TOTAL >> 20} MiB, got more"
                    raise LoopError(msg)
                yield inner.as_posix(), content


def _content(path: Path, name: str) -> bytes:
    try:  # O_NONBLOCK: a pipe would wait for a writer
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as exc:
        what = "a symbolic link" if path.is_symlink() else exc.strerror
        msg = f"hand-over: {name}: expected a regular file, got {what}"
        raise LoopError(msg) from exc
    with os.fdopen(handle, "rb") as stream:
        about = os.fstat(handle)
        if not stat.S_ISREG(about.st_mode):
            msg = f"hand-over: {name}: expected a regular file, got something else"
            raise LoopError(msg)
        check_size(name, about.st_size)
        return stream.read(about.st_size)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

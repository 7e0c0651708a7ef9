"""Records on their branch: written beside those that others write, and read as what anybody may have pushed."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from driftloop.errors import LoopError
from driftloop.foreign import jsonfile
from driftloop.records.values import BRANCH, FORMAT, Record

if TYPE_CHECKING:
    from driftloop.git import Git


def write(git: Git, record: Record, **newest: bytes) -> str:
    """Put a record on the branch of the remote, beside those that others write; return the commit.

    Parameters
    ----------
    git, record
        Where to, and what.
    newest
        Further files of this model by name, in the place of those of the run before; see `kept`.
    """
    text = json.dumps(record.content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    files = {record.path: text.encode(), **{_newest(git, name): content for name, content in newest.items()}}
    return git.write_to_branch(BRANCH, files, record.message, date=record.content["time"])


def kept(git: Git, name: str) -> bytes | None:
    """Read what the newest run of this model has kept under a name; None if there is nothing."""
    revision = _revision(git)
    return git.blobs([f"{git.head(revision)}:{_newest(git, name)}"])[0] if revision else None


def is_about(path: str, folder: str) -> bool:
    """Whether a record is about the model of a folder, by its path: records/DAY/FOLDER/NAME.json."""
    return PurePosixPath(*PurePosixPath(path).parts[2:-1]) == PurePosixPath(folder)


def _newest(git: Git, name: str) -> str:
    return f"{PurePosixPath('newest', git.folder, f'{name}.json')}"


def read(git: Git) -> list[dict[str, Any]]:
    """Read the contents of all records; see `listed`."""
    return [record.content for record in listed(git)]


def listed(git: Git) -> list[Record]:
    """Read all records of this folder's model, oldest run first: of the remote, or as far as it is known here.

    What is no record of a format that this version knows is left out: whoever may push may have written anything.
    """
    revision = _revision(git)
    if not revision:
        return []
    found, folder = [], git.folder
    for path, content in git.contents(revision, "records").items():
        if not is_about(path, folder):
            continue
        with suppress(LoopError):
            value = jsonfile.read(content, where="record")
            if isinstance(value, dict) and value.get("format") in range(1, FORMAT + 1):
                found.append(Record(path, value))
    return sorted(found, key=lambda record: str(record.content.get("time")))


def _revision(git: Git) -> str:
    """Fetch the branch, and name where it is; where the remote cannot be reached, as it is known here, or empty."""
    try:
        return git.fetch(BRANCH) if git.remote_head(BRANCH) else ""
    except LoopError:
        known = f"refs/remotes/{git.remote}/{BRANCH}"
        return known if git.succeeds("rev-parse", "--verify", "--quiet", known) else ""

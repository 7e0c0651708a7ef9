"""What Git tells of production: the commits that changed its card, and the tags of releases."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from driftloop.errors import LoopError
from driftloop.foreign import jsonfile
from driftloop.report.dashboard.versions import Change, Known
from driftloop.store.files import CARD

if TYPE_CHECKING:
    from driftloop.git import Git

MOST = 60  # changes that the dashboard reads, the newest
FORMAT = ("-z", "--no-show-signature", "--format=%H%n%cI%n%P%n%an%n%cn%n%s")
# Subjects that GitHub writes: of a merge, and of a squash.
MERGE = re.compile(r"Merge pull request #(\d{1,9}) from \S+?/(?:retrain/issue-(\d{1,9}))?\S*")
SQUASH = re.compile(r".*\(#(\d{1,9})\)")
NOBODY = {"github", "driftloop", "github-actions[bot]"}


def tag_of(model: str, version: int) -> str:
    """Name the tag of a version, as GTO reads it: https://dvc.org/doc/gto wants three numbers and an annotated tag."""
    return f"{model}@v{version}.0.0"


def read(git: Git, most: int | None = MOST) -> list[Change]:
    """List the changes of production's card on the branch that is checked out, oldest first.

    Nothing is listed where there is no repository, or a shallow one: its oldest commit would seem to have made everything.
    """
    try:
        if git.run("rev-parse", "--is-shallow-repository") != "false":
            return []
        count = () if most is None else (f"--max-count={most}",)
        return _changes(git, git.run("log", "--first-parent", *count, *FORMAT, "HEAD", "--", CARD.as_posix()))[::-1]
    except LoopError:
        return []


def every(git: Git, model: str) -> list[Change]:
    """List all changes of production's card, oldest first, and versions that only a tag still leads to.

    Parameters
    ----------
    git
        The repository.
    model
        Its name, with which tags begin; releases of the first driftloop were called MODEL-vN.
    """
    found = read(git, most=None)
    known = {change.card.key for change in found}
    patterns = (f"refs/tags/{model}@v*", f"refs/tags/{model}-v*")
    try:
        tags = git.run("for-each-ref", "--format=%(refname)", *patterns).split()
        tagged = _changes(git, git.run("log", "--no-walk", *FORMAT, *tags)) if tags else []
    except LoopError:
        return found
    lost = {change.card.key: change for change in tagged if change.card.version and change.card.key not in known}
    older = sorted(lost.values(), key=lambda change: (change.time, change.card.version))
    return sorted([*older, *found], key=lambda change: change.time) if lost else found


def highest(git: Git, model: str) -> int:
    """Return the highest version that a model ever had, as far as Git knows; 0 for none."""
    return max((change.card.version for change in every(git, model) if change.card.model == model), default=0)


def _changes(git: Git, log: str) -> list[Change]:
    entries = [entry.strip("\n") for entry in log.split("\0") if entry.strip()]
    cards = git.blobs([f"{entry.split(None, 1)[0]}:./{CARD.as_posix()}" for entry in entries]) if entries else []
    return [_change(entry, card) for entry, card in zip(entries, cards, strict=True)]


def _change(entry: str, card: bytes | None) -> Change:
    commit, time, parents, author, committer, subject = entry.split("\n", 5)
    merge = " " in parents
    merged, squashed = MERGE.fullmatch(subject), SQUASH.fullmatch(subject)
    # GitHub makes a merge in the name of whoever merged. The author of a squash is who wrote it, and its committer GitHub.
    by = author if merge else committer
    return Change(
        commit=commit,
        time=datetime.fromisoformat(time),
        card=_card(card),
        pull=int(merged[1] if merged else squashed[1] if squashed else 0),
        issue=int(merged[2] or 0) if merged else 0,
        by="" if by.lower() in NOBODY else by[:100],
        merge=merge,
    )


def _card(content: bytes | None) -> Known:
    """Read a card as it was."""
    try:
        return Known.of(jsonfile.read(content or b"{}", where=CARD.as_posix()))
    except LoopError:
        return Known()

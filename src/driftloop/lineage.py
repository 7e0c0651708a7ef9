"""What Git's history tells of production: the commits that changed its card."""

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

MOST = 60  # changes that are read, the newest
# Subjects that GitHub writes: of a merge, and of a squash.
MERGE = re.compile(r"Merge pull request #(\d{1,9}) from \S+?/(?:retrain/issue-(\d{1,9}))?\S*")
SQUASH = re.compile(r".*\(#(\d{1,9})\)")
NOBODY = {"github", "driftloop", "github-actions[bot]"}


def read(git: Git) -> list[Change]:
    """List the changes of production's card on the branch that is checked out, oldest first.

    Nothing is listed where there is no repository, or a shallow one: its oldest commit would seem to have made everything.
    """
    try:
        if git.run("rev-parse", "--is-shallow-repository") != "false":
            return []
        log = (
            "log",
            "--first-parent",
            f"--max-count={MOST}",
            "-z",
            "--no-show-signature",
            "--format=%H%n%cI%n%P%n%an%n%cn%n%s",
        )
        entries = git.run(*log, "HEAD", "--", CARD.as_posix()).split("\0")
        return [_change(git, entry.strip("\n")) for entry in entries if entry.strip()][::-1]
    except LoopError:
        return []


def _change(git: Git, entry: str) -> Change:
    commit, time, parents, author, committer, subject = entry.split("\n", 5)
    merge = " " in parents
    merged, squashed = MERGE.fullmatch(subject), SQUASH.fullmatch(subject)
    # GitHub makes a merge in the name of whoever merged. The author of a squash is who wrote it, and its committer GitHub.
    by = author if merge else committer
    return Change(
        commit=commit,
        time=datetime.fromisoformat(time),
        card=_card(git.show(commit, CARD.as_posix())),
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

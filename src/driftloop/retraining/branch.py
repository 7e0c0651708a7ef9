"""The branch of a proposal: two commits on the base, proved there, and pushed over nobody's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftloop.errors import LoopError
from driftloop.foreign.lockfile import LOCK
from driftloop.git import AUTHOR
from driftloop.retraining import handover, verify
from driftloop.retraining.handover import PARAMS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from driftloop.git import Git
    from driftloop.retraining.handover import HandOver


def commit(git: Git, found: HandOver) -> str:
    """Commit both snapshots on the base, in this clone alone; the same hand-over makes the same commits."""
    with git.worktree(found.manifest.base) as tree:
        about, head = found.manifest, found.manifest.base
        second = f"restore v{about.restores} as v{about.after}" if about.restores else f"promote v{about.after}"
        for snapshot, message in ((found.data, f"data until {about.until}"), (found.promote, second)):
            if snapshot:
                snapshot.write(tree.root)
                head = tree.commit(message, snapshot.committed)
    return head


def push(git: Git, found: HandOver, head: str, *, branch: str, into: str) -> None:
    """Push what was committed, unless somebody else's commits are on the branch."""
    push_over(git, head, branch=branch, base=found.manifest.base, into=into)


def push_over(git: Git, head: str, *, branch: str, base: str, into: str) -> None:
    """Push a commit on `base` to a branch of the loop, unless somebody else's commits are on it."""
    there = git.remote_head(branch)
    if there:
        git.fetch(branch)
        main = f"^refs/remotes/{git.remote}/{into}"
        authors = set(git.run("log", "--format=%ae", there, f"^{base}", main).splitlines())
        if strangers := sorted(authors - {AUTHOR[1]}):
            msg = f"{branch}: holds commits of {', '.join(strangers)}; merge or delete the branch, then run it again"
            raise LoopError(msg)
    git.push(branch, expected=there, revision=head)


def prove_on(git: Git, found: HandOver, revision: str, prove: Callable[[Path], None]) -> None:
    """Let DVC look at both snapshots on top of a commit."""
    with git.worktree(revision) as tree:
        params = (tree.root / PARAMS).read_bytes().decode("utf-8")
        moved = verify.moved(params, found.data[PARAMS].decode("utf-8"))
        for snapshot in filter(None, (found.data, found.promote)):
            handover.Snapshot({**snapshot.files, PARAMS: moved.encode()}).write(tree.root)
            prove(tree.root)


def touched(git: Git, found: HandOver, main: str, prove: Callable[[Path], None]) -> bool:
    """Whether commits on main since the base change anything that the hand-over depends on."""
    base = found.manifest.base
    if not git.succeeds("merge-base", "--is-ancestor", base, main):
        return True
    changed = set(git.run("diff", "--name-only", "--relative", "--no-renames", "-z", base, main).split("\0"))
    if changed & ({LOCK, *(found.promote or found.data).files} - {PARAMS}):
        return True
    try:
        prove_on(git, found, main, prove)
    except LoopError:
        return True
    return False

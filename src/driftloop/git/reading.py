"""What Git knows: of a working tree, of revisions, and of the remote."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Self

from driftloop.git.process import Process

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

OURS = "driftloop-"  # begins the names of worktrees, with the number of the process that made them


class Reading(Process):
    """A working tree, to look at."""

    @property
    def folder(self) -> str:
        """Folder of this project within the repository, such as `models-of/churn`; empty for its top."""
        return self.run("rev-parse", "--show-prefix").rstrip("/")

    def head(self, revision: str = "HEAD") -> str:
        """Return the full hash of a revision."""
        return self.run("rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")

    def remote_head(self, branch: str) -> str | None:
        """Ask the remote where a branch is; None if it has no such branch."""
        ref = self._ref(branch)
        # ls-remote matches the end of a name: refs/x/refs/heads/main is listed too.
        rows = [line.split("\t") for line in self.run("ls-remote", "--", self.remote, ref).splitlines()]
        return next((sha for sha, name in rows if name == ref), None)

    def fetch(self, branch: str) -> str:
        """Fetch one branch, and return the hash it is at."""
        self._tidy()
        ref, kept = self._ref(branch), f"refs/remotes/{self.remote}/{branch}"
        self.run("fetch", "--quiet", "--no-tags", "--", self.remote, f"+{ref}:{kept}")
        return self.head(kept)

    def complete(self) -> None:
        """Fetch what a shallow clone has left out: without it there is nothing to merge by."""
        if self.run("rev-parse", "--is-shallow-repository") == "true":
            self._tidy()
            self.run("fetch", "--quiet", "--no-tags", "--unshallow", "--", self.remote)

    def show(self, revision: str, path: str) -> bytes | None:
        """Read a file of this project as it is at a revision; None if it is not there."""
        done = self._process(("cat-file", "blob", f"{self.head(revision)}:./{path}"))
        return done.out if done.code == 0 else None

    def files(self, revision: str, folder: str = "") -> list[str]:
        """List the paths of a revision, or of one of its folders, from the top of the repository."""
        within = ["--", f"{folder.rstrip('/')}/"] if folder else []
        listed = self.run("ls-tree", "-r", "-z", "--name-only", "--full-tree", self.head(revision), *within)
        return [path for path in listed.split("\0") if path]

    def contents(self, revision: str, folder: str = "") -> dict[str, bytes]:
        """Read all files of a revision, or of one of its folders, in one go."""
        at, paths = self.head(revision), [path for path in self.files(revision, folder) if "\n" not in path]
        found = self.blobs([f"{at}:{path}" for path in paths])
        return {path: content for path, content in zip(paths, found, strict=True) if content is not None}

    def blobs(self, names: Sequence[str]) -> list[bytes | None]:
        """Read files by `REVISION:PATH`, or `REVISION:./PATH` for one of this project, in one go; None for one not there."""
        asked = "".join(f"{name}\n" for name in names)
        given, place = self._output("cat-file", "--batch", data=asked.encode(errors="surrogateescape")), 0
        found: list[bytes | None] = []
        for _ in names:
            end = given.index(b"\n", place)
            size = given[place:end].rpartition(b" ")[2]
            place = end + 1
            if size.isdigit():  # else it says `missing` or `ambiguous`
                found.append(given[place : place + int(size)])
                place += int(size) + 1
            else:
                found.append(None)
        return found

    def changed(self) -> list[str]:
        """List paths of this project that differ from HEAD or are new, ignored ones aside."""
        listed = self.run("status", "--porcelain=v1", "--untracked-files=all", "--no-renames", "-z", "--", ".")
        above = f"{self.folder}/" if self.folder else ""
        return sorted(entry[3:].removeprefix(above) for entry in listed.split("\0") if entry)

    @contextmanager
    def worktree(self, revision: str) -> Iterator[Self]:
        """Check a revision out into a folder of its own, for as long as the block lasts; yield this project in it."""
        self._tidy()
        with TemporaryDirectory(prefix=f"{OURS}{os.getpid()}-") as folder:
            self.run("worktree", "add", "--quiet", "--detach", "--", folder, self.head(revision))
            try:
                yield replace(self, root=Path(folder) / self.folder)
            finally:
                self.succeeds("worktree", "remove", "--force", "--force", "--", folder)

    def _tidy(self) -> None:
        """Remove worktrees of ours whose process was killed: half of one makes every later `git fetch` fail."""
        common = self.root / self.run("rev-parse", "--git-common-dir")
        for entry in common.glob(f"worktrees/{OURS}*"):
            pid = entry.name.removeprefix(OURS).partition("-")[0]
            if pid.isdecimal() and not _runs(int(pid)):
                with suppress(OSError):
                    left = Path((entry / "gitdir").read_text(encoding="utf-8").strip()).parent
                    if left.name == entry.name:
                        shutil.rmtree(left, ignore_errors=True)
                shutil.rmtree(entry, ignore_errors=True)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return True

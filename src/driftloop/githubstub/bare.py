"""The bare repository behind the stand-in: the real git, asked anew whenever a ref has changed, so that every push is seen."""

from __future__ import annotations

import os
import re
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import TypeAlias

    State: TypeAlias = frozenset[tuple[str, int, int, int]]

NOBODY = ("GitHub", "noreply@github.com")
SHOWN = ("refs/heads", "refs/tags")
# What git said of refs, by repository, with the state of the files that it said it for: refs are asked for at each request.
KNOWN: dict[Path, tuple[State, dict[str, str]]] = {}


@dataclass(frozen=True)
class Commit:
    """What git knows of a commit; people are name, e-mail and ISO date."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: tuple[str, str, str]
    committer: tuple[str, str, str]
    message: str


@dataclass(frozen=True)
class Change:
    """One changed file; `patch` is None for a binary one."""

    path: str
    status: str
    blob: str
    additions: int
    deletions: int
    patch: str | None


@dataclass(frozen=True)
class BareRepository:
    """A bare repository on disk."""

    path: Path

    @classmethod
    def create(cls, path: Path, branch: str) -> BareRepository:
        """Make an empty one."""
        path.mkdir(parents=True)
        made = cls(path)
        made.run("init", "--quiet", "--bare", f"--initial-branch={branch}")
        return made

    def run(self, *args: str, env: Mapping[str, str] | None = None, ok: Sequence[int] = (0,), text: str = "") -> str:
        """Run a git command, free of the user's configuration, and return what it wrote."""
        return self.raw(*args, env=env, ok=ok, data=text.encode()).decode("utf-8", "replace")

    def raw(
        self, *args: str, env: Mapping[str, str] | None = None, ok: Sequence[int] = (0,), data: bytes = b""
    ) -> bytes:
        """Run a git command as `run` does, without decoding what it wrote."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_DIR": str(self.path)}
        done = subprocess.run(  # noqa: S603
            ["git", *args],  # noqa: S607
            cwd=self.path,
            env={**kept, **alone, **(env or {})},
            input=data,
            capture_output=True,
            timeout=600,
            check=False,
        )
        if done.returncode not in ok:
            raise subprocess.CalledProcessError(done.returncode, done.args, done.stdout, done.stderr)
        return done.stdout

    def refs(self) -> dict[str, str]:
        """List branches and tags with the commit that each is at."""
        state = self._state()
        known = KNOWN.get(self.path)
        if known is None or known[0] != state:
            shape = "--format=%(refname) %(objectname) %(*objectname)"
            lines = [line.split(" ") for line in self.run("for-each-ref", shape, *SHOWN).splitlines()]
            known = KNOWN[self.path] = state, {name: peeled or sha for name, sha, peeled in lines}
        return dict(known[1])

    def _state(self) -> State:
        """Tell the files of refs as they are from any other state: git replaces a file, and never writes into one."""
        files = [self.path / "packed-refs", *(file for name in SHOWN for file in (self.path / name).rglob("*"))]
        found = set()
        for file in files:
            with suppress(FileNotFoundError):
                stat = file.stat()
                found.add((str(file), stat.st_ino, stat.st_mtime_ns, stat.st_size))
        return frozenset(found)

    def resolve(self, name: str) -> str | None:
        """Find the commit of a branch, a tag, `heads/…`, `tags/…` or a hash."""
        refs = self.refs()
        for ref in (f"refs/heads/{name}", f"refs/tags/{name}", f"refs/{name}", name):
            if ref in refs:
                return refs[ref]
        if not re.fullmatch("[0-9a-f]{7,40}", name):
            return None
        return self.run("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", ok=(0, 1, 128)).strip() or None

    def is_name(self, ref: str) -> bool:
        """Whether git allows a ref to be called so."""
        return not ref.startswith("-") and bool(self.run("check-ref-format", "--normalize", ref, ok=(0, 1)).strip())

    def commits(self, *revisions: str, limit: int = 250) -> list[Commit]:
        """List commits, newest first."""
        shape = "--format=%H%x00%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B%x01"
        rows = [
            row.lstrip("\n").split("\0") for row in self.run("log", shape, f"-{limit}", *revisions, "--").split("\1")
        ]
        return [
            Commit(r[0], r[1], tuple(r[2].split()), (r[3], r[4], r[5]), (r[6], r[7], r[8]), r[9].rstrip("\n"))
            for r in rows[:-1]
        ]

    def count(self, before: str, after: str) -> int:
        """Count the commits that `after` has and `before` has not."""
        return int(self.run("rev-list", "--count", f"{before}..{after}"))

    def base(self, one: str, other: str) -> str | None:
        """Find the newest common ancestor."""
        return self.run("merge-base", one, other, ok=(0, 1)).strip() or None

    def changes(self, before: str, after: str, *, patches: bool = False) -> list[Change]:
        """List the files that differ; a renamed one counts as removed and added."""
        words = ["--literal-pathspecs", "diff", "--no-renames", "--no-ext-diff", "--no-color"]
        parts = self.run(*words, "--raw", "--numstat", "-z", "--no-abbrev", before, after).split("\0")[:-1]
        raw = dict(zip(parts[1::2], parts[::2], strict=False)) if parts else {}
        raw = {path: entry for path, entry in raw.items() if entry.startswith(":")}
        figures = {path: (added, gone) for added, gone, path in (part.split("\t", 2) for part in parts[2 * len(raw) :])}
        texts = {path: self.run(*words, before, after, "--", path) if patches else "" for path in raw}
        return [_change(path, raw[path].split(" "), figures[path], texts[path]) for path in raw]

    def merged_tree(self, base: str, head: str) -> str | None:
        """Merge two commits in memory; None on a conflict."""
        if self.base(base, head) is None:
            return None
        found = self.run("merge-tree", "--write-tree", base, head, ok=(0, 1)).splitlines()
        clean = len(found) == 1
        return found[0] if clean else None

    def commit(self, tree: str, parents: Sequence[str], message: str, author: tuple[str, str], when: str) -> str:
        """Write a commit; the committer is GitHub."""
        people = {"AUTHOR": author, "COMMITTER": NOBODY}
        env = {
            f"GIT_{role}_{part}": text
            for role, (name, email) in people.items()
            for part, text in (("NAME", name), ("EMAIL", email), ("DATE", when))
        }
        flags = [word for parent in parents for word in ("-p", parent)]
        return self.run("commit-tree", tree, *flags, "-F", "-", env=env, text=message).strip()

    def tree_with(self, commit: str, path: str, content: bytes | None) -> str:
        """Write the tree of a commit with one file put in, or taken out with None."""
        with TemporaryDirectory() as folder:
            env = {"GIT_INDEX_FILE": f"{folder}/index"}
            self.run("read-tree", commit, env=env)
            blob = (
                content if content is None else self.raw("hash-object", "-w", "--stdin", data=content).decode().strip()
            )
            entry = f"0 {'0' * 40}\t{path}\0" if blob is None else f"100644 {blob}\t{path}\0"
            self.run("update-index", "-z", "--index-info", env=env, text=entry)
            return self.run("write-tree", env=env).strip()

    def entries(self, commit: str, path: str) -> list[tuple[str, str, int, str]]:
        """List type, hash, size and path of a file, or of what a folder holds (`path` ends with a slash)."""
        listed = self.run("--literal-pathspecs", "ls-tree", "-l", "-z", commit, *(["--", path] if path else []))
        rows = [row.split("\t", 1) for row in listed.split("\0")[:-1]]
        split = [(*meta.split(), name) for meta, name in rows]
        return [(kind, sha, int(size) if size != "-" else 0, name) for _, kind, sha, size, name in split]

    def update(self, ref: str, new: str, old: str | None = None) -> bool:
        """Move a ref, if it is still where it was; say whether git did."""
        self.run("update-ref", ref, new, *([old] if old is not None else []), ok=(0, 1, 128))
        return self.run("rev-parse", "--verify", "--quiet", ref, ok=(0, 1, 128)).strip() == new


def _change(path: str, raw: Sequence[str], figures: tuple[str, str], text: str) -> Change:
    status = {"A": "added", "D": "removed"}.get(raw[4], "modified")
    patch = text[text.index("@@ ") :].rstrip("\n") if "\n@@ " in text else None
    added, gone = (0 if figure == "-" else int(figure) for figure in figures)
    return Change(path, status, raw[2] if raw[4] == "D" else raw[3], added, gone, patch)

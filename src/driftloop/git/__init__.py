"""Git, by the real git: each method is one command or a few, and says what git said when it fails.

Hooks and signatures are off, paths are taken literally, and names of branches are checked, so that nothing in a
repository or in a name changes what a command does.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from driftloop.git.process import GitError, credentials
from driftloop.git.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["AUTHOR", "Git", "GitError", "MovedError", "credentials"]

# Commits of the loop carry this name wherever they are made, so that a second run makes the same commit.
AUTHOR = ("driftloop", "driftloop@users.noreply.github.com")
NO_OBJECT = "0" * 40
TRIES = 3
RIVALS = 12  # others that may push first, one after the other


class MovedError(GitError):
    """A branch of the remote is no longer where it was: somebody else has pushed."""


class Git(Reading):
    """A working tree, to look at and to change, and its remote to push to."""

    def commit(self, message: str, paths: Iterable[str], *, date: str | None = None) -> str:
        """Commit these paths and nothing else; return HEAD as it is if they do not differ from it.

        Without a date (ISO 8601) the commit has that of its parent, so that the same change of the same parent with the
        same message has the same hash, whenever and wherever it is made.
        """
        wanted, parent = list(paths), self.head()
        if any(Path(path) == Path() for path in wanted):
            msg = "git add: expected files or folders, got the whole working tree"
            raise GitError(msg)
        self.run("reset", "--quiet")
        if wanted:
            self.run("add", "--", *wanted)
        tree = self.run("write-tree")
        if tree == self.run("rev-parse", f"{parent}^{{tree}}"):
            return parent
        made = self._commit_tree(tree, parent, message, date)
        self.run("update-ref", "-m", "driftloop", "HEAD", made, parent)
        return made

    def merge(self, revision: str) -> bool:
        """Merge a revision into the working tree without a commit; False, and nothing changed, where that conflicts."""
        name, address = AUTHOR
        who = ("-c", f"user.name={name}", "-c", f"user.email={address}")
        if self.succeeds(*who, "merge", "--quiet", "--no-commit", "--no-ff", self.head(revision)):
            return True
        self.succeeds("merge", "--abort")
        return False

    def push(self, branch: str, *, expected: str | None, revision: str = "HEAD") -> None:
        """Push a revision to a branch of the remote, if that is still where it was expected (None: not there).

        Raises
        ------
        MovedError
            If it is not. Nothing was pushed, and nobody's commit is lost.
        """
        ref, commit = self._ref(branch), self.head(revision)
        lease = f"--force-with-lease={ref}:{expected or ''}"
        try:
            self.run("push", "--quiet", "--no-verify", "--no-follow-tags", lease, "--", self.remote, f"{commit}:{ref}")
        except GitError as exc:
            there = self.remote_head(branch)
            if there not in {commit, expected}:
                msg = f"{self.remote}/{branch}: expected {expected or 'no such branch'}, got {there}; somebody else pushed"
                raise MovedError(msg) from exc
            if there != commit:  # else it was only the answer that got lost
                raise

    def tag(self, name: str, revision: str, message: str) -> None:
        """Push an annotated tag; made twice, it is the same.

        Raises
        ------
        GitError
            If a tag of that name stands on another commit.
        """
        ref, commit = f"refs/tags/{name}", self.head(revision)
        if name.startswith("-") or "\0" in name or not self.succeeds("check-ref-format", ref):
            msg = f"git: expected the name of a tag, got {name!r}"
            raise GitError(msg)
        rows = [line.split("\t") for line in self.run("ls-remote", "--", self.remote, ref, f"{ref}^{{}}").splitlines()]
        there = {name: sha for sha, name in rows}
        found = there.get(f"{ref}^{{}}", there.get(ref))
        if found == commit:
            return
        if found:
            msg = f"tag {name}: expected it on {commit}, got {found}; delete the tag, or release that commit by hand"
            raise GitError(msg)
        when = self.run("show", "--no-patch", "--no-show-signature", "--format=%ct", commit)
        head = f"object {commit}\ntype commit\ntag {name}\ntagger {AUTHOR[0]} <{AUTHOR[1]}> {when} +0000\n"
        made = self.run("mktag", text=f"{head}\n{message}\n")
        self.run("push", "--quiet", "--no-verify", f"--force-with-lease={ref}:", "--", self.remote, f"{made}:{ref}")

    def write_to_branch(
        self,
        branch: str,
        files: Mapping[str, bytes],
        message: str,
        *,
        remove: Iterable[str] = (),
        date: str | None = None,
    ) -> str:
        """Put files on top of a branch of the remote, or start it with nothing else; return the commit it is at.

        Neither working tree nor index are touched. Where somebody else pushes in between, it is done again on top of
        theirs, so that writers of different files lose nothing; of one file, the last writer's stays. Files that are
        there already make no commit.
        """
        gone, troubles = list(remove), 0
        if any("\0" in path for path in (*files, *gone)):
            msg = f"{branch}: expected names of files, got one with a null byte"
            raise GitError(msg)
        for attempt in range(RIVALS):
            try:
                return self._add_to_branch(branch, files, message, gone, date)
            except MovedError:
                pass
            except GitError:  # a lock that a rival holds looks like any other refusal
                troubles += 1
                if troubles == TRIES:
                    raise
            self.sleep(min(0.1 * 2**attempt, 5.0))
        msg = f"{self.remote}/{branch}: {RIVALS} others pushed first; run it again"
        raise MovedError(msg)

    def _add_to_branch(
        self, branch: str, files: Mapping[str, bytes], message: str, remove: Iterable[str], date: str | None
    ) -> str:
        tip = self.fetch(branch) if self.remote_head(branch) else None
        entries = [f"0 {NO_OBJECT}\t{path}\0" for path in remove]
        for path, content in files.items():
            blob = self._output("hash-object", "-w", "--no-filters", "--stdin", data=content).decode().strip()
            entries.append(f"100644 {blob}\t{path}\0")
        with TemporaryDirectory() as folder:
            env = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            self.run("read-tree", tip or "--empty", env=env)
            self.run("update-index", "-z", "--index-info", text="".join(entries), env=env)
            # Git passes over names that are none, such as ../x and .git/config, without failing.
            tree = self.run("write-tree", env=env)
            listed = self.run("ls-tree", "-r", "-z", "--name-only", "--full-tree", tree)
            refused = set(files) - set(listed.split("\0")[:-1])
        if refused:
            msg = f"{branch}: expected names of files, got {sorted(refused)}"
            raise GitError(msg)
        if tip and tree == self.run("rev-parse", f"{tip}^{{tree}}"):
            return tip
        made = self._commit_tree(tree, tip, message, date)
        self.push(branch, expected=tip, revision=made)
        return made

    def _commit_tree(self, tree: str, parent: str | None, message: str, date: str | None) -> str:
        when = date or self.run("show", "--no-patch", "--no-show-signature", "--format=%cI", parent or "HEAD")
        who = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER")
               for what, value in (("NAME", AUTHOR[0]), ("EMAIL", AUTHOR[1]), ("DATE", when))}  # fmt: skip
        onto = ("-p", parent) if parent else ()
        return self.run("commit-tree", "--no-gpg-sign", *onto, "-F", "-", tree, text=message, env=who)

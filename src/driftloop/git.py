"""Git, by the real git: each method is one command or a few, and says what git said when it fails.

Hooks and signatures are off, paths are taken literally, and names of branches are checked, so that nothing in a
repository or in a name changes what a command does.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from driftloop import processes
from driftloop.errors import LoopError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from driftloop.github.runtime import Token


# Commits of the loop carry this name wherever they are made, so that a second run makes the same commit.
AUTHOR = ("driftloop", "driftloop@users.noreply.github.com")
ALWAYS = (
    "--literal-pathspecs",
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", "push.gpgSign=false"),
    *("-c", "i18n.commitEncoding=utf-8"),
    *("-c", "maintenance.auto=false"),
    *("-c", "gc.auto=0"),
    # A connection that stalls for a minute is given up.
    *("-c", "http.lowSpeedLimit=1"),
    *("-c", "http.lowSpeedTime=60"),
)
# Set by git for its hooks; inherited, they would point our commands at another repository or index.
INHERITED = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY"}
TALKING = {"fetch", "push", "ls-remote"}
NO_OBJECT = "0" * 40
OURS = "driftloop-"  # begins the names of worktrees, with the number of the process that made them
TRIES = 3
SECONDS = {"fetch": 3600, "push": 3600, "ls-remote": 300}
OTHERWISE = 600
RIVALS = 12  # others that may push first, one after the other


class GitError(LoopError):
    """Git refused a command."""


class MovedError(GitError):
    """A branch of the remote is no longer where it was: somebody else has pushed."""


@dataclass(frozen=True)
class Git:
    """A working tree.

    Attributes
    ----------
    root
        Its top folder.
    remote
        Name of the remote that is pushed to.
    token
        Sent to `server_url` and to nobody else, where that is https; None where actions/checkout has left credentials, or
        where a person's own are used. It goes through git's environment: no URL, file or command line holds it.
    """

    root: Path
    remote: str = "origin"
    token: Token | None = None
    server_url: str = "https://github.com"
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False, compare=False)

    def run(self, *args: str, text: str = "", env: Mapping[str, str] | None = None) -> str:
        """Run a git command and return its standard output without the last newline.

        Raises
        ------
        GitError
            With what git wrote to standard error.
        """
        return (
            self._output(*args, data=text.encode(errors="surrogateescape"), env=env)
            .decode("utf-8", "surrogateescape")
            .rstrip("\n")
        )

    def succeeds(self, *args: str) -> bool:
        """Whether a git command ends well."""
        return self._process(args).code == 0

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
        """Read a file as it is at a revision; None if it is not there."""
        done = self._process(("cat-file", "blob", f"{self.head(revision)}:{path}"))
        return done.out if done.code == 0 else None

    def files(self, revision: str, folder: str = "") -> list[str]:
        """List the paths of a revision, or of one of its folders."""
        within = ["--", f"{folder.rstrip('/')}/"] if folder else []
        listed = self.run("ls-tree", "-r", "-z", "--name-only", "--full-tree", self.head(revision), *within)
        return [path for path in listed.split("\0") if path]

    def contents(self, revision: str, folder: str = "") -> dict[str, bytes]:
        """Read all files of a revision, or of one of its folders, in one go."""
        at, paths = self.head(revision), [path for path in self.files(revision, folder) if "\n" not in path]
        found = self.blobs([f"{at}:{path}" for path in paths])
        return {path: content for path, content in zip(paths, found, strict=True) if content is not None}

    def blobs(self, names: Sequence[str]) -> list[bytes | None]:
        """Read files by `REVISION:PATH`, in one go; None for one that is not there."""
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
        """List paths that differ from HEAD or are new, ignored ones aside."""
        listed = self.run("status", "--porcelain=v1", "--untracked-files=all", "--no-renames", "-z")
        return sorted(entry[3:] for entry in listed.split("\0") if entry)

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

    @contextmanager
    def worktree(self, revision: str) -> Iterator[Git]:
        """Check a revision out into a folder of its own, for as long as the block lasts."""
        self._tidy()
        with TemporaryDirectory(prefix=f"{OURS}{os.getpid()}-") as folder:
            self.run("worktree", "add", "--quiet", "--detach", "--", folder, self.head(revision))
            try:
                yield replace(self, root=Path(folder))
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
            refused = set(files) - set(self.run("ls-files", "-z", env=env).split("\0")[:-1])
            tree = self.run("write-tree", env=env)
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

    def _credentials(self, command: str) -> dict[str, str]:
        return credentials(self.token, self.server_url) if command in TALKING else {}

    def _ref(self, branch: str) -> str:
        ref = f"refs/heads/{branch}"
        if branch.startswith("-") or "\0" in branch or not self.succeeds("check-ref-format", ref):
            msg = f"git: expected the name of a branch, got {branch!r}"
            raise GitError(msg)
        return ref

    def _output(self, *args: str, data: bytes = b"", env: Mapping[str, str] | None = None) -> bytes:
        done = self._process(args, data, env)
        if done.code:
            msg = f"git {args[0]}: {masked(_reason(done.err.decode('utf-8', 'replace')), self.token)[:500]}"
            raise GitError(msg)
        return done.out

    def _process(
        self, args: tuple[str, ...], data: bytes = b"", env: Mapping[str, str] | None = None
    ) -> processes.Done:
        try:
            return processes.run(
                ["git", *ALWAYS, *args],
                name=f"git {args[0]}",
                seconds=SECONDS.get(args[0], OTHERWISE),
                cwd=self.root,
                env={**_inherited(), **(env or {}), **self._credentials(args[0])},
                data=data,
            )
        except (OSError, ValueError, processes.SlowError) as exc:
            reason = exc.strerror if isinstance(exc, OSError) else str(exc)
        # Raised out here, so that no traceback leads to subprocess, whose locals hold the token in the environment.
        msg = f"git {args[0]}: cannot be run in {self.root}: {reason}"
        raise GitError(msg)


def _reason(said: str) -> str:
    """Keep what git says in one line, without its hints."""
    lines = [line.strip() for line in said.splitlines() if line.strip() and not line.startswith("hint:")]
    return "; ".join(lines) or "no reason given"


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return True


def _inherited() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in INHERITED}
    return {**kept, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}


def credentials(token: Token | None, server_url: str) -> dict[str, str]:
    """Return the environment variables that make git send the token to this server; none unless it is https."""
    if token is None or not server_url.startswith("https://"):
        return {}
    key = f"http.{server_url.rstrip('/')}/.extraheader"
    # The empty value drops the header that actions/checkout may have left: GitHub refuses two of them.
    pairs = ((key, ""), (key, f"AUTHORIZATION: basic {_basic(token)}"))
    start = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
    found = {"GIT_CONFIG_COUNT": str(start + len(pairs))}
    for place, (name, value) in enumerate(pairs, start):
        found |= {f"GIT_CONFIG_KEY_{place}": name, f"GIT_CONFIG_VALUE_{place}": value}
    return found


def masked(text: str, token: Token | None) -> str:
    """Hide the token, and whatever credentials stand in a URL."""
    text = re.sub(r"://[^/@\s]+@", "://***@", text)
    for secret in (token.value, _basic(token)) if token else ():
        text = text.replace(secret, "***")
    return text


def _basic(token: Token) -> str:
    return base64.b64encode(f"x-access-token:{token.value}".encode()).decode()

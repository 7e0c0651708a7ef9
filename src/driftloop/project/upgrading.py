"""`driftloop upgrade`: the files of a project from the templates of one version to those of the next.

What a team edited is kept: each file is merged from the last rendering (base), the new one, and the team's.
"""

from __future__ import annotations

import difflib
import re
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from packaging.version import Version

from driftloop import processes
from driftloop.errors import LoopError
from driftloop.project import base, creating, rendering, requirement
from driftloop.project.migration import migrate
from driftloop.project.tools import Tools
from driftloop.store.files import write_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from driftloop.project.base import Base
    from driftloop.project.requirement import Requirement

PARAMS = "params.yaml"
PYPROJECT = "pyproject.toml"
WATCHING = ".github/workflows/models.yml"  # where there are several models
MARKER = re.compile(r"^<<<<<<< ", re.MULTILINE)
SECONDS = 60
SPEC = re.compile(r'"driftloop(?![\w.-])[^"]*"')
SOURCE = re.compile(r"^driftloop = .*$", re.MULTILINE)


@dataclass(frozen=True)
class Change:
    """What becomes of one file.

    Attributes
    ----------
    path
        Of the file.
    kind
        *replaced*: nobody had edited it; *merged* and *conflict*: somebody had; *kept*: the templates have it no more, but a
        team has edited it.
    before, after
        Its text; None where there is no file.
    note
        More about it, for people.
    """

    path: str
    kind: Literal["added", "replaced", "merged", "conflict", "removed", "kept"]
    before: str | None
    after: str | None
    note: str = ""

    @property
    def diff(self) -> str:
        """The change as a unified diff."""
        old, new = ((text or "").splitlines() for text in (self.before, self.after))
        return "\n".join(difflib.unified_diff(old, new, f"a/{self.path}", f"b/{self.path}", lineterm=""))


def roots(root: Path) -> list[Path]:
    """List the project of a folder, and of the top of a repository also the further models that `driftloop init` made."""
    listed = Tools(root).run("git", "ls-files", "-z", "--", f"*/{base.BASE}").split("\0")
    return [root, *(root / Path(path).parents[1] for path in listed if path)]


def plan(root: Path) -> tuple[Base, Mapping[str, str], list[Change]]:
    """Decide what an upgrade changes: the last rendering, the new one, and the change of each file.

    Raises
    ------
    LoopError
        If the project was not made by `driftloop init`, is newer than this driftloop, or has changes that are not committed.
    """
    was = base.read(root)
    now = version("driftloop")
    if Version(was.driftloop) > Version(now):
        msg = f"{base.BASE}: this project is of driftloop {was.driftloop}, and this is {now}; run the newer one"
        raise LoopError(msg)
    if changed := Tools(root).run("git", "status", "--porcelain").splitlines():
        msg = f"{changed[0][3:]}: not committed; commit or stash your changes, so that `git stash -u` can undo the upgrade"
        raise LoopError(msg)
    if marked := [path for path in was.files if MARKER.search(_read(root / path) or "")]:
        msg = (
            f"{marked[0]}: expected a merged file, got markers of an earlier upgrade; keep one side of each, and commit"
        )
        raise LoopError(msg)
    answers = was.answers.filled(requirement.installed())
    new = rendering.render(answers, rendering.TEMPLATES if is_top(was) else rendering.OF_A_MODEL)
    if WATCHING in was.files:
        new[WATCHING] = rendering.template(rendering.MODELS)
    changes = [change for path in sorted({*was.files, *new}) for change in _change(root, was, now, path, new.get(path))]
    return was, new, changes


def is_top(was: Base) -> bool:
    """Whether a project has an environment and workflows of its own; a further model of a repository has none."""
    return PYPROJECT in was.files


def _change(root: Path, was: Base, now: str, path: str, theirs: str | None) -> Iterator[Change]:
    ours = actual = _read(root / path)
    old = was.files.get(path)
    if path == PYPROJECT and theirs is not None:  # the line that every upgrade changes must not meet lines of a team
        ours, old = (text and _pinned(text, theirs) for text in (ours, old))
    if theirs is None:
        if ours is not None:
            kept = ours != old
            yield Change(path, "kept" if kept else "removed", ours, ours if kept else None)
        return
    if ours is None:
        if old is None:
            yield Change(path, "added", None, theirs)
        return  # a team has deleted it
    if path == PARAMS:
        migrated = migrate(ours, old or "", theirs)
        said = [f"{before} is now {after}" for before, after in migrated.moved.items()]
        said += [f"{key} is new" for key in migrated.added]
        said += [f"{key} is new: add it by hand" for key in migrated.missing]
        said += [f"{key} is gone" for key in migrated.dropped]
        said += [f"{key} is no parameter any more: remove it" for key in migrated.unknown]
        if migrated.text != ours or said:
            yield Change(path, "merged", ours, migrated.text, "; ".join(said))
        return
    text, conflicts = (theirs, 0) if ours == old else merged(ours, old or "", theirs, was.driftloop, now)
    if text != actual:
        kind: Literal["conflict", "replaced", "merged"] = (
            "conflict" if conflicts else "replaced" if ours == old else "merged"
        )
        yield Change(path, kind, actual, text)


def _read(path: Path) -> str | None:
    """Read a file of the project with LF at the ends of lines, as templates have it; None if there is none."""
    if not path.is_file():
        return None
    try:
        return path.read_bytes().decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as exc:
        msg = f"{path}: expected text in UTF-8, got other bytes; save it as UTF-8"
        raise LoopError(msg) from exc


def _write(path: Path, text: str) -> None:
    """Replace a file, or what it links to, with its mode and the ends of lines that it has."""
    path = path.resolve()
    mode = path.stat().st_mode if path.is_file() else None
    crlf = mode is not None and b"\r\n" in path.read_bytes()
    write_text(path, text.replace("\n", "\r\n") if crlf else text)
    if mode is not None:
        path.chmod(mode)


def _pinned(text: str, theirs: str) -> str:
    """Put the new requirement in place of the old one."""
    for pattern in (SPEC, SOURCE):
        if found := pattern.search(theirs):
            text = pattern.sub(lambda _: found[0], text, count=1)
    return text


def merged(ours: str, old: str, theirs: str, before: str, now: str) -> tuple[str, int]:
    """Merge as `git merge` does; the text, with markers where both sides changed the same lines, and the number of these."""
    with tempfile.TemporaryDirectory() as name:
        for file, text in (("ours", ours), ("old", old), ("theirs", theirs)):
            write_text(Path(name) / file, text)
        command = ["git", "merge-file", "-p", "-L", "yours", "-L", f"driftloop {before}", "-L", f"driftloop {now}"]
        done = processes.run(
            [*command, "ours", "old", "theirs"], name="git merge-file", seconds=SECONDS, cwd=Path(name)
        )
    if done.code < 0 or done.code >= 128:  # noqa: PLR2004 (below are numbers of conflicts)
        msg = f"git merge-file: {done.err.decode('utf-8', 'replace').strip()}"
        raise LoopError(msg)
    return done.out.decode("utf-8"), done.code


def act(root: Path, was: Base, new: Mapping[str, str], changes: list[Change], *, say: Callable[[str], None]) -> None:
    """Write what was decided, and make the environment and driftloop.lock anew.

    Raises
    ------
    LoopError
        Where conflicts are left, after everything else is written.
    """
    needed = requirement.installed()
    for change in changes:
        if change.after is None:
            (root / change.path).unlink(missing_ok=True)
        elif change.after != change.before:
            _write(root / change.path, change.after)
    base.write(root, version("driftloop"), new, was.answers)
    tools = Tools(root)
    if left := [change.path for change in changes if change.kind == "conflict"]:
        msg = (
            f"{', '.join(left)}: both you and driftloop changed the same lines; edit what is between the markers, commit, and run "
            "`driftloop upgrade` again"
        )
        raise LoopError(msg)
    if is_top(was):
        _renew(tools, needed, say=say)
    _lock(tools, say=say)


def _renew(tools: Tools, needed: Requirement, *, say: Callable[[str], None]) -> None:
    creating.vendor(tools, needed)
    tools.uv("lock", "--quiet", "--upgrade-package", "driftloop")
    tools.uv("sync", "--quiet", "--frozen")
    say(needed.why)


def _lock(tools: Tools, *, say: Callable[[str], None]) -> None:
    said = tools.program("driftloop", "lock").strip()
    say(f"driftloop.lock: {said}" if "up to date" in said else f"These stages will run again:\n{said}")

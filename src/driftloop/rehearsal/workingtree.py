"""The user's repository as it lies there: which of its files are rehearsed, and where its data and cache are."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from driftloop.errors import LoopError
from driftloop.git import Git, GitError
from driftloop.params import load_params, urls
from driftloop.params.edit import with_values
from driftloop.sources.objects import is_remote
from driftloop.store.files import CACHE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from driftloop.params import Params

PARAMS = "params.yaml"
DOWNLOAD = CACHE / "bike-sharing-hour.csv"


class Tree(NamedTuple):
    """What is rehearsed.

    Attributes
    ----------
    files
        Paths that git knows and that exist.
    changed
        How many of them differ from HEAD.
    left_out
        How many files git neither knows nor ignores.
    """

    files: list[str]
    changed: int
    left_out: int


def look(root: Path) -> Tree:
    """Look at a repository, and touch nothing.

    Raises
    ------
    LoopError
        If `root` is not the top folder of a Git repository.
    """
    quiet = {"GIT_OPTIONAL_LOCKS": "0"}  # `git status` refreshes the index otherwise
    try:
        top, git = Git(root).run("rev-parse", "--show-toplevel"), Git(root)
        listed = git.run("ls-files", "-z", "--cached", env=quiet).split("\0")
        status = git.run("status", "--porcelain=v1", "--untracked-files=all", "--no-renames", "-z", env=quiet).split(
            "\0"
        )
    except GitError as exc:
        msg = f"rehearse: expected a Git repository here: {exc}"
        raise LoopError(msg) from exc
    if Path(top).resolve() != root.resolve():
        msg = f"rehearse: expected the top folder of the repository, {top}, got {root.resolve()}; change into it"
        raise LoopError(msg)
    files = [name for name in dict.fromkeys(listed) if name and (root / name).is_file()]
    if PARAMS not in files:
        msg = f"rehearse: {PARAMS}: expected a file that git knows; run `git add {PARAMS}`"
        raise LoopError(msg)
    states = [entry[:2] for entry in status if entry]
    new = states.count("??")
    return Tree(files, len(states) - new, new)


def copy(root: Path, tree: Tree, to: Path) -> None:
    """Copy these files; in params.yaml, relative paths of data become absolute."""
    for name in tree.files:
        target = to / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / name, target, follow_symlinks=False)
    params = load_params(to / PARAMS)
    if moved := _absolute(root, params):
        text = (to / PARAMS).read_bytes().decode("utf-8")
        (to / PARAMS).write_bytes(with_values(text, moved).encode())


def _absolute(root: Path, params: Params) -> Mapping[str, str]:
    source = params.source
    labels = source.labels.path if source.labels else None
    paths = {"source.path": source.path, "source.labels.path": labels}
    paths |= {f"source.tables.{name}": path for name, path in source.tables.items()}
    relative = {
        key: path for key, path in paths.items() if path and not Path(path).is_absolute() and not is_remote(path)
    }
    moved = {key: str(root.resolve() / path) for key, path in relative.items()}
    url = urls.absolute(source.url or "", root.resolve())
    return moved | ({"source.url": url} if url != (source.url or "") else {})


def lend(root: Path, to: Path) -> None:
    """Copy the data set, if it was downloaded already, into a copy of the repository."""
    if (root / DOWNLOAD).is_file():
        (to / CACHE).mkdir(exist_ok=True)
        shutil.copy2(root / DOWNLOAD, to / DOWNLOAD)


def dvc_cache(root: Path, otherwise: Path) -> Path:
    """Return the user's DVC cache, so that nothing is computed twice; it is addressed by content."""
    own = root / ".dvc" / "cache"
    return own.resolve() if own.is_dir() else otherwise

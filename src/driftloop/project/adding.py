"""A further model in a repository that has driftloop already: a folder of its own, and the workflow that watches it.

Environment and workflows are those of the repository.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from driftloop import folders
from driftloop.errors import LoopError
from driftloop.folders import Model
from driftloop.git import Git, GitError
from driftloop.project import base, creating, rendering
from driftloop.project.tools import Tools
from driftloop.store.files import write_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from driftloop.project.rendering import Answers

WORKFLOWS = Path(".github/workflows")


def home(folder: Path) -> Path | None:
    """Find the top of the repository that a new folder lies in, if driftloop's workflows are there."""
    there = folder.resolve()
    while not there.is_dir():
        there = there.parent
    try:
        top = Path(Git(there).run("rev-parse", "--show-toplevel"))
    except GitError:
        return None
    return top if top != folder.resolve() and (top / WORKFLOWS / folders.MONITOR).is_file() else None


def check(top: Path, folder: Path, name: str) -> str:
    """Name the folder from the top; refuse one that cannot be a model's.

    Raises
    ------
    LoopError
        If the name is taken, the repository has changes or workflows that know one model only.
    """
    git, inner = Git(top), folder.resolve().relative_to(top.resolve()).as_posix()
    if changed := git.changed():
        msg = f"{changed[0]}: not committed; commit or stash your changes, so that the new model is a commit of its own"
        raise LoopError(msg)
    if "FOLDER" not in (top / WORKFLOWS / folders.MONITOR).read_text("utf-8"):
        msg = f"{WORKFLOWS / folders.MONITOR}: knows one model only; run `driftloop upgrade` first, and commit"
        raise LoopError(msg)
    if not folders.NAME.fullmatch(inner):
        msg = f"{inner!r}: expected a folder of letters, digits, '.', '_', '-' and '/' for a model"
        raise LoopError(msg)
    folders.check([*folders.find(git), Model(inner, name)])
    return inner


def write(root: Path, answers: Answers, data: Mapping[str, Path], *, say: Callable[[str], None]) -> None:
    """Write the files of a model into its folder; nothing is committed."""
    creating.place(root, answers, rendering.render(answers, rendering.OF_A_MODEL), data, say=say)
    Tools(root).program("driftloop", "lock")


def finish(top: Path, folder: str, message: str, *, say: Callable[[str], None]) -> None:
    """Let the repository watch its folders too, and commit the new model."""
    workflow = WORKFLOWS / folders.MODELS
    if not (top / workflow).exists():
        text = rendering.template(rendering.MODELS)
        write_text(top / workflow, text)
        if (top / base.BASE).is_file():
            was = base.read(top)
            base.write(top, was.driftloop, {**was.files, workflow.as_posix(): text}, was.answers)
        say(f"{workflow} starts Monitor for the model of each folder")
    Tools(top).commit(f"{message} in {folder}")

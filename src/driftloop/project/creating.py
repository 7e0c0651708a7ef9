"""`driftloop init`: write a project, run it, and make its first model."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from datetime import timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING, NamedTuple

from driftloop.core.models.card import Card
from driftloop.errors import LoopError
from driftloop.project import base, rendering
from driftloop.project.requirement import VENDOR
from driftloop.project.tools import Tools
from driftloop.store.files import CANDIDATE_CARD, CARD, read_json, write_json, write_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import date
    from pathlib import Path

    from driftloop.project.rendering import Answers
    from driftloop.project.requirement import Requirement

MOST_DAYS = 365  # of history for the first model, as in a backtest


class History(NamedTuple):
    """The days of the data.

    Attributes
    ----------
    first
        End of the part that the first model is made of, exclusive.
    until
        End of all, exclusive.
    """

    first: date
    until: date

    @classmethod
    def of(cls, since: date, until: date, *, judged: int) -> History:
        """Choose a third for the first model, at most a year, and on top of it the days that are `judged` or unlabelled."""
        days = (until - since).days
        return cls(since + timedelta(days=min(days, min(days // 3, MOST_DAYS) + judged)), until)


@contextmanager
def folder(root: Path) -> Iterator[Path]:
    """Make the folder of a project; if anything goes wrong inside, or is interrupted, nothing is left of it.

    Raises
    ------
    LoopError
        If something is in it already.
    """
    there = root.exists()
    if there and (not root.is_dir() or any(root.iterdir())):
        msg = f"{root}: expected a new or an empty folder, got one with files in it; nothing is overwritten"
        raise LoopError(msg)
    root.mkdir(parents=True, exist_ok=True)
    try:
        yield root
    except BaseException:
        for path in root.iterdir():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        if not there:
            root.rmdir()
        raise


def write(root: Path, answers: Answers, data: Mapping[str, Path], *, say: Callable[[str], None]) -> None:
    """Write the files of a project, make its environment, and commit.

    Parameters
    ----------
    root
        An empty folder.
    answers
        What the templates are filled with.
    data
        Files to copy: path in the project → where it lies.
    say
        Takes one line for people.
    """
    tools = Tools(root)
    place(root, answers, rendering.render(answers), data, say=say)
    vendor(tools, answers.requirement)
    tools.uv("lock", "--quiet")
    tools.uv("sync", "--quiet", "--frozen")
    tools.program("driftloop", "lock")
    say(f"environment made: {answers.requirement.why}")
    tools.run("git", "init", "--quiet", "--initial-branch", "main")
    tools.commit(f"A project for {answers.model}, by driftloop {version('driftloop')}")


def place(
    root: Path, answers: Answers, files: Mapping[str, str], data: Mapping[str, Path], *, say: Callable[[str], None]
) -> None:
    """Write what was rendered, remember it for the next upgrade, and copy the rows: path in the project → where each lies."""
    for path, text in files.items():
        write_text(root / path, text)
    base.write(root, version("driftloop"), files, base.Said.of(answers))
    write_json(root / CARD, Card().model_dump(mode="json"))
    for path, source in data.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, root / path)
    say(f"{len(files)} files written")


def vendor(tools: Tools, requirement: Requirement) -> None:
    """Put the wheel of driftloop into the project, where no index and no public repository has it."""
    target = tools.root / VENDOR
    for old in target.glob("driftloop-*.whl"):
        old.unlink()
    if requirement.build is None:
        return
    target.mkdir(exist_ok=True)
    if requirement.build.is_dir():
        tools.uv("build", "--quiet", "--wheel", "--out-dir", str(target.resolve()), str(requirement.build))
        (target / ".gitignore").unlink(missing_ok=True)  # uv ignores what it builds
    elif requirement.build.is_file():
        shutil.copy2(requirement.build, target)
    else:
        msg = f"{requirement.build}: driftloop was installed from here, and it is gone; install it again"
        raise LoopError(msg)


def first_model(root: Path, history: History, *, say: Callable[[str], None]) -> bool:
    """Train the first production model on the first part of the history, then go on to its end; whether there is one.

    Nothing is committed.
    """
    tools = Tools(root)
    tools.program("driftloop", "refresh", "--until", f"{history.first}")
    tools.program("dvc", "repro", "evaluate")  # nobody looks at the report of that day
    made = "sha256" in read_json(root / CANDIDATE_CARD)
    if made:
        tools.program("driftloop", "promote", "--first")
        say(f"version 1 trained on the first part of the history, to {history.first}")
    else:
        say(f"no first model: {read_json(root / CANDIDATE_CARD)['untrainable']}")
    tools.program("driftloop", "refresh", "--until", f"{history.until}")
    tools.program("dvc", "repro")
    say(f"pipeline run on all data, to {history.until}")
    return made

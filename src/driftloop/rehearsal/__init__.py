"""`driftloop rehearse`: the whole loop in a temporary folder, without account or network."""

from __future__ import annotations

import shutil
import signal
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from driftloop.errors import LoopError
from driftloop.params import load_params
from driftloop.rehearsal import own, pages, story, truth, workingtree
from driftloop.rehearsal import stage as stages
from driftloop.rehearsal.telling import Narrator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from driftloop.rehearsal.stage import Stage


def rehearse(root: Path, *, keep: bool, say: Callable[[str], None]) -> None:
    """Rehearse the repository in `root`, and leave the texts in its folder `rehearsal`.

    Parameters
    ----------
    root
        Top folder of a Git repository. Nothing in it is changed but `rehearsal/`; DVC's cache in it is shared.
    keep
        Whether the temporary folder stays.
    say
        Takes one line for people.

    Raises
    ------
    LoopError
        Naming the step that failed or, on simulated data, came out differently than planted.
    """
    tree, out = workingtree.look(root), root / pages.FOLDER
    params = load_params(root / workingtree.PARAMS)
    pages.check(out)
    tell = Narrator(say)
    with _terminable(), _folder(keep=keep, tell=tell) as folder:
        stage = stages.make(root.resolve(), folder, tell, keep=keep)
        with stage.server:
            _introduce(tell, params.model, tree, simulated=params.source.is_simulated)
            stage.publish(tree)
            try:
                _play(stage, simulated=params.source.is_simulated)
            except LoopError as exc:
                pages.write(out, stage, [*tell.told, "", str(exc)])
                raise
            _close(tell, pages.write(out, stage, tell.told), root)


def _introduce(tell: Narrator, model: str, tree: workingtree.Tree, *, simulated: bool) -> None:
    tell.line(f"Rehearsal of {model}{' · SIMULATED DATA' if simulated else ''}")
    tell.line("In a temporary folder: your files in a bare repository, and a stand-in for GitHub on this computer.")
    tell.line("No account, no network. Your repository is only read.")
    if tree.changed:
        tell.line(f"Files that differ from HEAD: {tree.changed}. They are rehearsed as they are now.")
    if tree.left_out:
        tell.line(f"Files that are new to git: {tree.left_out}. They are left out; `git add` takes them in.")


def _play(stage: Stage, *, simulated: bool) -> None:
    if not simulated:
        own.play(stage)
        return
    story.play(stage, story.simulated(stage.card()))
    stage.tell.line()
    stage.tell.line("What the simulator had planted, and what the loop said of it")
    for line in truth.compare(stage.decisions):
        stage.tell.line(f"    {line}")


def _close(tell: Narrator, written: list[Path], root: Path) -> None:
    tell.line()
    tell.line("To read:")
    for path in written:
        tell.line(f"    {path.relative_to(root)}")


@contextmanager
def _folder(*, keep: bool, tell: Narrator) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="driftloop-rehearsal-")).resolve()
    try:
        yield folder
    finally:
        if keep:
            tell.line(f"Kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM and a closed terminal clean up as Ctrl-C does."""

    def stop(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

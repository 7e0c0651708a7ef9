"""What a job that ran the pipeline left for jobs that may write: files of known names, none of which is believed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftloop.errors import LoopError
from driftloop.foreign.lockfile import LOCK, PIPELINE
from driftloop.retraining import handover, verify
from driftloop.retraining.handover import PARAMS, REPORTS, Snapshot
from driftloop.store.files import EVIDENTLY, OVERVIEW, VERDICT

if TYPE_CHECKING:
    from pathlib import Path

    from driftloop.git import Git

# Shown to people; nothing is decided by them.
PAGES = tuple(
    path.as_posix()
    for path in (OVERVIEW, *(EVIDENTLY / name for name in ("index.html", "report.json", "not-rendered.txt")))
)


def take(git: Git, folder: Path) -> list[str]:
    """Put measured files into a checkout of the commit that they were measured at, and name them.

    Raises
    ------
    LoopError
        If anything else is there, or something does not agree with the commit or with the rest. Nothing is written then.
    """
    found = read(git, folder)
    found.write(git.root)
    return sorted(found.files)


def read(git: Git, folder: Path, *, params: bytes | None = None) -> Snapshot:
    """Read measured files that anybody may have written, and check them against HEAD, or HEAD with other parameters."""
    files = dict(handover.walk(folder))
    metrics = handover.metrics_of(git.show("HEAD", PIPELINE) or b"")
    needed = {PARAMS, LOCK, *metrics}
    for name in sorted(files.keys() - needed - {*REPORTS, *PAGES}):
        # Whole folders are uploaded, tracked files such as metrics/backtest.json among them: those are here already.
        if git.show("HEAD", name) != files.pop(name):
            msg = f"{folder}: {name!r} does not belong there: no stage writes it, and the commit has none like it"
            raise LoopError(msg)
    for name in sorted(needed - files.keys()):
        msg = f"{folder}: {name} is missing; the job that measured has to leave it"
        raise LoopError(msg)
    base = {path: git.show("HEAD", path) for path in verify.BASE}
    if params is not None:
        base[PARAMS] = params
    if not verify.check_measured(Snapshot(files), base):
        files.pop(VERDICT.as_posix(), None)
    return Snapshot(files)

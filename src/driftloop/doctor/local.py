"""Facts that are read here: files, Git, DVC. Nothing is written, and nothing but the remotes is asked."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from driftloop import dvc, dvc_remote, folders, sources
from driftloop.core.columns import TS
from driftloop.core.decision.values import Decision
from driftloop.doctor.facts import Clock, Facts, Hosted, Remote, Sizes, Store, Unread
from driftloop.errors import LoopError
from driftloop.foreign import files as foreign
from driftloop.git import GitError
from driftloop.lock import check as locking
from driftloop.params import Params, load_params
from driftloop.records import BRANCH, is_about
from driftloop.store import files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from driftloop.doctor.facts import Read
    from driftloop.git import Git

WORKFLOWS = ".github/workflows"
CRON = re.compile(r"^\s*- *cron: *[\"']?([^\"'#\n]+)", re.MULTILINE)
ABOUT_COLUMNS = {"missing-column", "wrong-type"}
TRIAL = "refs/heads/driftloop-doctor"  # the branch of the dry push

T = TypeVar("T")


def read(root: Path, git: Git, *, now: datetime, hosted: Read[Hosted] | str | None, in_run: bool) -> Facts:
    """Read the facts of a working tree.

    Parameters
    ----------
    root, git
        The working tree.
    now
        With zone.
    hosted
        What GitHub says.
    in_run
        Whether a run of Monitor asks: params.yaml and dvc.lock are then those of the run, and differ from the commit.
    """
    try:
        params: Params | str = load_params(root / "params.yaml")
    except LoopError as exc:
        params = str(exc)
    known = params if isinstance(params, Params) else None
    return Facts(
        now=now,
        params=params,
        columns=_columns(root, known) if known else None,
        clock=_clock(root, git, known) if known else None,
        lock=_read(lambda: _why(locking.stale(root, known))) if known else None,
        pipeline=None if in_run else _read(lambda: dvc.stale(root)),
        changed=None if in_run else _read(lambda: tuple(git.changed())),
        remote=_remote(git),
        store=None if in_run else _read(lambda: _store(root)),
        sizes=_sizes(root, git, hosted),
        crons=_crons(root, git),
        committed=_committed(git),
        hosted=hosted,
    )


def _read(step: Callable[[], T]) -> T | Unread:
    try:
        return step()
    except LoopError as exc:
        return Unread(str(exc))


def _why(stale: str) -> str:
    return stale.removeprefix(f"{locking.LOCK}: ")


def _columns(root: Path, params: Params) -> Read[tuple[str, ...]]:
    """Take what the newest measurement says of missing columns, where it is one of these parameters."""
    try:
        decision = files.read_value(root / files.DECISION, Decision)
    except LoopError:
        return Unread("nothing was measured here", "`dvc repro monitor`")
    if decision.model != params.model:
        return Unread(f"the newest measurement here is of {decision.model}", "`dvc repro monitor`")
    return tuple(finding.text for finding in decision.findings if finding.rule in ABOUT_COLUMNS)


def _clock(root: Path, git: Git, params: Params) -> Clock:
    return Clock(
        replayed=sources.is_replayed(params),
        until=params.source.until_instant,
        measured=_measured(git, params),
        newest=_newest(root),
        step=timedelta(days=params.monitor.step_days),
        zone=params.zone,
    )


def _measured(git: Git, params: Params) -> datetime | None:
    """Find the end of the newest data that a recorded run has measured, by the names of the records' folders."""
    found = None
    for path in _recorded(git):
        with suppress(ValueError):
            found = max(found or date.min, date.fromisoformat(path.split("/")[1]))
    return datetime.combine(found, time(), params.zone) if found else None


def _newest(root: Path) -> datetime | None:
    """Find the time of the newest row in `data/raw`, where it is here, by the statistics of its last month."""
    months = sorted((root / files.RAW).glob("*.parquet"))
    if not months:
        return None
    import pyarrow.parquet as pq

    with suppress(OSError, ValueError, KeyError):
        about: Any = pq.ParquetFile(months[-1]).metadata
        place = about.schema.names.index(TS)
        groups = [about.row_group(each).column(place).statistics for each in range(about.num_row_groups)]
        newest = max((each.max for each in groups if each is not None and each.has_min_max), default=None)
        return newest.replace(tzinfo=UTC) if newest else None
    return None


def _remote(git: Git) -> Remote:
    try:
        git.run("ls-remote", "--", git.remote, "HEAD")
    except GitError as exc:
        return Remote(not_reached=_first(exc))
    try:  # asks for the right to push, and stops before it sends anything
        git.run("push", "--dry-run", "--quiet", "--no-verify", "--", git.remote, f"HEAD:{TRIAL}")
    except GitError as exc:
        return Remote(not_writable=_first(exc))
    return Remote()


def _first(error: GitError) -> str:
    """Keep the first of the things that Git says: the others are guesses."""
    return str(error).partition("; ")[0]


def _store(root: Path) -> Store:
    name = dvc_remote.remote(root)
    return Store(name, tuple(dvc_remote.missing(root, name)) if name else ())


def _sizes(root: Path, git: Git, hosted: Read[Hosted] | str | None) -> Sizes:
    model = root / files.MODEL
    return Sizes(
        repository=(hosted.repository.size if isinstance(hosted, Hosted) else 0) or _git_bytes(git),
        model=model.stat().st_size if model.is_file() else None,
        records=_records_bytes(git),
    )


def _git_bytes(git: Git) -> int | None:
    """Measure what this clone holds of the repository; a shallow one holds too little to tell."""
    with suppress(GitError, ValueError):
        if git.run("rev-parse", "--is-shallow-repository") == "false":
            told = dict(line.split(": ") for line in git.run("count-objects", "-v").splitlines())
            return 1024 * (int(told["size"]) + int(told["size-pack"]))
    return None


def _records_bytes(git: Git) -> int | None:
    with suppress(GitError, ValueError):
        listed = git.run("ls-tree", "-r", "-l", "-z", "--full-tree", _branch(git)).split("\0")
        return sum(int(line.split("\t")[0].split()[3]) for line in listed if line)
    return None


def _recorded(git: Git) -> list[str]:
    with suppress(GitError):
        folder = git.folder
        return [path for path in git.files(_branch(git), "records") if is_about(path, folder)]
    return []


def _branch(git: Git) -> str:
    """Name the branch of records as it was fetched last; fetching it again would write."""
    return f"refs/remotes/{git.remote}/{BRANCH}"


def _crons(root: Path, git: Git) -> tuple[str, ...]:
    up, name = "", folders.MONITOR
    with suppress(GitError):
        up, name = git.run("rev-parse", "--show-cdup"), folders.schedule(git.folder)
    with suppress(OSError, LoopError):
        text = foreign.read_bytes(root / up / WORKFLOWS / name, where=name).decode("utf-8", "replace")
        return tuple(found.strip() for found in CRON.findall(text))
    return ()


def _committed(git: Git) -> datetime | None:
    with suppress(GitError, ValueError):
        return datetime.fromisoformat(git.run("log", "-1", "--no-show-signature", "--format=%cI"))
    return None

"""`driftloop explain --replay`: derive a decision anew from the recorded commit, data, parameters and packages, and compare.

All of it happens in a temporary worktree: nothing is written to that of the user, and only a DVC remote is asked for data.
"""

from __future__ import annotations

import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from driftloop import dvc, dvc_remote, records
from driftloop.core.decision.approval import Approval
from driftloop.errors import LoopError, ParamsError
from driftloop.foreign import files as foreign_files
from driftloop.foreign import lockfile, yamlfile
from driftloop.params import edit, load_params, parse_params
from driftloop.store import files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from driftloop.explain import Subject
    from driftloop.git import Git
    from driftloop.records import Record

RESULTS = {"monitor": files.DECISION, "evaluate": files.VERDICT}
LOCAL = Path(".dvc/config.local")
LOCK = "driftloop.lock"
# Whoever may push may have written a record.
COMMIT, MD5 = re.compile("[0-9a-f]{40,64}"), re.compile(r"[0-9a-f]{32}(\.dir)?")
NO_LOCK = b"{}"
CACHE = "replay"  # the user's cache, as a remote that is only read
# What a working tree may differ in from its commit: the replay takes these from it, or makes them anew.
OWN = ("params.yaml", "dvc.lock", "metrics/", "backtest/dvc.lock")


@dataclass(frozen=True)
class Replayed:
    """What came of it: whether every result is the recorded one to the bit, and in words."""

    agrees: bool
    text: str


def replay(root: Path, git: Git, subject: Subject) -> Replayed:
    """Derive the results of a record anew; without one, those of the working tree.

    Raises
    ------
    LoopError
        If an input is missing: it names which, and where it can be had.
    """
    record = subject.record or _of_tree(root, git)
    revision = str(record.content.get("revision") or "")
    if not COMMIT.fullmatch(revision) or not git.succeeds("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}"):
        msg = f"replay: the recorded commit {revision[:12] or '(none)'} is not in this clone; `git fetch --unshallow`, or fetch its branch"
        raise LoopError(msg)
    _same_packages(record)
    with git.worktree(revision) as there:
        tree = there.root
        files.write_text(tree / "params.yaml", _params(root, tree, record, here=subject.record is None))
        _data(root, tree, record)
        wanted = _recorded(record)
        _run(tree, *wanted)
        _same_data(tree, record)
        found = records.outs(tree / "dvc.lock")
        return _compared(wanted, {stage: found.get(stage, {}).get(RESULTS[stage].as_posix()) for stage in wanted})


def _of_tree(root: Path, git: Git) -> Record:
    """Describe the working tree as its record would; what is not committed in it would not be replayed."""
    if changed := [path for path in git.changed() if not path.startswith(OWN)]:
        msg = f"replay: {', '.join(changed[:3])}: not as in the commit; commit first, or name a record"
        raise LoopError(msg)
    run = records.Run(kind=records.Kind.MONITOR, outcome="ok", time=datetime.now(tz=UTC), revision=git.head())
    return records.collect(root, run)


def _same_packages(record: Record) -> None:
    now = records.packages()
    was = record.content.get("packages")
    was = was if isinstance(was, dict) else {}
    other = [f"{name} {was[name]} (here {now.get(name)})" for name in was if was[name] != now.get(name)]
    if other:
        msg = f"replay: other packages than recorded: {', '.join(other)}; install those of the commit (`uv sync` in a checkout of it)"
        raise LoopError(msg)


def _params(root: Path, tree: Path, record: Record, *, here: bool) -> str:
    """Return the recorded params.yaml: that of the commit, with what the run itself moved in it."""
    if here:
        return (root / "params.yaml").read_bytes().decode("utf-8")
    committed = (tree / "params.yaml").read_bytes().decode("utf-8")
    with suppress(ValueError):  # a forged approval or end
        for text in _moved(committed, record.content):
            with suppress(ParamsError):
                if records.params_digest(parse_params(text, where="params.yaml")) == record.content.get("params"):
                    return text
    msg = "replay: the recorded parameters are not those of the commit with the recorded end of data: they were not committed"
    raise LoopError(msg)


def _moved(committed: str, content: Mapping[str, Any]) -> Iterator[str]:
    """Yield what params.yaml may have been: as committed; with end and fingerprint of the source; with an approval."""
    yield committed
    source = content.get("source")
    if not isinstance(source, dict):
        return
    moved = edit.with_values(committed, {f"source.{key}": source.get(key) for key in ("until", "fingerprint")})
    yield moved
    given = content.get("approval")
    if isinstance(given, dict):
        yield edit.with_approval(moved, Approval.model_validate(given).until)


def _data(root: Path, tree: Path, record: Record) -> None:
    """Put the recorded rows into the worktree, from the cache or a DVC remote; else they are collected from the source."""
    wanted = _raw(record.content.get("data"))
    if not wanted:
        msg = f"replay: the record does not name its data ({files.RAW.as_posix()} of dvc.lock)"
        raise LoopError(msg)
    path = tree / lockfile.LOCK
    committed = foreign_files.read_bytes(path) if path.exists() else NO_LOCK
    lock = {"schema": "2.0", "stages": {}} | (yamlfile.read(committed, where=lockfile.LOCK) or {})
    outs = [{"path": files.RAW.as_posix(), "hash": "md5", "md5": wanted}]
    lock["stages"]["collect"] = {"cmd": "", **lock["stages"].get("collect", {}), "outs": outs}
    files.write_text(path, yaml.safe_dump(lock, sort_keys=False))
    if (root / LOCAL).exists():  # where a remote is, and how it is entered
        shutil.copy(root / LOCAL, tree / LOCAL)
    there = [CACHE, *filter(None, [dvc_remote.remote(tree)])]
    dvc.run(tree, "config", "--local", "cache.dir", str(tree / ".dvc/cache"), seconds=dvc.CHECK_SECONDS)
    dvc.run(tree, "remote", "add", "--local", "--force", CACHE, str(_cache(root)), seconds=dvc.CHECK_SECONDS)
    if any(dvc.run(tree, "pull", "-r", name, "collect", seconds=dvc.TRANSFER_SECONDS).code == 0 for name in there):
        done = dvc.run(tree, "commit", "--force", "collect", seconds=dvc.READ_SECONDS)
        if done.code == 0:
            return
    files.write_bytes(path, committed) if committed != NO_LOCK else path.unlink()
    # A command or a database may be on the network, and what it gives has moved on.
    if load_params(tree / "params.yaml").source.kind in ("command", "sql"):
        raise LoopError(_no_data(wanted))


def _cache(root: Path) -> Path:
    said = dvc.run(root, "cache", "dir", seconds=dvc.CHECK_SECONDS).out.strip()
    return root.resolve() / (said or ".dvc/cache")


def _raw(data: Any) -> str:
    """Return the MD5 of the recorded rows; empty if there is none."""
    stages = data if isinstance(data, dict) else {}
    outs = stages.get("collect")
    found = outs.get(files.RAW.as_posix()) if isinstance(outs, dict) else ""
    return found if isinstance(found, str) and MD5.fullmatch(found) else ""


def _no_data(wanted: str) -> str:
    return (
        f"replay: the recorded data ({files.RAW.as_posix()}, MD5 {wanted[:12]}) is neither in the cache nor on a DVC remote, "
        "and the source does not give it any more"
    )


def _recorded(record: Record) -> dict[str, str]:
    """Return the MD5 of each recorded result, by its stage."""
    data = record.content.get("data")
    outs = {stage: data.get(stage) for stage in RESULTS} if isinstance(data, dict) else {}
    found = {stage: out.get(RESULTS[stage].as_posix()) for stage, out in outs.items() if isinstance(out, dict)}
    if not record.content.get("verdict"):
        found.pop("evaluate", None)
    if not found.get("monitor"):
        msg = f"replay: the record does not name its result ({files.DECISION.as_posix()} of dvc.lock)"
        raise LoopError(msg)
    return {stage: md5 for stage, md5 in found.items() if isinstance(md5, str)}


def _run(tree: Path, *stages: str) -> None:
    """Run the stages by the driftloop of the commit, where the repository holds it; else by that which is installed.

    driftloop.lock of the commit decides whether that is the same: no stage runs by other code or packages.
    """
    done = dvc.run(tree, "repro", *stages, seconds=dvc.RUN_SECONDS, first=tree / files.SRC)
    if done.code:
        said = [line for line in done.err.splitlines() if line.startswith(LOCK)] or [done.complaint]
        msg = f"replay: {said[0][:600]}"
        raise LoopError(msg)


def _same_data(tree: Path, record: Record) -> None:
    wanted = _raw(record.content.get("data"))
    if _raw(records.outs(tree / "dvc.lock")) != wanted:
        raise LoopError(_no_data(wanted))


def _compared(wanted: Mapping[str, str], found: Mapping[str, str | None]) -> Replayed:
    other = [RESULTS[stage].as_posix() for stage in wanted if found[stage] != wanted[stage]]
    names = " and ".join(RESULTS[stage].as_posix() for stage in wanted)
    if other:
        both = "; ".join(
            f"MD5 {found[stage]} instead of {wanted[stage]}" for stage in wanted if found[stage] != wanted[stage]
        )
        return Replayed(agrees=False, text=f"Replayed: {' and '.join(other)} came out differently ({both})")
    return Replayed(
        agrees=True, text=f"Replayed from commit, data, parameters and packages: {names} came out the same, to the bit"
    )

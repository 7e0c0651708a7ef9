"""What a record holds: hashes, figures and words of a working tree, none of which is a private value."""

from __future__ import annotations

import hashlib
import json
import platform
from importlib import metadata
from itertools import islice
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, TypeVar

from driftloop.core.decision.values import Decision
from driftloop.core.judging.verdict import Report
from driftloop.core.overview.values import Overview
from driftloop.core.windows import end_day
from driftloop.errors import LoopError
from driftloop.foreign import files, lockfile
from driftloop.params import load_params
from driftloop.records.values import FORMAT, Record, Run
from driftloop.store import files as artifacts

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from pydantic import BaseModel

    from driftloop.params import Params

    Value = TypeVar("Value", bound=BaseModel)

MOST_LETTERS, MOST_ENTRIES = 1_000, 200
NEWEST_STEPS = 4
OTHER = "left out, it is about other data or another model"
# Of these packages the bytes of models and results depend.
PACKAGES = ("driftloop", "scikit-learn", "pandas", "numpy", "skops", "dvc", "evidently")


def collect(root: Path, run: Run) -> Record:
    """Gather a record from a working tree: hashes, figures and words, none of which holds a private value.

    A run that failed may have left less, or what an earlier one wrote: its record has what there is, and says what is not.

    Raises
    ------
    LoopError
        If a run that ended well left no decision that can be read.
    """
    notes: list[str] = []
    params = _params(root, run, notes)
    decision = _value(root / artifacts.DECISION, Decision, run, notes)
    report = _value(root / artifacts.VERDICT, Report, run, notes, optional=True)
    until = end_day(params.source.until_instant, params.zone) if params else decision.until if decision else None
    if decision and (decision.until != until or (params and decision.model != params.model)):
        decision = None
        notes.append(f"{artifacts.DECISION.as_posix()}: {OTHER}")
    if report and not _belongs(report, decision, until):
        report = None
        notes.append(f"{artifacts.VERDICT.as_posix()}: {OTHER}")
    content = {
        "format": FORMAT,
        "kind": run.kind.value,
        "outcome": run.outcome,
        "time": run.time.isoformat(timespec="seconds"),
        "model": params.model if params else decision.model if decision else None,
        "until": until.isoformat() if until else None,
        "run": {"id": run.id, "attempt": run.attempt},
        "revision": run.revision,
        "links": run.links,
        "approval": run.approval.model_dump(mode="json") if run.approval else None,
        "by": run.by,
        "failed_in": run.failed_in,
        "decision": decision.model_dump(mode="json") if decision else None,
        # The card of a promoted model keeps the judged days.
        "verdict": report.model_dump(mode="json", exclude={"judged"}) if report else None,
        # What the dashboard shows once production is another one, and its steps are measured no more.
        "steps": _steps(root, decision),
        "data": outs(root / "dvc.lock", notes),
        "models": _models(root, notes),
        "params": params_digest(params) if params else None,
        # What a run moves in params.yaml and does not commit: with the commit, all parameters.
        "source": {"until": params.source.until, "fingerprint": params.source.fingerprint} if params else None,
        "packages": packages(),
        "notes": notes,
    }
    content = bounded(content)
    # A run by hand has no number: its record is called after what it holds.
    name = f"{run.id}-{run.attempt or 1}" if run.id else f"local-{_digest(content)[:12]}"
    day = PurePosixPath("records", f"{until or 'unknown'}")
    return Record(f"{day / run.folder / f'{run.kind}-{name}.json'}", content)


def packages() -> dict[str, str | None]:
    """Return the versions that the bytes of models and results depend on."""
    return {"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}}


def params_digest(params: Params) -> str:
    """Return a hash of all parameters, among them what the data looks like and where it ends."""
    return _digest(params.model_dump(mode="json"))


def outs(lock: Path, notes: list[str] | None = None) -> dict[str, dict[str, str]]:
    """Read what each stage wrote last, by dvc.lock: stage → path → MD5; folders end with `.dir`."""
    try:
        return lock_outs(files.read_bytes(lock))
    except (OSError, LoopError):
        if notes is not None:
            notes.append("dvc.lock: cannot be read")
        return {}


def lock_outs(content: bytes) -> dict[str, dict[str, str]]:
    """Read the outs from the content of dvc.lock.

    Raises
    ------
    LoopError
        If it is none.
    """
    return lockfile.outs(lockfile.lock(content))


def bounded(value: Any) -> Any:
    """Shorten long texts and lists: each record stays on the branch for good, and a decision may have been forged."""
    if isinstance(value, str) and len(value) > MOST_LETTERS:
        return f"{value[:MOST_LETTERS]}…"
    if isinstance(value, dict):
        kept = islice(value.items(), MOST_ENTRIES)
        return {bounded(name): bounded(below) for name, below in kept}
    if isinstance(value, list | tuple):
        more = len(value) - MOST_ENTRIES
        return [*map(bounded, value[:MOST_ENTRIES]), *([f"… and {more:,} more"] if more > 0 else [])]
    return value


def _params(root: Path, run: Run, notes: list[str]) -> Params | None:
    try:
        return load_params(root / "params.yaml")
    except LoopError:
        if run.outcome == "ok":
            raise
    # What the error quotes may be private.
    notes.append("params.yaml: cannot be used")
    return None


def _value(path: Path, kind: type[Value], run: Run, notes: list[str], *, optional: bool = False) -> Value | None:
    if optional and not path.exists():
        return None
    try:
        return artifacts.read_value(path, kind)
    except LoopError:
        if run.outcome == "ok":
            raise
    notes.append(f"{path.parent.name}/{path.name}: {'cannot be read' if path.exists() else 'not there'}")
    return None


def _belongs(report: Report, decision: Decision | None, until: date | None) -> bool:
    """Whether a verdict is about the same data and production; `dvc repro monitor` leaves an older one behind."""
    return report.until == until and (decision is None or report.production_version == decision.version)


def _models(root: Path, notes: list[str]) -> dict[str, Any]:
    """Name the model files by what they are, and production by what its card says."""
    found: dict[str, Any] = {"production": None, "candidate": None}
    try:
        card = artifacts.read_json(root / artifacts.CARD)
        if card.get("version"):
            known = {key: card[key] for key in ("trained", "rows", "normal_error") if key in card}
            found["production"] = {"version": int(card["version"]), "sha256": _sha256(root / artifacts.MODEL), **known}
    except (LoopError, AttributeError, TypeError, ValueError):
        notes.append(f"{artifacts.CARD.as_posix()}: cannot be read")
    if candidate := _sha256(root / artifacts.CANDIDATE):
        found["candidate"] = {"sha256": candidate}
    return found


def _steps(root: Path, decision: Decision | None) -> list[dict[str, Any]]:
    """Take the newest steps from the overview, where it is about the same data and production."""
    try:
        found = artifacts.read_value(root / artifacts.OVERVIEW, Overview)
    except LoopError:
        return []
    if decision is None or (found.until, found.version) != (decision.until, decision.version):
        return []
    return [step.model_dump(mode="json") for step in found.steps[-NEWEST_STEPS:]]


def _sha256(path: Path) -> str | None:
    try:
        return artifacts.digest(path)
    except OSError:
        return None


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None

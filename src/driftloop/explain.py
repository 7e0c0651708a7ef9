"""`driftloop explain`: find what is to be explained, in the working tree or among the records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from driftloop import records
from driftloop.core.dates import day
from driftloop.core.decision.values import Decision
from driftloop.core.judging.verdict import Report
from driftloop.errors import LoopError
from driftloop.params import load_params
from driftloop.report.explanation import explanation
from driftloop.store import files

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from driftloop.git import Git
    from driftloop.records import Record

MOST_NAMED = 5


@dataclass(frozen=True)
class Subject:
    """What is explained.

    Attributes
    ----------
    decision, report
        What was decided; no report where nothing was judged.
    standing
        Whether a standing approval was in force.
    source
        Where they come from, in words.
    record
        The record; None for the working tree.
    """

    decision: Decision
    report: Report | None
    standing: bool
    source: str
    record: Record | None = None

    @property
    def text(self) -> str:
        """The explanation."""
        return explanation(self.decision, self.report, standing=self.standing, source=self.source)


def subject(root: Path, git: Git, run: str | None) -> Subject:
    """Find a record; without `run`, the newest decision: that of the working tree, or of the newest record that has one.

    Raises
    ------
    LoopError
        If there is none, or it cannot be read.
    """
    if run is None and (root / files.DECISION).exists():
        return _here(root)
    known = records.listed(git)
    if run is not None:
        return _of_record(_chosen(known, run))
    decided = [record for record in known if record.content.get("decision")]
    if not decided:
        msg = (
            f"{files.DECISION}: not found, and no record of a decision on the branch {records.BRANCH}; run `dvc repro`"
        )
        raise LoopError(msg)
    return _of_record(decided[-1])


def _here(root: Path) -> Subject:
    decision = files.read_value(root / files.DECISION, Decision)
    there = (root / files.VERDICT).exists()
    report = files.read_value(root / files.VERDICT, Report) if there else None
    standing = load_params(root / "params.yaml").standing
    return Subject(decision, report, standing, f"{files.DECISION} of this working tree")


def _chosen(known: Sequence[Record], run: str) -> Record:
    """Find the record that is meant, by its file, the id of its run, its commit, or the beginning of its time."""
    found = [record for record in known if _is(record, run)]
    decided = [record for record in found if record.content.get("decision")] or found
    if len(decided) == 1:
        return decided[0]
    names = [name(record) for record in (decided or known)[-MOST_NAMED:]]
    newest = f"; the newest are {', '.join(names)}" if names else ""
    msg = f"RUN: expected a record of the branch {records.BRANCH}, got {run!r}, which is {len(decided) or 'none'} of them{newest}"
    raise LoopError(msg)


def name(record: Record) -> str:
    """Name a record as `_chosen` finds it: `monitor-123-1`."""
    return PurePosixPath(record.path).stem


def _is(record: Record, run: str) -> bool:
    content = record.content
    about = content.get("run")
    number = str(about.get("id", "")) if isinstance(about, dict) else ""
    starts = (str(content.get("time")), str(content.get("revision")), name(record), record.path)
    return bool(run) and (number == run or any(start.startswith(run) for start in starts))


def _of_record(record: Record) -> Subject:
    """Read what a record holds; whoever may push may have written it."""
    content = record.content
    if not content.get("decision"):
        msg = f"{name(record)}: holds no decision: the run {'failed' if content.get('outcome') == 'failed' else 'made none'}"
        raise LoopError(msg)
    revision = str(content.get("revision") or "not known")[:12]
    try:
        source = f"{name(record)} · {day(datetime.fromisoformat(str(content.get('time'))).date())} · commit {revision}"
        decision = Decision.model_validate(content["decision"])
        report = _report(content)
    except ValueError as exc:  # pydantic's is one too
        msg = f"{name(record)}: not a decision or verdict that this version of driftloop can read"
        raise LoopError(msg) from exc
    return Subject(decision, report, bool(content.get("approval")), source, record)


def _report(content: dict[str, Any]) -> Report | None:
    found = content.get("verdict")
    return None if found is None else Report.model_validate(found)

"""What the records tell: runs, and the steps of models that are not production any more."""

from __future__ import annotations

import itertools
import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from driftloop.core.decision.approval import Approval
from driftloop.core.decision.values import Decision
from driftloop.core.judging.verdict import Verdict
from driftloop.core.overview.values import StepError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ADDRESS = re.compile(r"https?://[^\s<>\"']{1,500}")
COMMIT = re.compile(r"(/commit/[0-9a-f]{12})[0-9a-f]+$")  # as much of a hash as GitHub needs
REPOSITORY = re.compile(r"(https?://[^\s<>\"']+?/[^/\s]+/[^/\s]+)/(?:actions|commit)/")
YEAR = timedelta(days=365)
MOST_OLDER = 260  # runs older than a year that are shown: one a week and kind
DAILY = 24.0  # hours, where nothing else is known
FEWEST_GAPS = 2


@dataclass(frozen=True)
class Run:
    """One record, as far as the page shows it.

    Attributes
    ----------
    kind, outcome
        See `records.Run`.
    time
        When it was recorded.
    until
        End of its data (exclusive).
    decision, verdict
        What it found; None where it found nothing, or something that this version cannot read.
    version, card
        Of production then, and what the record keeps of its card.
    steps
        The newest steps then.
    links
        Web addresses by name.
    revision
        Hash of the commit.
    approval
        The standing approval in force then.
    failed_in
        The job that failed; empty where it is not known.
    by
        Login of who started it; empty where it is not known.
    """

    kind: str
    outcome: str
    time: datetime
    until: date | None
    decision: Decision | None
    verdict: Verdict | None
    version: int
    card: dict[str, Any]
    steps: tuple[StepError, ...]
    links: dict[str, str] = field(default_factory=dict)
    revision: str = ""
    approval: Approval | None = None
    by: str = ""
    failed_in: str = ""

    @property
    def status(self) -> str:
        """What to filter by."""
        return "failed" if self.outcome == "failed" else self.decision.status if self.decision else "ok"


def runs(records: Iterable[dict[str, Any]], model: str) -> list[Run]:
    """Read the records of a model, oldest first; what is not as it should be is passed over."""
    found = []
    for record in records:
        if record.get("model") in (model, None):
            with suppress(ValueError, TypeError, AttributeError, KeyError):
                found.append(_run(record))
    return sorted(found, key=lambda run: run.time)


def _run(record: dict[str, Any]) -> Run:
    time = datetime.fromisoformat(record["time"])
    production = (record.get("models") or {}).get("production") or {}
    decision, verdict = value(Decision, record.get("decision")), record.get("verdict") or {}
    links = {
        str(name): COMMIT.sub(r"\1", link)
        for name, link in record.get("links", {}).items()
        if ADDRESS.fullmatch(str(link))
    }
    revision = str(record.get("revision") or "")
    return Run(
        kind=str(record["kind"]),
        outcome=str(record["outcome"]),
        time=time if time.tzinfo else time.replace(tzinfo=UTC),
        until=date.fromisoformat(record["until"]) if record.get("until") else None,
        decision=decision,
        verdict=value(Verdict, verdict.get("verdict")),
        version=int(production.get("version") or (decision.version if decision else 0)),
        card=production,
        steps=tuple(step for each in record.get("steps", ()) if (step := value(StepError, each))),
        links=links,
        approval=value(Approval, record.get("approval")),
        revision=revision if re.fullmatch(r"[0-9a-f]{7,64}", revision) else "",
        by=str(record.get("by") or "")[:100],
        failed_in=str(record.get("failed_in") or "")[:100],
    )


def value(kind: Any, given: Any) -> Any:
    """Read a value of a record; None where it is not one of this version."""
    if given is None:
        return None
    try:
        return kind.model_validate(given)
    except ValidationError:
        return None


def shown(all_runs: Sequence[Run]) -> list[Run]:
    """Choose the runs of the table, newest first: of the last year all, of the time before one a week, kind and status."""
    if not all_runs:
        return []
    edge = all_runs[-1].time - YEAR
    newer = [run for run in all_runs if run.time >= edge]
    older = {(run.time.isocalendar()[:2], run.kind, run.status): run for run in all_runs if run.time < edge}
    kept = sorted(older.values(), key=lambda run: run.time)[-MOST_OLDER:]
    return [*kept, *newer][::-1]


def steps(all_runs: Sequence[Run], version: int, newest: Sequence[StepError]) -> list[StepError]:
    """Join the steps of all versions, oldest first: each as it was measured last, by who was production on its days."""
    found: dict[date, StepError] = {}
    for run in all_runs:
        for step in run.steps:
            found[step.window.since] = step
    if version and newest:
        found = {since: step for since, step in found.items() if step.window.until <= newest[0].window.since}
    found |= {step.window.since: step for step in newest}
    out: list[StepError] = []
    for step in (found[since] for since in sorted(found)):
        if not out or step.window.since >= out[-1].window.until:  # those of two versions may overlap
            out.append(step)
    return out


def interval_hours(all_runs: Sequence[Run]) -> float:
    """Say how long it usually is from one monitoring run to the next."""
    times = [run.time for run in all_runs if run.kind == "monitor"]
    gaps = [(after - before).total_seconds() / 3600 for before, after in itertools.pairwise(times)]
    usual = median(gaps[-30:]) if len(gaps) >= FEWEST_GAPS else DAILY
    return usual if usual >= 1 else DAILY  # runs by hand, one after the other, are no schedule


def repository(all_runs: Sequence[Run]) -> str:
    """Find the address of the repository in the newest link that leads there; empty where there is none."""
    for run in reversed(all_runs):
        for link in run.links.values():
            if found := REPOSITORY.match(link):
                return found[1]
    return ""


def decisions(all_runs: Sequence[Run]) -> list[Run]:
    """Keep the runs that say something new, oldest first: another status, a failure, or anything but monitoring."""
    found: list[Run] = []
    before: tuple[str, int] | None = None
    for run in all_runs:
        now = (run.status, run.version)
        if now != before or run.kind != "monitor":
            found.append(run)
        before = now
    return found


def alerts(all_runs: Sequence[Run]) -> list[date]:
    """List the days on which an alert became true: the last days of the data that raised it."""
    found: list[date] = []
    before = False
    for run in all_runs:
        if run.decision is None:
            continue
        if run.decision.alert and not before:
            found.append(run.decision.until - timedelta(days=1))
        before = run.decision.alert
    return found

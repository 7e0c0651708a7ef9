"""Alerts on GitHub: how the loop recognises its own, and what each remembers of what people were told."""

from __future__ import annotations

import hashlib
import re
from datetime import date
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from driftloop.alerting import wording
from driftloop.alerting.labels import Label
from driftloop.report.markdown import cut

if TYPE_CHECKING:
    from collections.abc import Sequence

    from driftloop.core.data.finding import Finding
    from driftloop.core.decision.values import Decision
    from driftloop.github.hub import Hub, Issue

LINE = re.compile(r"<!-- driftloop:state (\{.*\}) -->")
MARKER = re.compile(r"<!-- driftloop:alert ([a-z0-9._-]+) -->")
MUCH_WORSE = 1.5  # times the error that was told: a degraded model is told of again, and a snooze ends
MOST_FAULTS = 200


def marker(model: str) -> str:
    """Return the hidden first line of every alert of a model."""
    return f"<!-- driftloop:alert {model} -->"


class Memory(BaseModel):
    """What an alert remembers of what people were told last: a hidden line in its text, which people can change.

    Attributes
    ----------
    status, version
        Of the decision that people were told of.
    waiting, error
        Its normal days of error, and production's error; None where they were not measured.
    faults
        Digests of the findings that were told.
    told
        Number of the last comment; a comment that may be there already is found by it.
    until
        Exclusive end of the newest data that it has seen; None in alerts of versions that did not keep it.
    over
        Why the loop closed the issue, or would have; empty while it is open, and where a person closed it.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    status: str
    version: int
    waiting: float | None = None
    error: float | None = None
    faults: tuple[str, ...] = ()
    told: int = 0
    until: date | None = None
    over: Literal["", "recovered", "double"] = ""

    def __str__(self) -> str:
        """Write it as a hidden line."""
        return f"<!-- driftloop:state {self.model_dump_json()} -->"


def read_memory(body: str) -> Memory | None:
    """Read what an alert remembers, from the second line of its text; None if there is no valid memory."""
    line = body.splitlines()[1:2]
    found = LINE.fullmatch(line[0].strip()) if line else None
    try:
        return Memory.model_validate_json(found[1]) if found else None
    except ValidationError:
        return None


def model_of(alert: Issue) -> str:
    """Name the model that an alert is about."""
    named = MARKER.match(alert.body)
    return named[1] if named else ""


def told(decision: Decision, count: int, before: Memory | None = None) -> Memory:
    """Note what people are told with this decision; of the same trouble, what they were told earlier stays known."""
    same_trouble = before and (before.status, before.version) == (decision.status, decision.version)
    known = set(before.faults) if before and same_trouble else set()
    faults = [_digest(finding) for finding in decision.findings]
    return Memory(
        status=decision.status,
        version=decision.version,
        waiting=None if decision.waiting_days is None else round(decision.waiting_days, 2),
        error=decision.error.estimate if decision.error else None,
        faults=tuple(sorted({*known, *faults})[:MOST_FAULTS]),
        told=count,
        until=decision.until,
    )


def ahead(decision: Decision, found: Sequence[Issue]) -> tuple[Issue, date] | None:
    """Find the alert that has seen newer data than a decision, and until when.

    A repeated run uses the data of its own day. A decision about a newer version of the model is not a repetition:
    after a promotion replayed data may begin again at an earlier day.
    """
    memories = [(alert, read_memory(alert.body)) for alert in found]
    seen = [
        (kept.until, alert)
        for alert, kept in memories
        if kept and kept.until and kept.until > decision.until and kept.version >= decision.version
    ]
    until, alert = max(seen, key=lambda each: each[0], default=(None, None))
    return (alert, until) if alert and until else None


def news(decision: Decision, before: Memory | None) -> str | None:
    """Describe what is new to people since they were last told."""
    if before is None or before.over or (before.status, before.version) != (decision.status, decision.version):
        return wording.changed(decision)
    new = [finding for finding in decision.findings if _digest(finding) not in before.faults]
    if new and len(before.faults) < MOST_FAULTS:  # beyond that they are not all remembered
        return wording.joined(new)
    waited, error = decision.waiting_days, decision.error.estimate if decision.error else None
    if decision.status == "outdated" and (waited or 0) - (before.waiting or 0) >= decision.alert_at_days:
        return wording.grown(decision)
    if decision.status == "degraded" and error and before.error and error >= MUCH_WORSE * before.error:
        return wording.worse(decision)
    return None


def much_worse(decision: Decision, before: Memory | None) -> bool:
    """Whether there is news that people have to hear of even if they asked for silence."""
    if before is None or before.status != decision.status:
        return True
    if news(decision, before) is None:
        return False
    error = decision.error.estimate if decision.error else None
    pairs = ((error, before.error), (decision.waiting_days, before.waiting))
    return any(now and told and now >= MUCH_WORSE * told for now, told in pairs)


def _digest(finding: Finding) -> str:
    return hashlib.sha256(f"{finding.rule} {finding.column}".encode(errors="replace")).hexdigest()[:8]


def with_memory(body: str, memory: Memory) -> str:
    """Replace what an alert remembers."""
    head, *rest = body.splitlines()
    kept = rest[1:] if rest and "<!-- driftloop:state" in rest[0] else rest
    return cut("\n".join([head, str(memory), *kept]))


def every(hub: Hub) -> list[Issue]:
    """List the alerts that the loop itself opened, of any model, oldest first; a pasted marker does not count.

    People may take labels off, so open ones are looked for by who opened them too.
    """
    login = hub.login()
    listed = [*hub.issues(label=Label.ALERT, state="all"), *hub.issues_by(login)]
    found = {issue.number: issue for issue in listed if issue.author == login and MARKER.match(issue.body)}
    return [found[number] for number in sorted(found)]


def find(hub: Hub, model: str) -> list[Issue]:
    """List those of one model."""
    return [issue for issue in every(hub) if issue.body.startswith(marker(model))]


def is_alert(issue: Issue, model: str, login: str) -> bool:
    """Whether an issue is an alert of this model that this login opened."""
    return issue.author == login and issue.body.startswith(marker(model))

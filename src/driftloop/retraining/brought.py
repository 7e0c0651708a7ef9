"""What a standing approval has brought: the gate's judgements of what was merged within it, by the records."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from driftloop.core.judging.verdict import Verdict
from driftloop.core.windows import Window

if TYPE_CHECKING:
    from collections.abc import Iterable

    from driftloop.core.decision.approval import Approval
    from driftloop.core.decision.values import Decision


@dataclass(frozen=True)
class Brought:
    """Judgements of new versions, each against the one before it.

    Attributes
    ----------
    first
        The version that the approval began with.
    versions
        How many judgements are known.
    gain
        Of all together: the share of the error that is left by each is multiplied.
    days
        From the first to the last day that any of them was judged on.
    """

    first: int
    versions: int
    gain: float
    days: Window


def of(records: Iterable[dict[str, Any]], approval: Approval, decision: Decision) -> Brought | None:
    """Find the judgement of each version that followed that of the approval; None where the records know none.

    What is proposed is replaced until it is merged. So of each version the newest judgement is that of what was merged.

    Parameters
    ----------
    records
        Of all runs, the oldest first.
    approval, decision
        What ended, and production then.
    """
    found: dict[int, Verdict] = {}
    for record in records:
        report = record.get("verdict")
        if (record.get("kind"), record.get("model")) != ("retrain", decision.model) or not isinstance(report, dict):
            continue
        with suppress(ValidationError, TypeError, ValueError):
            version, verdict = (
                int(report.get("production_version", -1)) + 1,
                Verdict.model_validate(report.get("verdict")),
            )
            if verdict.outcome == "promote" and verdict.gain and verdict.judged:
                found[version] = verdict
    known = [found[each] for each in range(approval.version + 1, decision.version + 1) if each in found]
    left, days = 1.0, [each.judged for each in known if each.judged]
    for verdict in known:
        left *= 1 - (verdict.gain.estimate if verdict.gain else 0)
    if not days:
        return None
    span = Window(since=min(each.since for each in days), until=max(each.until for each in days))
    return Brought(approval.version, len(known), 1 - left, span)

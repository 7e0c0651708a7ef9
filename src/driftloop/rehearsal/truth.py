"""The events that the simulator planted beside what the loop said; shown at the end only, and no decision reads them."""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from driftloop.core.dates import day
from driftloop.sources.planted import EVENTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from driftloop.core.decision.values import Decision
    from driftloop.sources.planted import Event

OF_PEOPLE = ("commuting_change", "demand_shift")  # the others change what is recorded


def compare(decisions: Sequence[Decision]) -> Iterator[str]:
    """Put what was planted up to the last decision beside what was said of it."""
    end = max(found.until for found in decisions)
    planted = [event for event in EVENTS if event.since.date() < end]
    for since, group in groupby(planted, key=lambda event: event.since.date()):
        events = list(group)
        yield f"planted  {_span(events[0])}: {'; '.join(event.note for event in events)}"
        yield f"said     {_said(events[0], since, decisions)}"
    for found in decisions:
        if found.status == "healthy":
            before = [event for event in planted if event.since.date() < found.until]
            why = "it was trained on what had been planted" if before else "nothing had been planted yet"
            yield f"quiet    on {day(found.until)} v{found.version} was called healthy: {why}"


def _span(event: Event) -> str:
    if event.until is None:
        return f"since {day(event.since)}"
    return f"{day(event.since)} to {day(event.until.date() - timedelta(days=1))}"


def _said(event: Event, since: date, decisions: Sequence[Decision]) -> str:
    status = "outdated" if event.kind in OF_PEOPLE else "data fault"
    found = next((each for each in decisions if each.status == status and each.until > since), None)
    if found is None:
        return "nothing"
    if status == "outdated":
        noticed = f"; keeping it has cost more than a refit since {day(found.since)}" if found.since else ""
        return f"on {day(found.until)}: outdated{noticed}"
    return f"on {day(found.until)}: {'; '.join(finding.text for finding in found.findings)}"

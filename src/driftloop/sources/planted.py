"""The dated changes of the simulated city, of known kind and size: what a monitor should find in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, get_args

Kind = Literal["demand_shift", "commuting_change", "fahrenheit", "stuck", "new_category", "missing", "late_labels"]


def hour_number(instant: datetime) -> int:
    """Count full hours since 1970, rounded up."""
    if instant.tzinfo is None:
        msg = f"simulator: expected a time with a zone, got {instant.isoformat()}"
        raise ValueError(msg)
    return -((datetime(1970, 1, 1, tzinfo=UTC) - instant) // timedelta(hours=1))


@dataclass(frozen=True)
class Event:
    """One planted change.

    Attributes
    ----------
    kind
        What changes; see `simulator.simulate`.
    since, until
        First hour and exclusive end, with a time zone; `until` None means forever.
    size
        Share for `demand_shift` (may be negative), `commuting_change`, `new_category` and `missing`; days for
        `late_labels`; not used by `fahrenheit` and `stuck`.
    note
        What happened, for people.
    """

    kind: Kind
    since: datetime
    until: datetime | None
    size: float
    note: str

    def __post_init__(self) -> None:
        """Refuse an unknown kind and a time without a zone."""
        if self.kind not in get_args(Kind):
            msg = f"Event.kind: expected one of {', '.join(get_args(Kind))}, got {self.kind!r}"
            raise ValueError(msg)
        hour_number(self.since)
        if self.until is not None:
            hour_number(self.until)


def _day(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)


EVENTS: tuple[Event, ...] = (
    Event("commuting_change", _day(2025, 2, 10), None, 0.4, "Home office: commuters ride around midday"),
    Event("demand_shift", _day(2025, 2, 10), None, 0.25, "A new tariff brings a quarter more rentals"),
    Event("fahrenheit", _day(2025, 6, 2), _day(2025, 6, 16), 1.0, "The weather service reports °F"),
    Event("stuck", _day(2025, 8, 4), _day(2025, 8, 11), 1.0, "The humidity sensor repeats one value"),
    Event("new_category", _day(2025, 9, 1), _day(2025, 9, 15), 0.2, "The weather service starts to report fog"),
    Event("missing", _day(2025, 10, 6), _day(2025, 10, 20), 0.3, "The wind sensor loses readings"),
    Event("late_labels", _day(2025, 11, 3), _day(2025, 11, 17), 21.0, "Counts arrive three weeks late"),
)

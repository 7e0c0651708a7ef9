"""One alarm from the day that raised it: how long it lasts, and how rare it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from driftloop.core.alarms.deviation import WINDOW
from driftloop.core.alarms.listener import ALLOWED
from driftloop.core.windows import LASTING_DAYS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from driftloop.core.alarms.calibration import Usual
    from driftloop.core.alarms.past import Past
    from driftloop.core.alarms.values import Kind

    Floats = NDArray[np.float64]

MOST_YEARS = 10  # nothing can be said of rarer weeks


@dataclass(frozen=True)
class Opened:
    """An alarm in places instead of names and dates.

    Attributes
    ----------
    column, statistic
        The data column, and which of all statistics deviates most.
    kind
        `fault` or `shape`.
    day, end
        The day that raised it, and the first day on which it is over.
    years
        Such a week was expected once in so many years.
    lasting
        Whether it lasts at the end of the data.
    """

    column: int
    kind: Kind
    statistic: int
    day: int
    end: int
    years: float
    lasting: bool


def open_alarm(
    past: Past, place: int, kind: Kind, *, day: int, ratios: Floats, limits: Usual, accepted: int | None
) -> Opened:
    """Open an alarm, see how long it lasts against the days before it, and take it out of the history.

    Parameters
    ----------
    past
        Deviations so far; the alarm changes them.
    place, kind, day
        The data column, the kind of alarm, and the day that raised it.
    ratios
        Shape (k,): the deviations of that day in units of the limit.
    limits
        Of that day.
    accepted
        Place of the first day that production has not seen; None without production. An alarm ends there, and where it
        is measured anew what is usual.
    """
    own = np.flatnonzero(past.statistics.mask(place, kind) & (ratios >= min(ALLOWED, np.nanmax(ratios))))
    first, last = max(0, day - WINDOW + 1), min(len(past.days), day + LASTING_DAYS + 1)
    ahead = np.arange(day, last)
    found = past.deviations(place, ahead, _without(past.sound[place], first))
    seen = _ratios(past, place, found, ahead, limits)[:, own]
    over = (seen < ALLOWED).all(axis=1) & (ahead > day)
    end = int(ahead[over][0]) if over.any() else last
    normal_now = not over.any() and last == day + LASTING_DAYS + 1
    for normal_since in sorted({past.anew[place], *([] if accepted is None else [accepted])}):
        if day < normal_since < end:
            end, normal_now = normal_since, True
    sound = past.sound[place] if normal_now else _without(past.sound[place], first, end)
    past.replace(place, day, found[: end - day], sound)
    past.keep_apart(place, day, end, limits)
    seen = seen[: end - day]
    years = float(limits.tail.years(np.array([np.fmax.reduce(seen, axis=None) * limits.limit]))[0])
    return Opened(
        column=place,
        kind=kind,
        statistic=int(own[np.argmax(np.fmax.reduce(seen, axis=0))]),
        day=day,
        end=end,
        years=min(years, MOST_YEARS),
        lasting=end >= len(past.days) and not normal_now,
    )


def _without(sound: NDArray[np.bool_], first: int, end: int | None = None) -> NDArray[np.bool_]:
    """Copy the days that may be compared with, without those in [first, end)."""
    out = sound.copy()
    out[first:end] = False
    return out


def _ratios(past: Past, place: int, found: Floats, days: NDArray[np.int64], limits: Usual) -> Floats:
    """Divide the deviations of one data column by their limits, shape (len(days), k); NaN for other columns."""
    table = np.full((len(days), len(past.statistics.owner)), np.nan)
    table[:, past.statistics.mask(place)] = found
    return past.ratios(table, days, limits)

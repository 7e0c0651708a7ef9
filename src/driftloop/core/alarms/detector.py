"""Data alarms, day by day: weeks that deviate more than the budget of false alarms allows for.

Which alarms last on a day follows from the data up to that day. So all days are gone through at every run, and nothing
is remembered between runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from driftloop.core.alarms.listener import Listener
from driftloop.core.alarms.opening import open_alarm
from driftloop.core.alarms.past import Past
from driftloop.core.alarms.result import alarm_of, compared_of, levels_of, shift_of
from driftloop.core.alarms.statistics import ALL_WEEKS
from driftloop.core.alarms.values import AlarmHistory

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from driftloop.core.alarms.calibration import Usual
    from driftloop.core.alarms.deviation import Column
    from driftloop.core.alarms.opening import Opened


def detect(
    columns: Sequence[Column],
    first: date,
    *,
    per_year: float,
    quiet_days: int,
    accepted: date | None = None,
    anew: Mapping[str, date] | None = None,
) -> AlarmHistory:
    """Go through all days and find when data alarms begin and end.

    Parameters
    ----------
    columns
        What the profile holds of each model input; see `deviation.Column`. All have the same days.
    first
        Their first day.
    per_year
        How many false alarms a year are acceptable.
    quiet_days
        How long a column is quiet after an alarm on it.
    accepted
        First day that production has not seen. What was unusual before is normal since its promotion.
    anew
        Day from which on it is measured anew what is usual, by column: a change that began then was accepted.
    """
    if not columns or not len(columns[0].rows):
        return AlarmHistory(first=first, alarms=(), shifts={}, compared={}, weeks_missing=ALL_WEEKS)
    since = [(anew[column.name] - first).days if anew and column.name in anew else 0 for column in columns]
    found = _Pass(
        Past(columns, first, anew=since),
        quiet_days=quiet_days,
        accepted=(accepted - first).days if accepted is not None else None,
    )
    limits: Usual | None = None
    for week, start in enumerate(found.past.days.starts):
        limits = found.past.limits(week, per_year=per_year)
        if limits is not None:
            found.judge(int(start), found.past.days.end(week), limits)
    past = found.past
    return AlarmHistory(
        first=first,
        alarms=tuple(alarm_of(opened, past, first) for opened in found.opened),
        shifts={column.name: shift_of(past, place, limits) for place, column in enumerate(columns)},
        compared={column.name: compared_of(past, place, first) for place, column in enumerate(columns)},
        weeks_missing=past.weeks_missing,
        levels={column.name: levels_of(found.levels[:, place]) for place, column in enumerate(columns)},
    )


class _Pass:
    """One pass over the days: judges them by limits from the days before, and opens alarms.

    Attributes
    ----------
    past, listener
        The deviations, and what has been heard of them so far.
    levels
        Shape (days, columns): the largest deviation in units of the limit, also of columns that are quiet after an alarm;
        NaN where nothing is judged.
    opened
        The alarms so far.
    """

    def __init__(self, past: Past, *, quiet_days: int, accepted: int | None) -> None:
        """Begin before the first day; `accepted` is the place of the first day that production has not seen."""
        self.past = past
        self.quiet_days = quiet_days
        self.accepted = accepted
        self.listener = Listener(past.statistics, len(past.columns))
        self.levels: NDArray[np.float64] = np.full((len(past.days), len(past.columns)), np.nan)
        self.opened: list[Opened] = []

    def judge(self, day: int, end: int, limits: Usual) -> None:
        """Judge the days of one week, in [day, end); after an alarm the rest of them anew, as deviations changed."""
        while day < end:
            days = np.arange(day, end)
            ratios = self.past.ratios(self.past.found[day:end], days, limits)
            for place in range(len(self.past.columns)):
                self.levels[day:end, place] = np.fmax.reduce(ratios[:, self.past.statistics.owner == place], axis=1)
            heard = self.listener.hear(days, ratios)
            for kind, places in heard.loud:
                for place in places:
                    if self.listener.is_quiet(place, kind, heard.day):  # since this day, by a fault
                        continue
                    today = ratios[heard.day - day]
                    alarm = open_alarm(
                        self.past, place, kind, day=heard.day, ratios=today, limits=limits, accepted=self.accepted
                    )
                    self.listener.silence(place, kind, alarm.end + self.quiet_days)
                    self.opened.append(alarm)
            day = heard.day + 1

"""The deviations of all days, and which of them the limits of later days are computed from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from driftloop.core.alarms.calibration import FEWEST_ROWS, usual
from driftloop.core.alarms.deviation import WINDOW, deviations
from driftloop.core.alarms.layout import Days, Statistics
from driftloop.core.alarms.statistics import SHAPE
from driftloop.core.windows import LASTING_DAYS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import NDArray

    from driftloop.core.alarms.calibration import Usual
    from driftloop.core.alarms.deviation import Column

    Floats = NDArray[np.float64]
    Sound = NDArray[np.bool_]

ALARM = 1.3  # times the limit: one week is enough for an alarm


class Past:
    """What a pass over the days knows of the data. It begins as if there never had been an alarm; alarms change it.

    Attributes
    ----------
    columns, statistics, days
        The data columns; their statistics; the days of the data.
    anew
        Shape (columns,): place of the day from which on it is measured anew what is usual; 0 where that never happened.
    sound
        Shape (columns, days): whether later days are compared with a day. Days of an alarm are not.
    found
        Shape (days, k): deviation of the week that ends with each day; NaN where it has too few rows.
    most
        Shape (weeks, k): largest deviation of each week.
    joins
        Shape (weeks, k): first week whose limits count a week; later than the next for weeks with an alarm.
    cap
        Shape (weeks, k): as how large a deviation a week counts at most.
    """

    def __init__(self, columns: Sequence[Column], first: date, *, anew: Sequence[int] = ()) -> None:
        """Compute the deviations of all days."""
        self.columns = columns
        self.anew = tuple(anew) or (0,) * len(columns)
        self.statistics = Statistics.of(columns)
        self.days = Days.of(columns[0].rows, first)
        self.sound = np.ones((len(columns), len(self.days)), dtype=bool)
        every = np.arange(len(self.days))
        self.found = np.column_stack(
            [self.deviations(place, every, self.sound[place]) for place in range(len(columns))]
        )
        self.most = self.days.maxima(self.found)
        self.joins = np.zeros(self.most.shape, dtype=int)
        self.cap = np.full(self.most.shape, np.inf)

    def deviations(self, place: int, days: NDArray[np.int64], sound: Sound) -> Floats:
        """Compute the deviations of one data column, shape (len(days), its statistics); see `deviation.deviations`."""
        found = deviations(self.columns[place], sound, days)
        if (anew := self.anew[place]) > 0:
            later, whole = days >= anew, days >= anew + WINDOW - 1
            found[later & ~whole] = np.nan  # a week that holds days of both kinds
            found[whole] = deviations(self.columns[place], self.since_anew(place, sound), days[whole])
        found[~np.isfinite(self.days.thin[days])] = np.nan
        return found

    def since_anew(self, place: int, sound: Sound) -> Sound:
        """Leave out the days before it is measured anew what is usual."""
        return sound & (np.arange(len(sound)) >= self.anew[place])

    def comparable(self, place: int, day: int) -> Sound:
        """Return which days a day of one data column is compared with, as far as they lie before it."""
        sound = self.sound[place]
        return self.since_anew(place, sound) if day >= self.anew[place] else sound.copy()

    def limits(self, week: int, *, per_year: float) -> Usual | None:
        """Calibrate by the weeks that ended before the windows of this week begin; None while there are too few."""
        before = slice(0, max(0, week - 1))
        weeks = np.where(self.joins[before] <= week, np.minimum(self.most[before], self.cap[before]), np.nan)
        return usual(weeks, floor=self.statistics.floor, needed=self.statistics.needed, per_year=per_year)

    def ratios(self, found: Floats, days: NDArray[np.int64], limits: Usual) -> Floats:
        """Divide deviations of days by their limits, shape (len(days), k); NaN where they are not judged."""
        share = np.where(self.statistics.kind == SHAPE, 0.0, FEWEST_ROWS)
        least = share / np.maximum(self.days.rows[days], 1)[:, None]
        return limits.ratios(found, least=least, thin=self.days.thin[days])

    def replace(self, place: int, day: int, found: Floats, sound: Sound) -> None:
        """Put in the deviations of one data column during an alarm, and compute anew those after it.

        Parameters
        ----------
        place, day
            The data column, and the day on which its alarm was raised.
        found
            Shape (days of the alarm, statistics of the column): against the days before the alarm.
        sound
            Shape (days,): what the days after the alarm are compared with.
        """
        end, own = day + len(found), self.statistics.mask(place)
        self.sound[place] = sound
        self.found[day:end, own] = found
        if end < len(self.days):
            self.found[end:, own] = self.deviations(place, np.arange(end, len(self.days)), sound)

    def keep_apart(self, place: int, day: int, end: int, limits: Usual) -> None:
        """Leave the weeks of an alarm, in [day, end), out of the history for `LASTING_DAYS`.

        Then they count, but as no larger than what is enough for an alarm.
        """
        own = self.statistics.mask(place)
        since, until = int(self.days.week[day]), int(self.days.week[min(end, len(self.days) - 1)])
        self.most[since:, own] = self.days.maxima(self.found[:, own])[since:]
        self.joins[since : until + 1, own] = until + 1 + LASTING_DAYS // 7
        self.cap[since : until + 1, own] = (limits.median + ALARM * limits.limit * limits.scale)[own]

    @property
    def weeks_missing(self) -> int:
        """Weeks of history that are needed before all statistics are judged."""
        needed = self.statistics.needed
        weeks = np.isfinite(self.most[: max(0, int(self.days.week[-1]) - 1)]).sum(axis=0)
        lengths: list[int] = needed.tolist()
        most = {length: int(weeks[needed == length].max(initial=0)) for length in lengths}
        return max(max(0, length - seen) for length, seen in most.items())

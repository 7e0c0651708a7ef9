"""Data alarms, day by day: weeks of data such as were expected less often than the budget allows.

The state of a day follows from the profile up to that day, so it is replayed at every run and kept nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from driftloop.core.alarms.calibration import FEWEST_ROWS, Usual, thin, usual
from driftloop.core.alarms.deviation import (
    ALL_WEEKS,
    FLOORS,
    FORGET_DAYS,
    SHAPE,
    WEEKS,
    WINDOW,
    compared,
    deviations,
    windows,
)
from driftloop.core.alarms.values import KINDS, Alarm, AlarmHistory, Kind, Shift
from driftloop.core.data.distances import total_variation
from driftloop.core.windows import day_numbers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from driftloop.core.alarms.deviation import Column

    Floats = NDArray[np.float64]

AT_ONCE = 1.3  # times the limit: one week is enough
ALLOWED = 0.7  # of the limit: what exceeds it adds up from week to week; an alarm is over when it is met again
ADDED = 1.0
MOST_YEARS = 10  # nothing can be said of rarer weeks


def detect(
    columns: Sequence[Column], first: date, *, per_year: float, quiet_days: int, accepted: date | None = None
) -> AlarmHistory:
    """Go through all days and say when data alarms begin and end.

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
    """
    if not columns or not len(columns[0].rows):
        return AlarmHistory(first, np.empty(0), (), {}, {}, ALL_WEEKS)
    run = _Detector(columns, first, per_year=per_year, quiet_days=quiet_days, accepted=accepted)
    run.go()
    return run.result()


@dataclass
class _Opened:
    """An alarm as it is found."""

    column: int
    kind: Kind
    statistic: int
    day: int
    end: int
    years: float
    lasting: bool


@dataclass
class _Detector:
    """One pass over the days; whatever it remembers of the past is computed from the past."""

    columns: Sequence[Column]
    first: date
    per_year: float = field(kw_only=True)
    quiet_days: int = field(kw_only=True)
    accepted: date | None = field(kw_only=True)

    def __post_init__(self) -> None:
        """Compute the deviations of all days as if there never had been an alarm."""
        self.days = len(self.columns[0].rows)
        names = [(place, name) for place, column in enumerate(self.columns) for name in column.statistics]
        self.names = [name for _, name in names]
        self.owner = np.array([place for place, _ in names])
        self.kind = np.array([SHAPE if name == SHAPE else "fault" for name in self.names])
        self.floor = np.array([FLOORS[name] for name in self.names])
        self.needed = np.array([WEEKS.get(name, ALL_WEEKS) for name in self.names])
        self.sound = np.ones((len(self.columns), self.days), dtype=bool)
        rows = np.concatenate([[0], np.cumsum(self.columns[0].rows)])
        every = np.arange(self.days)
        self.rows = rows[every + 1] - rows[np.maximum(every + 1 - WINDOW, 0)]
        self.thin = thin(self.rows)
        self.found = np.column_stack([self._deviations(place, every) for place in range(len(self.columns))])
        number = int(day_numbers([self.first])[0])
        self.week = (number + every) // 7 - number // 7
        self.starts = np.flatnonzero(np.diff(self.week, prepend=-1))
        self.most = _maxima(self.found, self.starts)
        self.joins = np.zeros(self.most.shape, dtype=int)
        self.cap = np.full(self.most.shape, np.inf)
        self.muted = {kind: np.zeros(len(self.columns), dtype=int) for kind in KINDS}
        self.added = {kind: np.zeros(7) for kind in KINDS}
        self.score = np.full(self.days, np.nan)
        self.opened: list[_Opened] = []
        self.limits: Usual | None = None

    def go(self) -> None:
        """Judge week after week, by limits from the weeks before."""
        for week, start in enumerate(self.starts):
            self.limits = self._usual(week)
            day, end = int(start), int(self.starts[week + 1]) if week + 1 < len(self.starts) else self.days
            while self.limits is not None and day < end:
                day = self._judge(day, end, self.limits)

    def _deviations(self, place: int, days: NDArray[np.int64]) -> Floats:
        found = deviations(self.columns[place], self.sound[place], days)
        found[~np.isfinite(self.thin[days])] = np.nan
        return found

    def _usual(self, week: int) -> Usual | None:
        """Calibrate by all weeks that ended before this week's windows begin."""
        past = slice(0, max(0, week - 1))
        weeks = np.where(self.joins[past] <= week, np.minimum(self.most[past], self.cap[past]), np.nan)
        return usual(weeks, floor=self.floor, needed=self.needed, per_year=self.per_year)

    def _ratios(self, found: Floats, days: NDArray[np.int64], limits: Usual) -> Floats:
        """Give deviations in units of the limit; NaN where they are not judged."""
        share = np.where(self.kind == SHAPE, 0.0, FEWEST_ROWS)
        return limits.ratios(found, least=share / np.maximum(self.rows[days], 1)[:, None], thin=self.thin[days])

    def _judge(self, day: int, end: int, limits: Usual) -> int:
        """Judge days of one week up to the first that raises an alarm; give the day after."""
        days = np.arange(day, end)
        ratios = self._ratios(self.found[day:end], days, limits)
        self.score[day:end] = np.fmax.reduce(ratios, axis=1)
        loud = np.zeros((len(KINDS), len(days)), dtype=bool)
        heard, added = {}, {}
        for place, kind in enumerate(KINDS):
            heard[kind] = (self.kind == kind) & (self.muted[kind][self.owner] <= days[:, None])
            largest = np.fmax.reduce(np.where(heard[kind], ratios, np.nan), axis=1)
            before = self.added[kind][days % 7]
            added[kind] = np.where(np.isnan(largest), before, np.maximum(0, before + largest - ALLOWED))
            loud[place] = (largest > AT_ONCE) | (added[kind] >= ADDED)
        first = int(np.argmax(loud.any(axis=0))) if loud.any() else len(days) - 1
        for place, kind in enumerate(KINDS):
            self.added[kind][days[: first + 1] % 7] = added[kind][: first + 1]
            if loud[place, first]:
                self.added[kind][:] = 0
                told = np.where(heard[kind][first], ratios[first], -np.inf)
                for owner in np.unique(self.owner[told >= min(float(np.nanmax(told)), 1.0)]):
                    if self.muted[kind][owner] > day + first:  # since this day, by a fault
                        continue
                    self._open(int(owner), kind, day + first, ratios[first], limits)
        return day + first + 1

    def _open(self, place: int, kind: Kind, day: int, ratios: Floats, limits: Usual) -> None:
        """Open an alarm, and see how long it lasts against the days before it."""
        own = np.flatnonzero((self.owner == place) & (self.kind == kind) & (ratios >= min(ALLOWED, np.nanmax(ratios))))
        first, last = max(0, day - WINDOW + 1), min(self.days, day + FORGET_DAYS + 1)
        normal = self.sound[place].copy()
        self.sound[place, first:] = False
        ahead = np.arange(day, last)
        found = self._deviations(place, ahead)
        table = np.full((len(ahead), len(self.owner)), np.nan)
        table[:, self.owner == place] = found
        seen = self._ratios(table, ahead, limits)[:, own]
        over = (seen < ALLOWED).all(axis=1) & (ahead > day)
        end = int(ahead[over][0]) if over.any() else last
        forced = not over.any() and last == day + FORGET_DAYS + 1
        if self.accepted is not None:
            place_accepted = (self.accepted - self.first).days
            if day < place_accepted < end:
                end, forced = place_accepted, True
        lasting = end >= self.days and not forced
        self.sound[place] = normal
        if not forced:
            self.sound[place, first:end] = False
        self.found[day:end, self.owner == place] = found[: end - day]
        if end < self.days:
            self.found[end:, self.owner == place] = self._deviations(place, np.arange(end, self.days))
        largest = np.fmax.reduce(seen[: end - day], axis=None)
        years = float(limits.tail.years(np.array([largest * limits.limit]))[0])
        self._keep_apart(place, day, end, limits)
        statistic = int(own[np.argmax(np.fmax.reduce(seen[: end - day], axis=0))])
        self.opened.append(_Opened(place, kind, statistic, day, end, min(years, MOST_YEARS), lasting))
        for other in KINDS if kind == "fault" else (kind,):
            self.muted[other][place] = max(self.muted[other][place], end + self.quiet_days)

    def _keep_apart(self, place: int, day: int, end: int, limits: Usual) -> None:
        """Take alarmed weeks out of the history until they are old, and let them in no larger than the alarm."""
        own = self.owner == place
        since = int(self.week[day])
        self.most[since:, own] = _maxima(self.found[:, own], self.starts)[since:]
        until = int(self.week[min(end, self.days - 1)])
        self.joins[since : until + 1, own] = until + 1 + FORGET_DAYS // 7
        self.cap[since : until + 1, own] = (limits.median + AT_ONCE * limits.limit * limits.scale)[own]

    def result(self) -> AlarmHistory:
        """Put what was found into words and dates."""
        weeks = np.isfinite(self.most[: max(0, int(self.week[-1]) - 1)]).sum(axis=0)
        missing = [
            max(0, needed - int(weeks[self.needed == needed].max(initial=0))) for needed in set(self.needed.tolist())
        ]
        return AlarmHistory(
            first=self.first,
            score=self.score,
            alarms=tuple(self._alarm(opened) for opened in self.opened),
            shifts=dict(self._shifts()),
            compared={
                column.name: compared(column.rows, self.sound[place]) for place, column in enumerate(self.columns)
            },
            weeks_missing=max(missing),
        )

    def _alarm(self, opened: _Opened) -> Alarm:
        column, name = self.columns[opened.column], self.names[opened.statistic]
        sound = self.sound[opened.column].copy()
        sound[max(0, opened.day - WINDOW + 1) :] = False
        place = list(column.statistics).index(name)
        week = np.arange(max(0, opened.day - WINDOW + 1), opened.day + 1)
        single = np.nan_to_num(deviations(column, sound, week, length=1)[:, place])
        since = int(week[np.argmax(single >= single.max() / 2)])
        last = min(opened.end, self.days) - 1
        length = min(WINDOW, last - since + 1)
        now, then = windows(column, sound, np.array([last]), length=length)
        if name != SHAPE:
            size, usual = float(now.share(name)[0]), float(then.share(name)[0])
        else:
            moved = total_variation(now.histogram[0], then.histogram[0])
            size = float(
                deviations(column, sound, np.array([last]), length=length)[0, place] if column.number else moved[0]
            )
            usual = 0.0
        return Alarm(
            kind=opened.kind,
            column=column.name,
            statistic=name,
            since=self.first + timedelta(days=since),
            found=self.first + timedelta(days=opened.day),
            until=None if opened.lasting else self.first + timedelta(days=opened.end),
            now=0.0 if np.isnan(size) else size,
            usual=0.0 if np.isnan(usual) else usual,
            years=opened.years,
            number=column.number,
            rows=int(now.rows[0]),
        )

    def _shifts(self) -> Iterator[tuple[str, Shift]]:
        for place, column in enumerate(self.columns):
            own = int(np.flatnonzero((self.owner == place) & (self.kind == SHAPE))[0])
            distance, limit = float(self.found[-1, own]), None
            if self.limits is not None and self.limits.judged[own]:
                scale = self.limits.scale[own] * self.thin[-1] * self.limits.limit
                limit = float(self.limits.median[own] + scale)
            known = np.isfinite(distance) and (limit is None or np.isfinite(limit))
            yield column.name, Shift(distance if known else None, limit if known else None)


def _maxima(found: Floats, starts: NDArray[np.int64]) -> Floats:
    """Largest value per week; NaN where it has none."""
    return np.asarray(np.fmax.reduceat(found, starts, axis=0))

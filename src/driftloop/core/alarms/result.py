"""From places to names and dates: alarms, shapes and compared days as values."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from driftloop.core.alarms.deviation import WINDOW, compared, deviations, windows
from driftloop.core.alarms.statistics import SHAPE
from driftloop.core.alarms.values import Alarm, Shift
from driftloop.core.data.distances import total_variation
from driftloop.core.windows import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from driftloop.core.alarms.calibration import Usual
    from driftloop.core.alarms.deviation import Column
    from driftloop.core.alarms.opening import Opened
    from driftloop.core.alarms.past import Past

    Sound = NDArray[np.bool_]


def alarm_of(opened: Opened, past: Past, first: date) -> Alarm:
    """Describe an alarm as of the end of the data; `first` is the first day of the data."""
    column, name = past.columns[opened.column], past.statistics.names[opened.statistic]
    sound = past.comparable(opened.column, opened.day)
    sound[max(0, opened.day - WINDOW + 1) :] = False
    since = _since(column, name, sound, opened.day)
    last = min(opened.end, len(past.days)) - 1
    now, usual, rows = _sizes(column, name, sound, last, length=min(WINDOW, last - since + 1))
    return Alarm(
        kind=opened.kind,
        column=column.name,
        statistic=name,
        since=first + timedelta(days=since),
        found=first + timedelta(days=opened.day),
        until=None if opened.lasting else first + timedelta(days=opened.end),
        now=0.0 if np.isnan(now) else now,
        usual=0.0 if np.isnan(usual) else usual,
        years=opened.years,
        number=column.number,
        rows=rows,
    )


def _since(column: Column, name: str, sound: Sound, day: int) -> int:
    """Find the first day of the week that raised an alarm whose own deviation is at least half of the largest."""
    week = np.arange(max(0, day - WINDOW + 1), day + 1)
    single = np.nan_to_num(deviations(column, sound, week, length=1)[:, column.statistics.index(name)])
    return int(week[np.argmax(single >= single.max() / 2)])


def _sizes(column: Column, name: str, sound: Sound, last: int, *, length: int) -> tuple[float, float, int]:
    """Measure a statistic in the `length` days up to `last`, and in the data that they are compared with; see `Alarm`."""
    end = np.array([last])
    now, then = windows(column, sound, end, length=length)
    if name != SHAPE:
        size, usual = float(now.share(name)[0]), float(then.share(name)[0])
    elif column.number:
        size, usual = float(deviations(column, sound, end, length=length)[0, column.statistics.index(name)]), 0.0
    else:
        size, usual = float(total_variation(now.histogram[0], then.histogram[0])[0]), 0.0
    return size, usual, int(now.rows[0])


def shift_of(past: Past, place: int, limits: Usual | None) -> Shift:
    """Return the shape of a data column on the last day; `limits` of the last week, None while there are none."""
    own = int(np.flatnonzero(past.statistics.mask(place, "shape"))[0])
    distance, limit = float(past.found[-1, own]), None
    if limits is not None and limits.judged[own]:
        scale = limits.scale[own] * past.days.thin[-1] * limits.limit
        limit = float(limits.median[own] + scale)
    known = np.isfinite(distance) and (limit is None or np.isfinite(limit))
    return Shift(distance=distance if known else None, limit=limit if known else None)


def levels_of(daily: NDArray[np.float64]) -> tuple[float | None, ...]:
    """Keep the last day of each week, counted back from the end: the deviation of a day is that of the week before it."""
    weekly = daily[::-1][: len(daily) // WINDOW * WINDOW : WINDOW][::-1]
    return tuple(round(value, 3) if np.isfinite(value) else None for value in weekly.tolist())


def compared_of(past: Past, place: int, first: date) -> tuple[Window, ...]:
    """Return the days that the last week of a data column is compared with, as spans."""
    kept = compared(past.columns[place].rows, past.comparable(place, len(past.days) - 1))
    edges = np.flatnonzero(np.diff(kept, prepend=False, append=False)).tolist()
    return tuple(
        Window(since=first + timedelta(days=since), until=first + timedelta(days=until))
        for since, until in zip(edges[::2], edges[1::2], strict=True)
    )

"""Spans of whole local days, and the ones that the pipeline works with."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from driftloop.core.columns import DAY
from driftloop.core.dates import period

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from zoneinfo import ZoneInfo

    import pandas as pd
    from numpy.typing import NDArray

EPOCH = date(1970, 1, 1).toordinal()
LASTING_DAYS = 56  # what has lasted so long is the new normal, for data alarms and for quality rules


class Window(BaseModel):
    """Whole days from `since` up to and without `until`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    since: Annotated[date, Field(description="first day")]
    until: Annotated[date, Field(description="first day after")]

    @property
    def days(self) -> int:
        """Length; 0 for an empty window."""
        return max(0, (self.until - self.since).days)

    def __str__(self) -> str:
        """Name first and last day, both included."""
        return period(self.since, self.until)

    def of(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Keep the rows of `frame` whose `DAY` (a date) lies in the window."""
        return frame[(frame[DAY] >= self.since) & (frame[DAY] < self.until)]

    def blocks(self, days: int) -> Iterator[Window]:
        """Cut the window into blocks of this many days, backwards from its end; a shorter rest is dropped."""
        until = self.until
        while (since := until - timedelta(days=days)) >= self.since:
            yield Window(since=since, until=until)
            until = since


def end_day(instant: datetime, zone: ZoneInfo) -> date:
    """Return the local date up to which days are complete (exclusive).

    Parameters
    ----------
    instant
        Exclusive end of the data, with time zone.
    zone
        The zone that cuts days.
    """
    return instant.astimezone(zone).date()


def last_days(until: date, days: int) -> Window:
    """Return the window of this many days that ends before `until`."""
    return Window(since=until - timedelta(days=days), until=until)


def day_numbers(days: Iterable[date] | pd.Series) -> NDArray[np.int64]:
    """Number dates by days since 1970-01-01; NumPy's own conversion of dates takes ten times as long."""
    return np.array([day.toordinal() for day in days], dtype=np.int64) - EPOCH

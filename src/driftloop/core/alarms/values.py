"""What data alarms are, as values: an alarm, the shape of a column, and the state of every day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict

from driftloop.core.alarms.statistics import SHAPE, STATISTICS
from driftloop.core.data.finding import Finding
from driftloop.core.dates import day
from driftloop.core.figures import percent
from driftloop.core.windows import Window

Kind = Literal["fault", "shape"]
KINDS: tuple[Kind, ...] = ("fault", "shape")


class Alarm(BaseModel):
    """A deviation of one column beyond what its history makes plausible.

    Attributes
    ----------
    kind
        `fault`: something broke; `shape`: values are distributed differently.
    column, statistic
        Where, and what deviates most.
    since, found
        First day that deviates; the day whose data raised the alarm.
    until
        First day that is as usual again; None while it lasts.
    now, usual
        Share of rows, over the newest days of the alarm and in the data that they are compared with. For the
        shape of numbers: distance in standard deviations, and 0; of names: share of rows that moved, and 0.
    years
        Such a week was expected once in so many years, at most 10.
    number
        Whether the column holds numbers.
    rows
        In the days that `now` is about.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    column: str
    statistic: str
    since: date
    found: date
    until: date | None
    now: float
    usual: float
    years: float
    number: bool
    rows: int

    def active(self, day: date) -> bool:
        """Whether it lasts on a day."""
        return self.found <= day and (self.until is None or day < self.until)

    def touches(self, since: date, until: date) -> bool:
        """Whether days in [since, until) deviate."""
        return self.since < until and (self.until is None or since < self.until)

    @property
    def text(self) -> str:
        """The alarm as a sentence, without any value from the data."""
        about = STATISTICS[self.statistic]
        words = (about.words_for_numbers if self.number else "") or about.words
        digits = 1 if self.now < 0.1 and self.statistic != SHAPE else 0  # noqa: PLR2004 - 12 %, but 1.4 %
        what = words.format(now=percent(self.now, digits), usual=percent(self.usual, digits), size=self.now)
        often = f"in {self.years:.0f} years" if self.years >= 1.5 else "a year"  # noqa: PLR2004
        return f"{self.column} {what}, since {day(self.since)}; a week like that was expected less than once {often}"

    @property
    def harmful(self) -> Finding:
        """The finding of an alarm with which the error rose, which makes it a fault."""
        return self.finding.model_copy(update={"text": f"{self.text}; the error rose with it"})

    @property
    def finding(self) -> Finding:
        """The alarm as a finding, in the form that quality rules use."""
        rows = round(self.now * self.rows) if self.statistic != SHAPE else self.rows
        return Finding(
            rule=f"unusual-{self.statistic}", column=self.column, kind="fault", rows=rows, of=self.rows, text=self.text
        )


class Shift(BaseModel):
    """The shape of one column on the last day.

    Attributes
    ----------
    distance, limit
        Distance from what it is compared with; None where there are no rows. The limit is the distance that some
        column reaches once per budget; None while the history is too short.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    distance: float | None
    limit: float | None

    @property
    def ratio(self) -> float:
        """Distance in units of the limit; 0 where either is unknown."""
        return self.distance / self.limit if self.distance is not None and self.limit else 0.0

    @property
    def shifted(self) -> bool:
        """Whether the distance has reached the limit."""
        return self.ratio >= 1


class AlarmHistory(BaseModel):
    """The data alarms of all days, and the state of the last day.

    Attributes
    ----------
    first
        First day of the profile.
    alarms
        In order of `found`.
    shifts
        Per column, on the last day.
    compared
        Per column: the days that the last week is compared with, as spans in order of time.
    weeks_missing
        Weeks of history that are needed before all statistics are judged.
    levels
        Per column, one value per week, oldest first: its largest deviation in units of the limit, None where it is not
        judged. Weeks are counted back from the end of the data; a shorter rest at the beginning is dropped.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    first: date
    alarms: tuple[Alarm, ...]
    shifts: dict[str, Shift]
    compared: dict[str, tuple[Window, ...]]
    weeks_missing: int
    levels: dict[str, tuple[float | None, ...]] = {}

    def active(self, day: date, kind: Kind | None = None) -> tuple[Alarm, ...]:
        """List the alarms that last on a day."""
        return tuple(alarm for alarm in self.alarms if alarm.active(day) and kind in (None, alarm.kind))

    def compared_days(self, column: str) -> set[date]:
        """List the days that the last week of a column is compared with."""
        return {
            window.since + timedelta(days=place) for window in self.compared[column] for place in range(window.days)
        }

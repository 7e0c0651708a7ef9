"""How far a schedule's runs lie apart, by the days of its cron lines."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
DAYS = 800  # two years and more


def longest_gap(crons: Iterable[str], since: date) -> int | None:
    """Return the most days between two runs; None where a line cannot be read, or none ever runs.

    Parameters
    ----------
    crons
        POSIX cron lines of five fields; the times of day do not matter.
    since
        First of the days that are looked at.

    References
    ----------
    https://pubs.opengroup.org/onlinepubs/9799919799/utilities/crontab.html

    >>> from datetime import date
    >>> longest_gap(["23 5 * * *"], date(2025, 1, 1)), longest_gap(["0 5 * * MON-FRI"], date(2025, 1, 1))
    (1, 3)
    """
    days: set[int] = set()
    try:
        for cron in crons:
            _, _, of_month, months, of_week = cron.split()
            month, day = _values(months, 1, 12, MONTHS), _values(of_month, 1, 31)
            weekday = {each % 7 for each in _values(of_week, 0, 7, WEEKDAYS)}
            # Where both are given, either will do.
            either = of_month != "*" and of_week != "*"
            for place in range(DAYS):
                at = since + timedelta(days=place)
                fits = (at.day in day, at.isoweekday() % 7 in weekday)
                if at.month in month and (any(fits) if either else all(fits)):
                    days.add(place)
    except ValueError:
        return None
    return max((after - before for before, after in pairwise(sorted(days))), default=None)


def _values(field: str, low: int, high: int, names: tuple[str, ...] = ()) -> set[int]:
    """Read a field: `*`, numbers, names, ranges, steps and lists of them."""

    def number(text: str) -> int:
        return names.index(text.lower()) + low if text.lower() in names else int(text)

    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        begin = low if span == "*" else number(first)
        end = number(last) if dash else high if span == "*" or step else begin
        found |= set(range(begin, end + 1, int(step or 1)))
    return found

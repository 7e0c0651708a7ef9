"""Dates in words, the same on screen, in decisions and in verdicts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date


def day(given: date) -> str:
    """Write a date; with strftime's `%-d` not every platform could.

    >>> from datetime import date
    >>> day(date(2025, 2, 7))
    '7 Feb 2025'
    """
    return f"{given.day} {given:%b %Y}"


def last(until: date) -> str:
    """Write the last day before an exclusive end."""
    return day(until - timedelta(days=1))


def period(since: date, until: date) -> str:
    """Write first and last day, up to an exclusive end.

    >>> from datetime import date
    >>> period(date(2025, 3, 10), date(2025, 4, 7)), period(date(2024, 12, 30), date(2025, 1, 6))
    ('10 Mar to 6 Apr 2025', '30 Dec 2024 to 5 Jan 2025')
    """
    same_year = since.year == (until - timedelta(days=1)).year
    return f"{day(since).removesuffix(f' {since.year}') if same_year else day(since)} to {last(until)}"

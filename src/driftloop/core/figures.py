"""Figures and dates in words, the same on screen, in decisions and in verdicts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from driftloop.core.text import line

if TYPE_CHECKING:
    from datetime import date

    from driftloop.core.decision.values import Decision
    from driftloop.core.intervals import Interval

MOST_NAMED = 4
LONGEST_VALUE = 40  # characters


def figure(value: float | None) -> str:
    """Write a number with about three digits that count.

    >>> figure(84.62), figure(0.1234), figure(None)
    ('84.6', '0.123', 'unknown')
    """
    if value is None:
        return "unknown"
    return f"{value:,.1f}" if abs(value) >= 10 else f"{value:.3g}"  # noqa: PLR2004


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


def percent(share: float, digits: int = 1) -> str:
    """Write a share.

    >>> percent(0.0984), percent(0.5, 0)
    ('9.8 %', '50 %')
    """
    return f"{100 * share:.{digits}f} %"


def quoted(value: str) -> str:
    r"""Write a value from the data: in quotes, short, without characters that show nothing.

    >>> quoted("0,9811"), quoted("\x1b[31m\u202e" + 50 * "x")
    ("'0,9811'", "'[31mxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…'")
    """
    shown = line(value)
    return f"'{shown if len(shown) <= LONGEST_VALUE else f'{shown[:LONGEST_VALUE]}…'}'"


def span(gain: Interval) -> str:
    """Write the interval of a share: `90 % interval 7.5 to 12.1 %`."""
    if gain.low is None or gain.high is None:
        return "no interval from a single day"
    return f"{percent(gain.level, 0)} interval {100 * gain.low:.1f} to {percent(gain.high)}"


def less_error(gain: Interval) -> str:
    """Write a relative gain, or what was lost."""
    if gain.estimate >= 0:
        return f"{percent(gain.estimate)} less error ({span(gain)})"
    turned = {"estimate": -gain.estimate, "low": _minus(gain.high), "high": _minus(gain.low)}
    return f"{percent(-gain.estimate)} more error ({span(gain.model_copy(update=turned))})"


def inputs_line(decision: Decision) -> str:
    """Say how many inputs are shifted, and that this is no reason to retrain; empty where nothing is known."""
    drift, inputs = decision.drift, decision.inputs
    if decision.policy == "evidently" and drift.share is not None:
        return f"{drift.drifted} of {drift.columns} columns shifted by Evidently's rule"
    if not inputs.columns:
        return ""
    if not inputs.shifted:
        return f"none of {inputs.columns} columns shifted beyond what is usual for it"
    names = ", ".join(inputs.shifted[:MOST_NAMED]) + ("…" if len(inputs.shifted) > MOST_NAMED else "")
    return f"{len(inputs.shifted)} of {inputs.columns} columns shifted ({names}): no reason to retrain by itself"


def _minus(bound: float | None) -> float | None:
    return None if bound is None else -bound

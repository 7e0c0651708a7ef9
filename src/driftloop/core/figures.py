"""Figures in words, the same on screen, in decisions and in verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftloop.core.text import line

if TYPE_CHECKING:
    from driftloop.core.intervals import Interval

LONGEST_VALUE = 40  # characters


def figure(value: float | None) -> str:
    """Write a number with about three digits that count.

    >>> figure(84.62), figure(0.1234), figure(None)
    ('84.6', '0.123', 'unknown')
    """
    if value is None:
        return "unknown"
    return f"{value:,.1f}" if abs(value) >= 10 else f"{value:.3g}"  # noqa: PLR2004


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


def _minus(bound: float | None) -> float | None:
    return None if bound is None else -bound

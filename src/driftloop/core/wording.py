"""Figures in words, the same on screen, in decisions and in verdicts."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from driftloop.core.diagnosis import Decision
    from driftloop.core.intervals import Interval

MOST_NAMED = 4
LONGEST_VALUE = 40  # characters
UNSHOWN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def percent(share: float, digits: int = 1) -> str:
    """Write a share.

    >>> percent(0.0984), percent(0.5, 0)
    ('9.8 %', '50 %')
    """
    return f"{100 * share:.{digits}f} %"


def quoted(value: str) -> str:
    r"""Write a value from the data: in quotes, short, without characters that control a terminal or the direction of text.

    >>> quoted("0,9811"), quoted("\x1b[31m\u202e" + 50 * "x")
    ("'0,9811'", "'\ufffd[31m\ufffdxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…'")
    """
    shown = value if len(value) <= LONGEST_VALUE else f"{value[:LONGEST_VALUE]}…"
    return "'" + "".join("\ufffd" if unicodedata.category(mark) in UNSHOWN else mark for mark in shown) + "'"


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

"""How many days to train on: candidates are refitted on rolling origins, and the one with the smallest loss is chosen.

Newer steps weigh more. Measured, a plain sum over the newest 8 steps was worse on every stream; and refits that are as old
as a model gets between two promotions chose no better windows there, and noticed an abrupt change months later. Figures:
benchmarks/README.md, "The training window".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TypeAlias

from driftloop.core.judging.refits import Step
from driftloop.core.models.recipe import Choice
from driftloop.core.windows import Window
from driftloop.params import MOST_STEPS

HALF_LIFE_STEPS = 8
MONDAY = date(1970, 1, 5)  # steps are counted from here, so that the choice does not depend on when production began

Totals: TypeAlias = Mapping[int | str, float]


def on_grid(day: date, step_days: int) -> date:
    """Return the first beginning of a step on a day or after it; weeks begin on Mondays."""
    return day + timedelta(days=-(day - MONDAY).days % step_days)


def origins(cut: date, *, step_days: int, label_delay_days: int) -> list[Step]:
    """List the steps by which a window is chosen when labels are known before `cut`, oldest first, at most 26.

    They lie on a grid of the calendar, so that every cut meets the same ones.
    """
    length = timedelta(days=step_days)
    end = on_grid(cut - length + timedelta(days=1), step_days)  # the newest whole step ends here or on the cut
    windows = [
        Window(since=until - length, until=until) for until in (end - length * back for back in range(MOST_STEPS))
    ]
    return [
        Step(
            window=window,
            known_until=window.since - timedelta(days=label_delay_days),
            judged=False,
            seeded=False,
        )
        for window in reversed(windows)
    ]


def choose(steps: Sequence[Totals], candidates: Sequence[int | str]) -> Choice:
    """Choose the window with the smallest weighted loss; the longer one where they are equal.

    Parameters
    ----------
    steps
        Per step that could be scored, oldest first: the sum of the losses by candidate. A candidate that is missing in one
        of them, because its rows taught nothing there, is not chosen.
    candidates
        From the longest to the shortest.
    """
    longest = candidates[0]
    if not steps:
        return Choice(train_days=longest)
    weights = [0.5 ** (back / HALF_LIFE_STEPS) for back in reversed(range(len(steps)))]
    sums = {
        days: sum(weight * step[days] for weight, step in zip(weights, steps, strict=True))
        for days in candidates
        if all(days in step for step in steps)
    }
    best = min(sums, key=sums.__getitem__)  # of equals the first: they are in order of length
    saved = 1 - sums[best] / sums[longest] if sums[longest] else 0.0
    return Choice(train_days=best, longest=longest, saved=saved, steps=len(steps))

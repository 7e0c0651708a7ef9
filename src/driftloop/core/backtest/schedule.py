"""The days on which the loop would have run, and the first production that it would have started with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from driftloop.core.judging.refits import judged_steps
from driftloop.core.judging.training_window import on_grid
from driftloop.errors import DataError

if TYPE_CHECKING:
    from datetime import date

    from driftloop.params import Params

FIRST_SHARE = 3  # the first production is trained on a third of the history
MOST_FIRST_DAYS = 365
LEARN_DAYS = 28  # of labels before the oldest refit


class ShortHistoryError(DataError):
    """A history is too short for a replay.

    Attributes
    ----------
    missing_days
        Days of data that have to be added; None where that is not known.
    """

    def __init__(self, line: str, *, missing_days: int | None = None) -> None:
        """Take the line for people, and the number for programs."""
        super().__init__(line)
        self.missing_days = missing_days


@dataclass(frozen=True)
class Schedule:
    """The runs of a replay.

    Attributes
    ----------
    first_cut
        The first production knows the labels before this day.
    runs
        Ends of data (exclusive), one step apart; the first is the day on which the first production goes live.
    delay
        Until labels are final.
    scored_until
        First day without final labels at the end of the history.
    """

    first_cut: date
    runs: tuple[date, ...]
    delay: timedelta
    scored_until: date


def plan(params: Params, *, first: date, until: date, first_days: int | None = None) -> Schedule:
    """Lay out the runs over a history.

    Parameters
    ----------
    params
        For the lengths of steps and of the judge window, and the label delay.
    first, until
        First day with a label; end of the data (exclusive).
    first_days
        That the first production is trained on; a third of the history, at most a year, unless given.

    Raises
    ------
    ShortHistoryError
        If it is.
    """
    step, delay = params.monitor.step_days, timedelta(days=params.data.label_delay_days)
    judged = judged_steps(params.least_judge_days, step) * step
    needed = judged + delay.days + LEARN_DAYS
    asked = first_days or min(MOST_FIRST_DAYS, max(needed, (until - delay - first).days // FIRST_SHARE))
    cut = on_grid(first + timedelta(days=asked), step)
    least = cut + timedelta(days=judged + step) + delay
    if least > until:
        msg = (
            f"backtest: expected data until {least} or later, so that the gate can judge once, got data until {until}: "
            f"labels begin on {first}, and the first production needs {asked} days of them"
        )
        raise ShortHistoryError(msg, missing_days=(least - until).days)
    runs = [cut + delay]
    while (following := runs[-1] + timedelta(days=step)) <= until:
        runs.append(following)
    return Schedule(first_cut=cut, runs=tuple(runs), delay=delay, scored_until=until - delay)


def at(params: Params, until: date, *, standing_until: date | None = None) -> Params:
    """Return the parameters as they were when data ended at the local midnight before `until`, with an approval or none."""
    instant = datetime.combine(until, time(), tzinfo=params.zone).isoformat()
    source = params.source.model_copy(update={"until": instant})
    retrain = params.retrain.model_copy(update={"standing_until": standing_until})
    return params.model_copy(update={"source": source, "retrain": retrain})

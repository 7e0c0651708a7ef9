"""The rows that production and recipe are compared on, and the steps among them whose data was faulty."""

from __future__ import annotations

from datetime import date, timedelta
from math import ceil
from typing import TYPE_CHECKING

import pandas as pd

from driftloop.core.columns import DAY, STEP
from driftloop.core.data import quality
from driftloop.core.data.declared import columns_of
from driftloop.core.data.inspection import Inspection
from driftloop.core.judging import refits
from driftloop.core.windows import Window, end_day, last_days
from driftloop.params import MOST_STEPS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from driftloop.core.alarms.values import Alarm
    from driftloop.core.data.cumulated import CumulatedProfile
    from driftloop.core.models.card import Card
    from driftloop.params import Params


def steps_of(params: Params, scored: pd.DataFrame) -> list[date]:
    """List the first days of the steps that scored rows fall into, in order of time.

    Rows of a holdout, which has no steps, are cut into steps from its first day on.
    """
    if scored.empty:
        return []
    if STEP in scored:
        return sorted(scored[STEP].unique())
    days, first = timedelta(days=params.monitor.step_days), scored[DAY].min()
    return [first + days * place for place in range((scored[DAY].max() - first) // days + 1)]


def faulty_steps(
    params: Params, card: Card, profile: CumulatedProfile, steps: Iterable[date], alarms: Sequence[Alarm] = ()
) -> list[date]:
    """List the steps with faulty data: their losses say nothing about the model.

    Parameters
    ----------
    params, card
        The length of a step and the columns; production's reference. Without production, steps are compared with the
        days before those that are judged.
    profile
        Of all days.
    steps
        First days; see `steps_of`.
    alarms
        Data alarms.
    """
    if not len(profile.days):
        return []
    first = date(1970, 1, 1) + timedelta(days=int(profile.days[0]))
    reference = card.reference or Window(since=first, until=holdout(params).since)
    columns = columns_of(params, card)

    def breaks_rule(window: Window) -> bool:
        return has_fault(Inspection(profile, columns, window, reference, params.data.accepted_missing))

    return faulty_among(steps, params.monitor.step_days, alarms, breaks_rule)


def faulty_among(
    steps: Iterable[date], step_days: int, alarms: Sequence[Alarm], breaks_rule: Callable[[Window], bool]
) -> list[date]:
    """Keep the steps of so many days in which a data alarm on a fault lasted, or that broke a quality rule."""
    faults = [alarm for alarm in alarms if alarm.kind == "fault"]
    windows = [Window(since=step, until=step + timedelta(days=step_days)) for step in steps]
    return [
        window.since
        for window in windows
        if any(alarm.touches(window.since, window.until) for alarm in faults) or breaks_rule(window)
    ]


def sound_rows(params: Params, scored: pd.DataFrame, faulty: Iterable[date]) -> pd.DataFrame:
    """Leave out the rows of faulty steps."""
    lasts = timedelta(days=params.monitor.step_days)
    hit = pd.Series(data=False, index=scored.index)
    for step in faulty:
        hit |= (scored[DAY] >= step) & (scored[DAY] < step + lasts)
    return scored[~hit]


def has_fault(evidence: Inspection) -> bool:
    """Whether a quality rule finds a fault."""
    return any(finding.kind == "fault" for finding in quality.check(evidence))


def recent_rows(params: Params, scored: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows in which the recent error is measured."""
    return _newest(params, scored, params.least_judge_days)


def judged_rows(params: Params, scored: pd.DataFrame, faulty: Collection[date] = ()) -> tuple[pd.DataFrame, list[date]]:
    """Keep the rows of the gate's window, and name the steps in it that prevent any promotion.

    Parameters
    ----------
    params
        The parameters.
    scored
        Rows with `STEP` and `DAY`.
    faulty
        First days of steps whose data was faulty. Among the recent ones they prevent a promotion; older ones are left out.

    Returns
    -------
    tuple of pandas.DataFrame and list of date
        The rows, and the faulty steps among the recent.
    """
    rows, recent = _newest(params, scored, judge_days(params, scored)), steps_of(params, recent_rows(params, scored))
    if STEP in rows:
        rows = rows[~rows[STEP].isin(set(faulty) - set(recent))]
    return rows, [step for step in recent if step in faulty]


def _newest(params: Params, scored: pd.DataFrame, days: int) -> pd.DataFrame:
    step = params.monitor.step_days
    steps = refits.judged_steps(days, step)
    return refits.newest_steps(scored, steps, labelled_until=labelled_until(params), step_days=step)


def judge_days(params: Params, rows: pd.DataFrame) -> int:
    """Return how many of the newest labelled days the gate may look at.

    Where rows are few they are as many as hold `evaluate.min_rows`, as far as there are refits; a length that params.yaml
    fixes is kept.

    Parameters
    ----------
    params
        The parameters.
    rows
        Labelled rows with `DAY`; the newest half year tells how many there are a day.
    """
    most = params.most_judge_days
    if params.windows.judge_days != "auto" or rows.empty:
        return most
    longest = MOST_STEPS * params.monitor.step_days
    newest = rows[rows[DAY] > rows[DAY].max() - timedelta(days=longest)]
    a_day: float = len(newest) / ((newest[DAY].max() - newest[DAY].min()).days + 1)
    return min(longest, max(most, ceil(params.evaluate.min_rows / a_day)))


def holdout(params: Params) -> Window:
    """Return the days that a candidate is judged on where there are no refits (`monitor.refit: false`)."""
    return last_days(labelled_until(params), params.least_judge_days)


def labelled_until(params: Params) -> date:
    """Return the first day whose labels are not final."""
    return end_day(params.source.until_instant, params.zone) - timedelta(days=params.data.label_delay_days)

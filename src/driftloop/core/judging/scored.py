"""The rows that production and recipe are compared on, and the steps among them that say nothing."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from driftloop.core.columns import DAY, STEP
from driftloop.core.data import quality
from driftloop.core.data.schema import columns_of
from driftloop.core.judging import refits
from driftloop.core.windows import Window, end_day

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from driftloop.core.alarms.values import Alarm
    from driftloop.core.data.cumulated import CumulatedProfile
    from driftloop.core.models.card import Card
    from driftloop.params import Params


def faulty_steps(
    params: Params, card: Card, profile: CumulatedProfile, scored: pd.DataFrame, alarms: Sequence[Alarm] = ()
) -> list[date]:
    """List the steps of scored rows with faulty data: their losses say nothing about the model.

    A step is faulty if it broke a quality rule, or if a data alarm on a fault lasted in it.

    Rows of a holdout, which has no steps, are cut into steps from its first day on.
    """
    reference = card.reference
    if reference is None or scored.empty:
        return []
    columns = columns_of(params, card)
    days = timedelta(days=params.monitor.step_days)
    if STEP in scored:
        steps = sorted(scored[STEP].unique())
    else:
        first = scored[DAY].min()
        steps = [first + days * place for place in range((scored[DAY].max() - first) // days + 1)]
    return [
        step
        for step in steps
        if any(alarm.kind == "fault" and alarm.touches(step, step + days) for alarm in alarms)
        or has_fault(quality.Inspection(profile, columns, Window(since=step, until=step + days), reference))
    ]


def has_fault(evidence: quality.Inspection) -> bool:
    """Say whether a quality rule finds a fault."""
    return any(finding.kind == "fault" for finding in quality.check(evidence))


def judged_rows(params: Params, scored: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows of the gate's window."""
    steps = refits.judged_steps(params.windows.judge_days, params.monitor.step_days)
    return refits.newest_steps(scored, steps, labelled_until=labelled_until(params), step_days=params.monitor.step_days)


def labelled_until(params: Params) -> date:
    """Give the first day whose labels are not final."""
    return end_day(params.source.until_instant, params.zone) - timedelta(days=params.data.label_delay_days)

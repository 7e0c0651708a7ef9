"""The overview from everything that a run has measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftloop.core.alarms.daily import daily_columns
from driftloop.core.data.declared import columns_of
from driftloop.core.overview import errors
from driftloop.core.overview.inputs import inputs, periods, weeks
from driftloop.core.overview.values import Overview
from driftloop.core.windows import end_day

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from driftloop.core.data.grid import Grid
    from driftloop.core.decision.evidence import Evidence
    from driftloop.core.judging.data_alarms import Alarms
    from driftloop.core.models.card import Card
    from driftloop.params import Params


def overview(
    params: Params,
    card: Card,
    evidence: Evidence,
    *,
    scored: pd.DataFrame,
    profile: pd.DataFrame,
    histogram: pd.DataFrame,
    grid: Grid,
    alarms: Alarms,
    importance: Mapping[str, float],
) -> Overview:
    """Gather what the dashboard shows beside the decision.

    Parameters
    ----------
    params, card, evidence
        The parameters, production's card, and what was measured of it.
    scored
        refits.parquet.
    profile, histogram, grid
        What `prepare` writes.
    alarms
        Data alarms and faulty steps.
    importance
        Per input, see `importance.importance`.
    """
    until = end_day(params.source.until_instant, params.zone)
    columns, first = daily_columns(profile, histogram, grid, columns_of(params, card), until=until)
    usual = errors.band(card, params.evaluate.metric, step_days=params.monitor.step_days)
    fewest, private = params.report.min_bin_rows, params.data.private
    shown = [name for name in params.data.segments if name not in private]
    return Overview(
        until=until,
        version=card.version,
        low=usual[0] if usual else None,
        high=usual[1] if usual else None,
        steps=tuple(errors.steps(scored, evidence, alarms.faulty_steps, step_days=params.monitor.step_days))
        if card.version
        else (),
        weeks=tuple(weeks(first, until)),
        periods=tuple(periods(first, until)),
        inputs=tuple(
            inputs(
                columns,
                first,
                until,
                grid=grid,
                history=alarms.history,
                importance=importance,
                private=private,
                fewest=fewest,
            )
        ),
        segments=tuple(errors.segments(evidence, shown, fewest=fewest, confidence=params.evaluate.confidence)),
        min_bin_rows=fewest,
    )

"""Data alarms of a run: the state of every day of the profile, in one call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftloop.core.alarms.daily import daily_columns
from driftloop.core.alarms.detector import detect
from driftloop.core.data.declared import columns_of
from driftloop.core.windows import end_day

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from driftloop.core.alarms.values import AlarmHistory
    from driftloop.core.data.grid import Grid
    from driftloop.core.models.card import Card
    from driftloop.params import Params


def find_alarms(
    params: Params, card: Card, profile: pd.DataFrame, histogram: pd.DataFrame, grid: Grid, *, until: date | None = None
) -> AlarmHistory:
    """Find the data alarms of all days.

    Parameters
    ----------
    params, card
        `monitor.data_alarms_per_year`, `monitor.quiet_days` and the columns; what production has seen.
    profile, histogram, grid
        What `prepare` writes; see `profile.daily` and `histogram`.
    until
        First day to leave out; None: the end of the data. The states of the days before do not depend on it.
    """
    end = end_day(params.source.until_instant, params.zone) if until is None else until
    columns, first = daily_columns(profile, histogram, grid, columns_of(params, card), until=end)
    return detect(
        columns,
        first,
        per_year=params.monitor.data_alarms_per_year,
        quiet_days=params.monitor.quiet_days,
        accepted=card.trained_until,
        anew=params.data.accepted_since,
    )

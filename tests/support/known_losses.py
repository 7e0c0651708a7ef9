"""A replay on losses that are known exactly: 1 a row, and 2 from a change on for whoever knows no day of it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from factories import START, make_days, make_params

from driftloop.core.backtest import schedule
from driftloop.core.backtest.replay import Replay
from driftloop.core.backtest.values import Fit, Rule, Stream
from driftloop.core.columns import DAY, STEP
from driftloop.core.decision.policy import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from driftloop.core.backtest.values import Losses, Replayed

ROWS = 4  # a day
WEEKS = 48
CHANGE = START + timedelta(weeks=30)
AVOIDABLE = Settings(alert_at_days=8, calendar_days=91)


def losses_of(fits: Sequence[Fit], change: date | None = CHANGE) -> list[Losses | None]:
    """Give 1 a row, and 2 from the change on for whoever knows no day of it."""
    days = [np.array([day for day in all_days() if fit.window.since <= day < fit.window.until]) for fit in fits]
    return [
        np.where((day >= change) & (fit.cut <= change), 2.0, 1.0) if change and len(day) else np.ones(len(day))
        for fit, day in zip(fits, days, strict=True)
    ]


def all_days() -> list[date]:
    return make_days(7 * WEEKS, rows=ROWS)


def replay(*, answer_days: int = 0, delay: int = 7, change: date | None = CHANGE, **stream: Any) -> Replay:
    until = START + timedelta(weeks=WEEKS) + timedelta(days=delay)
    params = make_params(data={"label_delay_days": delay}, evaluate={"min_rows": 50})
    found = Stream(
        rows=pd.DataFrame({DAY: all_days()}),
        losses=lambda fits: losses_of(fits, change),
        seeded=False,
        **stream,
    )
    laid_out = schedule.plan(params, first=START, until=until, first_days=140)
    return Replay(params, found, laid_out, answer_days=answer_days)


def broken_at_each_answer(_: Any, scored: pd.DataFrame, until: date) -> list[date]:
    """Call the newest step broken when an answer of a week is due: alerts come five weeks after the change, and every second."""
    return (
        list(scored[STEP].unique())[-1:] if until in {CHANGE + timedelta(weeks=week) for week in (6, 8, 10, 12)} else []
    )


def replayed(policy: str = "avoidable_loss", *, standing_days: int = 0, gated: bool = True, **over: Any) -> Replayed:
    return replay(**over).under(Rule(policy, policy, AVOIDABLE, standing_days, gated=gated))

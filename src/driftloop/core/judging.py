"""The gate on the rows of one run: what `evaluate` says, and what is looked at before anybody is asked to retrain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftloop.core import gate, refits
from driftloop.core.windows import last_day
from driftloop.core.wording import day

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    import pandas as pd

    from driftloop.core.production import Card
    from driftloop.params import Params

BROKEN = "data fault in the judged step from"


def verdict(params: Params, card: Card, judged: pd.DataFrame) -> gate.Verdict:
    """Say whether the recipe may be promoted, as far as losses tell.

    Parameters
    ----------
    params, card
        The parameters, and production's card.
    judged
        The rows of the gate's window; see `judged.judged_rows` and `gate.judge`.
    """
    fresh = params.monitor.refit
    if card.trained_until is None:
        reason = "there is no production model to compare with; `driftloop promote --first` makes this one version 1"
        return gate.Verdict(outcome="not comparable yet", reasons=(reason,), rows=len(judged), fresh=fresh)
    if (first := comparable_from(params, card.trained_until)) > last_day(params.source.until_instant, params.zone):
        return gate.not_comparable(first, known_rows=len(judged), fresh=fresh)
    return gate.judge(
        judged,
        min_gain=params.evaluate.min_gain,
        confidence=params.evaluate.confidence,
        min_rows=params.evaluate.min_rows,
        max_segment_loss=params.evaluate.max_segment_loss,
        segments=params.data.segments,
        private=params.data.private,
        fresh=fresh,
    )


def comparable_from(params: Params, trained_until: date) -> date:
    """Give the end of data (exclusive) from which the gate has rows enough that production has not seen."""
    return refits.comparable_from(
        trained_until=trained_until,
        step_days=params.monitor.step_days,
        judge_days=params.windows.judge_days,
        label_delay_days=params.data.label_delay_days,
        refit=params.monitor.refit,
    )


def broken(steps: Iterable[date]) -> list[str]:
    """Say of steps (first days) that their data was broken, for `gate.vetoed`."""
    return [f"{BROKEN} {day(step)}" for step in steps]

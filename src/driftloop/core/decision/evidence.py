"""From scored rows to what policies look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from driftloop.core import intervals
from driftloop.core.columns import DAY, PRODUCTION_LOSS, REFIT_LOSS, STEP, scores_of
from driftloop.core.decision.policy import LOSS_RISE
from driftloop.core.decision.values import Pattern
from driftloop.core.judging import gate, refits
from driftloop.core.judging.scored import judged_rows

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    import pandas as pd

    from driftloop.core.intervals import Interval
    from driftloop.core.models.card import Card
    from driftloop.params import Params


@dataclass(frozen=True)
class Measured:
    """What refits.parquet says.

    Attributes
    ----------
    judged
        The rows of the newest steps that make up the judge window.
    error
        Production's mean loss on them; None without production or rows.
    normal_error
        Production's honest mean loss at its promotion; None where nothing is known of it.
    waiting, recent_gain, refusal
        See `policy.Evidence`; None where there are no refits, or no normal error to measure them by.
    """

    judged: pd.DataFrame
    error: Interval | None = None
    normal_error: float | None = None
    waiting: refits.Waiting | None = None
    recent_gain: Interval | None = None
    refusal: str | None = None


def gather(params: Params, card: Card, scored: pd.DataFrame, left_out: Collection[date]) -> Measured:
    """Take from the scored rows what policies look at.

    Parameters
    ----------
    params, card
        The parameters, and production's card.
    scored
        refits.parquet: `STEP`, `DAY`, `PRODUCTION_LOSS` and, where there are refits, `REFIT_LOSS`; see `names`.
    left_out
        Steps whose losses say nothing; see `faulty_steps`.
    """
    sound = scored[~scored[STEP].isin(left_out)]
    judged, confidence = judged_rows(params, sound), params.evaluate.confidence
    normal = _normal_error(params, card, sound) if card.version else None
    if judged.empty or card.version == 0:
        return Measured(judged, normal_error=normal)
    error = intervals.mean(judged[PRODUCTION_LOSS], judged[DAY], confidence=confidence)
    if REFIT_LOSS not in scored or not normal or not judged[PRODUCTION_LOSS].sum():
        return Measured(judged, error, normal)
    faulty = [step for step in judged_rows(params, scored)[STEP].unique() if step in left_out]
    verdict = gate.vetoed(gate.verdict(params, card, judged), gate.step_faults(faulty))
    return Measured(
        judged=judged,
        error=error,
        normal_error=normal,
        waiting=refits.avoidable_loss(
            scored, normal_error=normal, min_gain=params.evaluate.min_gain, left_out=left_out
        ),
        recent_gain=refits.relative_gain(judged, confidence=confidence),
        refusal=None if verdict.outcome == "promote" else verdict.reasons[0],
    )


def _normal_error(params: Params, card: Card, sound: pd.DataFrame) -> float | None:
    """Give the card's normal error; where it has none, that of the first refits after the promotion."""
    known = card.normal_error.get(params.evaluate.metric)
    if known is not None or REFIT_LOSS not in sound:
        return known
    steps = refits.judged_steps(params.windows.judge_days, params.monitor.step_days)
    first = sound[sound[STEP].isin(sorted(sound[STEP].unique())[:steps])]
    return float(first[REFIT_LOSS].mean()) if len(first) else None


def rose_since(params: Params, measured: Measured, scored: pd.DataFrame, since: date) -> bool:
    """Say whether production's loss rose on a day, for certain: above normal, and above the weeks before.

    A loss that was up before says nothing about what happened on that day.
    """
    after, before = scored[scored[DAY] >= since], scored[scored[DAY] < since]
    if after.empty or measured.normal_error is None:
        return False
    earlier = float(before[PRODUCTION_LOSS].mean()) if len(before) else 0.0
    rise = intervals.mean(after[PRODUCTION_LOSS], after[DAY], confidence=params.evaluate.confidence)
    return rise.above(LOSS_RISE * max(measured.normal_error, earlier))


def pattern(params: Params, judged: pd.DataFrame) -> Pattern:
    """Say how production errs on the judged rows, without any private value."""
    target = params.data.target
    bias = None
    if params.data.task == "regression" and target not in params.data.private:
        bias = float((judged[f"{scores_of('production')}prediction"] - judged[target]).mean())
    worst: tuple[float, str] | None = None
    for column in (name for name in params.data.segments if name not in params.data.private):
        means = judged.groupby(column)[PRODUCTION_LOSS].mean()
        if means.empty:
            continue
        here = (float(means.max()), f"{column} = {means.idxmax()}")
        worst = max(worst, here) if worst else here
    return Pattern(bias=bias, worst=worst[1] if worst else None, worst_error=worst[0] if worst else None)

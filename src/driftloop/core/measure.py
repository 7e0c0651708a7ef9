"""From scored rows to what policies look at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from driftloop.core import intervals, quality, refits
from driftloop.core.diagnosis import Pattern
from driftloop.core.schema import columns_of
from driftloop.core.windows import Window

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd

    from driftloop.core.intervals import Interval
    from driftloop.core.production import Card
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
    waiting, recent_gain, long_gain
        See `policy.Evidence`; None where there are no refits, or no normal error to measure them by.
    """

    judged: pd.DataFrame
    error: Interval | None = None
    waiting: refits.Waiting | None = None
    recent_gain: Interval | None = None
    long_gain: Interval | None = None


def faulty_steps(params: Params, card: Card, profile: pd.DataFrame, scored: pd.DataFrame) -> list[date]:
    """List the steps whose rows broke a quality rule: their losses say nothing about the model."""
    reference = card.reference
    if reference is None or scored.empty:
        return []
    columns = columns_of(params, card)
    days = timedelta(days=params.monitor.step_days)
    return [
        step
        for step in sorted(scored["step"].unique())
        if any(
            finding.kind == "fault"
            for finding in quality.check(
                quality.Evidence(profile, columns, Window(since=step, until=step + days), reference)
            )
        )
    ]


def measure(params: Params, card: Card, scored: pd.DataFrame, left_out: Collection[date]) -> Measured:
    """Take from the scored rows what policies look at.

    Parameters
    ----------
    params, card
        The parameters, and production's card.
    scored
        refits.parquet: `step`, `_day`, `production_loss` and, where there are refits, `refit_loss`.
    left_out
        Steps whose losses say nothing; see `faulty_steps`.
    """
    steps = refits.judged_steps(params.windows.judge_days, params.monitor.step_days)
    sound = scored[~scored["step"].isin(left_out)]
    judged, confidence = refits.newest_steps(sound, steps), params.evaluate.confidence
    if judged.empty or card.version == 0:
        return Measured(judged)
    error = intervals.mean(judged["production_loss"], judged["_day"], confidence=confidence)
    normal = card.normal_error.get(params.evaluate.metric)
    if "refit_loss" not in scored or not normal or not judged["production_loss"].sum():
        return Measured(judged, error)
    return Measured(
        judged=judged,
        error=error,
        waiting=refits.avoidable_loss(
            scored, normal_error=normal, min_gain=params.evaluate.min_gain, left_out=left_out
        ),
        recent_gain=refits.relative_gain(judged, confidence=confidence),
        long_gain=refits.relative_gain(refits.newest_steps(sound, refits.GAIN_STEPS), confidence=confidence),
    )


def pattern(params: Params, judged: pd.DataFrame) -> Pattern:
    """Say how production errs on the judged rows, without any private value."""
    target = params.data.target
    bias = None
    if params.data.task == "regression" and target not in params.data.private:
        bias = float((judged["production:prediction"] - judged[target]).mean())
    worst: tuple[float, str] | None = None
    for column in (name for name in params.data.segments if name not in params.data.private):
        means = judged.groupby(column)["production_loss"].mean()
        here = (float(means.max()), f"{column} = {means.idxmax()}")
        worst = max(worst, here) if worst else here
    return Pattern(bias=bias, worst=worst[1] if worst else None, worst_error=worst[0] if worst else None)

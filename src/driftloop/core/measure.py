"""From scored rows to what policies look at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from driftloop.core import intervals, quality, refits
from driftloop.core.diagnosis import Pattern
from driftloop.core.schema import columns_of
from driftloop.core.windows import Window, last_day

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
    normal_error
        Production's honest mean loss at its promotion; None where nothing is known of it.
    waiting, recent_gain, long_gain
        See `policy.Evidence`; None where there are no refits, or no normal error to measure them by.
    """

    judged: pd.DataFrame
    error: Interval | None = None
    normal_error: float | None = None
    waiting: refits.Waiting | None = None
    recent_gain: Interval | None = None
    long_gain: Interval | None = None


def faulty_steps(params: Params, card: Card, profile: pd.DataFrame, scored: pd.DataFrame) -> list[date]:
    """List the steps of scored rows that broke a quality rule: their losses say nothing about the model.

    Rows of a holdout, which has no steps, are cut into steps from its first day on.
    """
    reference = card.reference
    if reference is None or scored.empty:
        return []
    columns = columns_of(params, card)
    days = timedelta(days=params.monitor.step_days)
    if "step" in scored:
        steps = sorted(scored["step"].unique())
    else:
        first = scored["_day"].min()
        steps = [first + days * place for place in range((scored["_day"].max() - first) // days + 1)]
    return [
        step
        for step in steps
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
    sound = scored[~scored["step"].isin(left_out)]
    judged, confidence = judged_rows(params, sound), params.evaluate.confidence
    if judged.empty or card.version == 0:
        return Measured(judged)
    error = intervals.mean(judged["production_loss"], judged["_day"], confidence=confidence)
    normal = _normal_error(params, card, sound)
    if "refit_loss" not in scored or not normal or not judged["production_loss"].sum():
        return Measured(judged, error, normal)
    until, days = labelled_until(params), params.monitor.step_days
    longer = refits.newest_steps(sound, refits.GAIN_STEPS, labelled_until=until, step_days=days)
    return Measured(
        judged=judged,
        error=error,
        normal_error=normal,
        waiting=refits.avoidable_loss(
            scored, normal_error=normal, min_gain=params.evaluate.min_gain, left_out=left_out
        ),
        recent_gain=refits.relative_gain(judged, confidence=confidence),
        long_gain=refits.relative_gain(longer, confidence=confidence),
    )


def judged_rows(params: Params, scored: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows of the gate's window."""
    steps = refits.judged_steps(params.windows.judge_days, params.monitor.step_days)
    return refits.newest_steps(scored, steps, labelled_until=labelled_until(params), step_days=params.monitor.step_days)


def labelled_until(params: Params) -> date:
    """Give the first day whose labels are not final."""
    return last_day(params.source.until_instant, params.zone) - timedelta(days=params.data.label_delay_days)


def _normal_error(params: Params, card: Card, sound: pd.DataFrame) -> float | None:
    """Give the card's normal error; where it has none, that of the first refits after the promotion."""
    known = card.normal_error.get(params.evaluate.metric)
    if known is not None or "refit_loss" not in sound:
        return known
    steps = refits.judged_steps(params.windows.judge_days, params.monitor.step_days)
    first = sound[sound["step"].isin(sorted(sound["step"].unique())[:steps])]
    return float(first["refit_loss"].mean()) if len(first) else None


def pattern(params: Params, judged: pd.DataFrame) -> Pattern:
    """Say how production errs on the judged rows, without any private value."""
    target = params.data.target
    bias = None
    if params.data.task == "regression" and target not in params.data.private:
        bias = float((judged["production:prediction"] - judged[target]).mean())
    worst: tuple[float, str] | None = None
    for column in (name for name in params.data.segments if name not in params.data.private):
        means = judged.groupby(column)["production_loss"].mean()
        if means.empty:
            continue
        here = (float(means.max()), f"{column} = {means.idxmax()}")
        worst = max(worst, here) if worst else here
    return Pattern(bias=bias, worst=worst[1] if worst else None, worst_error=worst[0] if worst else None)

"""What was measured of production, from the rows that it and the refits were scored on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from driftloop.core import intervals
from driftloop.core.columns import DAY, PRODUCTION_LOSS, REFIT_LOSS, STEP
from driftloop.core.decision.thresholds import FAR_RISE, LOSS_RISE
from driftloop.core.decision.values import Drift, WithFaults
from driftloop.core.judging import gate, refits
from driftloop.core.judging.scored import judged_rows, recent_rows
from driftloop.core.windows import Window, end_day

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    import pandas as pd

    from driftloop.core.intervals import Interval
    from driftloop.core.models.card import Card
    from driftloop.params import Params


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What has been measured when the data ends on a day; None where it could not be.

    Attributes
    ----------
    until
        End of the data (exclusive).
    trained_until
        First day that production has not seen; None without production.
    sound, judged
        The scored rows of all steps whose data was sound; those of the newest steps, in which the error is measured.
    error
        Production's mean loss on the judged rows; None without production or rows.
    normal_error
        Its honest mean loss at its promotion; None where nothing is known of it.
    rise, far_rise
        By how much that loss exceeds normal and a tenth, and twice normal. What is normal was measured in a few weeks, and is
        uncertain too.
    with_faults
        Its loss where the steps left out count as well; None where there are none among the newest.
    waiting
        The avoidable loss; None, as what follows, where there are no refits or no normal error to measure them by.
    recent_gain
        Share of production's loss that refits saved on the judged rows.
    refusal
        Why the gate would reject production's recipe if it were trained anew today; None if it would accept it.
    drift
        What Evidently's page says.
    """

    until: date
    trained_until: date | None
    sound: pd.DataFrame = field(repr=False, compare=False)
    judged: pd.DataFrame = field(repr=False, compare=False)
    error: Interval | None = None
    normal_error: float | None = None
    rise: Interval | None = None
    far_rise: Interval | None = None
    with_faults: WithFaults | None = None
    waiting: refits.Waiting | None = None
    recent_gain: Interval | None = None
    refusal: str | None = None
    drift: Drift = field(default_factory=Drift)

    @property
    def loss_is_up(self) -> bool:
        """Whether measured loss is certainly above normal."""
        return self.rise is not None and self.rise.above(0)

    @property
    def loss_is_far_up(self) -> bool:
        """Whether measured loss is certainly above twice normal."""
        return self.far_rise is not None and self.far_rise.above(0)

    def rose_since(self, since: date, *, confidence: float) -> bool:
        """Whether production's loss certainly rose on a day: above normal, and above the weeks before.

        A loss that was up before says nothing about what happened on that day.

        Parameters
        ----------
        since
            The day.
        confidence
            Of the one-sided bound.
        """
        after, before = self.sound[self.sound[DAY] >= since], self.sound[self.sound[DAY] < since]
        if after.empty or self.normal_error is None:
            return False
        earlier = float(before[PRODUCTION_LOSS].mean()) if len(before) else 0.0
        rise = intervals.mean(after[PRODUCTION_LOSS], after[DAY], confidence=confidence)
        return rise.above(LOSS_RISE * max(self.normal_error, earlier))


def gather(
    params: Params, card: Card, scored: pd.DataFrame, left_out: Collection[date], *, drift: Drift | None = None
) -> Evidence:
    """Take from the scored rows what policies look at.

    Parameters
    ----------
    params, card
        The parameters, and production's card.
    scored
        refits.parquet: `STEP`, `DAY`, `PRODUCTION_LOSS` and, where there are refits, `REFIT_LOSS`; see `columns`.
    left_out
        Steps whose losses say nothing; see `faulty_steps`.
    drift
        What Evidently's page says; None where there is none.
    """
    sound, newest = scored[~scored[STEP].isin(left_out)], recent_rows(params, scored)
    faulty = [step for step in newest[STEP].unique() if step in left_out]
    judged, confidence = recent_rows(params, sound), params.evaluate.confidence
    normal = _normal_error(params, card, sound) if card.version else None
    evidence = Evidence(
        until=end_day(params.source.until_instant, params.zone),
        trained_until=card.trained_until,
        sound=sound,
        judged=judged,
        normal_error=normal,
        with_faults=_with_faults(newest, len(faulty), confidence) if faulty and card.version else None,
        drift=drift or Drift(),
    )
    if judged.empty or card.version == 0:
        return evidence
    evidence = replace(
        evidence,
        error=intervals.mean(judged[PRODUCTION_LOSS], judged[DAY], confidence=confidence),
        rise=_rise(params, card, judged, normal, LOSS_RISE),
        far_rise=_rise(params, card, judged, normal, FAR_RISE),
    )
    if REFIT_LOSS not in scored or not normal or not judged[PRODUCTION_LOSS].sum():
        return evidence
    compared, _ = judged_rows(params, scored, left_out)
    verdict = gate.verdict(params, card, compared[~compared[STEP].isin(left_out)], faulty=faulty)
    return replace(
        evidence,
        waiting=refits.avoidable_loss(
            scored, normal_error=normal, min_gain=params.evaluate.min_gain, left_out=left_out
        ),
        recent_gain=refits.relative_gain(judged, confidence=confidence),
        refusal=None if verdict.outcome == "promote" else verdict.reasons[0],
    )


def _rise(params: Params, card: Card, judged: pd.DataFrame, normal: float | None, factor: float) -> Interval | None:
    """Compare the loss with that of the days by which the card knows what is normal; with the number alone, if it has none."""
    metric, confidence = params.evaluate.metric, params.evaluate.confidence
    days = [each for each in card.judged if metric in each.losses]
    if normal is None:
        return None
    if not days:
        error = judged[PRODUCTION_LOSS] - factor * normal
        return intervals.mean(error, judged[DAY], confidence=confidence)
    before = [each.losses[metric] for each in days], [each.rows for each in days], [each.day for each in days]
    now = judged[PRODUCTION_LOSS], np.ones(len(judged)), judged[DAY]
    return intervals.rise(now, before, factor=factor, confidence=confidence)


def _with_faults(newest: pd.DataFrame, steps: int, confidence: float) -> WithFaults:
    judged = Window(since=newest[DAY].min(), until=newest[DAY].max() + timedelta(days=1))
    error = intervals.mean(newest[PRODUCTION_LOSS], newest[DAY], confidence=confidence)
    return WithFaults(error=error, judged=judged, rows=len(newest), steps=steps)


def _normal_error(params: Params, card: Card, sound: pd.DataFrame) -> float | None:
    """Return the card's normal error; where it has none, that of the first refits after the promotion."""
    known = card.normal_error.get(params.evaluate.metric)
    if known is not None or REFIT_LOSS not in sound:
        return known
    steps = refits.judged_steps(params.least_judge_days, params.monitor.step_days)
    first = sound[sound[STEP].isin(sorted(sound[STEP].unique())[:steps])]
    return float(first[REFIT_LOSS].mean()) if len(first) else None

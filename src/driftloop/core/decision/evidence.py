"""What was measured of production, from the rows that it and the refits were scored on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from driftloop.core import intervals
from driftloop.core.columns import DAY, PRODUCTION_LOSS, REFIT_LOSS, STEP
from driftloop.core.decision.thresholds import LOSS_RISE, RISE_CONFIDENCE
from driftloop.core.decision.values import Drift, WithFaults
from driftloop.core.intervals import Spread
from driftloop.core.judging import gate, refits
from driftloop.core.judging.scored import judged_rows
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
        The scored rows of all steps whose data was sound; those of the newest steps that make up the judge window.
    error
        Production's mean loss on the judged rows; None without production or rows.
    normal_error
        Its honest mean loss at its promotion; None where nothing is known of it.
    rise
        By how much its loss exceeds 1.1 times normal: both are measured, so both are uncertain.
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
    with_faults: WithFaults | None = None
    waiting: refits.Waiting | None = None
    recent_gain: Interval | None = None
    refusal: str | None = None
    drift: Drift = field(default_factory=Drift)

    @property
    def loss_is_up(self) -> bool:
        """Whether measured loss is certainly above normal."""
        return self.rise is not None and self.rise.above(0)

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
    sound, newest = scored[~scored[STEP].isin(left_out)], judged_rows(params, scored)
    faulty = [step for step in newest[STEP].unique() if step in left_out]
    judged, confidence = judged_rows(params, sound), params.evaluate.confidence
    usual = _normal(params, card, sound) if card.version else None
    normal = usual.estimate if usual else None
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
    recent = intervals.spread(judged[PRODUCTION_LOSS], np.ones(len(judged)), judged[DAY])
    evidence = replace(
        evidence,
        error=intervals.mean(judged[PRODUCTION_LOSS], judged[DAY], confidence=confidence),
        rise=intervals.difference(recent, usual, factor=LOSS_RISE, confidence=RISE_CONFIDENCE) if usual else None,
    )
    if REFIT_LOSS not in scored or not normal or not judged[PRODUCTION_LOSS].sum():
        return evidence
    verdict = gate.verdict(params, card, judged, faulty=faulty)
    return replace(
        evidence,
        waiting=refits.avoidable_loss(
            scored, normal_error=normal, min_gain=params.evaluate.min_gain, left_out=left_out
        ),
        recent_gain=refits.relative_gain(judged, confidence=confidence),
        refusal=None if verdict.outcome == "promote" else verdict.reasons[0],
    )


def _with_faults(newest: pd.DataFrame, steps: int, confidence: float) -> WithFaults:
    judged = Window(since=newest[DAY].min(), until=newest[DAY].max() + timedelta(days=1))
    error = intervals.mean(newest[PRODUCTION_LOSS], newest[DAY], confidence=confidence)
    return WithFaults(error=error, judged=judged, rows=len(newest), steps=steps)


def _normal(params: Params, card: Card, sound: pd.DataFrame) -> Spread | None:
    """Return the card's normal error; where it has none, that of the first refits after the promotion.

    The days that it was measured on say how certain it is. A card without them is believed.
    """
    metric = params.evaluate.metric
    if (known := card.normal_error.get(metric)) is not None:
        days = [day for day in card.judged if metric in day.losses and day.rows]
        if not days:
            return Spread(known, 0.0, 1.0)
        sums, rows = ([day.losses[metric] for day in days], [day.rows for day in days])
        return intervals.spread(sums, rows, [day.day for day in days])._replace(estimate=known)
    if REFIT_LOSS not in sound:
        return None
    steps = refits.judged_steps(params.windows.judge_days, params.monitor.step_days)
    first = sound[sound[STEP].isin(sorted(sound[STEP].unique())[:steps])]
    return intervals.spread(first[REFIT_LOSS], np.ones(len(first)), first[DAY]) if len(first) else None

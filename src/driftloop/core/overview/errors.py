"""Production's error over time: steps, the normal band, and segments."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from driftloop.core.columns import PRODUCTION_LOSS, REFIT_LOSS, STEP
from driftloop.core.decision import rise
from driftloop.core.decision.segments import before, rises
from driftloop.core.overview.values import Segment, StepError
from driftloop.core.windows import Window

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date

    import pandas as pd

    from driftloop.core.decision.evidence import Evidence
    from driftloop.core.models.card import Card

NINE_OF_TEN = 1.645  # standard deviations to either side, of a normal distribution
FEWEST_DAYS = 7  # that a band is drawn from


def steps(scored: pd.DataFrame, evidence: Evidence, faulty: Collection[date], *, step_days: int) -> list[StepError]:
    """Give the mean losses of every step of the scored rows; without production there are none."""
    if scored.empty or PRODUCTION_LOSS not in scored or STEP not in scored:
        return []
    waiting = dict(evidence.waiting.history) if evidence.waiting else {}
    found = []
    for since in sorted(scored[STEP].unique()):
        rows = scored[scored[STEP] == since]
        production, refit = _mean(rows, PRODUCTION_LOSS), _mean(rows, REFIT_LOSS)
        if production is not None:
            window = Window(since=since, until=since + timedelta(days=step_days))
            found.append(
                StepError(
                    window=window,
                    rows=len(rows),
                    production=production,
                    refit=refit,
                    waiting=waiting.get(since),
                    faulty=since in faulty,
                )
            )
    return found


def band(card: Card, metric: str, *, step_days: int) -> tuple[float, float] | None:
    """Say where a step's mean error is expected in 9 of 10 cases; None where too few days were judged.

    Days are taken as independent. Weekdays differ more than that, so the band is rather too wide than too narrow.
    """
    days = [(day.rows, day.losses[metric]) for day in card.judged if metric in day.losses and day.rows]
    if len(days) < FEWEST_DAYS:
        return None
    rows, losses = np.array(days, dtype=float).T
    means, mean = losses / rows, losses.sum() / rows.sum()
    reach = NINE_OF_TEN * float(np.sqrt(np.average((means - mean) ** 2, weights=rows) / step_days))
    return max(0.0, float(mean) - reach), float(mean) + reach


def segments(evidence: Evidence, columns: Sequence[str], *, fewest: int, confidence: float) -> list[Segment]:
    """Give the mean losses by segment over the judged days, and what each has of the added loss while the error is up.

    Parameters
    ----------
    evidence
        What was measured of production.
    columns
        Segment columns, none of which is private.
    fewest
        Rows; segments of fewer are left out.
    confidence
        See `segments.rises`.
    """
    judged, found = evidence.judged, []
    then = before(evidence.sound, judged, rise.since(evidence.sound) if evidence.loss_is_up else None)
    compared = rises(judged, then, columns, fewest=fewest, confidence=confidence) if len(then) else []
    known = {(each.column, each.value): each for each in compared}
    for column in (name for name in columns if name in judged and PRODUCTION_LOSS in judged):
        for value, rows in judged.groupby(column):
            production, risen = _mean(rows, PRODUCTION_LOSS), known.get((column, value))
            if production is not None and len(rows) >= fewest:
                found.append(
                    Segment(
                        column=column,
                        value=str(value),
                        rows=len(rows),
                        production=production,
                        refit=_mean(rows, REFIT_LOSS),
                        normal=risen.normal if risen else None,
                        share=risen.share if risen else None,
                        usual=risen.usual if risen else None,
                    )
                )
    return sorted(found, key=lambda segment: (-(segment.share or 0.0), -segment.production))


def _mean(rows: pd.DataFrame, column: str) -> float | None:
    value = float(rows[column].mean()) if column in rows else np.nan
    return value if np.isfinite(value) else None

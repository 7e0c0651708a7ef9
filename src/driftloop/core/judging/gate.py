"""The gate: may the recipe become production? Its reasons, and what forbids it."""

from __future__ import annotations

from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING

from driftloop.core.columns import DAY, STEP
from driftloop.core.dates import day
from driftloop.core.judging import refits
from driftloop.core.judging.comparing import judge
from driftloop.core.judging.verdict import Verdict
from driftloop.core.models.recipe import recipe_of
from driftloop.core.windows import end_day
from driftloop.params import MOST_STEPS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    import pandas as pd

    from driftloop.core.models.card import Card
    from driftloop.params import Params

BROKEN = "data fault in the judged step from"
UNCOMPARED = "not compared yet: production knows newer labels than any refit that could be judged"


def verdict(
    params: Params,
    card: Card,
    judged: pd.DataFrame,
    *,
    faulty: Iterable[date] = (),
    findings: Sequence[str] = (),
    untrainable: str | None = None,
) -> Verdict:
    """Decide whether the recipe may be promoted.

    Parameters
    ----------
    params, card
        The parameters, and production's card.
    judged
        The rows of the gate's window; see `scored.judged_rows` and `comparing.judge`.
    faulty
        First days of the judged steps whose data was faulty; see `scored.faulty_steps`.
    findings
        What is wrong with the newest data, in words.
    untrainable
        Why no candidate could be trained; None where there is one.
    """
    found = _untouched(params, card, judged, untrainable)
    return vetoed(found, [*findings, *(f"{BROKEN} {day(step)}" for step in faulty)])


def _untouched(params: Params, card: Card, judged: pd.DataFrame, untrainable: str | None) -> Verdict:
    """Return the verdict as if the data were sound."""
    fresh = params.monitor.refit
    if untrainable is not None:
        return Verdict(outcome="not enough data", reasons=(untrainable,), fresh=fresh)
    if card.trained_until is None:
        reason = "there is no production model to compare with; `driftloop promote --first` makes this one version 1"
        return Verdict(outcome="not comparable yet", reasons=(reason,), rows=len(judged), fresh=fresh)
    if (first := comparable_from(params, card.trained_until)) > end_day(params.source.until_instant, params.zone):
        return not_comparable(first, known_rows=len(judged), fresh=fresh)
    rows = compared(params, card, judged)
    if rows[DAY].nunique() < 2 <= judged[DAY].nunique():  # noqa: PLR2004 a bound needs two days
        return Verdict(outcome="promote", reasons=(UNCOMPARED,), fresh=fresh, standing=True)
    found = judge(
        rows,
        min_gain=params.evaluate.min_gain,
        confidence=params.evaluate.confidence,
        min_rows=params.evaluate.min_rows,
        max_segment_loss=params.evaluate.max_segment_loss,
        segments=params.data.segments,
        private=params.data.private,
        least_days=params.least_judge_days,
        fresh=fresh,
        standing=params.standing,
    )
    if found.outcome == "not enough data" and (remedy := _never_enough(params, judged)):
        return found.model_copy(update={"reasons": (*found.reasons, remedy)})
    return found


def compared(params: Params, card: Card, judged: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows that recipe and production are compared on; within an approval, where the refit knew as much as production.

    Refits know no label newer than the delay before their step, and production knows all before its last one. So on the
    first steps after that one the refits are the older models. What they show there is what a week of labels is worth: where
    it is worth much, they look bad, and a newer model is needed most. A production that is replaced at most runs has
    hardly any other steps. Another recipe than production's is compared on all rows.
    """
    until = card.trained_until
    if not params.standing or not params.monitor.refit or until is None or card.recipe != recipe_of(params):
        return judged
    return judged[judged[STEP] >= until + timedelta(days=params.data.label_delay_days)]


def _never_enough(params: Params, judged: pd.DataFrame) -> str | None:
    """Say what to set where rows are so few that they never reach `evaluate.min_rows` in the steps that are refitted."""
    needed, step = params.evaluate.min_rows, params.monitor.step_days
    if len(judged) < 2 or len(judged) >= needed:  # noqa: PLR2004 two rows tell how far apart they are
        return None
    apart = (judged[DAY].max() - judged[DAY].min()).days / (len(judged) - 1)
    longer = ceil(apart * needed / MOST_STEPS)
    if longer <= step:
        return None
    return f"the newest {MOST_STEPS} steps never hold as many; set monitor.step_days to {longer} or more, or lower evaluate.min_rows"


def not_comparable(comparable_from: date, *, known_rows: int, fresh: bool) -> Verdict:
    """Return the verdict for when production was trained on too much of the judged window."""
    return Verdict(
        outcome="not comparable yet",
        reasons=(f"production has seen most of these rows; comparable when data reaches {day(comparable_from)}",),
        rows=known_rows,
        comparable_from=comparable_from,
        fresh=fresh,
    )


def vetoed(verdict: Verdict, faults: Sequence[str]) -> Verdict:
    """Refuse while the data is faulty: a model trained on the fault looks better on faulty rows."""
    if not faults:
        return verdict
    outcome = "keep production" if verdict.outcome == "promote" else verdict.outcome
    reasons = (f"the data is faulty: {faults[0]}", *verdict.reasons)
    return verdict.model_copy(update={"outcome": outcome, "reasons": reasons, "faults": tuple(faults)})


def noted(verdict: Verdict, *, refit_rows: int, candidate_rows: int) -> Verdict:
    """Add that the refits learned from fewer rows than the candidate, where that is so and something was compared."""
    if verdict.gain is None or candidate_rows <= refit_rows:
        return verdict
    note = (
        f"the refits that were compared learned from {refit_rows:,} rows each, and the candidate from {candidate_rows:,}: "
        "it may be better than they are (monitor.refit_rows)"
    )
    return verdict.model_copy(update={"reasons": (*verdict.reasons, note)})


def comparable_from(params: Params, trained_until: date) -> date:
    """Return the end of data (exclusive) from which the gate has enough rows that production has not seen."""
    return refits.comparable_from(
        trained_until=trained_until,
        step_days=params.monitor.step_days,
        judge_days=params.monitor.step_days if params.standing and params.monitor.refit else params.least_judge_days,
        label_delay_days=params.data.label_delay_days,
        refit=params.monitor.refit,
    )

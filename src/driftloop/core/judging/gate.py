"""The gate: is the recipe better than production, on rows that neither had seen?"""

from __future__ import annotations

from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING, Literal, NamedTuple

from driftloop.core import intervals
from driftloop.core.columns import DAY, PRODUCTION_LOSS, REFIT_LOSS
from driftloop.core.dates import day
from driftloop.core.figures import less_error, percent
from driftloop.core.judging import refits
from driftloop.core.judging.verdict import Segment, Verdict
from driftloop.core.windows import Window, end_day
from driftloop.params import MOST_STEPS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    import pandas as pd

    from driftloop.core.intervals import Interval
    from driftloop.core.models.card import Card
    from driftloop.params import Params


MIN_SEGMENT_ROWS = 30
NOISES = 3  # an estimated gain has to be so many times the noise between seeds
MARGIN = 0.1  # within an approval the gate objects to a candidate that was worse by more than this share


def judge(
    losses: pd.DataFrame,
    *,
    min_gain: float,
    confidence: float,
    min_rows: int,
    max_segment_loss: float,
    least_days: int = 28,
    segments: Sequence[str] = (),
    private: Sequence[str] = (),
    fresh: bool = True,
    standing: bool = False,
) -> Verdict:
    """Compare the recipe with production on rows that neither had seen.

    Ordinarily the recipe has to be better: the lower bound of its gain exceeds 0, and the gain itself is large enough to
    matter. Within an approval production is a week or two old, and hardly anything is known of its rows that the candidate's
    age does not outweigh. There the gate objects only where the recipe was worse by more than a margin; for how often that
    errs, and what a stricter test of non-inferiority costs, see benchmarks/README.md.

    Parameters
    ----------
    losses
        One row per judged row: `DAY` (date), `PRODUCTION_LOSS`, `REFIT_LOSS` and, per further seed,
        `loss_of("refit", 1)`, …; and the segment columns. All losses finite.
    min_gain
        Share of production's loss that has to be saved.
    confidence
        Of the one-sided bound above 0; on twice `least_days` or more, twice the doubt is allowed (0.9 for 0.95), since the
        bound errs less there, see benchmarks/README.md.
    min_rows
        Fewer judged rows are not enough data; within an approval two days are enough.
    max_segment_loss
        A segment that gets worse by more than this share, and certainly worse, blocks.
    least_days
        Days that a verdict needs at least, for `confidence`.
    segments, private
        Columns whose values are judged one by one; columns whose values must not be shown.
    fresh
        Passed on to the verdict.
    standing
        Whether an approval is in force.

    Returns
    -------
    Verdict
        *promote* if it is better, or within an approval not much worse, and no segment blocks; *keep production* if not; *not
        enough data* below `min_rows` or without two days.
    """
    if lacking := _lacking(losses, 0 if standing else min_rows):
        return Verdict(outcome="not enough data", reasons=(lacking,), rows=len(losses), fresh=fresh)
    judged = Window(since=losses[DAY].min(), until=losses[DAY].max() + timedelta(days=1))
    production, refit = float(losses[PRODUCTION_LOSS].mean()), float(losses[REFIT_LOSS].mean())
    if production == 0:
        reason = "production makes no error on these rows"
        return Verdict(outcome="keep production", reasons=(reason,), judged=judged, rows=len(losses), fresh=fresh)
    certain = confidence if judged.days < 2 * least_days else 2 * confidence - 1
    gain, noise = refits.relative_gain(losses, confidence=certain), refits.seed_noise(losses)
    needed = max(min_gain, NOISES * noise)
    parts = tuple(_segments(losses, segments, private, confidence, max_segment_loss))
    found = weigh(gain, needed, parts, standing=standing)
    return Verdict(
        outcome=found.outcome,
        reasons=tuple(_reasons(gain, needed, min_gain, parts, better=found.better, equal=found.equal)),
        judged=judged,
        rows=len(losses),
        gain=gain,
        needed=needed,
        seed_noise=noise,
        production=production,
        refit=refit,
        segments=parts,
        fresh=fresh,
        standing=found.equal and not found.better,
    )


class Weighed(NamedTuple):
    """What speaks for the recipe: it is better; it is not much worse, within an approval; and whether a segment objects."""

    better: bool
    equal: bool
    blocked: bool

    @property
    def outcome(self) -> Literal["promote", "keep production"]:
        """What follows."""
        return "promote" if (self.better or self.equal) and not self.blocked else "keep production"


def weigh(gain: Interval, needed: float, segments: Iterable[Segment], *, standing: bool) -> Weighed:
    """Apply the rule of the gate to what was measured; see `judge`, and `Verdict` for the arguments.

    `standing` is whether an approval is in force.
    """
    return Weighed(
        better=gain.above(0) and gain.estimate >= needed,
        equal=standing and gain.estimate > -MARGIN,
        blocked=any(part.blocks for part in segments),
    )


def _lacking(losses: pd.DataFrame, min_rows: int) -> str | None:
    """Explain why the rows are too few to compare on."""
    if len(losses) < min_rows:
        return f"{len(losses)} labelled rows to compare on, {min_rows} are needed (evaluate.min_rows)"
    if losses[DAY].nunique() < 2:  # noqa: PLR2004 a variance needs two days
        return "all rows to compare on are of one day, a bound needs two"
    return None


def _segments(
    losses: pd.DataFrame, columns: Sequence[str], private: Sequence[str], confidence: float, most: float
) -> Iterator[Segment]:
    """Compare each value of the segment columns."""
    for column in columns:
        for value, rows in losses.groupby(column, sort=True, observed=True, dropna=False):
            name = None if column in private else str(value)
            yield _segment(rows, column, name, confidence=confidence, most=most)


def _segment(rows: pd.DataFrame, column: str, value: str | None, *, confidence: float, most: float) -> Segment:
    """Compare the rows of one value; they block where they get worse by more than `most`, for certain."""
    before, after = float(rows[PRODUCTION_LOSS].mean()), float(rows[REFIT_LOSS].mean())
    if before > 0:
        change = refits.relative_gain(rows, confidence=confidence)
        estimate, worse = change.estimate, change.high is not None and change.high < 0 and change.estimate < -most
    else:  # production is perfect here; any certain error is worse
        estimate, worse = 0.0, intervals.mean(rows[REFIT_LOSS], rows[DAY], confidence=confidence).above(0)
    return Segment(
        column=column,
        value=value,
        rows=len(rows),
        production=before,
        refit=after,
        gain=estimate,
        blocks=worse and len(rows) >= MIN_SEGMENT_ROWS,
    )


def _reasons(
    gain: Interval, needed: float, min_gain: float, parts: Sequence[Segment], *, better: bool, equal: bool
) -> list[str]:
    bar = percent(needed) + ("" if needed == min_gain else f" ({NOISES} times the noise between seeds)")
    if better:
        first = f"{less_error(gain)}; it had to be {bar}, and certainly above 0"
    elif equal:
        first = f"{less_error(gain)}; with a standing approval it may be worse by up to {percent(MARGIN, 0)}"
    elif gain.above(0):
        first = f"{less_error(gain)} is too little; it has to be {bar}"
    elif gain.estimate > 0:
        first = f"{less_error(gain)} is not certain enough; the lower end has to exceed 0"
    else:
        first = less_error(gain)
    blocking = [part for part in parts if part.blocks]
    return [f"{_name(part)} would get {percent(-part.gain)} worse on {part.rows} rows" for part in blocking] + [first]


def _name(part: Segment) -> str:
    return f"one value of {part.column}" if part.value is None else f"{part.column} = {part.value}"


def not_comparable(comparable_from: date, *, known_rows: int, fresh: bool) -> Verdict:
    """Return the verdict for when production was trained on too much of the judged window."""
    return Verdict(
        outcome="not comparable yet",
        reasons=(f"production has seen most of these rows; comparable when data reaches {day(comparable_from)}",),
        rows=known_rows,
        comparable_from=comparable_from,
        fresh=fresh,
    )


BROKEN = "data fault in the judged step from"


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
        The rows of the gate's window; see `scored.judged_rows` and `gate.judge`.
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
    found = judge(
        judged,
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

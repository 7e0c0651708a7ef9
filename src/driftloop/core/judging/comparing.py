"""Recipe and production on the same rows: which one is better, by how much, how certainly, and in which segments."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple

from driftloop.core import intervals
from driftloop.core.columns import DAY, PRODUCTION_LOSS, REFIT_LOSS
from driftloop.core.figures import less_error, percent
from driftloop.core.judging import refits
from driftloop.core.judging.verdict import Segment, Verdict
from driftloop.core.windows import Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pandas as pd

    from driftloop.core.intervals import Interval

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

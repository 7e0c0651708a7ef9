"""Rolling origins: which refits there are, and what they would have saved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from driftloop.core import intervals
from driftloop.core.columns import DAY, PRODUCTION_LOSS, REFIT_LOSS, STEP, loss_of, scores_of
from driftloop.core.windows import Window, last_days
from driftloop.params import MOST_STEPS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    import pandas as pd

SEEDS = 3  # refits of the judged steps, to tell a better recipe from a lucky seed


@dataclass(frozen=True)
class Step:
    """One origin: a refit on labels known at its start, and the rows that it is judged on.

    Attributes
    ----------
    window
        The rows that production and refit are compared on.
    known_until
        First day whose label was not known yet when the window began.
    judged
        Whether the gate may look at it, so that it needs a refit of the recipe that is judged.
    seeded
        Whether it is also refitted with other seeds.
    """

    window: Window
    known_until: date
    judged: bool
    seeded: bool


def judged_steps(judge_days: int, step_days: int) -> int:
    """Count the steps that make up the gate's window."""
    return ceil(judge_days / step_days)


def plan(
    *,
    trained_until: date | None,
    labelled_until: date,
    step_days: int,
    recent_days: int,
    judge_days: int,
    label_delay_days: int,
) -> list[Step]:
    """List the steps since production's last training row, the newest at most 26, oldest first.

    Steps begin where production's knowledge ends, so that the same step is met again on every later day.
    Without production (`trained_until` None) they are the newest in which the recent error is measured.

    Parameters
    ----------
    trained_until, labelled_until
        First day that production has not seen; first day without final labels.
    step_days, label_delay_days
        Length of a step; days until labels are final.
    recent_days, judge_days
        Newest days in which the recent error is measured, and that the gate may look at.
    """
    recent, judged = (judged_steps(days, step_days) for days in (recent_days, judge_days))
    if trained_until is None:
        blocks = last_days(labelled_until, recent * step_days).blocks(step_days)
        windows = sorted(blocks, key=lambda block: block.since)
    else:
        windows = list(_forward(trained_until, labelled_until, step_days))[-MOST_STEPS:]
    delay = timedelta(days=label_delay_days)
    return [
        Step(window=window, known_until=window.since - delay, judged=back < judged, seeded=back < recent)
        for back, window in zip(reversed(range(len(windows))), windows, strict=True)
    ]


def comparable_from(
    *, trained_until: date, step_days: int, judge_days: int, label_delay_days: int, refit: bool
) -> date:
    """Return the end of data (exclusive) from which the gate has enough rows that production has not seen."""
    length = judged_steps(judge_days, step_days) * step_days if refit else judge_days
    return trained_until + timedelta(days=length + label_delay_days)


def _forward(since: date, until: date, days: int) -> Iterator[Window]:
    while (end := since + timedelta(days=days)) <= until:
        yield Window(since=since, until=end)
        since = end


@dataclass(frozen=True)
class Waiting:
    """The cost of not having retrained.

    Attributes
    ----------
    days
        In normal days of error.
    since
        Day from which it has been adding up; None while it is zero.
    saved
        Loss of production beyond that of the refits since then, summed over the rows that were compared, in the unit of
        the losses. Unlike `days` it counts all of the gain, also below `min_gain`.
    history
        Per step, oldest first: its first day and the sum after it.
    """

    days: float
    since: date | None
    saved: float
    history: tuple[tuple[date, float], ...]


def avoidable_loss(
    losses: pd.DataFrame, *, normal_error: float, min_gain: float, left_out: Collection[date] = ()
) -> Waiting:
    """Add up the loss that weekly refits would have avoided: R ← max(0, R + gain beyond `min_gain`).

    A step adds sum(l_production − l_refit − min_gain · normal) / (normal · rows per day), so the unit is the
    loss of one normal day.

    Parameters
    ----------
    losses
        One row per scored row: `STEP` and `DAY` (dates), `PRODUCTION_LOSS`, `REFIT_LOSS` (finite); see `columns`.
    normal_error
        Production's honest mean loss, in the unit of the losses, above 0.
    min_gain
        Share of the normal error that a refit has to save before it counts.
    left_out
        Steps (first days) that do not count: their data was broken.

    Returns
    -------
    Waiting
        Zero days when there are no steps.

    References
    ----------
    Page (1954), "Continuous inspection schemes": the recursion is his one-sided cumulative sum.
    """
    if losses.empty:
        return Waiting(days=0.0, since=None, saved=0.0, history=())
    rows_per_day = len(losses) / losses[DAY].nunique()
    gain = losses[PRODUCTION_LOSS] - losses[REFIT_LOSS] - min_gain * normal_error
    per_step = (gain / (normal_error * rows_per_day)).groupby(losses[STEP]).sum()
    saved_in = (losses[PRODUCTION_LOSS] - losses[REFIT_LOSS]).groupby(losses[STEP]).sum()
    total, saved, since = 0.0, 0.0, None
    history: list[tuple[date, float]] = []
    for step, change in zip(per_step.index, per_step, strict=True):
        if step not in left_out:
            total = max(0.0, total + change)
            since = None if total == 0 else since or step
            saved = saved + float(saved_in[step]) if since else 0.0
        history.append((step, total))
    return Waiting(days=total, since=since, saved=saved, history=tuple(history))


def relative_gain(losses: pd.DataFrame, *, confidence: float) -> intervals.Interval:
    """Estimate the share of production's loss that the refits saved on these rows; see `intervals.ratio`."""
    saved = losses[PRODUCTION_LOSS] - losses[REFIT_LOSS]
    return intervals.ratio(saved, losses[PRODUCTION_LOSS], losses[DAY], confidence=confidence)


def newest_steps(losses: pd.DataFrame, count: int, *, labelled_until: date, step_days: int) -> pd.DataFrame:
    """Keep the rows of the newest steps by the calendar: a step without rows counts, so that no older step takes its place.

    Parameters
    ----------
    losses
        One row per scored row, with `STEP`, the first day of its step.
    count
        Number of steps.
    labelled_until, step_days
        First day without final labels; length of a step.
    """
    if losses.empty:
        return losses
    return losses[losses[STEP] > labelled_until - timedelta(days=(count + 1) * step_days)]


def unbounded_rows(
    days: pd.Series, until: date, train_days: int | str, candidates: Sequence[int | str], *, most: int
) -> int | None:
    """Count the rows that a refit of the newest labels would learn from if it were not bounded; None if it learns from all.

    Parameters
    ----------
    days
        Of the labelled rows (dates).
    until
        First day without final labels.
    train_days, candidates
        Length of the training window; where it is "auto", the first candidate is the longest.
    most
        The bound, in rows.
    """
    longest = candidates[0] if train_days == "auto" else train_days
    since = until - timedelta(days=longest) if isinstance(longest, int) else date.min
    rows = int(((days >= since) & (days < until)).sum())
    return rows if rows > most else None


def as_judged(scored: pd.DataFrame) -> pd.DataFrame:
    """Rename the recipe that the gate judges to `refit`, if it is not production's own; keep the rows that it scored."""
    if loss_of("candidate") not in scored:
        return scored
    scored = scored.dropna(subset=[loss_of("candidate")])
    columns = map(str, scored.columns)
    kept = scored.drop(columns=[name for name in columns if name.startswith((scores_of("refit"), REFIT_LOSS))])
    old = scores_of("candidate"), loss_of("candidate")
    return kept.rename(columns=lambda name: name.replace("candidate", "refit", 1) if name.startswith(old) else name)


def seed_noise(losses: pd.DataFrame) -> float:
    """Return the standard deviation between seeds of the mean loss, as a share of production's.

    Uses the columns `loss_of("refit")`, `loss_of("refit", 1)`, …, on the rows that every seed scored; 0 where there is only one
    seed.
    """
    columns = [name for name in losses if str(name).startswith(REFIT_LOSS)]
    scored = losses.dropna(subset=columns)
    means = scored[columns].mean().to_numpy()
    scale = float(scored[PRODUCTION_LOSS].mean())
    return float(np.std(means, ddof=1) / scale) if len(means) > 1 and scale > 0 else 0.0

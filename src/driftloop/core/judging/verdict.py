"""What the gate says, as values."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from driftloop.core.intervals import Interval
from driftloop.core.models.card import JudgedDay
from driftloop.core.models.recipe import Choice
from driftloop.core.windows import Window

Outcome = Literal["promote", "keep production", "not comparable yet", "not enough data"]


class Segment(BaseModel):
    """One value of a segment column.

    Attributes
    ----------
    column, value
        Which rows; the value is None where the column is private.
    rows
        How many.
    production, refit
        Mean losses.
    gain
        Share of production's loss that the refits saved; negative is worse.
    blocks
        Whether it prevents promotion.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: str
    value: str | None
    rows: int
    production: float
    refit: float
    gain: float
    blocks: bool


class Verdict(BaseModel):
    """What the gate says.

    Attributes
    ----------
    outcome
        One of four.
    reasons
        In words, the decisive one first.
    judged
        Days of the rows that were compared; None if there were none.
    rows
        Number of those rows.
    gain
        Share of production's loss that the recipe saved.
    needed
        What the gain has to reach, while its lower bound exceeds 0: the larger of `min_gain` and three times the noise
        between seeds.
    seed_noise
        Standard deviation between seeds, as a share of production's loss.
    production, refit
        Mean losses on the same rows.
    segments
        The same by segment.
    comparable_from
        When data reaches this day (exclusive), there are enough rows that production has not seen.
    faults
        What prevents any promotion: findings in the newest days or in the judged ones.
    fresh
        Whether what ships is trained anew up to the newest label (else it is what was judged).
    standing
        Whether it may be promoted only because an approval is in force, within which it may be worse by `comparing.MARGIN`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    outcome: Outcome
    reasons: tuple[str, ...]
    judged: Window | None = None
    rows: int = 0
    gain: Interval | None = None
    needed: float | None = None
    seed_noise: float = 0.0
    production: float | None = None
    refit: float | None = None
    segments: tuple[Segment, ...] = ()
    comparable_from: date | None = None
    faults: tuple[str, ...] = ()
    fresh: bool = True
    standing: bool = False

    @property
    def is_mergeable(self) -> bool:
        """Whether the loop may merge by itself: the gate has compared it with production, and promotes it."""
        return self.outcome == "promote" and self.gain is not None


class Report(BaseModel):
    """reports/verdict.json: the verdict and what it is about.

    Attributes
    ----------
    verdict
        See `Verdict`.
    production_version
        What the candidate was compared with; 0 for nothing.
    until, rule
        End of the data (exclusive), and the section `evaluate` of the parameters, that it was judged by.
    candidate_sha256
        The model file that may be promoted; None where nothing could be trained.
    normal_error, judged
        What the card will say of the candidate: honest losses per metric, and the days behind them.
    production, refit
        All metrics of both sides on the same rows.
    window
        How many days the candidate was trained on, and why; None where the recipe fixes them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    verdict: Verdict
    production_version: int
    until: date
    rule: dict[str, Any]
    candidate_sha256: str | None
    normal_error: dict[str, float] = {}
    judged: tuple[JudgedDay, ...] = ()
    production: dict[str, float] = {}
    refit: dict[str, float] = {}
    window: Choice | None = None

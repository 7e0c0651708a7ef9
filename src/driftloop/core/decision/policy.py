"""Policies: each says, from the same evidence, whether retraining is asked for, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from driftloop.core.dates import day
from driftloop.core.figures import percent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from driftloop.core.intervals import Interval
    from driftloop.core.judging.refits import Waiting

LOSS_RISE = 1.10  # the lower bound of measured loss must exceed normal by this before loss counts as up
DRIFT_SHARE = 0.5  # Evidently's default for a drifted data set


@dataclass(frozen=True)
class Evidence:
    """What has been measured; None where it could not be.

    Attributes
    ----------
    error
        Production's mean loss in the judge window.
    normal_error
        Its honest loss at promotion.
    waiting
        The avoidable loss.
    recent_gain
        Share of production's loss that refits saved over the judge window.
    refusal
        Why the gate would not let production's recipe through, trained anew today; None where it would.
    drift_share
        Share of columns that Evidently's own rule calls drifted.
    trained_until, until
        First day production has not seen; end of the data.
    """

    error: Interval | None
    normal_error: float | None
    waiting: Waiting | None
    recent_gain: Interval | None
    refusal: str | None
    drift_share: float | None
    trained_until: date
    until: date

    @property
    def loss_is_up(self) -> bool:
        """Whether measured loss is above normal for certain."""
        known = self.error is not None and self.normal_error is not None
        return known and self.error.above(LOSS_RISE * self.normal_error)  # type: ignore[union-attr, operator]


@dataclass(frozen=True)
class Settings:
    """The numbers that policies are set by; see `monitor` in params.yaml."""

    alert_at_days: float
    calendar_days: int


def avoidable_loss(evidence: Evidence, settings: Settings) -> str | None:
    """Ask when waiting has cost as much as so many normal days of error, and the gate would let a new model through.

    So nobody is asked for a retraining that would be refused. Measured: the same loss with fewer alerts; see
    benchmarks/README.md.
    """
    waiting = evidence.waiting
    if waiting is None or waiting.days < settings.alert_at_days or evidence.refusal:
        return None
    since = f" since {day(waiting.since)}" if waiting.since else ""
    return (
        f"keeping production has cost {waiting.days:.1f} normal days of error{since} "
        f"(alert at {settings.alert_at_days:g})"
    )


def loss(evidence: Evidence, _: Settings) -> str | None:
    """Ask when measured loss is above normal."""
    if not evidence.loss_is_up or evidence.error is None or evidence.normal_error is None:
        return None
    if evidence.normal_error == 0:
        return "there is error where normally there is none"
    return f"error is {percent(evidence.error.estimate / evidence.normal_error - 1, 0)} above normal"


def evidently(evidence: Evidence, _: Settings) -> str | None:
    """Ask when half of the columns drifted: Evidently's default rule, here to compare with."""
    if evidence.drift_share is None or evidence.drift_share < DRIFT_SHARE:
        return None
    return f"{percent(evidence.drift_share, 0)} of the columns drifted by Evidently's rule"


def calendar(evidence: Evidence, settings: Settings) -> str | None:
    """Ask at fixed intervals."""
    age = (evidence.until - evidence.trained_until).days
    return f"{age} days since production's last label" if age >= settings.calendar_days else None


POLICIES: Mapping[str, Callable[[Evidence, Settings], str | None]] = {
    "avoidable_loss": avoidable_loss,
    "loss": loss,
    "evidently": evidently,
    "calendar": calendar,
}

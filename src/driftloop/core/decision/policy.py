"""Policies: each says, from the same evidence, whether retraining is asked for, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from driftloop.core.dates import day
from driftloop.core.decision.thresholds import DRIFT_SHARE, waited_enough
from driftloop.core.figures import percent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from driftloop.core.decision.evidence import Evidence
    from driftloop.params import Params


@dataclass(frozen=True)
class Settings:
    """The numbers that policies are set by; see `monitor` in params.yaml."""

    alert_at_days: float
    calendar_days: int

    @classmethod
    def of(cls, params: Params) -> Settings:
        """Take them from the parameters."""
        return cls(alert_at_days=params.monitor.alert_at_days, calendar_days=params.monitor.calendar_days)


def policy_of(params: Params) -> str:
    """Name the policy that decides: without refits there is no avoidable loss to go by, and measured loss takes its place."""
    policy = params.monitor.policy
    return "loss" if policy == "avoidable_loss" and not params.monitor.refit else policy


def avoidable_loss(evidence: Evidence, settings: Settings) -> str | None:
    """Ask when waiting has cost as much as so many normal days of error, and the gate would let a new model through.

    This avoids requests for a retraining that the gate would refuse. Measured: the same loss with fewer alerts; see
    benchmarks/README.md.
    """
    waiting = evidence.waiting
    if waiting is None or not waited_enough(waiting.days, settings.alert_at_days) or evidence.refusal:
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
    share = evidence.drift.share
    if share is None or share < DRIFT_SHARE:
        return None
    return f"{percent(share, 0)} of the columns drifted by Evidently's rule"


def calendar(evidence: Evidence, settings: Settings) -> str | None:
    """Ask at fixed intervals."""
    if evidence.trained_until is None:
        return None
    age = (evidence.until - evidence.trained_until).days
    return f"{age} days since production's last label" if age >= settings.calendar_days else None


POLICIES: Mapping[str, Callable[[Evidence, Settings], str | None]] = {
    "avoidable_loss": avoidable_loss,
    "loss": loss,
    "evidently": evidently,
    "calendar": calendar,
}

"""From which values on loss counts as up, waiting as too long, and the columns of a data set as drifted."""

from __future__ import annotations

LOSS_RISE = 1.10  # the lower bound of measured loss must exceed normal by this before loss counts as up
FAR_RISE = 2.0  # the same before people are alerted although retraining would not help
DRIFT_SHARE = 0.5  # Evidently's default for a drifted data set


def waited_enough(days: float | None, alert_at_days: float) -> bool:
    """Whether waiting has cost so much that retraining is asked for; both in normal days of error, None is unknown."""
    return days is not None and days >= alert_at_days

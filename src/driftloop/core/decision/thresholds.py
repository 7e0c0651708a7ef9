"""From which values on loss counts as up, waiting as too long, and the columns of a data set as drifted."""

from __future__ import annotations

LOSS_RISE = 1.10  # measured loss must certainly exceed normal by this before it counts as up
RISE_CONFIDENCE = (
    0.997  # of that, at each run: at most one false rise in ten years of weekly runs; benchmarks/README.md
)
DRIFT_SHARE = 0.5  # Evidently's default for a drifted data set


def waited_enough(days: float | None, alert_at_days: float) -> bool:
    """Whether waiting has cost so much that retraining is asked for; both in normal days of error, None is unknown."""
    return days is not None and days >= alert_at_days

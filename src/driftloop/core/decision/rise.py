"""Since when a mean loss is higher than before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from driftloop.core.columns import DAY, PRODUCTION_LOSS, STEP

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

FEWEST_DAYS = 7  # on either side, so that no weekday alone makes a rise


def since(scored: pd.DataFrame) -> date | None:
    """Say with which step production's loss rose: the one that best splits the steps into lower and higher ones.

    Parameters
    ----------
    scored
        Rows with `STEP`, `DAY` and `PRODUCTION_LOSS`, of all rows or of one segment.

    Returns
    -------
    date or None
        First day of the step. None where there are no steps, fewer than `FEWEST_DAYS` on either side, or no rise.

    References
    ----------
    Bai (1994), "Least squares estimation of a shift in linear processes". Whether there is a rise at all is tested
    elsewhere, see `evidence.Evidence.rise`.
    """
    if STEP not in scored or scored.empty:
        return None
    steps = scored.groupby(STEP).agg(
        loss=(PRODUCTION_LOSS, "sum"), rows=(PRODUCTION_LOSS, "size"), days=(DAY, "nunique")
    )
    losses, rows, days = (steps[name].to_numpy(dtype=float) for name in ("loss", "rows", "days"))
    before, losses_before, days_before = (np.cumsum(each)[:-1] for each in (rows, losses, days))
    after, losses_after, days_after = rows.sum() - before, losses.sum() - losses_before, days.sum() - days_before
    rise = losses_after / np.maximum(after, 1) - losses_before / np.maximum(before, 1)
    allowed = (rise > 0) & (days_before >= FEWEST_DAYS) & (days_after >= FEWEST_DAYS)
    if not allowed.any():
        return None
    explained = np.where(allowed, before * after * rise**2, -1.0)
    return steps.index[int(np.argmax(explained)) + 1]  # type: ignore[no-any-return]

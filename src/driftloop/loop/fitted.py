"""Fits for the backtest: each is made once, on all processors, and remembered on disk."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from driftloop import fits
from driftloop.core import losses, model
from driftloop.core.windows import day_numbers
from driftloop.progress import track

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from driftloop.core.recipe import Recipe
    from driftloop.core.replay import Fit, Losses


class Fitted:
    """Losses of fits on the rows of a stream."""

    def __init__(self, recipe: Recipe, rows: pd.DataFrame, *, metric: str, folder: Path, jobs: int) -> None:
        """Take what all fits share.

        Parameters
        ----------
        recipe, rows, metric
            How to fit; labelled rows in order of time; the loss.
        folder, jobs
            Where scores are remembered; number of processes, −1 for one per processor.
        """
        self.recipe, self.rows, self.metric, self.folder, self.jobs = recipe, rows, metric, folder, jobs
        self.days = day_numbers(rows["_day"])
        self.known: dict[Fit, Losses | None] = {}
        self.seconds = 0.0

    def losses(self, asked: Sequence[Fit]) -> list[Losses | None]:
        """Give one loss per row of each fit's window; None where its labels teach the estimator nothing."""
        missing = [fit for fit in dict.fromkeys(asked) if fit not in self.known]
        if missing:
            begun = time.monotonic()
            for fit, made in zip(missing, self._make(missing), strict=True):
                self.known[fit] = made
            self.seconds += time.monotonic() - begun
        return [self.known[fit] for fit in asked]

    def _make(self, missing: Sequence[Fit]) -> list[Losses | None]:
        from sklearn.utils.parallel import Parallel, delayed

        if len(missing) == 1:
            return [_losses(*self._arguments(missing[0]))]
        made = Parallel(n_jobs=self.jobs, return_as="generator")(
            delayed(_losses)(*self._arguments(fit)) for fit in missing
        )
        return list(track(made, "Refitting", total=len(missing)))

    def _arguments(self, fit: Fit) -> tuple[Recipe, pd.DataFrame, pd.DataFrame, int, str, Path]:
        known = model.training_rows(self.recipe, self.rows.iloc[: self._place(fit.cut)], fit.cut)
        rows = self.rows.iloc[self._place(fit.window.since) : self._place(fit.window.until)]
        return self.recipe, known, rows, self.recipe.seed + fit.seed, self.metric, self.folder

    def _place(self, day: object) -> int:
        return int(np.searchsorted(self.days, day_numbers([day])[0]))  # type: ignore[list-item]


def _losses(
    recipe: Recipe, known: pd.DataFrame, rows: pd.DataFrame, seed: int, metric: str, folder: Path
) -> Losses | None:
    try:
        scores = fits.scores(recipe, known, rows, seed=seed, folder=folder)
    except model.UnfittableError:
        return None
    return losses.row_losses(metric, rows[recipe.target], scores)

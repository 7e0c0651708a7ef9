"""Fits for the backtest, as losses of rows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pandas as pd

from driftloop.core.judging import metrics
from driftloop.store import fits
from driftloop.store.training_windows import Chooser

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from driftloop.core.backtest.values import Fit, Losses
    from driftloop.core.judging.labelled import Labelled
    from driftloop.core.models.recipe import Recipe
    from driftloop.params import Params


class Fitted:
    """Losses of fits on the rows of a stream."""

    def __init__(
        self, params: Params, recipe: Recipe, labelled: Labelled, *, folder: Path, workers: fits.Workers
    ) -> None:
        """Store what all fits share.

        Parameters
        ----------
        params, recipe, labelled
            For the loss and the steps; how to fit; the rows.
        folder, workers
            See `fits.run`.
        """
        self.metric, self.recipe, self.labelled, self.folder, self.workers = (
            params.evaluate.metric, recipe, labelled, folder, workers,
        )  # fmt: skip
        self.chooser = Chooser(params, labelled, folder, workers=workers)
        self.known: dict[Fit, Losses | None] = {}
        self.made = 0
        self.seconds = 0.0

    def losses(self, asked: Sequence[Fit]) -> list[Losses | None]:
        """Return one loss per row of each fit's window; None for a fit that cannot be trained on its labels."""
        missing = [fit for fit in dict.fromkeys(asked) if fit not in self.known]
        if missing:
            begun = time.monotonic()
            self.made += len(missing) + self.chooser.compare(self.recipe, [fit.cut for fit in missing])
            jobs = [self._job(fit) for fit in missing]
            made = fits.run(jobs, self.folder, "Refitting", workers=self.workers)
            for fit, job, scores in zip(missing, jobs, made, strict=True):
                self.known[fit] = self._losses(job, scores) if isinstance(scores, pd.DataFrame) else None
            self.seconds += time.monotonic() - begun
        return [self.known[fit] for fit in asked]

    def _losses(self, job: fits.Job, scores: pd.DataFrame) -> Losses:
        return metrics.row_losses(self.metric, job.labels, scores)

    def _job(self, fit: Fit) -> fits.Job:
        return self.chooser.job(self.recipe, fit.cut, self.labelled.within(fit.window), seed=fit.seed)

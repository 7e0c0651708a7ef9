"""Fits for the backtest: each is made once, on all processors, and remembered on disk."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from driftloop.core.columns import DAY
from driftloop.core.judging import metrics
from driftloop.core.models import estimator
from driftloop.core.windows import day_numbers
from driftloop.progress import track
from driftloop.store import fits
from driftloop.store.training_windows import Chooser

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date
    from pathlib import Path

    import pandas as pd

    from driftloop.core.backtest.values import Fit, Losses
    from driftloop.core.models.recipe import Recipe
    from driftloop.params import Params


@dataclass(frozen=True)
class FitTask:
    """One fit to make, in any process."""

    recipe: Recipe
    known: pd.DataFrame
    rows: pd.DataFrame
    seed: int
    folder: Path

    def make(self) -> pd.DataFrame | None:
        """Fit and score, or read the cached result; None if the estimator cannot be trained on the rows."""
        with suppress(estimator.UnfittableError):
            return fits.scores(self.recipe, self.known, self.rows, seed=self.seed, folder=self.folder)
        return None


class Fitted:
    """Losses of fits on the rows of a stream."""

    def __init__(self, params: Params, recipe: Recipe, rows: pd.DataFrame, *, folder: Path, jobs: int) -> None:
        """Store what all fits share.

        Parameters
        ----------
        params, recipe, rows
            For the loss and the steps; how to fit; labelled rows in order of time.
        folder, jobs
            Where scores are remembered; number of processes, −1 for one per processor.
        """
        self.params, self.recipe, self.rows, self.folder, self.jobs = params, recipe, rows, folder, jobs
        self.days = day_numbers(rows[DAY])
        self.chooser = Chooser(params, rows, folder)
        self.known: dict[Fit, Losses | None] = {}
        self.made = 0
        self.seconds = 0.0

    def losses(self, asked: Sequence[Fit]) -> list[Losses | None]:
        """Return one loss per row of each fit's window; None for a fit that cannot be trained on its labels."""
        missing = [fit for fit in dict.fromkeys(asked) if fit not in self.known]
        if missing:
            begun = time.monotonic()
            if self.recipe.train_days == "auto":
                self._run(list(self._candidates(missing)), "Comparing windows")
            tasks = [self._task(fit) for fit in missing]
            for fit, task, scores in zip(missing, tasks, self._run(tasks, "Refitting"), strict=True):
                self.known[fit] = None if scores is None else self._losses(task.rows, scores)
            self.seconds += time.monotonic() - begun
        return [self.known[fit] for fit in asked]

    def _run(self, tasks: Sequence[FitTask], what: str) -> list[pd.DataFrame | None]:
        from sklearn.utils.parallel import Parallel, delayed

        self.made += len(tasks)
        if len(tasks) < 2 or self.jobs == 1:  # noqa: PLR2004 one is not worth a process
            return [task.make() for task in track(tasks, what)]
        made = Parallel(n_jobs=self.jobs, return_as="generator")(delayed(FitTask.make)(task) for task in tasks)
        return list(track(made, what, total=len(tasks)))

    def _losses(self, rows: pd.DataFrame, scores: pd.DataFrame) -> Losses:
        return metrics.row_losses(self.params.evaluate.metric, rows[self.recipe.target], scores)

    def _task(self, fit: Fit) -> FitTask:
        recipe = self.chooser.at(self.recipe, fit.cut)
        rows = self.rows.iloc[self._place(fit.window.since) : self._place(fit.window.until)]
        return FitTask(recipe, self._training(recipe, fit.cut), rows, recipe.seed + fit.seed, self.folder)

    def _candidates(self, missing: Sequence[Fit]) -> Iterator[FitTask]:
        """List what the choice of the window at these cuts will look at."""
        steps = {
            step: None
            for fit in missing
            for step in self.chooser.steps(fit.cut)
            if not self.chooser.knows(self.recipe, step)
        }
        for step in steps:
            rows, lengths = step.window.of(self.rows), set()
            for days in self.params.windows.candidates if len(rows) else ():
                recipe = self.recipe.model_copy(update={"train_days": days})
                known = self._training(recipe, step.known_until)
                if len(known) not in lengths:  # a window longer than the history is the whole history
                    lengths.add(len(known))
                    yield FitTask(recipe, known, rows, recipe.seed, self.folder)

    def _training(self, recipe: Recipe, cut: date) -> pd.DataFrame:
        return estimator.training_rows(recipe, self.rows.iloc[: self._place(cut)], cut)

    def _place(self, day: date) -> int:
        return int(np.searchsorted(self.days, day_numbers([day])[0]))

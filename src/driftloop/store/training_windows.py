"""Refits that tell how many days to train on; each is made once and remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from driftloop.core.judging import metrics, training_window
from driftloop.core.models.recipe import Choice
from driftloop.store import fits

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from pathlib import Path

    from driftloop.core.judging.labelled import Labelled, Places
    from driftloop.core.judging.refits import Step
    from driftloop.core.models.recipe import Recipe
    from driftloop.params import Params


class Chooser:
    """Chooses the training window at any cut; a function of rows, recipe and cut alone."""

    def __init__(self, params: Params, labelled: Labelled, folder: Path, *, workers: fits.Workers = fits.HERE) -> None:
        """Store what all cuts share; for the folder and the workers see `fits.run`."""
        self.metric, self.labelled, self.folder, self.workers = params.evaluate.metric, labelled, folder, workers
        self.candidates, self.refit_rows = params.windows.candidates, params.monitor.refit_rows
        self.step_days, self.delay_days = params.monitor.step_days, params.data.label_delay_days
        self.found: dict[tuple[str, Step], training_window.Totals | None] = {}

    def choice(self, recipe: Recipe, cut: date) -> Choice:
        """Choose for labels that are known before `cut`; a window that is fixed is no choice."""
        if recipe.train_days != "auto":
            return Choice(train_days=recipe.train_days)
        self.compare(recipe, [cut])
        totals = [self.found[_name(recipe), step] for step in self._steps(cut)]
        return training_window.choose([total for total in totals if total is not None], self.candidates)

    def compare(self, recipe: Recipe, cuts: Iterable[date]) -> int:
        """Make at once the refits that the choices at these cuts look at; return how many were asked for."""
        if recipe.train_days != "auto":
            return 0
        steps = [
            step
            for step in dict.fromkeys(step for cut in cuts for step in self._steps(cut))
            if (_name(recipe), step) not in self.found
        ]
        asked = [self._jobs(recipe, step) for step in steps]
        distinct = list({id(job): job for jobs in asked for job in jobs.values()}.values())
        made = fits.run(distinct, self.folder, "Comparing windows", workers=self.workers)
        scores = {id(job): found for job, found in zip(distinct, made, strict=True)}
        for step, jobs in zip(steps, asked, strict=True):
            self.found[_name(recipe), step] = self._totals({days: (job, scores[id(job)]) for days, job in jobs.items()})
        return len(distinct)

    def at(self, recipe: Recipe, cut: date) -> Recipe:
        """Return the recipe with the window that is chosen for a cut."""
        return recipe.model_copy(update={"train_days": self.choice(recipe, cut).train_days})

    def job(self, recipe: Recipe, cut: date, rows: Places, *, seed: int = 0) -> fits.Job:
        """Return the refit at a cut, which scores some rows; `seed` is added to the recipe's own."""
        known = self.labelled.known(self.at(recipe, cut), cut, most=self.refit_rows)
        return fits.Job(recipe, self.labelled, known, rows, recipe.seed + seed)

    def _steps(self, cut: date) -> list[Step]:
        """List the steps by which the window is chosen for a cut."""
        return training_window.origins(cut, step_days=self.step_days, label_delay_days=self.delay_days)

    def _jobs(self, recipe: Recipe, step: Step) -> dict[int | str, fits.Job]:
        """Return the refit of each candidate; windows that are longer than the history are one."""
        rows = self.labelled.within(step.window)
        made: dict[bytes, fits.Job] = {}
        jobs: dict[int | str, fits.Job] = {}
        for days in self.candidates if len(rows) else ():
            job = self.job(recipe.model_copy(update={"train_days": days}), step.known_until, rows)
            jobs[days] = made.setdefault(job.known.tobytes(), job)
        return jobs

    def _totals(self, made: dict[int | str, tuple[fits.Job, fits.Scores]]) -> training_window.Totals | None:
        """Add up the loss of each candidate on the rows of a step; None where the longest cannot be told."""
        sums = {
            days: float(metrics.row_losses(self.metric, job.labels, scores).sum())
            for days, (job, scores) in made.items()
            if isinstance(scores, pd.DataFrame)
        }
        return sums if self.candidates[0] in sums else None


def _name(recipe: Recipe) -> str:
    return recipe.model_dump_json()

"""Refits that tell how many days to train on; each is made once and remembered."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from driftloop.core.judging import metrics, training_window
from driftloop.core.models import estimator
from driftloop.core.models.recipe import Choice
from driftloop.store import fits

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    import pandas as pd

    from driftloop.core.judging.refits import Step
    from driftloop.core.models.recipe import Recipe
    from driftloop.params import Params


class Chooser:
    """Chooses the training window at any cut; a function of rows, recipe and cut alone."""

    def __init__(self, params: Params, labelled: pd.DataFrame, folder: Path) -> None:
        """Store what all cuts share."""
        self.metric, self.labelled, self.folder = params.evaluate.metric, labelled, folder
        self.candidates = params.windows.candidates
        self.step_days, self.delay_days = params.monitor.step_days, params.data.label_delay_days
        self.found: dict[tuple[str, Step], training_window.Totals | None] = {}

    def choice(self, recipe: Recipe, cut: date) -> Choice:
        """Choose for labels that are known before `cut`; a window that is fixed is no choice."""
        if recipe.train_days != "auto":
            return Choice(train_days=recipe.train_days)
        steps = self.steps(cut)
        totals = [self._totals(recipe, step) for step in steps]
        return training_window.choose([total for total in totals if total is not None], self.candidates)

    def steps(self, cut: date) -> list[Step]:
        """List the steps by which the window is chosen for a cut."""
        return training_window.origins(cut, step_days=self.step_days, label_delay_days=self.delay_days)

    def at(self, recipe: Recipe, cut: date) -> Recipe:
        """Return the recipe with the window that is chosen for a cut."""
        return recipe.model_copy(update={"train_days": self.choice(recipe, cut).train_days})

    def knows(self, recipe: Recipe, step: Step) -> bool:
        """Whether a step has been scored already."""
        return (recipe.model_dump_json(), step) in self.found

    def _totals(self, recipe: Recipe, step: Step) -> training_window.Totals | None:
        key = recipe.model_dump_json(), step
        if key not in self.found:
            self.found[key] = self._score(recipe, step)
        return self.found[key]

    def _score(self, recipe: Recipe, step: Step) -> training_window.Totals | None:
        """Add up the loss of each candidate on the rows of a step; None where the longest cannot be told."""
        rows = step.window.of(self.labelled)
        sums: dict[int | str, float] = {}
        for days in self.candidates if len(rows) else ():
            fixed = recipe.model_copy(update={"train_days": days})
            known = estimator.training_rows(fixed, self.labelled, step.known_until)
            with suppress(estimator.UnfittableError):
                scores = fits.scores(fixed, known, rows, seed=recipe.seed, folder=self.folder)
                sums[days] = float(metrics.row_losses(self.metric, rows[recipe.target], scores).sum())
        return sums if self.candidates[0] in sums else None

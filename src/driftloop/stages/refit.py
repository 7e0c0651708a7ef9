"""Labelled rows and production → the losses of production and of weekly refits on the same rows."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pandas as pd

from driftloop.core.columns import DAY, PRODUCTION_LOSS, REFIT_LOSS, STEP, TS, loss_of, scores_of
from driftloop.core.judging import metrics, refits
from driftloop.core.judging.scored import judge_days, labelled_until
from driftloop.core.models import estimator
from driftloop.core.models.recipe import recipe_of
from driftloop.progress import track
from driftloop.store import fits
from driftloop.store.files import CACHE, LABELLED, REFITS, TRAIN_WINDOW, read_frame, write_frame, write_json
from driftloop.store.production import read_production
from driftloop.store.training_windows import Chooser

if TYPE_CHECKING:
    from pathlib import Path

    from driftloop.core.judging.refits import Step
    from driftloop.core.models.recipe import Recipe
    from driftloop.params import Params
    from driftloop.store.production import Production


def run(params: Params, root: Path) -> None:
    """Score production and the refits of every step since its last training row."""
    production = read_production(root, params)
    labelled = read_frame(root / LABELLED)
    until = labelled_until(params)
    steps = refits.plan(
        trained_until=production.card.trained_until,
        labelled_until=until,
        step_days=params.monitor.step_days,
        recent_days=params.least_judge_days,
        judge_days=judge_days(params, labelled),
        label_delay_days=params.data.label_delay_days,
    )
    scorer = Scorer(params, production, labelled, root / CACHE / "refits")
    parts = [part for step in track(steps, "Refitting") if len(part := scorer.score(step))]
    write_frame(root / REFITS, pd.concat(parts, ignore_index=True) if parts else scorer.empty())
    write_json(root / TRAIN_WINDOW, scorer.windows.choice(recipe_of(params), until).model_dump(mode="json"))


class Scorer:
    """Scores one step after the other; refits are remembered by the content that they depend on.

    `refit` is production's recipe, which measures the cost of waiting. If params.yaml holds another recipe, that one is
    `candidate`, and the gate judges it alone.
    """

    def __init__(self, params: Params, production: Production, labelled: pd.DataFrame, cache: Path) -> None:
        """Store what all steps share."""
        proposed = recipe_of(params)
        self.recipe = production.card.recipe or proposed
        self.candidate = proposed if proposed != self.recipe else None
        self.metric = params.evaluate.metric
        self.target = proposed.target
        self.refit = params.monitor.refit
        self.kept = list(dict.fromkeys([TS, DAY, *params.data.segments, self.target]))
        self.production = production
        self.labelled = labelled
        self.cache = cache
        self.windows = Chooser(params, labelled, cache)
        self.seeds = refits.SEEDS if self.refit and estimator.is_seeded(proposed) else 1

    def empty(self) -> pd.DataFrame:
        """Return the table without any step."""
        return self.labelled[self.kept].head(0).assign(**{STEP: None, PRODUCTION_LOSS: 0.0, REFIT_LOSS: 0.0})

    def score(self, step: Step) -> pd.DataFrame:
        """Score production and refits on the rows of a step; no row where a refit learns nothing."""
        rows = step.window.of(self.labelled)
        out = rows[self.kept].assign(**{STEP: step.window.since})
        try:
            if self.production.model is not None and self.production.card.recipe is not None:
                scores = estimator.score(self.production.model, self.production.card.recipe, rows)
                out = self._add(out, "production", scores)
            if self.refit:
                out = self._add(out, "refit", self._refit(self.recipe, step, rows, seed=0))
            if self.refit and step.judged:
                out = self._judge(out, step, rows)
        except estimator.UnfittableError as exc:
            sys.stderr.write(f"{step.window}: left out: {exc}\n")
            return out.head(0)
        return out

    def _judge(self, out: pd.DataFrame, step: Step, rows: pd.DataFrame) -> pd.DataFrame:
        """Add what only the gate looks at: another recipe, and other seeds of the recipe that is judged."""
        side, recipe = "refit", self.recipe
        if self.candidate:
            side, recipe = "candidate", self.candidate
            out = self._add(out, side, self._refit(recipe, step, rows, seed=0))
        for extra in range(1, self.seeds if step.seeded else 1):
            scores = self._refit(recipe, step, rows, seed=extra)
            out[loss_of(side, extra)] = metrics.row_losses(self.metric, rows[self.target], scores)
        return out

    def _add(self, out: pd.DataFrame, side: str, scores: pd.DataFrame) -> pd.DataFrame:
        loss = metrics.row_losses(self.metric, out[self.target], scores)
        return out.join(scores.add_prefix(scores_of(side))).assign(**{loss_of(side): loss})

    def _refit(self, recipe: Recipe, step: Step, rows: pd.DataFrame, *, seed: int) -> pd.DataFrame:
        known = estimator.training_rows(self.windows.at(recipe, step.known_until), self.labelled, step.known_until)
        return fits.scores(recipe, known, rows, seed=recipe.seed + seed, folder=self.cache)

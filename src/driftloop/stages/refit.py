"""Labelled rows and production → the losses of production and of weekly refits on the same rows."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from driftloop.core.columns import DAY, PRODUCTION_LOSS, REFIT_LOSS, STEP, TS, loss_of, scores_of
from driftloop.core.judging import metrics, refits
from driftloop.core.judging.labelled import Labelled
from driftloop.core.judging.scored import judge_days, labelled_until
from driftloop.core.models import estimator
from driftloop.core.models.recipe import recipe_of
from driftloop.store import fits
from driftloop.store.files import CACHE, LABELLED, REFITS, TRAIN_WINDOW, read_frame, write_frame, write_json
from driftloop.store.production import read_production
from driftloop.store.training_windows import Chooser

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from driftloop.core.judging.refits import Step
    from driftloop.core.models.recipe import Recipe
    from driftloop.params import Params
    from driftloop.store.production import Production

FOLDER = CACHE / "refits"


def run(params: Params, root: Path, *, workers: fits.Workers | None = None) -> None:
    """Score production and the refits of every step since its last training row; by default as params.yaml says."""
    production = read_production(root, params)
    labelled = Labelled(read_frame(root / LABELLED))
    until = labelled_until(params)
    steps = refits.plan(
        trained_until=production.card.trained_until,
        labelled_until=until,
        step_days=params.monitor.step_days,
        recent_days=params.least_judge_days,
        judge_days=judge_days(params, labelled.frame),
        label_delay_days=params.data.label_delay_days,
    )
    windows = Chooser(params, labelled, root / FOLDER, workers=workers or fits.workers(params.engine, root))
    scorer = Scorer(params, production, labelled, windows)
    parts = [part for part in scorer.scored(steps) if len(part)]
    write_frame(root / REFITS, pd.concat(parts, ignore_index=True) if parts else scorer.empty())
    write_json(root / TRAIN_WINDOW, windows.choice(recipe_of(params), until).model_dump(mode="json"))


@dataclass(frozen=True)
class Refit:
    """A refit that a step needs: its recipe, what its losses are called, and what is added to the recipe's seed."""

    recipe: Recipe
    side: str
    seed: int = 0


class Scorer:
    """Scores production and refits on steps.

    `refit` is production's recipe, which measures the cost of waiting. If params.yaml holds another recipe, that one is
    `candidate`, and the gate judges it alone.
    """

    def __init__(self, params: Params, production: Production, labelled: Labelled, windows: Chooser) -> None:
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
        self.windows = windows
        self.seeds = refits.SEEDS if self.refit and estimator.is_seeded(proposed) else 1

    def empty(self) -> pd.DataFrame:
        """Return the table without any step."""
        head = self.labelled.frame[self.kept].head(0)
        return head.assign(**{STEP: None, PRODUCTION_LOSS: 0.0, REFIT_LOSS: 0.0})

    def scored(self, steps: Sequence[Step]) -> Iterator[pd.DataFrame]:
        """Make the refits of all steps at once; then score one step after the other."""
        needed = [list(self._needed(step)) for step in steps]
        for recipe in {refit.recipe.model_dump_json(): refit.recipe for each in needed for refit in each}.values():
            self.windows.compare(recipe, [step.known_until for step in steps])
        jobs = [self._job(refit, step) for step, each in zip(steps, needed, strict=True) for refit in each]
        made = iter(fits.run(jobs, self.windows.folder, "Refitting", workers=self.windows.workers))
        for step, each in zip(steps, needed, strict=True):
            yield self._score(step, [(refit, next(made)) for refit in each])

    def _needed(self, step: Step) -> Iterator[Refit]:
        """List the refits of a step: for the gate alone, those of another recipe, and other seeds of the one that is judged."""
        if not self.refit:
            return
        yield Refit(self.recipe, "refit")
        if not step.judged:
            return
        judged = Refit(self.candidate, "candidate") if self.candidate else Refit(self.recipe, "refit")
        if self.candidate:
            yield judged
        for seed in range(1, self.seeds if step.seeded else 1):
            yield Refit(judged.recipe, judged.side, seed)

    def _job(self, refit: Refit, step: Step) -> fits.Job:
        rows = self.labelled.within(step.window)
        return self.windows.job(refit.recipe, step.known_until, rows, seed=refit.seed)

    def _score(self, step: Step, made: Sequence[tuple[Refit, fits.Scores]]) -> pd.DataFrame:
        """Score production and refits on the rows of a step; no row where a refit learns nothing."""
        rows = step.window.of(self.labelled.frame)
        out = rows[self.kept].assign(**{STEP: step.window.since})
        try:
            if self.production.model is not None and self.production.card.recipe is not None:
                scores = estimator.score(self.production.model, self.production.card.recipe, rows)
                out = self._add(out, "production", scores)
            for refit, found in made:
                if isinstance(found, estimator.UnfittableError):
                    raise found
                if refit.seed:
                    out[loss_of(refit.side, refit.seed)] = metrics.row_losses(self.metric, rows[self.target], found)
                else:
                    out = self._add(out, refit.side, found)
        except estimator.UnfittableError as exc:
            sys.stderr.write(f"{step.window}: left out: {exc}\n")
            return out.head(0)
        return out

    def _add(self, out: pd.DataFrame, side: str, scores: pd.DataFrame) -> pd.DataFrame:
        loss = metrics.row_losses(self.metric, out[self.target], scores)
        return out.join(scores.add_prefix(scores_of(side))).assign(**{loss_of(side): loss})

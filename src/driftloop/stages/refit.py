"""Labelled rows and production → the losses of production and of weekly refits on the same rows."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from typing import TYPE_CHECKING

import pandas as pd

from driftloop.artifacts import CACHE, LABELLED, REFITS, read_frame, write_frame
from driftloop.core import losses, model, refits
from driftloop.core.recipe import recipe_of
from driftloop.core.windows import last_day
from driftloop.models import read_production
from driftloop.progress import track

if TYPE_CHECKING:
    from pathlib import Path

    from driftloop.core.recipe import Recipe
    from driftloop.core.refits import Step
    from driftloop.models import Production
    from driftloop.params import Params

MIN_ROWS = 50  # a refit on fewer rows says nothing


def run(params: Params, root: Path) -> None:
    """Score production and the refits of every step since its last training row."""
    production = read_production(root, params)
    labelled = read_frame(root / LABELLED)
    steps = refits.plan(
        trained_until=production.card.trained_until,
        labelled_until=last_day(params.source.until_instant, params.zone)
        - pd.Timedelta(days=params.data.label_delay_days).to_pytimedelta(),
        step_days=params.monitor.step_days,
        judge_days=params.windows.judge_days,
        label_delay_days=params.data.label_delay_days,
    )
    scorer = Scorer(params, production, labelled, root / CACHE / "refits")
    parts = [part for step in track(steps, "Refitting") if len(part := scorer.score(step))]
    write_frame(root / REFITS, pd.concat(parts, ignore_index=True) if parts else scorer.empty())


class Scorer:
    """Scores one step after the other; refits are remembered by the content that they depend on."""

    def __init__(self, params: Params, production: Production, labelled: pd.DataFrame, cache: Path) -> None:
        """Take what all steps share."""
        self.recipe = recipe_of(params)
        self.metric = params.evaluate.metric
        self.refit = params.monitor.refit
        self.kept = list(dict.fromkeys(["_ts", "_day", *params.data.segments, self.recipe.target]))
        self.seeds = refits.SEEDS if self.refit and model.is_seeded(self.recipe) else 1
        self.production = production
        self.labelled = labelled
        self.cache = cache

    def empty(self) -> pd.DataFrame:
        """Give the table of no step."""
        return self.labelled[self.kept].head(0).assign(step=None, production_loss=0.0, refit_loss=0.0)

    def score(self, step: Step) -> pd.DataFrame:
        """Score production and refits on the rows of a step."""
        rows = step.window.of(self.labelled)
        known = model.training_rows(self.recipe, self.labelled, step.known_until)
        out = rows[self.kept].assign(step=step.window.since)
        if self.production.model is not None and self.production.card.recipe is not None:
            scores = model.score(self.production.model, self.production.card.recipe, rows)
            out = self._add(out, "production", scores)
        if self.refit and len(rows) and len(known) >= MIN_ROWS and not model.untrainable(self.recipe, known):
            out = self._add(out, "refit", self._refit(known, rows, self.recipe.seed))
            for extra in range(1, self.seeds if step.judged else 1):
                scores = self._refit(known, rows, self.recipe.seed + extra)
                out[f"refit_loss_{extra}"] = losses.row_losses(self.metric, rows[self.recipe.target], scores)
        elif self.refit:
            return out.head(0)
        return out

    def _add(self, out: pd.DataFrame, side: str, scores: pd.DataFrame) -> pd.DataFrame:
        loss = losses.row_losses(self.metric, out[self.recipe.target], scores)
        return out.join(scores.add_prefix(f"{side}:")).assign(**{f"{side}_loss": loss})

    def _refit(self, known: pd.DataFrame, rows: pd.DataFrame, seed: int) -> pd.DataFrame:
        path = self.cache / f"{_key(self.recipe, known, rows, seed)}.parquet"
        if path.exists():
            return pd.read_parquet(path).set_index(rows.index)
        scores = model.score(model.fit(self.recipe, known, seed=seed), self.recipe, rows)
        write_frame(path, scores)
        return scores


def _key(recipe: Recipe, known: pd.DataFrame, rows: pd.DataFrame, seed: int) -> str:
    """Name a refit by all that its scores depend on."""
    parts = [recipe.model_dump_json(), str(seed), version("scikit-learn"), version("numpy")]
    value = hashlib.sha256("\n".join(parts).encode())
    for frame in (known, rows):
        columns = frame[[*recipe.features, recipe.target]]
        value.update(pd.util.hash_pandas_object(columns, index=False).to_numpy().tobytes())
    return value.hexdigest()

"""Labelled rows and production → the losses of production and of weekly refits on the same rows."""

from __future__ import annotations

import hashlib
import inspect
import sys
from contextlib import suppress
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from driftloop.artifacts import CACHE, LABELLED, REFITS, digest, read_frame, write_frame
from driftloop.core import losses, model, refits
from driftloop.core.recipe import recipe_of
from driftloop.core.windows import last_day
from driftloop.errors import DataError
from driftloop.models import read_production
from driftloop.progress import track

if TYPE_CHECKING:
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
    """Scores one step after the other; refits are remembered by the content that they depend on.

    `refit` is production's recipe, which says what waiting costs. Where params.yaml now holds another one, that is
    `candidate`, and only it is what the gate judges.
    """

    def __init__(self, params: Params, production: Production, labelled: pd.DataFrame, cache: Path) -> None:
        """Take what all steps share."""
        proposed = recipe_of(params)
        self.recipe = production.card.recipe or proposed
        self.candidate = proposed if proposed != self.recipe else None
        self.metric = params.evaluate.metric
        self.target = proposed.target
        self.refit = params.monitor.refit
        self.kept = list(dict.fromkeys(["_ts", "_day", *params.data.segments, self.target]))
        self.production = production
        self.labelled = labelled
        self.cache = cache
        recipes = [self.recipe, proposed] if self.refit else []
        self.code = {recipe.model_dump_json(): _code(recipe) for recipe in recipes}
        self.seeds = refits.SEEDS if self.refit and model.is_seeded(proposed) else 1

    def empty(self) -> pd.DataFrame:
        """Give the table of no step."""
        return self.labelled[self.kept].head(0).assign(step=None, production_loss=0.0, refit_loss=0.0)

    def score(self, step: Step) -> pd.DataFrame:
        """Score production and refits on the rows of a step; no row where a refit learns nothing."""
        rows = step.window.of(self.labelled)
        out = rows[self.kept].assign(step=step.window.since)
        try:
            if self.production.model is not None and self.production.card.recipe is not None:
                scores = model.score(self.production.model, self.production.card.recipe, rows)
                out = self._add(out, "production", scores)
            if self.refit:
                out = self._add(out, "refit", self._refit(self.recipe, step, rows, seed=0))
            if self.refit and step.judged:
                out = self._judge(out, step, rows)
        except model.UnfittableError as exc:
            sys.stderr.write(f"{step.window}: left out: {exc}\n")
            return out.head(0)
        return out

    def _judge(self, out: pd.DataFrame, step: Step, rows: pd.DataFrame) -> pd.DataFrame:
        """Add what only the gate looks at: another recipe, and other seeds of the recipe that is judged."""
        side, recipe = "refit", self.recipe
        if self.candidate:
            side, recipe = "candidate", self.candidate
            out = self._add(out, side, self._refit(recipe, step, rows, seed=0))
        for extra in range(1, self.seeds):
            scores = self._refit(recipe, step, rows, seed=extra)
            out[f"{side}_loss_{extra}"] = losses.row_losses(self.metric, rows[self.target], scores)
        return out

    def _add(self, out: pd.DataFrame, side: str, scores: pd.DataFrame) -> pd.DataFrame:
        loss = losses.row_losses(self.metric, out[self.target], scores)
        return out.join(scores.add_prefix(f"{side}:")).assign(**{f"{side}_loss": loss})

    def _refit(self, recipe: Recipe, step: Step, rows: pd.DataFrame, *, seed: int) -> pd.DataFrame:
        known = model.training_rows(recipe, self.labelled, step.known_until)
        if len(known) < MIN_ROWS:
            msg = f"{len(known)} rows to learn from"
            raise model.UnfittableError(msg)
        key = _key(self.code[recipe.model_dump_json()], recipe, known, rows, recipe.seed + seed)
        path = self.cache / f"{key}.parquet"
        with suppress(DataError):  # a file that is not there or cannot be read is one that has to be made
            return read_frame(path).set_index(rows.index)
        scores = model.score(model.fit(recipe, known, seed=recipe.seed + seed), recipe, rows)
        write_frame(path, scores)
        return scores


def _key(code: str, recipe: Recipe, known: pd.DataFrame, rows: pd.DataFrame, seed: int) -> str:
    """Name a refit by all that its scores depend on."""
    value = hashlib.sha256(f"{code}\n{recipe.model_dump_json()}\n{seed}\n".encode())
    for frame in (known, rows):
        columns = frame[[*recipe.features, recipe.target]]
        value.update(f"{len(columns)}\n".encode())
        value.update(pd.util.hash_pandas_object(columns, index=False).to_numpy().tobytes())
    return value.hexdigest()


def _code(recipe: Recipe) -> str:
    """Name the code that fits the recipe: versions of packages, and the source of an estimator of one's own."""
    top, installed = recipe.estimator.partition(".")[0], packages_distributions()
    packages = {"numpy", "pandas", "scikit-learn", "scipy", *installed.get(top, [])}
    sources = [Path(model.__file__)]
    if top not in installed:
        sources += sorted(Path(inspect.getfile(model.load_estimator(recipe.estimator))).parent.rglob("*.py"))
    return "\n".join([*(f"{name} {version(name)}" for name in sorted(packages)), *map(digest, sources)])

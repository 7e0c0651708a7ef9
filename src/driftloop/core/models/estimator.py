"""The recipe: from parameters and rows to a fitted scikit-learn pipeline, and from that to scores."""

from __future__ import annotations

import inspect
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from driftloop.core.columns import DAY, SCORE
from driftloop.core.models.held_rows import holds
from driftloop.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from sklearn.pipeline import Pipeline

    from driftloop.core.models.recipe import Recipe


class UnfittableError(ModelError):
    """These rows teach the estimator nothing."""


# Of the encoded training rows, which are dense and in double precision. Encoding and fitting take two to three times that,
# and the runners that GitHub lends have 7 to 16 GB.
MAX_MATRIX_BYTES = 2 * 2**30

# Threads cannot change these models: each tree of an ensemble has its own seed, and XGBoost gave the same model with 1 to 4.
THREADS_ARE_FREE = ("sklearn.ensemble.", "xgboost.")
# LightGBM takes all processors unless it is told, and gave another model with 3 threads than with 2.
THREADS_COUNT = ("lightgbm.",)


def load_estimator(name: str) -> type:
    """Import an estimator class by its dotted name.

    Raises
    ------
    ModelError
        If it cannot be imported, or is not a class with `fit` and `predict`.
    """
    where = f"train.estimator: {name}"
    module, _, attribute = name.rpartition(".")
    try:
        found = getattr(import_module(module), attribute)
    except AttributeError as exc:
        msg = f"{where}: module {module} has no {attribute}"
        raise ModelError(msg) from exc
    except Exception as exc:  # the module may be the user's own, and anything can happen in it
        said = (str(exc).splitlines() or [exc.__class__.__name__])[0]
        remedy = "install its package (uv add …) or put your module into src/" if module else "give a dotted name"
        msg = f"{where}: cannot be imported ({said}); {remedy}"
        raise ModelError(msg) from exc
    if not inspect.isclass(found) or not hasattr(found, "fit") or not hasattr(found, "predict"):
        msg = f"{where}: expected a class with fit and predict, got {type(found).__name__}"
        raise ModelError(msg)
    return found


def build(recipe: Recipe, seed: int) -> Pipeline:
    """Assemble the unfitted pipeline: prepare the columns as suits the estimator, estimate.

    Raises
    ------
    ModelError
        If the estimator does not import, does not take the parameters, or does not fit the task.
    """
    from sklearn.pipeline import Pipeline

    from driftloop.core.models.preparing import columns_for

    estimator = _estimator(recipe, seed)
    return Pipeline([("columns", columns_for(recipe, estimator)), ("model", estimator)])


def _estimator(recipe: Recipe, seed: int) -> Any:
    from sklearn.base import is_classifier, is_regressor

    try:
        made = load_estimator(recipe.estimator)(**recipe.params)
    except TypeError as exc:
        # `-S 'train.params={}'` merges with what is there, and takes nothing away.
        msg = f"train.params: {recipe.estimator} does not take them: {exc}; `dvc exp run -S '~train.params.NAME'` takes one away"
        raise ModelError(msg) from exc
    fits = is_classifier if recipe.task == "classification" else is_regressor
    if not hasattr(made, "get_params") or not fits(made):
        msg = f"train.estimator: {recipe.estimator}: expected an estimator for {recipe.task}"
        raise ModelError(msg)
    if recipe.task == "classification" and not hasattr(made, "predict_proba"):
        msg = f"train.estimator: {recipe.estimator}: expected a classifier with predict_proba"
        raise ModelError(msg)
    if _takes(made, "random_state") and made.get_params().get("random_state") is None:
        made.set_params(random_state=seed)
    return made


def _takes(estimator: Any, name: str) -> bool:
    """Whether an estimator has a parameter; CatBoost's `get_params` names only those that are set."""
    return name in estimator.get_params() or name in inspect.signature(type(estimator)).parameters


def is_seeded(recipe: Recipe) -> bool:
    """Whether another seed can give another model."""
    return _takes(_estimator(recipe, 0), "random_state") and recipe.params.get("random_state") is None


def fit(recipe: Recipe, rows: pd.DataFrame, *, seed: int | None = None, threads: int = -1) -> Pipeline:
    """Fit the recipe to labelled rows; same rows, same seed and same packages give the same model.

    Parameters
    ----------
    recipe, rows
        How to fit, and to what.
    seed
        In place of the recipe's own.
    threads
        For estimators whose model does not depend on it; −1: one per processor.

    Raises
    ------
    ModelError
        If the estimator refuses its parameters, the encoded rows would be too large, or the model would hold private rows.
    UnfittableError
        If it refuses the rows: that is for the decision to say.
    """
    from driftloop.core.models.preparing import ONE_HOT, encoding_of

    pipeline = build(recipe, recipe.seed if seed is None else seed)
    if reason := untrainable(recipe, rows):
        raise UnfittableError(reason)
    given = inputs(recipe, rows)
    # A column without a value is a constant, whatever the encoding; histogram boosting fails on one that is all missing.
    given = given.fillna({name: 0.0 for name in recipe.numerical if given[name].isna().all()})
    _bound(recipe, given, one_hot=encoding_of(recipe, pipeline[-1]) == ONE_HOT)
    free = _takes(pipeline[-1], "n_jobs") and recipe.params.get("n_jobs") is None
    parallel = free and recipe.estimator.startswith((*THREADS_ARE_FREE, *THREADS_COUNT))
    if parallel:
        pipeline.set_params(model__n_jobs=threads if recipe.estimator.startswith(THREADS_ARE_FREE) else 1)
    try:
        # Histogram boosting sums in an order that depends on the number of OpenMP threads.
        with threadpool_limits(1):
            target = _target(recipe, rows)
            pipeline.fit(given, target)
    except TypeError as exc:  # scikit-learn's errors about parameters are type errors too
        msg = f"train.params: {recipe.estimator} cannot be fitted: {str(exc).splitlines()[0]}"
        raise ModelError(msg) from exc
    except ValueError as exc:
        msg = f"{recipe.estimator} cannot be fitted to {len(rows)} rows: {_words(exc, recipe)}"
        raise UnfittableError(msg) from exc
    if parallel:  # a sum over threads may differ in its last bit from run to run, so predict in one
        pipeline.set_params(model__n_jobs=None)
    _let_go(pipeline, recipe, given, target)
    return pipeline


def _words(exc: ValueError, recipe: Recipe) -> str:
    """Return the first line of an error; it may quote a value, so it is withheld if some columns are private."""
    return "its error is not quoted, since data.private is set" if recipe.private else str(exc).partition("\n")[0]


def _target(recipe: Recipe, rows: pd.DataFrame) -> np.ndarray:
    """Return the target; private numbers are rounded, since the leaves of trees store them."""
    from driftloop.core.models.encoding import grid, rounded

    target = rows[recipe.target].to_numpy()
    if recipe.task == "regression" and recipe.target in recipe.private:
        target = target.astype(float)
        return rounded(target, *grid(target))
    return target


def _bound(recipe: Recipe, given: pd.DataFrame, *, one_hot: bool) -> None:
    """Refuse what would run out of memory hours later, when it is killed without a message."""
    from driftloop.core.models.encoding import MAX_CATEGORIES

    most_names = MAX_CATEGORIES if one_hot else 1
    names = {name: min(int(given[name].nunique(dropna=False)), most_names) for name in recipe.categorical}
    width = len(recipe.numerical) + sum(names.values())
    most = MAX_MATRIX_BYTES // (8 * max(width, 1))
    if len(given) > most:
        widest = ", ".join(f"{name} {names[name]}" for name in sorted(names, key=names.__getitem__, reverse=True)[:5])
        msg = (
            f"train.max_rows: expected at most {most:,} rows with {width:,} encoded columns (2 GiB), got {len(given):,}; lower "
            f"train.max_rows, or leave out columns with many names ({widest})"
        )
        raise ModelError(msg)


def _let_go(pipeline: Pipeline, recipe: Recipe, given: pd.DataFrame, target: np.ndarray) -> None:
    """Refuse a model that is made of its training rows where some of what is in them is private."""
    if not recipe.private:
        return
    rows = None if set(recipe.private).isdisjoint(recipe.features) else pipeline[:-1].transform(given)
    numbers = np.unique(target, return_inverse=True)[1] if recipe.task == "classification" else target
    if holds(pipeline[-1], rows=rows, target=numbers if recipe.target in recipe.private else None):
        msg = (
            f"train.estimator: {recipe.estimator}: expected a model without its training rows, since data.private names "
            f"{', '.join(recipe.private)}, got one that holds them; choose another, such as a forest or a linear model"
        )
        raise ModelError(msg)


def inputs(recipe: Recipe, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that the pipeline takes: float64, and objects with NaN for what is missing.

    A column that `rows` lacks is all missing: that data is wrong is for the decision to say.
    """
    given = rows.reindex(columns=recipe.features)
    numbers = {name: pd.to_numeric(given[name], errors="coerce").astype(float) for name in recipe.numerical}
    texts = {name: _texts(given[name]) for name in recipe.categorical}
    return pd.DataFrame({**numbers, **texts}, index=rows.index)


def score(pipeline: Pipeline, recipe: Recipe, rows: pd.DataFrame) -> pd.DataFrame:
    """Predict.

    Returns
    -------
    pandas.DataFrame
        Regression: one column `SCORE`. Classification: probabilities under the class names.
        Index as `rows`.

    Raises
    ------
    ModelError
        If the pipeline predicts something that is not finite.
    UnfittableError
        If it cannot predict these rows.
    """
    names: Sequence[str] = [SCORE]
    given = inputs(recipe, rows)
    try:
        if given.empty:
            values = np.empty((0, 1))
        elif recipe.task == "classification":
            names, values = [str(name) for name in pipeline.classes_], pipeline.predict_proba(given)
        else:
            values = np.asarray(pipeline.predict(given), dtype=float).reshape(-1, 1)
    except ValueError as exc:
        msg = f"{recipe.estimator} cannot predict {len(rows)} rows: {_words(exc, recipe)}"
        raise UnfittableError(msg) from exc
    if not np.isfinite(values).all():
        msg = f"{recipe.estimator}: expected finite predictions, got {int((~np.isfinite(values)).sum())} that are not"
        raise ModelError(msg)
    return pd.DataFrame(values, index=rows.index, columns=list(names))


def _texts(column: pd.Series) -> pd.Series:
    """Write names; a column that params.yaml now takes for numbers still holds the names 0, 1, … for production."""
    if pd.api.types.is_numeric_dtype(column):
        column = column.map(lambda value: f"{value:.0f}" if value == round(value) else repr(value), na_action="ignore")
    texts: pd.Series = column.astype(object).where(column.notna(), np.nan)
    return texts


def untrainable(recipe: Recipe, rows: pd.DataFrame) -> str | None:
    """Return why nothing can be learned from these rows, or None if something can."""
    if rows.empty:
        return "there are no labelled rows to train on"
    if recipe.task == "classification" and len(set(rows[recipe.target])) == 1:
        return f"all {len(rows)} labelled rows are of one class"
    return None


def training_rows(recipe: Recipe, labelled: pd.DataFrame, until: date) -> pd.DataFrame:
    """Keep the rows that the recipe trains on when labels are known up to the day `until` (exclusive)."""
    return labelled[(labelled[DAY] < until) & (labelled[DAY] >= recipe.trained_since(until))]

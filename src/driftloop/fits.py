"""Fits by content: a recipe fitted to some rows and scored on others is made once and remembered."""

from __future__ import annotations

import hashlib
import inspect
from contextlib import suppress
from functools import cache
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from driftloop.artifacts import digest, read_frame, write_frame
from driftloop.core import model
from driftloop.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from driftloop.core.recipe import Recipe

MIN_ROWS = 50  # a refit on fewer rows says nothing


def scores(recipe: Recipe, known: pd.DataFrame, rows: pd.DataFrame, *, seed: int, folder: Path) -> pd.DataFrame:
    """Fit to `known` and score `rows`, or give what was remembered of it; index as `rows`.

    Parameters
    ----------
    recipe
        How to fit; the training window has been applied to `known` already.
    known, rows
        With the recipe's features and target.
    seed
        In place of the recipe's own.
    folder
        Where scores are remembered; any file in it may be deleted at any time.

    Raises
    ------
    UnfittableError
        If these rows teach the estimator nothing.
    """
    if len(known) < MIN_ROWS:
        msg = f"{len(known)} rows to learn from"
        raise model.UnfittableError(msg)
    path = folder / f"{_key(recipe, known, rows, seed)}.parquet"
    with suppress(DataError):  # a file that is not there or cannot be read is one that has to be made
        return read_frame(path).set_index(rows.index)
    found = model.score(model.fit(recipe, known, seed=seed), recipe, rows)
    write_frame(path, found)
    return found


def _key(recipe: Recipe, known: pd.DataFrame, rows: pd.DataFrame, seed: int) -> str:
    """Name a fit by all that its scores depend on."""
    text = recipe.model_copy(update={"train_days": "all"}).model_dump_json()  # `known` says what that came to
    value = hashlib.sha256(f"{_code(recipe.estimator)}\n{text}\n{seed}\n".encode())
    for frame in (known, rows):
        columns = frame[[*recipe.features, recipe.target]]
        value.update(f"{len(columns)}\n".encode())
        value.update(pd.util.hash_pandas_object(columns, index=False).to_numpy().tobytes())
    return value.hexdigest()


def _code(estimator: str) -> str:
    """Name the code that fits: versions of packages, and the source of an estimator of one's own."""
    top = estimator.partition(".")[0]
    from driftloop.core import encoding  # not above: it imports scikit-learn

    sources = [Path(model.__file__), Path(encoding.__file__)]
    if top not in _installed():
        sources += sorted(Path(inspect.getfile(model.load_estimator(estimator))).parent.rglob("*.py"))
    return "\n".join([*_versions(top), *map(digest, sources)])


@cache
def _versions(top: str) -> tuple[str, ...]:
    packages = {"numpy", "pandas", "scikit-learn", "scipy", *_installed().get(top, [])}
    return tuple(f"{name} {version(name)}" for name in sorted(packages))


@cache
def _installed() -> Mapping[str, list[str]]:
    return packages_distributions()

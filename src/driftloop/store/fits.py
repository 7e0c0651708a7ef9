"""Fits by content: a recipe fitted to some rows and scored on others is made once and remembered."""

from __future__ import annotations

import hashlib
import inspect
import io
import sys
from functools import cache
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from driftloop.core.models import estimator as model
from driftloop.store.files import digest, write_bytes
from driftloop.store.imports import closure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from driftloop.core.models.recipe import Recipe

DIGEST_BYTES = 32
MIN_ROWS = 50  # a refit on fewer rows says nothing


def scores(recipe: Recipe, known: pd.DataFrame, rows: pd.DataFrame, *, seed: int, folder: Path) -> pd.DataFrame:
    """Fit to `known` and score `rows`, or return what was remembered of it; index as `rows`.

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
    path = folder / f"{_key(recipe, known, rows, seed)}.scores"
    remembered = _recall(path, len(rows))
    if remembered is not None:
        return remembered.set_index(rows.index)
    found = model.score(model.fit(recipe, known, seed=seed), recipe, rows)
    _remember(path, found)
    return found


def _remember(path: Path, scores: pd.DataFrame) -> None:
    """Write scores behind a digest of them and of what they are the scores of.

    The digest detects files that are damaged, cut, or of another fit. It does not protect against somebody who may write
    into the folder, who can compute the digest too. So the folder must not come from a place where others write.
    """
    content = io.BytesIO()
    scores.to_parquet(content, index=False)
    write_bytes(path, _digest(path, content.getvalue()) + content.getvalue())


def _recall(path: Path, rows: int) -> pd.DataFrame | None:
    """Read scores; None where there are none that can be believed, so that they are made again."""
    try:
        stored = path.read_bytes()
        written, content = stored[:DIGEST_BYTES], stored[DIGEST_BYTES:]
        if written != _digest(path, content):
            return None
        found = pd.read_parquet(io.BytesIO(content))
    except (OSError, ValueError):
        return None
    numbers = all(pd.api.types.is_float_dtype(kind) for kind in found.dtypes)
    return found if len(found) == rows and len(found.columns) and numbers else None


def _digest(path: Path, content: bytes) -> bytes:
    return hashlib.sha256(path.stem.encode() + content).digest()


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
    """Name the code that fits: versions of packages, and the files of an estimator of one's own."""
    top = estimator.partition(".")[0]
    from driftloop.core.models import encoding  # not above: it imports scikit-learn

    sources = [Path(model.__file__), Path(encoding.__file__)]
    if top not in _installed():
        sources += _own(estimator)
    return "\n".join([*_versions(top), *map(digest, sources)])


def _own(estimator: str) -> list[Path]:
    """List the files of the project that an own estimator is made of: its module, and what that imports of the project."""
    model.load_estimator(estimator)  # which says in one line why it cannot be imported
    module = estimator.rpartition(".")[0]
    file = Path(inspect.getfile(sys.modules[module]))
    above = module.count(".") + (file.name == "__init__.py")
    return sorted(closure({module}, (file.parents[above],)).values()) or [file]


@cache
def _versions(top: str) -> tuple[str, ...]:
    packages = {"numpy", "pandas", "scikit-learn", "scipy", *_installed().get(top, [])}
    return tuple(f"{name} {version(name)}" for name in sorted(packages))


@cache
def _installed() -> Mapping[str, list[str]]:
    return packages_distributions()

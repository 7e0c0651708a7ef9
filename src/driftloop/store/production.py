"""Model files on disk: opened only if they are the file that their card names."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from driftloop.core.models import archive
from driftloop.errors import ModelError
from driftloop.store.files import MODEL, read_card

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sklearn.pipeline import Pipeline

    from driftloop.core.models.card import Card
    from driftloop.core.models.recipe import Recipe
    from driftloop.params import Params


@dataclass(frozen=True)
class Production:
    """The production model and its card.

    Attributes
    ----------
    card
        Version 0 where there is none.
    model
        The fitted pipeline; None at version 0.
    """

    card: Card
    model: Pipeline | None


def read_production(root: Path, params: Params) -> Production:
    """Read production; a model file that is not the one of the card is refused."""
    card = read_card(root, params)
    if card.version == 0:
        return Production(card=card, model=None)
    model = read_model(root, MODEL, sha256=card.sha256, trusted=params.train.trusted, remedy="restore both from Git")
    if card.recipe and not fits(model, card.recipe):
        columns = ", ".join(card.recipe.features)
        msg = f"{MODEL}: expected a pipeline for {card.recipe.task} over {columns}, got another; restore both from Git"
        raise ModelError(msg)
    return Production(card=card, model=model)


def fits(model: Any, recipe: Recipe) -> bool:
    """Whether a model takes the columns of a recipe and is for its task."""
    from sklearn.base import is_classifier
    from sklearn.pipeline import Pipeline

    if not isinstance(model, Pipeline) or "columns" not in model.named_steps:
        return False
    columns = getattr(model.named_steps["columns"], "feature_names_in_", ())
    return list(columns) == recipe.features and is_classifier(model) == (recipe.task == "classification")


def read_model(root: Path, path: Path, *, sha256: str | None, trusted: Sequence[str], remedy: str) -> Pipeline:
    """Open a model file, if it is the one expected."""
    try:
        content = (root / path).read_bytes()
    except FileNotFoundError as exc:
        msg = f"{path}: not found; {remedy}"
        raise ModelError(msg) from exc
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        msg = f"{path}: expected SHA-256 {str(sha256)[:12]}…, got {found[:12]}…: not the file its card names; {remedy}"
        raise ModelError(msg)
    return archive.loads(content, trusted=trusted, where=str(path))

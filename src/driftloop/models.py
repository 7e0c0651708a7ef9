"""Model files on disk: opened only if they are the file that their card names."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from driftloop.artifacts import MODEL, read_card
from driftloop.core import modelfile
from driftloop.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sklearn.pipeline import Pipeline

    from driftloop.core.production import Card
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
    return Production(card=card, model=model)


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
    return modelfile.loads(content, trusted=trusted, where=str(path))

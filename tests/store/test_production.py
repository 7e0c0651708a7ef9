"""Production is opened only if it is the file that its card names, and what the card says of it."""

from __future__ import annotations

import hashlib
import pickle
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from factories import make_frame, make_params
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline
from skops import io as skops_io

from driftloop.core.models import archive, estimator
from driftloop.core.models.card import Card
from driftloop.core.models.recipe import recipe_of
from driftloop.core.windows import Window
from driftloop.errors import ModelError
from driftloop.store.files import CARD, MODEL, write_bytes, write_json
from driftloop.store.production import read_production

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

PARAMS = make_params()
SEEN = Window(since=date(2025, 1, 6), until=date(2025, 1, 13))


def make_model(rows: pd.DataFrame | None = None, **over: Any) -> bytes:
    recipe = recipe_of(make_params(**over))
    return archive.dumps(estimator.fit(recipe, make_frame(100) if rows is None else rows))


def place(root: Path, content: bytes) -> None:
    """Write a model file and a card that names it, whatever it is."""
    card = Card(
        version=1,
        model=PARAMS.model,
        recipe=recipe_of(PARAMS),
        trained=SEEN,
        reference=SEEN,
        sha256=hashlib.sha256(content).hexdigest(),
    )
    write_bytes(root / MODEL, content)
    write_json(root / CARD, card.model_dump(mode="json"))


def refused(root: Path) -> str:
    with pytest.raises(ModelError) as caught:
        read_production(root, PARAMS)
    return str(caught.value)


def test_read_production__opens_the_file_of_the_card(tmp_path: Path) -> None:
    place(tmp_path, make_model())
    found = read_production(tmp_path, PARAMS)
    assert isinstance(found.model, Pipeline)
    assert len(estimator.score(found.model, recipe_of(PARAMS), make_frame(5))) == 5


def test_read_production__at_version_0_has_no_model(tmp_path: Path) -> None:
    write_json(tmp_path / CARD, Card().model_dump(mode="json"))
    assert read_production(tmp_path, PARAMS).model is None


OTHERS: dict[str, Callable[[], bytes]] = {
    "more columns": lambda: make_model(make_frame(100).assign(z=1.0), data={"numerical": ["x", "z"]}),
    "fewer columns": lambda: make_model(data={"categorical": []}),
    "other task": lambda: make_model(
        make_frame(100).assign(y=["a", "b"] * 50),
        data={"task": "classification"},
        train={"estimator": "sklearn.linear_model.LogisticRegression"},
        evaluate={"metric": "brier"},
    ),
    "bare estimator": lambda: archive.dumps(Ridge().fit([[1], [2]], [1, 2])),
    "no model": lambda: archive.dumps({"a": 1}),
    "other pipeline": lambda: archive.dumps(Pipeline([("model", Ridge())])),
}


@pytest.mark.parametrize("other", OTHERS)
def test_read_production__refuses_a_model_that_does_not_fit_its_card(other: str, tmp_path: Path) -> None:
    place(tmp_path, OTHERS[other]())
    assert refused(tmp_path) == (
        "models/production/model.skops: expected a pipeline for regression over x, c, got another; restore both from Git"
    )


def test_read_production__refuses_another_file_than_the_card_names(tmp_path: Path) -> None:
    place(tmp_path, make_model())
    write_bytes(tmp_path / MODEL, make_model(train={"estimator": "sklearn.linear_model.Ridge"}))
    said = refused(tmp_path)
    assert said.startswith("models/production/model.skops: expected SHA-256 ")
    assert said.endswith(": not the file its card names; restore both from Git")


def test_read_production__says_when_the_file_is_gone(tmp_path: Path) -> None:
    place(tmp_path, make_model())
    (tmp_path / MODEL).unlink()
    assert refused(tmp_path) == "models/production/model.skops: not found; restore both from Git"


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (self.path, "w")


@pytest.mark.parametrize("kind", ["pickle", "skops", "cut", "text"])
def test_read_production__runs_no_code_of_a_foreign_file(kind: str, tmp_path: Path) -> None:
    bomb = tmp_path / "exploded"
    content = {
        "pickle": pickle.dumps(Bomb(str(bomb))),
        "skops": skops_io.dumps(partial(open, str(bomb), "w")),
        "cut": make_model()[:-100],
        "text": b"model",
    }[kind]
    place(tmp_path, content)
    said = refused(tmp_path)
    assert said.startswith("models/production/model.skops: ")
    assert ("refused, holds types that are not trusted" in said) is (kind == "skops")
    assert not bomb.exists()

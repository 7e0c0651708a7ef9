"""Which columns a run works with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from driftloop.core.columns import TS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from driftloop.core.models.card import Card
    from driftloop.params import Params


class Columns(BaseModel):
    """The columns that a run works with.

    Attributes
    ----------
    numerical, categorical
        Model inputs: those declared in params.yaml, then those that only production still needs.
    target, task
        What is predicted.
    key
        Columns that are unique per row; the timestamp among them stands as `TS`, also where it is made of several.
    """

    model_config = ConfigDict(frozen=True)

    numerical: tuple[str, ...]
    categorical: tuple[str, ...]
    target: str
    task: str
    key: tuple[str, ...]

    @property
    def features(self) -> tuple[str, ...]:
        """All model inputs."""
        return (*self.numerical, *self.categorical)

    @property
    def numbers(self) -> tuple[str, ...]:
        """All columns that hold numbers, the target included where it does."""
        return (*self.numerical, self.target) if self.task == "regression" else self.numerical

    @property
    def names(self) -> tuple[str, ...]:
        """All columns that hold names, the target included where it does."""
        return (*self.categorical, self.target) if self.task == "classification" else self.categorical


def columns_of(params: Params, card: Card) -> Columns:
    """Join what params.yaml declares with what production was trained on."""
    declared = set(params.data.features)
    kept = card.recipe
    return Columns(
        numerical=(*params.data.numerical, *(n for n in (kept.numerical if kept else ()) if n not in declared)),
        categorical=(*params.data.categorical, *(n for n in (kept.categorical if kept else ()) if n not in declared)),
        target=params.data.target,
        task=params.data.task,
        key=_key(params.data.key, params.data.timestamps),
    )


def _key(key: Sequence[str], timestamps: Sequence[str]) -> tuple[str, ...]:
    """Put the instant in the place of the columns that make it up, if all of them are in the key."""
    whole = set(timestamps) <= set(key)
    return tuple(dict.fromkeys(TS if whole and name in timestamps else name for name in key))

"""The files of a project as they were rendered last: what `driftloop upgrade` tells a team's edits from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from driftloop.errors import LoopError
from driftloop.foreign import files, jsonfile
from driftloop.project.rendering import Answers
from driftloop.store.files import write_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from driftloop.project.requirement import Requirement

BASE = ".driftloop/base.json"


class Said(BaseModel):
    """The answers that a project was rendered with; see `rendering.Answers`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    values: dict[str, Any] = {}
    comments: dict[str, str] = {}
    data: str = ""
    features: str | None = None

    @classmethod
    def of(cls, answers: Answers) -> Said:
        """Keep what does not depend on the installation."""
        return cls(
            model=answers.model,
            values=dict(answers.values),
            comments=dict(answers.comments),
            data=answers.data,
            features=answers.features,
        )

    def filled(self, requirement: Requirement) -> Answers:
        """Answer again, with how driftloop gets in now."""
        return Answers(
            self.model,
            requirement,
            values=self.values,
            comments=self.comments,
            data=self.data,
            features=self.features,
        )


class Base(BaseModel):
    """The last rendering.

    Attributes
    ----------
    driftloop
        The version whose templates these are.
    answers
        What they were filled with.
    files
        Path → text.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    driftloop: str
    answers: Said
    files: dict[str, str]


def write(root: Path, version: str, files: Mapping[str, str], answers: Said) -> None:
    """Remember a rendering."""
    found = Base(driftloop=version, answers=answers, files=dict(sorted(files.items())))
    write_json(root / BASE, found.model_dump(mode="json"))


def read(root: Path) -> Base:
    """Read the last rendering.

    Raises
    ------
    LoopError
        If the project has none.
    """
    try:
        return Base.model_validate(jsonfile.read(files.read_bytes(root / BASE, where=BASE), where=BASE))
    except OSError as exc:
        msg = f"{BASE}: not found; `driftloop init` writes it, and only projects made by it can be upgraded"
        raise LoopError(msg) from exc
    except ValidationError as exc:
        msg = f"{BASE}: expected what `driftloop init` writes, got something else; restore it from Git"
        raise LoopError(msg) from exc

"""Several models in one repository: a folder for each, found by what is in it.

A model is a folder with a params.yaml and a dvc.yaml that runs stages of driftloop. One model in the top folder is the usual
case, and nothing here is asked of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from driftloop.errors import LoopError
from driftloop.foreign import yamlfile
from driftloop.foreign.lockfile import PIPELINE
from driftloop.store.files import CARD

if TYPE_CHECKING:
    from collections.abc import Iterable

    from driftloop.git import Git

PARAMS = "params.yaml"
CONFIG = ".dvc/config"
TOP = "."
MONITOR, MODELS = "monitor.yml", "models.yml"  # the workflows that measure the top folder's model, and all others
STAGE = b"driftloop stage "
# What an output of a step, an input of a workflow and the name of an artifact can hold.
NAME = re.compile(r"[A-Za-z0-9_][\w.-]*(?:/[A-Za-z0-9_][\w.-]*)*", re.ASCII)


@dataclass(frozen=True)
class Model:
    """A model of the repository.

    Attributes
    ----------
    folder
        Where it is, from the top of the repository; empty for the top itself.
    name
        Its name, by params.yaml; empty where that cannot be read.
    """

    folder: str
    name: str

    @property
    def path(self) -> str:
        """Its folder as workflows write it: `.` for the top."""
        return self.folder or TOP


def find(git: Git, revision: str = "HEAD") -> tuple[Model, ...]:
    """List the models of a commit, that of the top folder first.

    Raises
    ------
    LoopError
        If two have one name, or a folder cannot be one of a model.
    """
    paths = set(git.files(revision))
    places = [PurePosixPath(path).parent for path in paths if PurePosixPath(path).name == PARAMS]
    found = sorted(f"{place}" for place in places if f"{place / PIPELINE}" in paths)
    at = git.head(revision)
    pipelines = git.blobs([f"{at}:{PurePosixPath(folder, PIPELINE)}" for folder in found])
    found = [folder for folder, text in zip(found, pipelines, strict=True) if STAGE in (text or b"")]
    texts = git.blobs([f"{at}:{PurePosixPath(folder, PARAMS)}" for folder in found])
    models = tuple(Model(_folder(folder, paths), _name(text or b"")) for folder, text in zip(found, texts, strict=True))
    check(models)
    return models


def schedule(folder: str) -> str:
    """Name the workflow whose schedule measures the model of a folder."""
    return MODELS if folder else MONITOR


def check(models: Iterable[Model]) -> None:
    """Refuse two models of one name: alerts, records and tags would be taken for each other's.

    Raises
    ------
    LoopError
        If there are such.
    """
    known: dict[str, str] = {}
    for model in models:
        other = known.setdefault(model.name.casefold(), model.folder) if model.name else model.folder
        if other != model.folder:
            both = " and ".join(f"{PurePosixPath(each or TOP, PARAMS)}" for each in (other, model.folder))
            msg = f"{both}: model: expected a name of its own in each folder, got {model.name!r} in both; change one"
            raise LoopError(msg)


def others(git: Git) -> tuple[Model, ...]:
    """List the models beside that of this folder."""
    mine = git.folder
    return tuple(model for model in find(git) if model.folder != mine)


def promoted(git: Git, before: str) -> tuple[Model, ...]:
    """List the models whose card the commits since `before` have changed."""
    listed = git.run("diff", "--name-only", "--no-renames", "-z", before, "HEAD", "--", ".").split("\0")
    changed = {f"{PurePosixPath(path)}" for path in listed if path}
    return tuple(model for model in find(git) if f"{PurePosixPath(model.folder, CARD)}" in changed)


def _folder(found: str, paths: set[str]) -> str:
    if found == TOP:
        return ""
    if not NAME.fullmatch(found):
        msg = f"{found!r}: expected a folder of letters, digits, '.', '_', '-' and '/' for a model; rename it"
        raise LoopError(msg)
    if f"{found}/{CONFIG}" not in paths:  # else DVC would take the pipelines of all models for one
        msg = (
            f"{found}: expected a DVC repository of its own, got no {CONFIG}; run `dvc init --subdir` there, and commit"
        )
        raise LoopError(msg)
    return found


def _name(content: bytes) -> str:
    """Read the name of a model; what else is wrong with its parameters is said by its own runs."""
    try:
        found = yamlfile.read(content, where=PARAMS)
    except LoopError:
        return ""
    name = found.get("model") if isinstance(found, dict) else None
    return name if isinstance(name, str) else ""

"""Several models in one repository: a folder for each, found by what is in it.

A model is a folder with a params.yaml and a dvc.yaml that runs stages of driftloop. One model in the top folder is the usual
case, and nothing here is asked of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from driftloop.errors import LoopError
from driftloop.foreign import yamlfile
from driftloop.foreign.lockfile import PIPELINE
from driftloop.store.files import CARD

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

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


def chosen(models: Sequence[Model], folder: str) -> Model:
    """Find the model of a folder as somebody has written it; the first one where nothing is written.

    Raises
    ------
    LoopError
        If there is none, or no model at all.
    """
    wanted = f"{PurePosixPath(folder)}"
    found = next((model for model in models if not folder or f"{PurePosixPath(model.folder)}" == wanted), None)
    if found is None:
        there = ", ".join(model.path for model in models) or "none"
        msg = f"folder: expected one with {PARAMS} and {PIPELINE}, which are {there}, got {folder or TOP!r}"
        raise LoopError(msg)
    return found


def about(git: Git, models: Sequence[Model], name: str, event: Mapping[str, Any]) -> Model:
    """Find the model that a push promotes, or that a pull request changes; the first one where there is none.

    Parameters
    ----------
    git, models
        A checkout of what was pushed, with its history; see `find`.
    name, event
        The kind of the event and its payload.

    Raises
    ------
    LoopError
        If a push promotes several: there is one release in a run.
    """
    if name == "pull_request":
        base = git.run("merge-base", str(event["pull_request"]["base"]["sha"]), "HEAD")
        changed = _changed(git, base)
        # The newest promotion first: a proposal changes nothing else.
        ranked = sorted(
            models, key=lambda model: (not _holds(model, changed, f"{CARD}"), not _holds(model, changed, ""))
        )
        return ranked[0] if ranked else chosen(models, "")
    before = str(event.get("before", ""))
    if name != "push" or not git.succeeds("cat-file", "-e", f"{before}^{{commit}}"):
        return chosen(models, "")
    changed = _changed(git, before)
    promoted = [model for model in models if _holds(model, changed, f"{CARD}")]
    if len(promoted) > 1:
        named = " and ".join(model.path for model in promoted)
        msg = f"push: promotes the models in {named}; start *Actions → Release → Run workflow* for each folder"
        raise LoopError(msg)
    return promoted[0] if promoted else chosen(models, "")


def _changed(git: Git, before: str) -> list[str]:
    return git.run("diff", "--name-only", "--no-renames", "-z", before, "HEAD").split("\0")


def _holds(model: Model, paths: Iterable[str], below: str) -> bool:
    """Whether one of these paths is, or is below, a path of the model; what is in the top folder is that of its model."""
    place = f"{PurePosixPath(model.folder, below)}"
    return any(path == place or path.startswith(f"{place}/") for path in paths) if place != TOP else False


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

"""What driftloop.lock says: per stage a digest of its code, and the versions of the packages that decide its results."""

from __future__ import annotations

import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from driftloop.lock import source
from driftloop.lock.source import DECISIVE
from driftloop.store.imports import imported

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from driftloop.lock.source import Source


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Stage(_Value):
    """What one stage's results depend on, beside data and parameters.

    Attributes
    ----------
    code
        MD5 of the stage's module and of all modules of driftloop that it imports.
    packages
        Versions of the packages that decide its results.
    """

    code: str
    packages: dict[str, str]


class Lock(_Value):
    """driftloop.lock.

    Attributes
    ----------
    driftloop
        The version that wrote it. No stage depends on it.
    stages
        By their names in dvc.yaml.
    """

    driftloop: str
    stages: dict[str, Stage]


def installed(estimators: Iterable[str] = (), *, src: Path | None = None, memory: Path | None = None) -> Lock:
    """Compute what a lock would say of this installation.

    Parameters
    ----------
    estimators
        Dotted names of the estimators that the project uses.
    src
        Folder of the project's own modules, whose packages count too.
    memory
        See `source.stages`.
    """
    own = _packages_of(_imported_by_own_code(src) if src is not None else ())
    models = own | _packages_of(estimators)
    return Lock(
        driftloop=version("driftloop"),
        stages={name: stage(found, features=own, models=models) for name, found in source.stages(memory).items()},
    )


def stage(found: Source, *, features: Iterable[str] = (), models: Iterable[str] = ()) -> Stage:
    """Compute what this installation would run for a stage.

    Parameters
    ----------
    found
        What the source says of it.
    features, models
        Packages that count where it runs the project's features, or fits and loads models.
    """
    wanted = {*found.packages, *(features if found.features else ()), *(models if found.models else ())}
    return Stage(code=found.code, packages=versions(wanted))


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Look up the versions of packages; one that is not installed is left out."""
    return {package: found for package in sorted(packages) if (found := _version(package))}


@cache
def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _packages_of(names: Iterable[str]) -> set[str]:
    """List the installed packages that dotted names come from; only for names that are not known all of them are looked at."""
    tops = {name.partition(".")[0] for name in names} - {"driftloop"}
    known = {package for top in tops & DECISIVE.keys() for package in DECISIVE[top]}
    others = tops - DECISIVE.keys() - sys.stdlib_module_names
    distributions = _distributions() if others else {}
    return known | {package for top in others for package in distributions.get(top, [])}


@cache
def _distributions() -> Mapping[str, list[str]]:
    return packages_distributions()


def _imported_by_own_code(src: Path) -> set[str]:
    """List what the modules in `src/` import; the source of driftloop itself is in `code`."""
    files = [path for path in src.rglob("*.py") if not path.is_relative_to(src / "driftloop")]
    return {name for path in files for name in imported(path)}

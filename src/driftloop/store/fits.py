"""Fits by content: a recipe fitted to some rows and scored on others is made once, on all processors, and remembered."""

from __future__ import annotations

import hashlib
import inspect
import io
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from threadpoolctl import threadpool_limits

from driftloop.core.models import estimator as model
from driftloop.progress import track
from driftloop.store.files import digest
from driftloop.store.imports import closure
from driftloop.store.remembered import recall, remember

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import TypeAlias

    from driftloop.core.judging.labelled import Labelled, Places
    from driftloop.core.models.recipe import Recipe
    from driftloop.params import Engine

    Scores: TypeAlias = pd.DataFrame | model.UnfittableError

MIN_ROWS = 50  # a refit on fewer rows says nothing
# Of processor time for what is still to be made. On two cores, two processes cost 7 seconds more of it than one, for their imports.
# Threads cost nothing to start, but histogram boosting on few rows is mostly Python, which runs in one thread at a time.
WORTH_SECONDS = 20
BATCH = 4  # fits per worker that are asked for at once, where a backend of joblib returns all of them together


@dataclass(frozen=True)
class Workers:
    """Who makes fits.

    Attributes
    ----------
    count
        −1: as many as the `joblib.parallel_config` in force says, or else one per processor.
    joined
        Is opened where there are so many fits that it is worth it, such as a session on a cluster with its backend for joblib.
    threads
        Of each fit; None: what the processors here allow for.
    """

    count: int = -1
    joined: Callable[[], AbstractContextManager[object]] = nullcontext
    threads: int | None = None


HERE = Workers()


def workers(settings: Engine, root: Path, *, count: int = -1) -> Workers:
    """Return those that params.yaml asks for: so many processors here, or all of its cluster."""
    if settings.fits == "local":
        return Workers(count)
    from driftloop import engine  # not above: it imports Ibis

    return Workers(joined=partial(engine.fitting, settings, root), threads=1)  # a task of Spark has one core


@dataclass(frozen=True, eq=False)
class Job:
    """One fit, and the rows that it scores.

    Attributes
    ----------
    recipe
        How to fit; the training window has been applied to `known` already.
    labelled
        Rows with the recipe's features and target.
    known, rows
        Places of those to learn from, and of those to score.
    seed
        In place of the recipe's own.
    """

    recipe: Recipe
    labelled: Labelled
    known: Places
    rows: Places
    seed: int

    @property
    def labels(self) -> pd.Series:
        """The target of the rows to score."""
        return self.labelled.frame[self.recipe.target].iloc[self.rows]

    def task(self) -> Task:
        """Return the fit with its rows, for any process; they are taken out as late as possible, or they fill the memory."""
        known, rows = (self.labelled.frame.iloc[places] for places in (self.known, self.rows))
        return Task(self.recipe, known, rows, self.seed)


@dataclass(frozen=True, eq=False)
class Task:
    """A job with its own rows."""

    recipe: Recipe
    known: pd.DataFrame
    rows: pd.DataFrame
    seed: int

    def make(self, threads: int) -> Scores:
        """Fit and score; the error is the result where these rows teach the estimator nothing."""
        if len(self.known) < MIN_ROWS:
            return model.UnfittableError(f"{len(self.known)} rows to learn from")
        try:
            fitted = model.fit(self.recipe, self.known, seed=self.seed, threads=threads)
            return model.score(fitted, self.recipe, self.rows)
        except model.UnfittableError as exc:
            return exc


def run(jobs: Sequence[Job], folder: Path, what: str, *, workers: Workers) -> list[Scores]:
    """Make all jobs that are not remembered yet; the result does not depend on the number of workers.

    Parameters
    ----------
    jobs
        The fits; those that are the same are made once.
    folder
        Where scores are remembered; any file in it may be deleted at any time.
    what
        For the progress bar.
    workers
        Who makes them.

    Returns
    -------
    list
        Per job its scores, index as its rows, or why the rows teach the estimator nothing.
    """
    names = [_key(job) for job in jobs]
    found: dict[str, Scores] = {}
    missing: dict[str, Job] = {}
    for name, job in zip(names, jobs, strict=True):
        if name not in found and name not in missing:
            remembered = _recall(folder / f"{name}.scores", len(job.rows))
            if remembered is None:
                missing[name] = job
            else:
                found[name] = remembered
    made = _made(list(missing.values()), workers)
    for name, scores in zip(missing, track(made, what, total=len(missing)), strict=True):
        if isinstance(scores, pd.DataFrame):
            _remember(folder / f"{name}.scores", scores)
        found[name] = scores
    return [_placed(found[name], job) for name, job in zip(names, jobs, strict=True)]


def _placed(scores: Scores, job: Job) -> Scores:
    return scores.set_index(job.labelled.frame.index[job.rows]) if isinstance(scores, pd.DataFrame) else scores


def _made(jobs: Sequence[Job], workers: Workers) -> Iterator[Scores]:
    """Make jobs in their order: the first ones here, and the others by workers if that is worth it."""
    from joblib import cpu_count

    seconds: list[float] = []  # of processor time, so that a busy computer makes no difference
    for place, job in enumerate(jobs):
        left = len(jobs) - place
        if workers.count != 1 and left > 1 and _expected(seconds, left) > WORTH_SECONDS:
            break
        begun = time.process_time()
        scores = job.task().make(cpu_count())
        seconds.append(time.process_time() - begun)
        yield scores
    rest = jobs[len(seconds) :]
    if rest:
        with workers.joined():
            yield from _shared(rest, workers)


def _shared(jobs: Sequence[Job], workers: Workers) -> Iterator[Scores]:
    """Make jobs by joblib, whose backend may be the processes of this computer or a cluster."""
    from joblib import cpu_count, effective_n_jobs
    from joblib.parallel import get_active_backend
    from sklearn.utils.parallel import Parallel, delayed

    asked = workers.count
    if asked == -1:
        said = Parallel().n_jobs  # 1 where nobody has said anything
        asked = -1 if said == 1 else said
    count = effective_n_jobs(asked)
    threads = workers.threads or max(1, cpu_count() // count)  # or forests in each worker would take all processors
    # Where workers are threads, each would else put back the limit of all when it ends; see `estimator.fit`.
    with threadpool_limits(1):
        if get_active_backend()[0].supports_return_generator:
            made = Parallel(n_jobs=count, return_as="generator")
            yield from made(delayed(Task.make)(job.task(), threads) for job in jobs)
            return
        for start in range(0, len(jobs), BATCH * count):
            batch = jobs[start : start + BATCH * count]
            yield from Parallel(n_jobs=count)(delayed(Task.make)(job.task(), threads) for job in batch)


def _expected(seconds: Sequence[float], left: int) -> float:
    """Return how long fits that are left will take; the first does not tell, since it imports."""
    return sum(seconds[1:]) / (len(seconds) - 1) * left if len(seconds) > 1 else 0.0


def _remember(path: Path, scores: pd.DataFrame) -> None:
    content = io.BytesIO()
    scores.to_parquet(content, index=False)
    remember(path, content.getvalue())


def _recall(path: Path, rows: int) -> pd.DataFrame | None:
    """Read scores; None where there are none of so many rows."""
    if (content := recall(path)) is None:
        return None
    try:
        found = pd.read_parquet(io.BytesIO(content))
    except (OSError, ValueError):
        return None
    numbers = all(pd.api.types.is_float_dtype(kind) for kind in found.dtypes)
    return found if len(found) == rows and len(found.columns) and numbers else None


def _key(job: Job) -> str:
    """Name a fit by all that its scores depend on."""
    recipe = job.recipe
    text = recipe.model_copy(update={"train_days": "all"}).model_dump_json()  # `known` says what that came to
    value = hashlib.sha256(f"{_code(recipe.estimator)}\n{text}\n{job.seed}\n".encode())
    hashes = job.labelled.hashes((*recipe.features, recipe.target))
    for places in (job.known, job.rows):
        value.update(f"{len(places)}\n".encode())
        value.update(hashes[places].tobytes())
    return value.hexdigest()


def _code(estimator: str) -> str:
    """Name the code that fits: versions of packages, and the files of an estimator of one's own."""
    top = estimator.partition(".")[0]
    from driftloop.core.models import encoding, preparing  # not above: they import scikit-learn

    sources = [Path(inspect.getfile(module)) for module in (model, encoding, preparing)]
    if top != "sklearn" and top not in _installed():  # which looks through all packages there are
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
    others = [] if top == "sklearn" else _installed().get(top, [])
    packages = {"numpy", "pandas", "scikit-learn", "scipy", *others}
    return tuple(f"{name} {version(name)}" for name in sorted(packages))


@cache
def _installed() -> Mapping[str, list[str]]:
    return packages_distributions()

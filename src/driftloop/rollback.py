"""Bring the model file of an earlier version back into production, as a new version."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from driftloop import lineage
from driftloop.core.columns import DAY
from driftloop.core.figures import less_error
from driftloop.core.judging import comparing, side_by_side
from driftloop.core.judging.data_alarms import Alarms
from driftloop.core.judging.scored import judge_days, labelled_until, sound_rows
from driftloop.core.judging.verdict import Report
from driftloop.core.models import archive
from driftloop.core.models.card import Card, read_card
from driftloop.core.windows import Window, end_day, last_days
from driftloop.errors import ModelError
from driftloop.store.files import (
    ALARMS,
    CARD,
    LABELLED,
    MODEL,
    VERDICT,
    read_frame,
    read_value,
    write_bytes,
    write_json,
)
from driftloop.store.production import fits, read_production

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pandas as pd

    from driftloop.core.models.recipe import Recipe
    from driftloop.git import Git
    from driftloop.params import Params
    from driftloop.store.production import Production

# How many numbers of a version have to agree for a model file to be read as it was written. scikit-learn promises it for
# the same release only: https://scikit-learn.org/stable/model_persistence.html
AGREEING = {"scikit-learn": 2, "skops": 2, "numpy": 1}


@dataclass(frozen=True)
class Earlier:
    """A version that was production once, as Git has it.

    Attributes
    ----------
    commit
        Where it is.
    card
        Its card.
    content
        Its model file, which nobody has opened.
    highest
        The highest version that there ever was.
    """

    commit: str
    card: Card
    content: bytes = field(repr=False)
    highest: int

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"v{self.card.version}"

    @property
    def recipe(self) -> Recipe:
        """How it was fitted.

        Raises
        ------
        ModelError
            If its card does not say so; `read_card` accepts none that is called a version.
        """
        if self.card.recipe is None:
            msg = f"{self.name}: its card names no recipe"
            raise ModelError(msg)
        return self.card.recipe

    def again(self, report: Report) -> Card:
        """Write the card of the new version: numbers never go backwards."""
        verdict = report.verdict.model_dump(mode="json")
        news = {"version": self.highest + 1, "restores": self.card.version, "verdict": verdict}
        return self.card.model_copy(update=news)


@dataclass(frozen=True)
class Rollback:
    """What is about to be written.

    Attributes
    ----------
    card
        Of the new version.
    report
        The present version and the earlier one on the same rows.
    content
        The model file.
    """

    card: Card
    report: Report
    content: bytes = field(repr=False)


def number(given: str) -> int:
    """Read the name of a version, `v2` or `2`."""
    if not re.fullmatch(r"v?[1-9][0-9]{0,8}", given):
        msg = f"--to: expected a version such as v1, got {given[:40]!r}; `driftloop versions` shows them"
        raise ModelError(msg)
    return int(given.removeprefix("v"))


def find(git: Git, wanted: int, params: Params) -> Earlier:
    """Find a version in Git's history, the newest of that number.

    Raises
    ------
    ModelError
        If there is none, or its files are not there or not those that belong together.
    """
    changes = [change for change in lineage.every(git, params.model) if change.card.model == params.model]
    if not changes:
        msg = "rollback: Git's history names no version; in a shallow clone run `git fetch --unshallow --tags`"
        raise ModelError(msg)
    found = next((change for change in reversed(changes) if change.card.version == wanted), None)
    if found is None:
        there = ", ".join(f"v{each}" for each in sorted({change.card.version for change in changes} - {0}))
        msg = f"--to: expected one of {there}, got v{wanted}; `driftloop versions` shows them"
        raise ModelError(msg)
    where = f"v{wanted} ({CARD} at {found.commit[:12]})"
    text, content = git.blobs([f"{found.commit}:./{path.as_posix()}" for path in (CARD, MODEL)])
    try:
        card = read_card((text or b"").decode("utf-8", "replace"), params, where=where)
    except ModelError as exc:
        msg = f"{str(exc).rpartition('; ')[0]}; it cannot be brought back: retrain"
        raise ModelError(msg) from exc
    if content is None or hashlib.sha256(content).hexdigest() != card.sha256:
        what = "is not in Git" if content is None else "is not the one that its card names"
        msg = f"v{wanted}: its model file at {found.commit[:12]} {what}; retrain, or restore the file in a pull request by hand"
        raise ModelError(msg)
    return Earlier(found.commit, card, content, max(change.card.version for change in changes))


def check(earlier: Earlier, before: Card, params: Params) -> None:
    """Refuse a version that is production, or does not fit to the parameters and packages of today; no model is opened.

    Raises
    ------
    ModelError
        With the reason and the remedy.
    """
    name = earlier.name
    if not before.version:
        msg = "rollback: there is no production model; `driftloop promote --first` makes one"
        raise ModelError(msg)
    if earlier.card.sha256 == before.sha256:
        msg = f"--to: expected another model than production, got {name}, whose model file v{before.version} is already"
        raise ModelError(msg)
    if misfit := _columns(earlier.recipe, params) or _packages(earlier.card):
        msg = f"{name}: {misfit}, or retrain"
        raise ModelError(msg)
    archive.audit(earlier.content, trusted=params.train.trusted, where=name)


def _columns(recipe: Recipe, params: Params) -> str:
    """Say which columns do not fit, and what to do; empty where all do."""
    data = params.data
    for kind, declared, columns in (
        ("numerical", data.numerical, recipe.numerical),
        ("categorical", data.categorical, recipe.categorical),
    ):
        if missing := [column for column in columns if column not in declared]:
            shown = ", ".join(missing)
            return (
                f"takes {shown}, which data.{kind} in params.yaml does not list; list it again, run `dvc repro`, commit"
            )
    hidden = [column for column in (*recipe.features, recipe.target) if column in data.private]
    if kept := [column for column in hidden if column not in recipe.private]:
        return f"may hold values of {', '.join(kept)}, which data.private names by now; take it out of data.private"
    return ""


def _packages(card: Card) -> str:
    """Say which package does not fit, and what to do; empty where all do."""
    for package, then in card.packages.items():
        count, now = AGREEING.get(package, 0), _installed(package)
        if then.split(".")[:count] != now.split(".")[:count]:
            remedy = f'`uv add "{package}=={then}"`, `driftloop lock`, `dvc repro`, commit'
            return f"was written with {package} {then}, and {now or 'none'} is installed: {remedy}"
    return ""


def _installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def plan(params: Params, root: Path, earlier: Earlier) -> Rollback:
    """Compare an earlier version with production on the newest data, and word the card of the new one.

    The comparison informs whoever decides, and refuses nothing: there may be a reason that no figure shows.

    Raises
    ------
    ModelError
        If it does not fit, or the pipeline has not run on this data.
    """
    production = read_production(root, params)
    check(earlier, production.card, params)
    newest, until = read_value(root / VERDICT, Report), end_day(params.source.until_instant, params.zone)
    if (newest.production_version, newest.until) != (production.card.version, until):
        msg = f"{VERDICT}: it is about other data or another production; run `dvc repro`"
        raise ModelError(msg)
    faulty = read_value(root / ALARMS, Alarms).faulty_steps
    report = compare(params, production, earlier, read_frame(root / LABELLED), faulty)
    return Rollback(earlier.again(report), report, earlier.content)


def compare(
    params: Params, production: Production, earlier: Earlier, labelled: pd.DataFrame, faulty: Iterable[date]
) -> Report:
    """Judge the earlier version as a candidate, on the newest labelled rows that neither model has seen."""
    data, card = params.data, earlier.card
    rows = last_days(labelled_until(params), judge_days(params, labelled)).of(labelled)
    rows = rows[rows[DAY] >= max(each.trained_until or date.min for each in (production.card, card))]
    sound = sound_rows(params, rows, faulty)
    rows = sound if len(sound) else rows
    model = archive.loads(earlier.content, trusted=params.train.trusted, where=earlier.name)
    if not fits(model, earlier.recipe) or production.model is None or production.card.recipe is None:
        msg = f"{earlier.name}: expected a pipeline for the columns of its card, got another; retrain instead"
        raise ModelError(msg)
    sides = {"production": (production.model, production.card.recipe), "refit": (model, earlier.recipe)}
    if len(rows):
        rows = side_by_side.score(rows, sides, metric=params.evaluate.metric, target=data.target)
    verdict = comparing.judge(
        rows,
        min_gain=params.evaluate.min_gain,
        confidence=params.evaluate.confidence,
        min_rows=params.evaluate.min_rows,
        max_segment_loss=params.evaluate.max_segment_loss,
        segments=data.segments,
        private=data.private,
        least_days=params.least_judge_days,
        fresh=False,
    )
    if verdict.judged is None and len(rows):
        few = Window(since=rows[DAY].min(), until=rows[DAY].max() + timedelta(days=1))
        verdict = verdict.model_copy(update={"judged": few})
    tables = side_by_side.tables(rows, task=data.task, target=data.target)
    return Report(
        verdict=verdict,
        production_version=production.card.version,
        until=end_day(params.source.until_instant, params.zone),
        rule=params.evaluate.model_dump(mode="json"),
        candidate_sha256=card.sha256,
        normal_error=card.normal_error,
        judged=card.judged,
        **tables,
    )


def apply(rollback: Rollback, root: Path) -> None:
    """Write the model, then the card that names its hash; a half-done rollback is refused when read."""
    write_bytes(root / MODEL, rollback.content)
    write_json(root / CARD, rollback.card.model_dump(mode="json"))


def worded(rollback: Rollback) -> str:
    """Describe the comparison in one line."""
    report = rollback.report
    verdict, before = report.verdict, f"v{report.production_version}"
    on = f" on {verdict.rows:,} rows of {verdict.judged} that neither had seen" if verdict.judged else ""
    said = less_error(verdict.gain) if verdict.gain else verdict.reasons[0]
    return f"v{rollback.card.restores} against {before}{on}: {said}"

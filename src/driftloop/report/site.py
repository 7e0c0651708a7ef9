"""The pages that are published: the dashboard, and Evidently's report beside it."""

from __future__ import annotations

import shutil
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from driftloop.core.backtest.results import Compared, Retelling
from driftloop.core.decision.values import Decision
from driftloop.core.judging.verdict import Report
from driftloop.core.models.card import Card
from driftloop.core.overview.values import Overview
from driftloop.errors import LoopError
from driftloop.report.dashboard import feed, page
from driftloop.report.dashboard.backtest import Results
from driftloop.report.dashboard.facts import facts
from driftloop.report.dashboard.history import value
from driftloop.report.examination import EXAMINATION, Examination
from driftloop.store.files import (
    BACKTEST,
    CARD,
    DECISION,
    EVIDENTLY,
    METRICS,
    OVERVIEW,
    REPLAY,
    VERDICT,
    read_json,
    read_value,
    replacing_folder,
    write_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from pydantic import BaseModel

    from driftloop.report.dashboard.facts import Facts
    from driftloop.report.dashboard.versions import Change

    Value = TypeVar("Value", bound=BaseModel)

REPORT, STYLE = "index.html", "dashboard.css"
OURS = frozenset({REPORT, STYLE, "dashboard.js", "history.json", "feed.xml", "badge.svg", EVIDENTLY.name})


class Project(NamedTuple):
    """A model whose page is built.

    Attributes
    ----------
    model, root
        Its name and its folder.
    records, changes
        See `records.read` and `lineage.read`.
    overview
        As its newest run has kept it, where it was measured by another run than this one.
    """

    model: str
    root: Path
    records: Sequence[dict[str, Any]] = ()
    changes: Sequence[Change] = ()
    overview: Any = None


def build(
    root: Path, out: Path, *, built: datetime, records: Sequence[dict[str, Any]] = (), changes: Sequence[Change] = ()
) -> Path:
    """Build the pages from what the pipeline wrote, whole or not at all; return the first one.

    Parameters
    ----------
    root, out
        The working tree; the folder for the pages.
    built
        Now: what the page is as of, where no run is recorded.
    records
        Of all runs; see `records.read`.
    changes
        Of production's card; see `lineage.read`.

    Raises
    ------
    LoopError
        If `out` holds something else, or there is no decision yet, neither here nor in a record.
    """
    _check_out(out, _is_foreign)
    found = _facts(Project("", root, records, changes), built)
    with replacing_folder(out) as folder:
        _write(folder, found, root)
    return out / REPORT


def build_all(projects: Sequence[Project], out: Path, *, built: datetime) -> Path:
    """Build the pages of all models of a repository, each in a folder of its name, and one that lists them.

    A model that nothing is known of yet is listed without a page.

    Raises
    ------
    LoopError
        If `out` holds something else.
    """
    _check_out(out, _is_no_list)
    pages: dict[str, Facts | None] = {}
    with replacing_folder(out) as folder:
        for project in projects:
            pages[project.model] = None
            with suppress(LoopError):
                pages[project.model] = found = _facts(project, built)
                (folder / project.model).mkdir()
                _write(folder / project.model, found, project.root)
        write_text(folder / REPORT, page.listed(pages))
        write_text(folder / STYLE, page.stylesheet_and_script()[STYLE])
    return out / REPORT


def _facts(project: Project, built: datetime) -> Facts:
    """Gather what a page shows: what was measured here, and else what the records know."""
    root = project.root
    return facts(
        _decision(root / DECISION, project.records),
        report=_optional(root / VERDICT, Report),
        card=_optional(root / CARD, Card),
        overview=_optional(root / OVERVIEW, Overview) or value(Overview, project.overview),
        records=project.records,
        changes=project.changes,
        built=built,
        rendered=(root / EVIDENTLY / REPORT).is_file(),
        results=Results(
            retold=_optional(root / REPLAY, Retelling),
            compared=_optional(root / BACKTEST, Compared),
            numbers=_numbers(root / METRICS / BACKTEST.name),
        ),
        examination=_optional(root / EXAMINATION, Examination),
    )


def _write(folder: Path, found: Facts, root: Path) -> None:
    written = {
        REPORT: page.render(found),
        **page.stylesheet_and_script(),
        "history.json": feed.history_json(found),
        "feed.xml": feed.atom(found),
        "badge.svg": feed.badge(found),
    }
    for name, text in written.items():
        write_text(folder / name, text)
    if found.rendered:
        (folder / EVIDENTLY.name).mkdir()
        shutil.copyfile(root / EVIDENTLY / REPORT, folder / EVIDENTLY.name / REPORT)


def _check_out(out: Path, is_foreign: Callable[[Path], bool]) -> None:
    if out.is_symlink() or (out.exists() and not out.is_dir()) or (out.is_dir() and is_foreign(out)):
        msg = f"{out}: expected a new folder or an earlier site, got something else"
        raise LoopError(msg)


def _decision(path: Path, records: Sequence[dict[str, Any]]) -> Decision:
    """Read the newest decision: where a run failed before it had one, that of the newest record."""
    if not path.exists():
        for record in reversed(records):
            if found := value(Decision, record.get("decision")):
                return found  # type: ignore[no-any-return]
    return read_value(path, Decision)


def _optional(path: Path, kind: type[Value]) -> Value | None:
    """Read what the page can do without: a run that failed, or was of an earlier version, may have left none."""
    with suppress(LoopError):
        return read_value(path, kind)
    return None


def _numbers(path: Path) -> dict[str, float]:
    """Read a file of metrics, as far as it holds numbers."""
    with suppress(LoopError):
        found = read_json(path)
        if isinstance(found, dict):
            return {name: float(value) for name, value in found.items() if isinstance(value, int | float)}
    return {}


def _is_foreign(out: Path) -> bool:
    names = {entry.name for entry in out.iterdir()}
    return bool(names) and not (REPORT in names and names <= OURS)


def _is_no_list(out: Path) -> bool:
    """Whether a folder is neither an earlier list of models with their pages, nor the page of one model."""
    kept = [path for path in out.iterdir() if path.name not in {REPORT, STYLE}]
    return _is_foreign(out) and not all(path.is_dir() and not _is_foreign(path) for path in kept)

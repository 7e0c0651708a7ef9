"""data/raw → data/prepared: the profile of all rows, and bounded tables of some."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import ibis

from driftloop import engine
from driftloop.core.alarms import deviation
from driftloop.core.columns import DAY, ROW
from driftloop.core.data import examples, histogram, portable, quality
from driftloop.core.data import profile as profiles
from driftloop.core.data.cumulated import CumulatedProfile
from driftloop.core.data.hints import codes
from driftloop.core.data.inspection import Inspection
from driftloop.core.data.lasting import told
from driftloop.core.data.schema import MARKERS, columns_of
from driftloop.core.windows import Window, end_day, last_days
from driftloop.params import MOST_STEPS
from driftloop.store.files import (
    COMPARED,
    GRID,
    HISTOGRAM,
    LABELLED,
    METRICS,
    NEWEST,
    PROFILE,
    QUALITY,
    RAW,
    REFERENCE,
    read_card,
    write_frame,
    write_json,
)
from driftloop.store.rows import count, first_day, frame_of, tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import ibis.expr.types as ir
    import pandas as pd

    from driftloop.core.data.finding import Finding
    from driftloop.core.data.schema import Columns
    from driftloop.core.models.card import Card
    from driftloop.params import Params
    from driftloop.store.rows import Read


class Spans(NamedTuple):
    """The days that tables and checks are about.

    Attributes
    ----------
    current
        The newest days, which the quality rules check.
    newest
        Those that the page shows: long enough for the current window and for the week that data alarms judge.
    labelled_until
        First day whose labels are not final.
    reference
        Of production; without one all days before those that are judged.
    oldest
        First day that any refit may train on; None where recipes train on everything.
    """

    current: Window
    newest: Window
    labelled_until: date
    reference: Window
    oldest: date | None

    @property
    def until(self) -> date:
        """End of the data, exclusive."""
        return self.current.until


def run(params: Params, root: Path) -> None:
    """Check all rows, and write the tables that the other stages work with."""
    card = read_card(root, params)
    columns = columns_of(params, card)
    with engine.translated(root / RAW), engine.opened(params.engine, root) as con:
        read = tables(con, root / RAW, columns, params)
        spans = _spans(params, card, read.rows)
        known = profiles.known(read.rows, columns, spans.reference.until, end=spans.until)
        profile = _count_days(read.rows, columns, spans.reference, known, root)
        labelled_rows = _write_samples(read.rows, columns, spans, params, root)
        found = _check(read, columns, spans, known, profile=profile, params=params)
        counts = {
            "rows": count(read.rows),
            "labelled_rows": labelled_rows,
            "duplicates": count(read.doubles),
            "undated_rows": count(read.undated) + count(read.stray),
            "findings": len(found["findings"]),
        }
    write_json(root / QUALITY, found)
    write_json(root / METRICS / "data.json", counts)


def _spans(params: Params, card: Card, rows: ir.Table) -> Spans:
    """Cut the days by the parameters and production's card."""
    until = end_day(params.source.until_instant, params.zone)
    labelled_until = until - timedelta(days=params.data.label_delay_days)
    return Spans(
        current=last_days(until, params.windows.current_days),
        newest=last_days(until, max(params.windows.current_days, deviation.WINDOW)),
        labelled_until=labelled_until,
        reference=card.reference
        or Window(since=first_day(rows, until), until=labelled_until - timedelta(days=params.least_judge_days)),
        oldest=_oldest_needed(params, card, labelled_until),
    )


def _count_days(rows: ir.Table, columns: Columns, reference: Window, known: profiles.Known, root: Path) -> pd.DataFrame:
    """Write the daily profile and histogram of all rows, and the bins of the histogram; return the profile."""
    profile = profiles.daily(rows, columns, known)
    write_frame(root / PROFILE, profile)
    grid = histogram.grid(rows, columns, reference, known.ranges).with_later(known.lasting)
    write_json(root / GRID, grid.model_dump(mode="json"))
    write_frame(root / HISTOGRAM, histogram.daily(rows, grid))
    return profile


def _write_samples(rows: ir.Table, columns: Columns, spans: Spans, params: Params, root: Path) -> int:
    """Write the bounded tables for training and for Evidently's page; return the number of labelled rows."""
    given = rows.drop([name for name in rows.columns if name.startswith(MARKERS)])
    labelled = given.filter(given[DAY] < spans.labelled_until, given[columns.target].notnull())
    if spans.oldest is not None:
        labelled = labelled.filter(labelled[DAY] >= spans.oldest)
    _write(labelled, columns, params.train.max_rows, root / LABELLED)
    for path, windows in {
        NEWEST: [spans.newest],
        REFERENCE: [spans.reference],
        COMPARED: deviation.candidates(first_day(rows, spans.until), spans.until),
    }.items():
        part = given.filter(ibis.or_(*(_within(given, window) for window in windows)))
        _write(part, columns, params.report.max_rows, root / path)
    return count(labelled)


def _check(
    read: Read, columns: Columns, spans: Spans, known: profiles.Known, *, profile: pd.DataFrame, params: Params
) -> dict[str, Any]:
    """Describe what is wrong with the newest days, and what looks odd: the content of reports/quality.json."""
    evidence = _inspection(read, columns, spans, profile)
    return {
        "window": spans.current.model_dump(mode="json"),
        "reference": spans.reference.model_dump(mode="json"),
        "absent": list(evidence.absent),
        "findings": [found.model_dump(mode="json") for found in _findings(evidence, read, known, spans, params)],
        "hints": _hints(read, columns, params),
        "lasting": list(told(read.rows, known.lasting, spans.current, params.data.private)),
    }


def _inspection(read: Read, columns: Columns, spans: Spans, profile: pd.DataFrame) -> Inspection:
    """Bring together what the quality rules check."""
    return Inspection(
        profile=CumulatedProfile.of(profile),
        columns=columns,
        window=spans.current,
        reference=spans.reference,
        absent=[name for name in columns.features if name not in read.raw.columns],
        duplicates=count(read.doubles.filter(read.doubles[DAY] >= spans.current.since)),
        undated=_near(read, read.undated, spans.current),
        stray=_near(read, read.stray, spans.current),
    )


def _findings(evidence: Inspection, read: Read, known: profiles.Known, spans: Spans, params: Params) -> list[Finding]:
    """Apply the quality rules to the newest days, and the one about labels to the newest step; show a value of each."""
    shown = examples.Examples(read.raw, read.rows, known.names, params.data.timestamps, params.data.private)
    judged = last_days(spans.labelled_until, params.monitor.step_days)
    return [
        *(shown.add(finding, spans.current) for finding in quality.check(evidence)),
        *(shown.add(finding, judged) for finding in quality.missing_labels(evidence.at(judged))),
    ]


def _hints(read: Read, columns: Columns, params: Params) -> list[str]:
    """List what looks odd without being a fault."""
    private = params.data.private
    hidden = not {*params.data.timestamps}.isdisjoint(private)
    return [*_strays(read.stray, private=hidden), *codes(read.rows, columns, private)]


def _oldest_needed(params: Params, card: Card, labelled_until: date) -> date | None:
    """Return the first day that any refit may train on; None where recipes train on everything."""
    lengths = [params.windows.train_days, card.recipe.train_days if card.recipe else params.windows.train_days]
    days = [length for length in lengths if isinstance(length, int)]
    if len(days) < len(lengths):
        return None
    steps = MOST_STEPS * params.monitor.step_days
    return labelled_until - timedelta(days=steps + params.data.label_delay_days + max(days))


def _within(rows: ir.Table, window: Window) -> ir.BooleanValue:
    return (rows[DAY] >= window.since) & (rows[DAY] < window.until)


def _near(read: Read, lost: ir.Table, current: Window) -> int:
    """Count rows without a usable time whose neighbour before them, in the order of the source, is one of the newest.

    Where no row of the window has a time, the newest that has one is the neighbour that counts.
    """
    if not count(lost):
        return 0
    near = portable.latest(read.rows.select(ROW, near=DAY), lost.select(ROW))["near"]
    last = read.rows[DAY].max().to_pyarrow().as_py() or current.since
    return int(((near >= min(last, current.since)) | near.isnull()).sum().to_pyarrow().as_py() or 0)


def _strays(stray: ir.Table, *, private: bool) -> Iterator[str]:
    """Describe the rows that were left out because of their date."""
    if rows := count(stray):
        of = "" if private else f" (the oldest on {first_day(stray, date.max)})"
        are = "row is" if rows == 1 else "rows are"
        yield f"{rows:,} {are} dated long before all others{of}, and left out: correct the timestamps"


def _write(rows: ir.Table, columns: Columns, most: int, path: Path) -> None:
    write_frame(path, frame_of(rows, columns, most))

"""data/raw → data/prepared: the profile of all rows, and bounded tables of some."""

from __future__ import annotations

import tempfile
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

import ibis
import pandas as pd

from driftloop.core.alarms import deviation
from driftloop.core.columns import DAY, PLACE, ROW, TS
from driftloop.core.data import examples, histogram, quality, sample, strays
from driftloop.core.data import profile as profiles
from driftloop.core.data.cumulated import CumulatedProfile
from driftloop.core.data.hints import codes
from driftloop.core.data.notation import notation_of
from driftloop.core.data.schema import MARKERS, columns_of, typed
from driftloop.core.windows import EPOCH, Window, day_numbers, end_day, last_days
from driftloop.duckdb_errors import translated
from driftloop.params import MOST_STEPS
from driftloop.store.files import (
    CACHE,
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

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from driftloop.core.data.schema import Columns
    from driftloop.core.models.card import Card
    from driftloop.params import Params


def run(params: Params, root: Path) -> None:
    """Check all rows, and write the tables that the other stages work with."""
    card = read_card(root, params)
    columns = columns_of(params, card)
    until = end_day(params.source.until_instant, params.zone)
    labelled_until = until - timedelta(days=params.data.label_delay_days)
    current = last_days(until, params.windows.current_days)
    (root / CACHE).mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root / CACHE) as spill, translated(root / RAW):
        con = ibis.duckdb.connect(temp_directory=spill)
        read = tables(con, root / RAW, columns, params)
        rows = read.rows
        reference = card.reference or Window(
            since=_first_day(rows, until), until=labelled_until - timedelta(days=params.windows.judge_days)
        )
        known = profiles.known(rows, columns, reference.until)
        profile = profiles.daily(rows, columns, known)
        write_frame(root / PROFILE, profile)
        grid = histogram.grid(rows, columns, reference, known.ranges)
        write_json(root / GRID, grid.model_dump(mode="json"))
        write_frame(root / HISTOGRAM, histogram.daily(rows, grid))
        given = rows.drop([name for name in rows.columns if name.startswith(MARKERS)])
        labelled = given.filter(given[DAY] < labelled_until, given[columns.target].notnull())
        if (oldest := _oldest_needed(params, card, labelled_until)) is not None:
            labelled = labelled.filter(labelled[DAY] >= oldest)
        _write(labelled, columns, params.train.max_rows, root / LABELLED)
        week = last_days(until, max(params.windows.current_days, deviation.WINDOW))
        for window, path in ((week, NEWEST), (reference, REFERENCE)):
            part = given.filter(_within(given, window))
            _write(part, columns, params.report.max_rows, root / path)
        compared = deviation.candidates(_first_day(rows, until), until)
        part = given.filter(ibis.or_(*(_within(given, window) for window in compared)))
        _write(part, columns, params.report.max_rows, root / COMPARED)
        evidence = quality.Inspection(
            profile=CumulatedProfile.of(profile),
            columns=columns,
            window=current,
            reference=reference,
            absent=[name for name in columns.features if name not in read.raw.columns],
            duplicates=_count(read.doubles.filter(read.doubles[DAY] >= current.since)),
            undated=_near(read, read.undated, current),
            stray=_near(read, read.stray, current),
        )
        counts = {
            "rows": _count(rows),
            "labelled_rows": _count(labelled),
            "duplicates": _count(read.doubles),
            "undated_rows": _count(read.undated) + _count(read.stray),
        }
        private, timestamps = params.data.private, params.data.timestamps
        shown = examples.Examples(read.raw, rows, known.names, timestamps, private)
        judged = last_days(labelled_until, params.monitor.step_days)
        findings = [shown.add(finding, current) for finding in quality.check(evidence)]
        findings += [shown.add(finding, judged) for finding in quality.missing_labels(evidence.at(judged))]
        hints = [*_strays(read.stray, private=not {*timestamps}.isdisjoint(private)), *codes(rows, columns, private)]
    write_json(
        root / QUALITY,
        {
            "window": current.model_dump(mode="json"),
            "reference": reference.model_dump(mode="json"),
            "absent": list(evidence.absent),
            "findings": [finding.model_dump(mode="json") for finding in findings],
            "hints": hints,
        },
    )
    write_json(root / METRICS / "data.json", {**counts, "findings": len(findings)})


class Read(NamedTuple):
    """What `data/raw` holds.

    Attributes
    ----------
    raw
        Rows as they came.
    rows
        Typed, the newest row of each key, without those that have no usable time.
    doubles
        The older rows of the same keys.
    undated, stray
        Rows without a readable timestamp; rows that are dated long before all others (see `strays`).
    """

    raw: ir.Table
    rows: ir.Table
    doubles: ir.Table
    undated: ir.Table
    stray: ir.Table


def tables(con: Backend, raw: Path, columns: Columns, params: Params) -> Read:
    """Read what was collected."""
    given = con.read_parquet(sorted(str(path) for path in raw.glob("*.parquet")), union_by_name=True)
    every = con.create_table("typed", typed(given, columns, params.data.timezone, notation_of(params)), temp=True)
    undated, dated = every.filter(every[TS].isnull()), every.filter(every[TS].notnull())
    days = dated.group_by(DAY).aggregate(rows=dated.count()).order_by(DAY).to_pyarrow()
    stray = dated.limit(0)
    if len(days):
        numbers = day_numbers(days[DAY].to_pylist())
        first = strays.first_day(numbers, days["rows"].to_numpy())
        if first > numbers[0]:
            since = date.fromordinal(EPOCH + first)
            stray, dated = dated.filter(dated[DAY] < since), dated.filter(dated[DAY] >= since)
    rows, doubles = _unique(con, dated, columns)
    return Read(given, rows, doubles, undated, stray)


def _unique(con: Backend, rows: ir.Table, columns: Columns) -> tuple[ir.Table, ir.Table]:
    """Keep the newest row of each key; give the others too.

    Those are few, so they are noted, and the rows neither copied nor taken out of the order that they are stored in.
    """
    newest_first = ibis.window(group_by=list(columns.key), order_by=ibis.desc(ROW))
    place = rows.select(ROW, *columns.key).mutate(**{PLACE: ibis.row_number().over(newest_first)})
    older = con.create_table("older", place.filter(place[PLACE] > 0).select(ROW), temp=True)
    kept = rows.anti_join(older, ROW) if _count(older) else rows  # a join slows whatever reads the rows
    return kept, rows.semi_join(older, ROW)


def _oldest_needed(params: Params, card: Card, labelled_until: date) -> date | None:
    """Give the first day that any refit may train on; None where recipes train on everything."""
    lengths = [params.windows.train_days, card.recipe.train_days if card.recipe else params.windows.train_days]
    days = [length for length in lengths if isinstance(length, int)]
    if len(days) < len(lengths):
        return None
    steps = MOST_STEPS * params.monitor.step_days
    return labelled_until - timedelta(days=steps + params.data.label_delay_days + max(days))


def _within(rows: ir.Table, window: Window) -> ir.BooleanValue:
    return (rows[DAY] >= window.since) & (rows[DAY] < window.until)


def _first_day(rows: ir.Table, otherwise: date) -> date:
    first = rows[DAY].min().to_pyarrow().as_py()
    return first if isinstance(first, date) else otherwise


def _near(read: Read, lost: ir.Table, current: Window) -> int:
    """Count rows without a usable time whose neighbour before them, in the order of the source, is one of the newest.

    Where no row of the window has a time, the newest that has one is the neighbour that counts.
    """
    near = lost.select(ROW).asof_join(read.rows.select(ROW, near=DAY), on=ROW)["near"]
    last = read.rows[DAY].max().to_pyarrow().as_py() or current.since
    return int(((near >= min(last, current.since)) | near.isnull()).sum().to_pyarrow().as_py() or 0)


def _strays(stray: ir.Table, *, private: bool) -> Iterator[str]:
    """Say which rows were left out because of their date."""
    if rows := _count(stray):
        of = "" if private else f" (the oldest on {_first_day(stray, date.max)})"
        are = "row is" if rows == 1 else "rows are"
        yield f"{rows:,} {are} dated long before all others{of}, and left out: correct the timestamps"


def _count(rows: ir.Table) -> int:
    return int(rows.count().to_pyarrow().as_py())


def _write(rows: ir.Table, columns: Columns, most: int, path: Path) -> None:
    write_frame(path, frame_of(rows, columns, most))


def frame_of(rows: ir.Table, columns: Columns, most: int) -> pd.DataFrame:
    """Read at most so many rows in order of time."""
    bounded = sample.bounded(rows, columns.key, rows_now=_count(rows), most=most)
    kept = [TS, DAY, *columns.features, columns.target]
    frame: pd.DataFrame = bounded.order_by([TS, ROW]).select(kept).to_pandas()
    return frame.assign(**{DAY: pd.to_datetime(frame[DAY]).dt.date})

"""data/raw → data/prepared: the profile of all rows, and bounded tables of some."""

from __future__ import annotations

import tempfile
from datetime import date, timedelta
from typing import TYPE_CHECKING

import ibis
import pandas as pd

from driftloop.artifacts import (
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
from driftloop.core import deviation, histogram, quality, sample
from driftloop.core import profile as profiles
from driftloop.core.notation import notation_of
from driftloop.core.schema import MARKERS, columns_of, typed
from driftloop.core.totals import Totals
from driftloop.core.windows import Window, last_day, newest
from driftloop.params import MOST_STEPS
from driftloop.unreadable import one_line

if TYPE_CHECKING:
    from pathlib import Path

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from driftloop.core.production import Card
    from driftloop.core.schema import Columns
    from driftloop.params import Params


def run(params: Params, root: Path) -> None:
    """Check all rows, and write the tables that the other stages work with."""
    card = read_card(root, params)
    columns = columns_of(params, card)
    until = last_day(params.source.until_instant, params.zone)
    labelled_until = until - timedelta(days=params.data.label_delay_days)
    current = newest(until, params.windows.current_days)
    (root / CACHE).mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root / CACHE) as spill, one_line(root / RAW):
        con = ibis.duckdb.connect(temp_directory=spill)
        raw, every, rows, doubles = tables(con, root / RAW, columns, params)
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
        labelled = given.filter(given["_day"] < labelled_until, given[columns.target].notnull())
        if (oldest := _oldest_needed(params, card, labelled_until)) is not None:
            labelled = labelled.filter(labelled["_day"] >= oldest)
        _write(labelled, columns, params.train.max_rows, root / LABELLED)
        week = newest(until, max(params.windows.current_days, deviation.WINDOW))
        for window, path in ((week, NEWEST), (reference, REFERENCE)):
            part = given.filter(_within(given, window))
            _write(part, columns, params.report.max_rows, root / path)
        compared = deviation.candidates(_first_day(rows, until), until)
        part = given.filter(ibis.or_(*(_within(given, window) for window in compared)))
        _write(part, columns, params.report.max_rows, root / COMPARED)
        evidence = quality.Evidence(
            profile=Totals.of(profile),
            columns=columns,
            window=current,
            reference=reference,
            absent=[name for name in columns.features if name not in raw.columns],
            duplicates=_count(doubles.filter(doubles["_day"] >= current.since)),
            undated=_undated(every, current),
        )
        counts = {
            "rows": _count(rows),
            "labelled_rows": _count(labelled),
            "duplicates": _count(doubles),
            "undated_rows": _count(every.filter(every["_ts"].isnull())),
        }
    findings = quality.check(evidence)
    judged = newest(labelled_until, params.monitor.step_days)
    findings += quality.missing_labels(evidence.at(judged))
    write_json(
        root / QUALITY,
        {
            "window": current.model_dump(mode="json"),
            "reference": reference.model_dump(mode="json"),
            "absent": list(evidence.absent),
            "findings": [finding.model_dump(mode="json") for finding in findings],
        },
    )
    write_json(root / METRICS / "data.json", {**counts, "findings": len(findings)})


def tables(con: Backend, raw: Path, columns: Columns, params: Params) -> tuple[ir.Table, ir.Table, ir.Table, ir.Table]:
    """Give the rows as they came, typed, with the newest row of each key alone, and the others."""
    given = con.read_parquet(sorted(str(path) for path in raw.glob("*.parquet")), union_by_name=True)
    every = con.create_table("typed", typed(given, columns, params.data.timezone, notation_of(params)), temp=True)
    rows, doubles = _unique(con, every.filter(every["_ts"].notnull()), columns)
    return given, every, rows, doubles


def _unique(con: Backend, rows: ir.Table, columns: Columns) -> tuple[ir.Table, ir.Table]:
    """Keep the newest row of each key; give the others too.

    Those are few, so they are noted, and the rows neither copied nor taken out of the order that they are stored in.
    """
    newest_first = ibis.window(group_by=list(columns.key), order_by=ibis.desc("_row"))
    place = rows.select("_row", *columns.key).mutate(_place=ibis.row_number().over(newest_first))
    older = con.create_table("older", place.filter(place["_place"] > 0).select("_row"), temp=True)
    kept = rows.anti_join(older, "_row") if _count(older) else rows  # a join slows whatever reads the rows
    return kept, rows.semi_join(older, "_row")


def _oldest_needed(params: Params, card: Card, labelled_until: date) -> date | None:
    """Give the first day that any refit may train on; None where recipes train on everything."""
    lengths = [params.windows.train_days, card.recipe.train_days if card.recipe else params.windows.train_days]
    days = [length for length in lengths if isinstance(length, int)]
    if len(days) < len(lengths):
        return None
    steps = MOST_STEPS * params.monitor.step_days
    return labelled_until - timedelta(days=steps + params.data.label_delay_days + max(days))


def _within(rows: ir.Table, window: Window) -> ir.BooleanValue:
    return (rows["_day"] >= window.since) & (rows["_day"] < window.until)


def _first_day(rows: ir.Table, otherwise: date) -> date:
    first = rows["_day"].min().to_pyarrow().as_py()
    return first if isinstance(first, date) else otherwise


def _undated(every: ir.Table, current: Window) -> int:
    """Count rows without a timestamp whose neighbour before them, in the order of the source, is one of the newest."""
    undated = every.filter(every["_ts"].isnull()).select("_row")
    dated = every.filter(every["_ts"].notnull()).select("_row", _near="_day")
    near = undated.asof_join(dated, on="_row")["_near"]
    return int(((near >= current.since) | near.isnull()).sum().to_pyarrow().as_py() or 0)


def _count(rows: ir.Table) -> int:
    return int(rows.count().to_pyarrow().as_py())


def _write(rows: ir.Table, columns: Columns, most: int, path: Path) -> None:
    write_frame(path, frame_of(rows, columns, most))


def frame_of(rows: ir.Table, columns: Columns, most: int) -> pd.DataFrame:
    """Read at most so many rows in order of time."""
    bounded = sample.bounded(rows, columns.key, rows_now=_count(rows), most=most)
    kept = ["_ts", "_day", *columns.features, columns.target]
    frame: pd.DataFrame = bounded.order_by(["_ts", "_row"]).select(kept).to_pandas()
    return frame.assign(_day=pd.to_datetime(frame["_day"]).dt.date)

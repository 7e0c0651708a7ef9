"""Months that have not changed since they were read are not read again: where `source.changed` says so, they are kept."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from driftloop.store.files import digest

if TYPE_CHECKING:
    from pathlib import Path

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from driftloop.sources.sql.database import Database
    from driftloop.sources.sql.selection import Span

KEPT = "sql"  # folder in the cache
FORMAT = 1  # of what is kept: another number when a column is read in another way


@dataclass(frozen=True)
class Month:
    """One month of the rows.

    Attributes
    ----------
    since, until
        In the type of the timestamp's column.
    key
        Digest of what the database says of it; None: it cannot say whether a row was changed.
    """

    since: Any
    until: Any
    key: str | None


def pull(
    con: Backend,
    db: Database,
    chosen: ir.Table,
    span: Span,
    *,
    changed: str,
    target: str,
    named: str,
    out: Path,
    cache: Path,
) -> list[Path]:
    """Return files with the rows of a span and those without a time, of which the database was asked for what is new.

    Parameters
    ----------
    con
        Cuts what was read into months.
    chosen
        Columns to read.
    changed, target
        Names of columns.
    named
        Tells this source from others.
    out, cache
        Folders for what is read now, and for what is kept; what is not needed any more is removed from there.
    """
    kept = cache / KEPT
    kept.mkdir(exist_ok=True)
    undated = out / "undated.parquet"
    db.save(chosen.filter(chosen[span.name].isnull()), undated)
    months = listed(db, chosen, span, changed=changed, target=target, named=named)
    files: dict[int, Path] = {place: path for place, month in enumerate(months) if (path := _known(kept, month))}
    for run in _runs([place for place in range(len(months)) if place not in files]):
        first, last = months[run[0]], months[run[-1]]
        read = out / f"{run[0]}.parquet"
        db.save(chosen.filter(span.of(chosen, first.since, last.until)), read)
        rows = con.read_parquet(str(read))
        for place in run:
            month, path = months[place], out / f"{place}-month.parquet"
            con.to_parquet(rows.filter(span.of(rows, month.since, month.until)), path)
            files[place] = path.rename(kept / f"{month.key}-{digest(path)}.parquet") if month.key else path
    for path in set(kept.iterdir()) - set(files.values()):
        path.unlink()
    return [*(files[place] for place in sorted(files)), undated]


def listed(db: Database, chosen: ir.Table, span: Span, *, changed: str, target: str, named: str) -> list[Month]:
    """Ask the database for the months that have rows, and how each looks."""
    inside = chosen.filter(span.of(chosen))
    labels = {"labels": inside[target].count()} if target in inside.columns else {}
    asked = {"rows": inside.count(), "said": inside[changed].count(), **labels, **state(inside, changed)}
    found = db.ask(inside.group_by(month=inside[span.name].truncate("M")).agg(**asked).order_by("month"))
    months = []
    for row in found:
        since, until = _bounds(row["month"], span)
        # A row without a time of its change may have been changed at any time.
        ends = span.cut(since, until)  # a month at the end of the span is read again when the span moves on
        told = [FORMAT, named, str(chosen.schema()), *map(str, [*ends, *row.values()])]
        key = sha256(json.dumps(told).encode()).hexdigest() if row["said"] == row["rows"] else None
        months.append(Month(since, until, key))
    return months


def counts(rows: ir.Table, changed: str) -> bool:
    """Say whether each change of a row is seen in a column: a day is too coarse, and text cannot be summed up."""
    kind = rows[changed].type()
    return bool(kind.is_timestamp() or kind.is_integer())


def state(rows: ir.Table, changed: str) -> dict[str, ir.Value]:
    """Sum up a column that grows with each change; sums see a change too that was committed after a later one."""
    column = rows[changed]
    if not counts(rows, changed):
        return {"last": column.max()}
    if column.type().is_integer():
        return {"last": column.max(), "total": column.sum()}
    return {
        "last": column.max(),
        "total": column.epoch_seconds().round().sum(),
        "fractions": column.microsecond().sum(),
    }


def _bounds(month: date, span: Span) -> tuple[Any, Any]:
    """Give the first moment of a month and of the next one, in the type of the column."""
    starts = [(month.year, month.month, 1), (month.year + month.month // 12, month.month % 12 + 1, 1)]
    if not isinstance(span.until, datetime):
        first, following = (date(*start) for start in starts)
        return first, following
    zone = UTC if span.until.tzinfo else None
    return tuple(datetime(*start, tzinfo=zone) for start in starts)  # type: ignore[return-value]


def _known(kept: Path, month: Month) -> Path | None:
    """Find the file of a month, if it is as it was written."""
    for path in kept.glob(f"{month.key}-*.parquet") if month.key else ():
        if path.stem.partition("-")[2] == digest(path):
            return path
    return None


def _runs(places: list[int]) -> list[list[int]]:
    """Cut numbers into runs without gaps, each of which is one question."""
    runs: list[list[int]] = []
    for place in places:
        if runs and runs[-1][-1] == place - 1:
            runs[-1].append(place)
        else:
            runs.append([place])
    return runs

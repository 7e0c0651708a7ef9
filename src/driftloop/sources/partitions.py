"""From the source's table to `data/raw`: one Parquet file per month, the same bytes in every run."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import ibis

from driftloop import engine
from driftloop.core.columns import ROW, TS
from driftloop.core.data import query
from driftloop.errors import DataError
from driftloop.params import Engine, Params, parse_instant
from driftloop.sources.instants import instants, joined

if TYPE_CHECKING:
    from collections.abc import Iterator

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

UNDATED = "undated"
SHOWN_COLUMNS = 30
# Rows of a row group. Who reads a file holds one of them for each thread, all columns of it; so there are fewer where rows are wide.
GROUP_CELLS = 4_000_000
MOST_GROUP, LEAST_GROUP = 122_880, 2_048  # DuckDB's own number, and the smallest that it can write
VALUE = re.compile(r"\s*([-+.]?\d|$)")  # how a number, a date or nothing begins, and hardly ever a name


@dataclass(frozen=True)
class Written:
    """What `write` wrote.

    Attributes
    ----------
    rows
        Dated rows.
    undated
        Rows whose timestamp cannot be read.
    months
        `2025-01`, … in UTC; months without rows are missing.
    reused
        Files that were taken over from the last run.
    """

    rows: int
    undated: int
    months: tuple[str, ...]
    reused: int = 0


@contextmanager
def workspace(cache: Path, *, zone: str, settings: Engine | None = None) -> Iterator[tuple[Backend, Path]]:
    """Yield DuckDB and an empty folder, both on the disk of `cache` and gone afterwards.

    `zone` matters where naive and aware timestamps meet in one column, which DuckDB then takes for aware.
    """
    cache.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=cache, prefix="collect-") as name:
        folder = Path(name).resolve()
        with engine.translated(folder):
            con = engine.connect(folder / "rows.duckdb", spill=folder / "spill", settings=settings)
        try:
            con.raw_sql(f"SET TimeZone = '{zone}'")
            yield con, folder
        finally:
            con.disconnect()


def declared(params: Params) -> list[str]:
    """Columns that are kept, in the order in which they are written."""
    data = params.data
    return list(dict.fromkeys([*data.timestamps, *data.key, data.target, *data.features]))


def required(params: Params) -> dict[str, str]:
    """Columns without which rows mean nothing, and what each of them is."""
    data, labels = params.data, params.source.labels
    names = dict.fromkeys(data.timestamps, "timestamp")
    names |= {name: "key" for name in data.key if name not in names}
    if labels:
        return names | {name: "key of labels" for name in labels.key if name not in names}
    return names | {data.target: "target"}


def expect(table: ir.Table, names: dict[str, str], params: Params, *, where: str) -> None:
    """Check that columns are there.

    Raises
    ------
    DataError
        With the columns that are missing, and what was found: by name, or only by number where the names may be
        values, since a file without a header has its first row in their place.
    """
    missing = [name for name in names if name not in table.columns]
    if missing:
        expected = ", ".join(f"{name} ({names[name]})" for name in missing)
        found, hint = (
            ", ".join(table.columns[:SHOWN_COLUMNS]) + (", …" if len(table.columns) > SHOWN_COLUMNS else ""),
            "",
        )
        if params.data.private or any(VALUE.match(name) for name in table.columns):
            others = len(set(table.columns) - {*names, *declared(params)})
            found, hint = f"{others} others, not quoted here", "; does the source lack its line of column names?"
        msg = f"{where}: expected the columns {expected}, found {found}; correct `data:` in params.yaml or the source{hint}"
        raise DataError(msg)


def declare(
    table: ir.Table, params: Params, *, where: str, zone: str | None = None, numbered: bool = False
) -> ir.Table:
    """Keep the columns that params.yaml declares, as they are, and add `TS` (naive UTC) and `ROW` (source order).

    A feature that is missing stays missing: that is a finding about the data, for a later stage. Rows that are `numbered`
    have their `ROW` already.
    """
    expect(table, required(params), params, where=where)
    joining = params.source.labels.key if params.source.labels else []
    names = [name for name in dict.fromkeys([*declared(params), *joining]) if name in table.columns]
    kept = table.select([*names, *([ROW] if numbered else [])])
    place = kept[ROW] if numbered else ibis.row_number()
    return kept.select(*names, **{TS: moment(kept, params, zone=zone), ROW: place})


def moment(table: ir.Table, params: Params, *, zone: str | None = None) -> ir.Value:
    """Return when each row happened, as naive UTC; null where that cannot be read."""
    column = joined([table[name] for name in params.data.timestamps])
    return instants(column, zone=zone or params.data.timezone, form=params.data.timestamp_format)


def naive(text: str) -> datetime:
    """Read an instant of params.yaml as naive UTC."""
    return parse_instant(text).astimezone(UTC).replace(tzinfo=None)


def write(con: Backend, rows: ir.Table, params: Params, out: Path) -> Written:
    """Write what `declare` returned into `out`: `2025-01.parquet`, …, and `undated.parquet` where needed.

    Rows outside `[source.since, source.until)` are left out, undated ones are kept. Rows are sorted by `TS`, then by
    `ROW`. A source without rows becomes an `undated.parquet` without rows, so that its columns are known.
    """
    inside = rows[TS] < naive(params.source.until)
    if params.source.since:
        inside &= rows[TS] >= naive(params.source.since)
    kept = con.create_table("kept", rows.filter(rows[TS].isnull() | inside).order_by([TS, ROW]))
    month = kept[TS].strftime("%Y-%m")
    counts = query.arrow(kept.group_by(month=month).agg(rows=kept.count()).order_by("month")).to_pylist()
    dated = {count["month"]: count["rows"] for count in counts if count["month"]}
    undated = sum(count["rows"] for count in counts if not count["month"])
    # A second thread would decide where row groups end. One is as fast here: writing a month waits for the disk.
    con.raw_sql("SET threads = 1")
    for name in dated:
        start, end = bounds(name)
        copy(con, kept.filter(kept[TS] >= start, kept[TS] < end), out / f"{name}.parquet")
    if undated or not dated:
        copy(con, kept.filter(kept[TS].isnull()), out / f"{UNDATED}.parquet")
    return Written(rows=sum(dated.values()), undated=undated, months=tuple(dated))


def bounds(month: str) -> tuple[datetime, datetime]:
    """Return the start of a month such as `2025-01`, and that of the next one."""
    start = datetime.strptime(month, "%Y-%m")  # noqa: DTZ007 (naive UTC)
    return start, datetime(start.year + start.month // 12, start.month % 12 + 1, 1)  # noqa: DTZ001


def copy(con: Backend, table: ir.Table, path: Path) -> None:
    """Write a table as Parquet; with one thread of DuckDB, its rows have the order of the table."""
    quoted = str(path).replace("'", "''")
    rows = max(LEAST_GROUP, min(MOST_GROUP, GROUP_CELLS // len(table.columns)))
    con.raw_sql(f"COPY ({con.compile(table)}) TO '{quoted}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {rows})")

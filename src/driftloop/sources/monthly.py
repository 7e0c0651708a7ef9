"""Plain files, month by month: each month of `data/raw` is made from the files that have rows in it, and only if it is new.

The result has the same bytes as that of a run that remembers nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
from pydantic import ValidationError

from driftloop.core.columns import ROW, TS
from driftloop.progress import track
from driftloop.sources import layouts, plan, tables, together
from driftloop.sources.partitions import Written, bounds, copy, declared, naive
from driftloop.sources.plan import UNDATED, Facts, File, Made, Memory
from driftloop.store.digests import DIGESTS, Digests
from driftloop.store.files import digest, write_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from driftloop.params import Params
    from driftloop.sources.plan import Month
    from driftloop.sources.together import Together

BATCH, MONTH = "batch", "month"  # tables of the work
ZONES = timedelta(days=2)  # more than any two of them differ


@dataclass(frozen=True)
class Last:
    """What the last run left.

    Attributes
    ----------
    raw
        The months that it wrote.
    cache
        A folder for what is remembered.
    made_by
        Sums up the code and packages that write months.
    """

    raw: Path
    cache: Path
    made_by: str

    @property
    def digests(self) -> Path:
        """Digests of files."""
        return self.cache / DIGESTS

    @property
    def memory(self) -> Path:
        """What files hold, and what months were made from."""
        return self.cache / "collected.json"


def suits(params: Params) -> bool:
    """Whether months follow from files alone: not from labels elsewhere, nor from names of folders such as `region=north`."""
    source = params.source
    if source.kind != "files" or source.labels or source.tables:
        return False
    names = {name.lower() for name in together.wanted(params)}
    folders = {part for path in _paths(params) for part in path.parts[:-1]}
    return not any(part.partition("=")[0].lower() in names for part in folders if "=" in part)


def write(con: Backend, params: Params, folder: Path, out: Path, last: Last | None) -> Written:
    """Write the months of the files of `source.path` into `out`, as `partitions.write` does.

    Parameters
    ----------
    folder
        Takes copies of files in other encodings.
    last
        What does not have to be made again; None: all is made.

    Raises
    ------
    DataError
        If a file cannot be read, or changes meanwhile.
    """
    paths = _paths(params)
    digests = Digests(last.digests if last else None)
    contents = {path: digests.of(path) for path in track(paths, "Looking for changes")}
    base = _base(params, last.made_by if last else "", parquet=tables.is_parquet(paths[0]))
    memory = plan.remembered(_read(last), base, set(contents.values()))
    known = _with_layouts(memory.files, contents, params, folder)
    files = together.begin(con, params, folder, {path: known[content].layout for path, content in contents.items()})
    known = _with_spans(known, contents, files)
    months = _months(paths, contents, known, params, made_by=f"{base} {list(files.columns.items())}")
    made = _reused(months, memory.months, last, digests, out)
    reused = sum(1 for month in made.values() if month.rows)
    batches = list(plan.batches([month for month in months if month.name not in made], len(files.columns)))
    for batch in track(batches, "Writing months"):
        made |= _made(con, batch, files, params, out)
    if not any(month.rows for month in made.values()):
        _write(con, files.empty(), out / f"{UNDATED}.parquet")
    digests.refuse_changed()
    if last:
        for name, month in made.items():
            if month.rows:
                digests.note(out / f"{name}.parquet", month.sha256, name=last.raw / f"{name}.parquet")
        digests.save()
        write_text(last.memory, Memory(base=base, files=known, months=made).model_dump_json())
    rows = {name: month.rows for name, month in made.items() if month.rows}
    undated = rows.pop(UNDATED, 0)
    return Written(rows=sum(rows.values()), undated=undated, months=tuple(sorted(rows)), reused=reused)


def _paths(params: Params) -> list[Path]:
    return tables.find(params.source.path or "", where="source.path")


def _read(last: Last | None) -> Memory:
    try:
        return Memory.model_validate_json(last.memory.read_bytes()) if last else Memory()
    except (OSError, ValidationError):
        return Memory()


def _base(params: Params, made_by: str, *, parquet: bool) -> str:
    """Sum up how files are read: all that the meaning of their content depends on."""
    data = params.data
    how = [made_by, parquet, params.source.csv.model_dump(mode="json"), together.wanted(params), declared(params)]
    how += [data.timestamps, data.timestamp_format, data.timezone]
    return hashlib.sha256(json.dumps(how).encode()).hexdigest()


def _with_layouts(
    known: Mapping[str, Facts], contents: Mapping[Path, str], params: Params, folder: Path
) -> dict[str, Facts]:
    """Ask files of unknown content for their layout."""
    facts, wanted = dict(known), together.wanted(params)
    new = {content: path for path, content in contents.items() if content not in facts}
    for content, path in new.items():
        if tables.is_parquet(path):
            layout = layouts.of_parquet(path, wanted)
        else:
            layout = layouts.of_csv(path, wanted, params.source.csv, folder)
        facts[content] = Facts(layout=layout)
    return facts


def _with_spans(known: Mapping[str, Facts], contents: Mapping[Path, str], files: Together) -> dict[str, Facts]:
    """Count the rows of files whose months are unknown, or were found with other types of the timestamp."""
    new = {content: path for path, content in contents.items() if known[content].times != files.times}
    counted = files.spans(new.values())
    facts = dict(known)
    for content, path in new.items():
        spans = counted[path]
        rows = sum(span.rows for span in spans.values())
        facts[content] = Facts(layout=known[content].layout, times=files.times, rows=rows, spans=spans)
    return facts


def _months(
    paths: Sequence[Path], contents: Mapping[Path, str], known: Mapping[str, Facts], params: Params, *, made_by: str
) -> list[Month]:
    since, until = params.source.since, together.microseconds(naive(params.source.until))
    return plan.months(
        [File(path, path.stat().st_size, contents[path], known[contents[path]]) for path in paths],
        since=together.microseconds(naive(since)) if since else None,
        until=until,
        made_by=made_by,
    )


def _reused(
    months: Sequence[Month], made: Mapping[str, Made], last: Last | None, digests: Digests, out: Path
) -> dict[str, Made]:
    """Take over the months that would come out the same, if they still are what was written."""
    found: dict[str, Made] = {}
    for month in months:
        old = made.get(month.name)
        if last is None or old is None or old.key != month.key:
            continue
        file = last.raw / f"{month.name}.parquet"
        if old.rows:
            if not file.is_file() or digests.of(file) != old.sha256:
                continue
            _link(file.resolve(), out / file.name)
        found[month.name] = old
    return found


def _link(file: Path, to: Path) -> None:
    try:
        os.link(file, to)
    except OSError:  # a file system without links
        shutil.copyfile(file, to)


def _made(con: Backend, batch: Sequence[Month], files: Together, params: Params, out: Path) -> dict[str, Made]:
    """Read the files of some months, and write these."""
    parts = {part.file.path: part for month in batch for part in month.parts}
    parts = {path: parts[path] for path in files.layouts if path in parts}
    offsets = {path: part.offset for path, part in parts.items()}
    read = files.rows(offsets, {path: part.file.facts.rows for path, part in parts.items()})
    wanted = [
        table.filter(*_near(table, batch, params), reduce(or_, (_inside(table, month, params) for month in batch)))
        for table in read
    ]
    con.create_table(BATCH, wanted[0], temp=True)
    for table in wanted[1:]:
        con.raw_sql(f"INSERT INTO {BATCH} {con.compile(table)}")
    every = con.table(BATCH)
    made = {}
    for month in batch:
        path = out / f"{month.name}.parquet"
        rows = _write(con, every.filter(_inside(every, month, params)) if len(batch) > 1 else every, path)
        made[month.name] = Made(key=month.key, sha256=digest(path) if rows else "", rows=rows)
        if not rows:
            path.unlink()
    con.raw_sql(f"DROP TABLE {BATCH}")
    return made


def _near(table: ir.Table, batch: Sequence[Month], params: Params) -> list[ir.BooleanValue]:
    """Say by the timestamp as it is given which rows may belong to these months: most others of a Parquet file stay unread."""
    column = table[params.data.timestamps[0]]
    if batch[0].name == UNDATED or len(params.data.timestamps) > 1 or not column.type().is_timestamp():
        return []
    return [column.between(bounds(batch[0].name)[0] - ZONES, bounds(batch[-1].name)[1] + ZONES)]


def _inside(table: ir.Table, month: Month, params: Params) -> ir.BooleanValue:
    if month.name == UNDATED:
        return table[TS].isnull()
    start, end = bounds(month.name)
    since = naive(params.source.since) if params.source.since else start
    return (table[TS] >= max(start, since)) & (table[TS] < min(end, naive(params.source.until)))


def _write(con: Backend, rows: ir.Table, path: Path) -> int:
    """Write rows in order of time, and return their number.

    They are put into a table of their own, with a row of nulls: whether DuckDB knows of nulls in a column, in whatever month,
    would decide about bytes of the file.
    """
    month = con.create_table(MONTH, rows, temp=True)
    threads = con.raw_sql("SELECT current_setting('threads')").fetchone()[0]
    con.raw_sql("SET threads = 1")  # a second one would decide where row groups end
    con.raw_sql(f"INSERT INTO {MONTH} DEFAULT VALUES")
    copy(con, month.filter(month[ROW].notnull()).order_by([TS, ROW]), path)
    con.raw_sql(f"SET threads = {threads}")
    con.raw_sql(f"DROP TABLE {MONTH}")
    return int(pq.read_metadata(path).num_rows)

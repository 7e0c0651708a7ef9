"""Files as one table, of which parts are read: some files, some months, with the columns and types that all files together have."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate, count
from typing import TYPE_CHECKING, NamedTuple

from driftloop.core.columns import ROW
from driftloop.core.data import query
from driftloop.params import OWN
from driftloop.sources import recoded, tables
from driftloop.sources.layouts import BLANK
from driftloop.sources.partitions import declare, declared, moment, required
from driftloop.sources.plan import UNDATED, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from driftloop.params import Params

FILE = f"{OWN}file"
NUMBER = "file_row_number"  # as DuckDB calls it in Parquet, unless the files have a column of that name
COUNTED = "row_number() OVER () - 1"  # through all files that are read together
PLACE, FIRST = f"{OWN}place", f"{OWN}first"
TEXT = "VARCHAR"  # the type of all columns of CSV
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 (naive UTC)


def microseconds(instant: datetime) -> int:
    """Count microseconds since 1970 of a naive UTC instant."""
    return (instant - EPOCH) // timedelta(microseconds=1)


def wanted(params: Params) -> list[str]:
    """Columns that are looked for."""
    return list(dict.fromkeys([*required(params), *declared(params)]))


@dataclass(frozen=True)
class Together:
    """The files of a source.

    Attributes
    ----------
    con, params, folder
        The database of the work, what declares the columns, and a folder for copies of files in other encodings.
    layouts
        Of each file, in the order of the files.
    columns
        Those that are kept, with their types in DuckDB.
    sample
        The first file of each layout.
    parquet
        Whether they are Parquet, and not CSV.
    """

    con: Backend
    params: Params
    folder: Path
    layouts: Mapping[Path, str]
    columns: Mapping[str, str]
    sample: ir.Table
    parquet: bool
    _numbers: Iterator[int] = field(default_factory=count)

    @property
    def times(self) -> str:
        """The types of the timestamp columns, by which times are read."""
        return ", ".join(self.columns[name] for name in self.params.data.timestamps)

    def empty(self) -> ir.Table:
        """Return the columns without rows."""
        return declare(self.sample, self.params, where=str(self.params.source.path)).limit(0)

    def spans(self, files: Iterable[Path]) -> dict[Path, dict[str, Span]]:
        """Count the rows of each file by month."""
        found: dict[Path, dict[str, Span]] = {path: {} for path in files}
        for group in self._groups(found):
            source = self._source(group)
            casts = self._casts(dict.fromkeys(self.params.data.timestamps), source)
            rows = self._view(f"SELECT {casts}, {quoted(FILE)} FROM ({source.sql})")  # noqa: S608
            rows = rows.select(file=rows[FILE], moment=moment(rows, self.params))
            by_month = rows.group_by("file", month=rows["moment"].truncate("M"))
            counts = by_month.agg(rows=rows.count(), first=rows["moment"].min(), last=rows["moment"].max())
            read_as = {self._read_as(path): path for path in group}
            for found_in in query.arrow(counts).to_pylist():
                name = f"{found_in['month']:%Y-%m}" if found_in["month"] else UNDATED
                limits = (microseconds(found_in[side]) if found_in["month"] else 0 for side in ("first", "last"))
                found[read_as[found_in["file"]]][name] = Span(found_in["rows"], *limits)
        return {path: dict(sorted(spans.items())) for path, spans in found.items()}

    def rows(self, offsets: Mapping[Path, int], lengths: Mapping[Path, int]) -> list[ir.Table]:
        """Read files as `partitions.declare` gives them: tables of the same columns and types, in no order.

        Parameters
        ----------
        offsets
            The `ROW` of the first row of each file.
        lengths
            The number of rows of each file.
        """
        return [self._rows(group, offsets, lengths) for group in self._groups(offsets)]

    def _rows(self, group: Sequence[Path], offsets: Mapping[Path, int], lengths: Mapping[Path, int]) -> ir.Table:
        name = f"offsets_{next(self._numbers)}"
        source = self._source(group)
        before = [0, *accumulate(lengths[path] for path in group)] if source.number == COUNTED else [0] * len(group)
        firsts = [offsets[path] - here for path, here in zip(group, before, strict=False)]
        names = ", ".join(text(self._read_as(path)) for path in group)
        places = f"unnest([{names}]) AS {quoted(FILE)}, unnest({firsts}::BIGINT[]) AS {quoted(FIRST)}"
        self.con.raw_sql(f"CREATE TABLE {name} AS SELECT {places}")
        number = f"SELECT *, {source.number} AS {quoted(PLACE)} FROM ({source.sql})"  # noqa: S608
        row = f"CAST({quoted(PLACE)} + {quoted(FIRST)} AS BIGINT) AS {quoted(ROW)}"
        casts = self._casts(self.columns, source)
        table = self._view(f"SELECT {casts}, {row} FROM ({number}) JOIN {name} USING ({quoted(FILE)})")  # noqa: S608
        return declare(table, self.params, where=str(self.params.source.path), numbered=True)

    def _view(self, sql: str) -> ir.Table:
        name = f"view_{next(self._numbers)}"
        self.con.raw_sql(f"CREATE VIEW {name} AS {sql}")
        return self.con.table(name)

    def _groups(self, files: Iterable[Path]) -> list[list[Path]]:
        """Put files together that are read by one statement: Parquet by layout, as each has types of its own; CSV is all text."""
        groups: dict[str, list[Path]] = {}
        for path in files:
            if (layout := self.layouts[path]) != BLANK:
                groups.setdefault(layout if self.parquet else "", []).append(path)
        return list(groups.values())

    def _source(self, group: Sequence[Path]) -> _Source:
        if not self.parquet:
            csv = self.params.source.csv
            table = tables.read(self.con, group, wanted=wanted(self.params), folder=self.folder, csv=csv, naming=FILE)
            return _Source(self.con.compile(table), frozenset(name.lower() for name in table.columns), COUNTED)
        options = f"filename = '{FILE}', hive_partitioning = false"
        first = f"SELECT * FROM read_parquet([{text(self._read_as(group[0]))}], {options})"  # noqa: S608
        names = frozenset(row[0].lower() for row in self.con.raw_sql(f"DESCRIBE {first}").fetchall())
        number = COUNTED if NUMBER in names else NUMBER
        further = "" if number == COUNTED else f", {NUMBER}"
        files = ", ".join(text(self._read_as(path)) for path in group)
        return _Source(f"SELECT *{further} FROM read_parquet([{files}], {options})", names, number)  # noqa: S608

    def _casts(self, names: Iterable[str], source: _Source) -> str:
        """Select columns with their common types, which are those that DuckDB gives them where it reads all files at once."""
        return ", ".join(
            f"CAST({quoted(name) if name.lower() in source.names else 'NULL'} AS {self.columns[name]}) AS {quoted(name)}"
            for name in names
        )

    def _read_as(self, path: Path) -> str:
        """Return the path by which DuckDB reads a file, and names it."""
        csv = self.params.source.csv
        return os.path.abspath(path if self.parquet else recoded.in_utf8(path, self.folder, csv.encoding))  # noqa: PTH100 (as Ibis does)


class _Source(NamedTuple):
    """A statement that reads files, the columns that it has in small letters, and the expression that numbers its rows."""

    sql: str
    names: frozenset[str]
    number: str


def begin(con: Backend, params: Params, folder: Path, layouts: Mapping[Path, str]) -> Together:
    """Find the columns: files of one layout have the same, so one of each is asked.

    Raises
    ------
    DataError
        If a column is missing, or files do not fit together.
    """
    firsts: dict[str, Path] = {}
    for path, layout in layouts.items():
        firsts.setdefault(layout, path)
    asked = [path for layout, path in firsts.items() if layout != BLANK] or list(firsts.values())
    parquet = tables.is_parquet(asked[0])
    sample = tables.read(con, asked, wanted=wanted(params), folder=folder, csv=params.source.csv)
    names = declare(sample, params, where=str(params.source.path)).columns
    if parquet:
        types = {row[0]: row[1] for row in con.raw_sql(f"DESCRIBE {con.compile(sample)}").fetchall()}
    else:
        types = dict.fromkeys(sample.columns, TEXT)
    columns = {name: types[name] for name in names if name in types}
    return Together(con, params, folder, layouts, columns, sample, parquet)


def quoted(name: str) -> str:
    """Write a name for SQL."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """Write a text for SQL."""
    return "'" + value.replace("'", "''") + "'"

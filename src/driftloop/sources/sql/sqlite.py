"""SQLite: a file opened for reading alone. Its columns have no types, so that each is read as what its values are."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import ibis
import pyarrow as pa

from driftloop.sources.sql import refusals
from driftloop.sources.sql.database import BATCH, ROWS, base, batch, schema, sql, where, write

if TYPE_CHECKING:
    from collections.abc import Iterator

    import ibis.expr.types as ir

    from driftloop.params import Params
    from driftloop.sources.sql.address import Address

DIALECT = "sqlite"


@dataclass(frozen=True)
class Sqlite:
    """See `Database`."""

    con: sqlite3.Connection
    params: Params
    address: Address
    rows: ir.Table

    def ask(self, table: ir.Table) -> list[dict[str, Any]]:
        """Compute a few rows."""
        with translated(self.con, self.params, self.address):
            found = self.con.execute(sql(table, self.params, dialect=DIALECT)).fetchall()
        return [dict(zip(table.columns, row, strict=True)) for row in found]

    def save(self, table: ir.Table, path: Path) -> None:
        """Write rows to a Parquet file."""
        with translated(self.con, self.params, self.address):
            write(self._batches(table, kind := schema(table)), kind, path)

    def _batches(self, table: ir.Table, kind: pa.Schema) -> Iterator[pa.RecordBatch]:
        texts = [pa.types.is_string(column.type) for column in kind]
        cursor = self.con.execute(sql(table, self.params, dialect=DIALECT))
        while rows := cursor.fetchmany(BATCH):
            yield batch([_worded(row, texts) for row in rows], kind)


def _worded(row: tuple[Any, ...], texts: list[bool]) -> tuple[Any, ...]:
    """Write numbers as text in columns that hold text too."""
    return tuple(str(value) if text and value is not None else value for value, text in zip(row, texts, strict=True))


@contextmanager
def opened(params: Params, address: Address, _folder: Path) -> Iterator[Sqlite]:
    """Begin a transaction: others wait to write, or do so beside it where the file is in WAL mode."""
    path = Path(address.path)
    if not path.is_file():
        raise refusals.unreachable(address, "there is no such file; relative paths start at the folder of params.yaml")
    with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None)) as con:
        with translated(con, params, address):
            con.execute("BEGIN")
            if params.source.table:
                _require(con, params.source.table)
            types = _types(con, params)
        yield Sqlite(con, params, address, ibis.table(types, name=ROWS))


def _require(con: sqlite3.Connection, name: str) -> None:
    listed = [each for (each,) in con.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")]
    if name.lower() not in map(str.lower, listed):
        raise refusals.table(name, listed)


def _types(con: sqlite3.Connection, params: Params) -> dict[str, str]:
    """Look at the values: whole numbers, numbers, or text where there is any."""
    names = [column[0] for column in con.execute(f"SELECT * FROM (\n{base(params)}\n) LIMIT 0").description]  # noqa: S608
    kinds = ("text", "blob", "real", "integer")
    marks = ", ".join(f"max(typeof({each}) = '{kind}')" for name in names for each in [_quoted(name)] for kind in kinds)
    found = con.execute(f"SELECT {marks} FROM (\n{base(params)}\n)").fetchone()  # noqa: S608
    types = {}
    for place, name in enumerate(names):
        text, blob, real, integer = found[place * len(kinds) : (place + 1) * len(kinds)]
        types[name] = (
            "binary" if blob else "float64" if real and not text else "int64" if integer and not text else "string"
        )
    return types


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@contextmanager
def translated(con: sqlite3.Connection, params: Params, address: Address) -> Iterator[None]:
    """Word what SQLite refuses, and stop it after the time that is allowed."""
    timer = Timer(params.source.timeout_seconds, con.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (pa.ArrowException, OverflowError):
        error = refusals.value(where(params))
    except sqlite3.Error as exc:
        name, text = getattr(exc, "sqlite_errorname", ""), refusals.said(exc, address)
        if name == "SQLITE_INTERRUPT":
            error = refusals.slow(where(params), params.source.timeout_seconds)
        elif name in ("SQLITE_ERROR", "SQLITE_READONLY", "SQLITE_MISMATCH"):
            error = refusals.query(where(params), text)
        else:
            error = refusals.unreachable(address, text)
    else:
        return
    finally:
        timer.cancel()
    raise error from None

"""A DuckDB file, opened for reading alone: DuckDB writes the Parquet files itself."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING, Any

import ibis

from driftloop import engine
from driftloop.sources.sql import refusals
from driftloop.sources.sql.database import ROWS, base, sql, where

if TYPE_CHECKING:
    from collections.abc import Iterator

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from driftloop.params import Params
    from driftloop.sources.sql.address import Address

DIALECT = "duckdb"


@dataclass(frozen=True)
class DuckDBFile:
    """See `Database`."""

    con: Backend
    params: Params
    address: Address
    rows: ir.Table

    def ask(self, table: ir.Table) -> list[dict[str, Any]]:
        """Compute a few rows."""
        with translated(self.con, self.params, self.address):
            found = self.con.raw_sql(sql(table, self.params, dialect=DIALECT)).fetchall()
        return [dict(zip(table.columns, row, strict=True)) for row in found]

    def save(self, table: ir.Table, path: Path) -> None:
        """Write rows to a Parquet file."""
        target = str(path).replace("'", "''")
        with translated(self.con, self.params, self.address):
            self.con.raw_sql(f"COPY ({sql(table, self.params, dialect=DIALECT)}) TO '{target}' (FORMAT parquet)")


@contextmanager
def opened(params: Params, address: Address, folder: Path) -> Iterator[DuckDBFile]:
    """Open the file; no other program may have it open for writing."""
    from ibis.backends.sql import compilers  # slow to import, and needed here alone

    path = Path(address.path)
    if not path.is_file():
        raise refusals.unreachable(address, "there is no such file; relative paths start at the folder of params.yaml")
    try:
        con = engine.connect(path, spill=folder / "spill-source", read_only=True)
    except engine.failures() as exc:
        raise refusals.unreachable(address, refusals.said(exc, address)) from None
    try:
        with translated(con, params, address):
            con.raw_sql("BEGIN")  # one snapshot
            con.raw_sql("SET TimeZone = 'UTC'")
            if params.source.table:
                _require(con, params.source.table)
            found = con.raw_sql(f"DESCRIBE (\n{base(params)}\n)").fetchall()
        mapper = compilers.duckdb.compiler.type_mapper
        rows = ibis.table({name: mapper.from_string(kind) for name, kind, *_ in found}, name=ROWS)
        yield DuckDBFile(con, params, address, rows)
    finally:
        con.disconnect()


def _require(con: Backend, name: str) -> None:
    found = con.raw_sql("SELECT table_schema, table_name FROM information_schema.tables").fetchall()
    listed = [table if schema == "main" else f"{schema}.{table}" for schema, table in found]
    if name.lower().removeprefix("main.") not in map(str.lower, listed):
        raise refusals.table(name, listed)


@contextmanager
def translated(con: Backend, params: Params, address: Address) -> Iterator[None]:
    """Word what DuckDB refuses, and stop it after the time that is allowed."""
    timer = Timer(params.source.timeout_seconds, con.con.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    except engine.failures() as exc:
        name, text = type(exc).__name__, refusals.said(exc, address)
        if name == "InterruptException":
            error = refusals.slow(where(params), params.source.timeout_seconds)
        elif name in ("ConversionException", "OutOfRangeException"):
            error = refusals.value(where(params))
        elif name == "IOException":
            error = refusals.unreachable(address, text)
        else:
            error = refusals.query(where(params), text)
    else:
        return
    finally:
        timer.cancel()
    raise error from None

"""PostgreSQL: one read-only transaction that sees one snapshot, rows by a cursor on the server."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis

from driftloop.sources.sql import refusals
from driftloop.sources.sql.database import BATCH, ROWS, base, batch, quoted, schema, sql, where, write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import ibis.expr.types as ir
    import psycopg
    import pyarrow as pa

    from driftloop.params import Params
    from driftloop.sources.sql.address import Address

DIALECT = "postgres"
EXTRA = "driftloop[postgres]"
CONNECT_SECONDS = 15
TABLES = """
SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
AND has_table_privilege(c.oid, 'SELECT')
"""
# A domain reads as the type that it bounds.
TYPE = """
SELECT pg_catalog.format_type(CASE typtype WHEN 'd' THEN typbasetype ELSE oid END, NULL) FROM pg_catalog.pg_type WHERE oid = %s
"""


@dataclass(frozen=True)
class Postgres:
    """See `Database`."""

    con: psycopg.Connection
    params: Params
    address: Address
    rows: ir.Table

    def ask(self, table: ir.Table) -> list[dict[str, Any]]:
        """Compute a few rows."""
        with translated(self.params, self.address):
            found = self.con.execute(sql(table, self.params, dialect=DIALECT)).fetchall()
        return [dict(zip(table.columns, row, strict=True)) for row in found]

    def save(self, table: ir.Table, path: Path) -> None:
        """Write rows to a Parquet file."""
        with translated(self.params, self.address):
            write(self._batches(table, kind := schema(table)), kind, path)

    def _batches(self, table: ir.Table, kind: pa.Schema) -> Iterator[pa.RecordBatch]:
        with self.con.cursor(name="driftloop", binary=True) as cursor:
            cursor.execute(sql(table, self.params, dialect=DIALECT))
            while rows := cursor.fetchmany(BATCH):
                yield batch(rows, kind)


@contextmanager
def opened(params: Params, address: Address, _folder: Path) -> Iterator[Postgres]:
    """Begin a transaction that cannot write, and in which nothing changes while it is read."""
    try:
        import psycopg
    except ImportError as exc:
        raise refusals.driver(address, EXTRA) from exc
    with _connected(address) as con:
        con.isolation_level, con.read_only = psycopg.IsolationLevel.REPEATABLE_READ, True
        with translated(params, address):
            # For this transaction alone, so that it goes through a pool of connections too.
            con.execute("SELECT set_config('statement_timeout', %s, true)", [f"{params.source.timeout_seconds}s"])
            con.execute("SET LOCAL TimeZone = 'UTC'")
            if params.source.table:
                _require(con, params.source.table)
            rows = ibis.table(_types(con, params), name=ROWS)
        yield Postgres(con, params, address, rows)


def _connected(address: Address) -> psycopg.Connection:
    import psycopg

    try:
        # Without prepared statements, which a pool of connections may not keep.
        return psycopg.connect(
            address.url, connect_timeout=CONNECT_SECONDS, prepare_threshold=None, application_name="driftloop"
        )
    except psycopg.ProgrammingError:  # its text holds the URL
        error = refusals.unreachable(address, "it is no URL of PostgreSQL; encode special characters as %40")
    except psycopg.Error as exc:
        # The server's words come in its language; these are the client's, or in every one of them.
        text = str(exc)
        refused = any(word in text.lower() for word in ("password", "authentication", "28p01", "28000"))
        error = refusals.login(address) if refused else refusals.unreachable(address, refusals.said(text, address))
    raise error from None


def _require(con: psycopg.Connection, name: str) -> None:
    """Refuse a table that is not there, or that may not be read."""
    found = con.execute("SELECT to_regclass(%s)", [quoted(name)]).fetchone()
    if found and found[0] is None:
        listed = con.execute(TABLES).fetchall()
        raise refusals.table(name, [table if schema == "public" else f"{schema}.{table}" for schema, table in listed])


def _types(con: psycopg.Connection, params: Params) -> dict[str, Any]:
    """Look up the types of columns, by name."""
    from ibis.backends.sql import compilers  # slow to import, and needed here alone

    mapper = compilers.postgres.compiler.type_mapper
    cursor = con.execute(f"SELECT * FROM (\n{base(params)}\n) AS q LIMIT 0")  # noqa: S608
    types = {}
    for column in cursor.description or ():
        found = con.execute(TYPE, [column.type_code]).fetchone()
        types[column.name] = mapper.from_string(found[0] if found else "unknown")
    return types


@contextmanager
def translated(params: Params, address: Address) -> Iterator[None]:
    """Word what PostgreSQL refuses by its codes: https://www.postgresql.org/docs/current/errcodes-appendix.html"""
    import psycopg
    import pyarrow as pa

    place = where(params)
    try:
        yield
    except (pa.ArrowException, OverflowError):
        error = refusals.value(place)
    except psycopg.Error as exc:
        code, text = exc.sqlstate or "", refusals.said(exc.diag.message_primary or exc, address)
        if code == "57014":
            error = refusals.slow(place, params.source.timeout_seconds)
        elif code == "42501":
            error = refusals.denied(place, text)
        elif code.startswith(("42", "25", "0A")):
            error = refusals.query(place, text)
        elif isinstance(exc, psycopg.DataError) and not code:  # the driver's own, whose text quotes the value
            error = refusals.value(place)
        elif (isinstance(exc, psycopg.OperationalError) and not code) or code.startswith(("08", "57P")):
            error = refusals.unreachable(address, f"the connection was lost ({text})")
        else:  # what the server says of values, it quotes too
            error = refusals.query(place, f"{type(exc).__name__} ({code or 'without a code'})")
    else:
        return
    raise error from None

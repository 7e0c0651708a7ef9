"""What each kind of database does: describe the rows, answer a small question, save rows in batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from driftloop.params import OWN

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import ibis.expr.types as ir

    from driftloop.params import Params

ROWS = f"{OWN}rows"
BATCH = 50_000  # rows


class Database(Protocol):
    """An open database, read in one snapshot."""

    @property
    def rows(self) -> ir.Table:
        """All rows of `source.table` or `source.query`, to ask about."""

    def ask(self, table: ir.Table, /) -> list[dict[str, Any]]:
        """Compute a few rows in the database."""

    def save(self, table: ir.Table, path: Path, /) -> None:
        """Compute many rows, and write them to a Parquet file, a batch at a time."""


def where(params: Params) -> str:
    """Name the source in messages."""
    return f"source.table: {params.source.table}" if params.source.table else "source.query"


def base(params: Params) -> str:
    """Select everything from the table or the query, which is taken as it is written."""
    source = params.source
    if source.query:
        return source.query.strip().rstrip(";")
    return f"SELECT * FROM {quoted(source.table or '')}"  # noqa: S608 (quoted)


def quoted(name: str) -> str:
    """Quote the name of a table, with its schema before a dot."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))


def sql(table: ir.Table, params: Params, *, dialect: str) -> str:
    """Write a question about `ROWS` in a dialect; databases push its conditions down into `base`."""
    text = ibis.to_sql(table, dialect=dialect)
    return f'WITH "{ROWS}" AS (\n{base(params)}\n) {text}'


def schema(table: ir.Table) -> pa.Schema:
    """Choose the types of Arrow; the precision of times is that of driftloop."""
    fields = [
        pa.field(name, pa.timestamp("us", kind.timezone) if kind.is_timestamp() else kind.to_pyarrow())
        for name, kind in table.schema().items()
    ]
    return pa.schema(fields)


def write(batches: Iterable[pa.RecordBatch], kind: pa.Schema, path: Path) -> None:
    """Write batches to a Parquet file as they come."""
    with pq.ParquetWriter(path, kind, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch)


def batch(rows: list[tuple[Any, ...]], kind: pa.Schema) -> pa.RecordBatch:
    """Make a batch of rows."""
    return pa.RecordBatch.from_struct_array(pa.array(rows, type=pa.struct(list(kind))))

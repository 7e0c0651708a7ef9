"""Any other database that Ibis speaks to, as Ibis opens it: without a promise of one snapshot, and not tested."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis

from driftloop.errors import LoopError
from driftloop.sources.sql import refusals
from driftloop.sources.sql.database import BATCH, schema, where, write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import ibis.expr.types as ir

    from driftloop.params import Params
    from driftloop.sources.sql.address import Address


@dataclass(frozen=True)
class Other:
    """See `Database`."""

    params: Params
    address: Address
    rows: ir.Table

    def ask(self, table: ir.Table) -> list[dict[str, Any]]:
        """Compute a few rows."""
        with translated(self.params, self.address):
            return list(table.to_pyarrow().to_pylist())

    def save(self, table: ir.Table, path: Path) -> None:
        """Write rows to a Parquet file."""
        with translated(self.params, self.address):
            kind = schema(table)
            batches = table.to_pyarrow_batches(chunk_size=BATCH)
            write((found.cast(kind) for found in batches), kind, path)


@contextmanager
def opened(params: Params, address: Address, _folder: Path) -> Iterator[Other]:
    """Connect by the URL."""
    try:
        con = ibis.connect(address.url)
    except ImportError:
        error: LoopError = refusals.driver(address, f"ibis-framework[{address.scheme}]")
    except Exception as exc:  # noqa: BLE001 (each driver has its own)
        error = refusals.unreachable(address, refusals.said(exc, address))
    else:
        try:
            with translated(params, address):
                *schemas, name = (params.source.table or "").split(".")
                rows = (
                    con.sql(params.source.query)
                    if params.source.query
                    else con.table(name, database=tuple(schemas) or None)
                )
            yield Other(params, address, rows)
        finally:
            con.disconnect()
        return
    raise error from None


@contextmanager
def translated(params: Params, address: Address) -> Iterator[None]:
    """Word what a driver refuses; where columns are private, its text is not quoted, since it may hold values."""
    try:
        yield
    except LoopError:
        raise
    except Exception as exc:  # noqa: BLE001 (each driver has its own)
        text = type(exc).__name__ if params.data.private else f"{type(exc).__name__}: {refusals.said(exc, address)}"
        error = refusals.query(where(params), text)
    else:
        return
    raise error from None

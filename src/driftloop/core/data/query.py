"""Queries are executed here: Ibis takes a tenth of a second to write SQL for many columns, so it writes each query once.

Its own way to Arrow imports pandas as well.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis.expr.operations as ops
    import ibis.expr.types as ir
    import pandas as pd
    import pyarrow as pa

DUCKDB = "duckdb"


def arrow(table: ir.Table) -> pa.Table:
    """Read the rows of a query."""
    backend = table.get_backend()
    found: pa.Table = backend.con.sql(sql(table)).to_arrow_table() if backend.name == DUCKDB else table.to_pyarrow()
    return found.cast(table.schema().to_pyarrow())  # sums of integers are wider in DuckDB


def frame(table: ir.Table) -> pd.DataFrame:
    """Read the rows of a query; dates stay dates."""
    found: pd.DataFrame = arrow(table).to_pandas()
    return found


def sql(table: ir.Table) -> str:
    """Write the query in the words of its database."""
    return _written(table.op())


@lru_cache(maxsize=256)
def _written(node: ops.Node) -> str:
    table = node.to_expr()
    return str(table.get_backend().compile(table))

"""The database engine: DuckDB, or a Spark cluster where params.yaml asks for one. Both through Ibis, with the same results."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import ibis

from driftloop.core.data import query
from driftloop.core.data.portable import SPARK
from driftloop.engine import duckdb, spark
from driftloop.engine.duckdb import connect, errors, failures
from driftloop.engine.footers import checked
from driftloop.errors import DataError, LoopError
from driftloop.store.files import CACHE, SRC

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import ibis.expr.types as ir
    import pandas as pd
    from ibis.backends.sql import SQLBackend

    from driftloop.params import Engine

__all__ = ["connect", "errors", "failures", "fitting", "kept", "opened", "parquet", "table", "translated"]


@contextmanager
def opened(settings: Engine, root: Path) -> Iterator[SQLBackend]:
    """Open the engine that params.yaml asks for; what does not fit in memory goes to a folder that is gone afterwards."""
    with _folder(root / (settings.spill or CACHE)) as spill:
        if settings.kind == "spark":
            with spark.session(settings, spill, log=root / CACHE / "spark.log") as con:
                yield con
        else:
            con = connect(spill=spill, settings=settings)
            try:
                yield con
            finally:
                con.disconnect()


def parquet(con: SQLBackend, files: Sequence[Path], name: str) -> ir.Table:
    """Show files under a name, which was that of others until now; a file may lack columns that others have."""
    columns = checked(files)
    if con.name == SPARK:
        return spark.parquet(con, files, columns, name)
    paths = ", ".join("'{}'".format(str(file).replace("'", "''")) for file in files)
    con.raw_sql(f"CREATE OR REPLACE TEMP VIEW {name} AS FROM read_parquet([{paths}], union_by_name = true)")
    return con.table(name)


def kept(con: SQLBackend, name: str, rows: ir.Table) -> ir.Table:
    """Compute rows once for all that asks for them; DuckDB keeps them in memory or spills them, Spark on its workers."""
    if con.name == SPARK:
        return spark.kept(con, name, rows)
    con.raw_sql(f"CREATE TEMP TABLE {name} AS {query.sql(rows)}")
    return con.table(name)


def table(con: SQLBackend, name: str, rows: pd.DataFrame) -> ir.Table:
    """Bring a few rows to the database."""
    if con.name == SPARK:
        return spark.table(con, name, rows)
    return con.create_table(name, ibis.memtable(rows), temp=True)


@contextmanager
def fitting(settings: Engine, root: Path) -> Iterator[None]:
    """Have joblib bring its tasks to the cluster that params.yaml names."""
    log = root / CACHE / "spark.log"
    with _folder(root / (settings.spill or CACHE)) as spill, spark.tasks(settings, spill, log=log, own_code=root / SRC):
        yield


@contextmanager
def translated(out: Path) -> Iterator[None]:
    """Turn what an engine raises into one line without any row of the data; the folder `out` is called `$OUT`, as commands know it."""
    try:
        yield
    except failures() as exc:
        if not isinstance(exc, errors()) and type(exc) not in failures():  # a mistake in our SQL
            raise
        raise _named(duckdb.translated(exc), out) from exc
    except DataError as exc:
        raise _named(exc, out) from exc


def _named(error: LoopError, out: Path) -> LoopError:
    return type(error)(str(error).replace(str(out.resolve()), "$OUT").replace(str(out), "$OUT"))


@contextmanager
def _folder(above: Path) -> Iterator[Path]:
    try:
        above.mkdir(parents=True, exist_ok=True)
        folder = tempfile.TemporaryDirectory(dir=above, prefix="engine-", ignore_cleanup_errors=True)
    except OSError as exc:
        msg = f"engine.spill: {above}: cannot be written: {exc.strerror}"
        raise LoopError(msg) from exc
    with folder as name:
        yield Path(name).resolve()

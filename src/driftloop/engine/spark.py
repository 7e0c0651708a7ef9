"""A Spark cluster: through Ibis, where its workers run no Python and read the files of the project; for fits, through joblib."""

from __future__ import annotations

import gc
import os
import re
import shutil
import socket
import sys
import time
import warnings
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import ibis

from driftloop.errors import DataError, LoopError
from driftloop.processes import GRACE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import ibis.expr.types as ir
    import pandas as pd
    import pyarrow as pa
    from ibis.backends.sql import SQLBackend

    from driftloop.params import Engine

CONNECT_SECONDS = 5  # until the master answers
WORKER_SECONDS = 60  # until a worker takes the application
STANDALONE = "spark://"
DEFAULTS = {
    "spark.app.name": "driftloop",
    "spark.ui.enabled": "false",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.caseSensitive": "true",
    "spark.sql.catalogImplementation": "in-memory",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
}
# What stands in an error, the first that is found: whose fault it is, and what to do.
REASONS = (
    ("No space left", LoopError, "engine: no space left on a disk of the cluster; make room, or set spark.local.dir in engine.options"),
    ("OutOfMemoryError|maxResultSize", LoopError, "engine.options: too little memory for these rows; raise spark.executor.memory or spark.driver.memory"),
    ("FileNotFoundException|FILE_NOT_EXIST", DataError, "{file}: not found by a worker; every machine of the cluster needs the project's folder at the same path"),
    ("Illegal Parquet type|PARQUET_TYPE_ILLEGAL", DataError, "{file}: expected types that Spark can read, got others; set engine.kind to duckdb"),
    ("not a Parquet file|FAILED_READ_FILE|CANNOT_READ_FILE|ParquetDecodingException", DataError, "{file}: expected Parquet, got a file that cannot be read; write it again"),
    ("stopped SparkContext|SparkContext was shut down|Master removed|Py4JNetworkError|ConnectionRefusedError|ConnectionResetError", LoopError, "engine.master: the cluster ended the application; its reason is in .cache/spark.log"),
)  # fmt: skip
FILE = re.compile(r"file:(?://)?(?P<path>/.+?\.parquet)")


@contextmanager
def session(settings: Engine, spill: Path, *, log: Path) -> Iterator[SQLBackend]:
    """Connect to the cluster; what Java says goes to the file `log`.

    Raises
    ------
    LoopError
        If Spark or Java is not installed, or no worker of the cluster takes the application in time.
    """
    conf, context_type, launch = _installed()
    master = str(settings.master)
    _reach(master)
    conf.setMaster(master)
    own = {"spark.local.dir": spill.resolve(), "spark.sql.warehouse.dir": spill.resolve() / "warehouse"}
    for name, value in {**DEFAULTS, **own, **settings.options}.items():
        conf.set(name, str(value).lower() if isinstance(value, bool) else str(value))
    log.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"pyspark\.")  # it shows what it raises
        warnings.simplefilter("ignore", ResourceWarning)  # and leaves sockets to the garbage collector
        with log.open("wb") as out:
            gateway = launch(conf, {"stdout": out, "stderr": out})
        try:
            with _translated():
                context = context_type(conf=conf, gateway=gateway)
                context.pythonExec = os.environ.get("PYSPARK_PYTHON", sys.executable)
                try:
                    _wait_for_workers(context, master)
                    yield _connected(context)
                finally:
                    with suppress(*_errors()):  # of a cluster that is gone
                        context.stop()
        finally:
            _end(gateway)
            context_type._gateway = context_type._jvm = None  # noqa: SLF001 (the next one would ask a process that has ended)
            gc.collect()


@contextmanager
def tasks(settings: Engine, spill: Path, *, log: Path, own_code: Path) -> Iterator[None]:
    """Have joblib run its tasks on the workers, in Python with the packages of this environment; `own_code` is on their path.

    Raises
    ------
    LoopError
        If Spark, Java or joblib's backend for it is not installed, or no worker takes the application in time.
    """
    try:
        from joblibspark import register_spark
    except ImportError as exc:
        msg = "engine.fits: expected joblib's backend for Spark, which is not installed; `uv add 'driftloop[spark]'`"
        raise LoopError(msg) from exc
    from joblib import parallel_config

    path = {"spark.executorEnv.PYTHONPATH": str(own_code.resolve())}
    asking = settings.model_copy(update={"options": {**path, **settings.options}})
    with session(asking, spill, log=log):
        register_spark()
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"joblibspark\.")  # it says what this version of Spark lacks
            warnings.filterwarnings("ignore", message="`apply_async` is deprecated")  # joblib, of that backend
            with parallel_config(backend="spark"):
                yield


def _connected(context: Any) -> SQLBackend:
    from pyspark.sql import SparkSession

    return ibis.pyspark.connect(SparkSession(context))


def parquet(con: SQLBackend, files: Sequence[Path], columns: Mapping[str, pa.DataType], name: str) -> ir.Table:
    """Show files whose columns have the same types."""
    reader = con._session.read.option("mergeSchema", value=True)  # noqa: SLF001 (Ibis takes one path only)
    frame = reader.parquet(*(_address(file) for file in files))
    frame.selectExpr(*(_selected(column, kind) for column, kind in columns.items())).createOrReplaceTempView(name)
    return con.table(name)


def kept(con: SQLBackend, name: str, rows: ir.Table) -> ir.Table:
    """Keep rows on the workers; of a worker that is lost they are computed anew."""
    con._session.sql(con.compile(rows)).cache().createOrReplaceTempView(name)  # noqa: SLF001 (Ibis would drop it after the end)
    return con.table(name)


def table(con: SQLBackend, name: str, rows: pd.DataFrame) -> ir.Table:
    """Bring a few rows to the cluster."""
    con._session.createDataFrame(rows).createOrReplaceTempView(name)  # noqa: SLF001
    return con.table(name)


def _errors() -> tuple[type[Exception], ...]:
    """Return the exceptions for bad files and lost workers, and not those for mistakes in our SQL."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    return (Py4JError, PySparkException, ConnectionError)


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what Spark raises into one line as long as Java is there, which is asked for the text."""
    try:
        yield
    except _errors() as exc:
        from pyspark.errors import AnalysisException

        text = f"{type(exc).__name__}: {exc}"
        said = _reason(text)
        if said is None and isinstance(exc, AnalysisException):
            raise
        said = said or LoopError(f"engine: Spark failed ({_kind(exc, text)}); its reason is in .cache/spark.log")
    else:
        return
    raise said  # outside of the handler: who shows the whole chain would ask a process that has ended


def _reason(text: str) -> LoopError | None:
    """Say in one line what is wrong, without any row of the data; None where it is none of the known reasons."""
    file = FILE.search(text)
    for pattern, kind, line in REASONS:
        if re.search(pattern, text):
            return kind(line.format(file=file["path"] if file else "source"))
    return None


def java() -> str | None:
    """Find the program that Spark starts."""
    home = os.environ.get("JAVA_HOME")
    return shutil.which(f"{home}/bin/java" if home else "java")


def _installed() -> tuple[Any, Any, Any]:
    """Import what the extra brings; return a configuration, the class of connections, and what starts Java."""
    try:
        import pyarrow_hotfix  # noqa: F401 (Ibis needs it for Spark)
        from pyspark import SparkConf, SparkContext
        from pyspark.java_gateway import launch_gateway
    except ImportError as exc:
        msg = "engine.kind: expected Spark's packages for spark, which are not installed; `uv add 'driftloop[spark]'`"
        raise LoopError(msg) from exc
    if not java():
        msg = "engine.kind: expected Java 17 or newer for spark, found no java on the PATH or in JAVA_HOME; install it"
        raise LoopError(msg)
    return SparkConf(loadDefaults=False), SparkContext, launch_gateway


def _reach(master: str) -> None:
    """Make sure that somebody listens where a standalone master should; others are reached by their own means."""
    if not master.startswith(STANDALONE):
        return
    reason = ""
    for address in master.removeprefix(STANDALONE).split(","):
        host, _, port = address.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_SECONDS).close()
        except (OSError, ValueError, OverflowError) as exc:
            reason = getattr(exc, "strerror", None) or str(exc)
        else:
            return
    msg = f"engine.master: {master} cannot be reached: {reason}; start the cluster, or correct the address"
    raise LoopError(msg)


def _wait_for_workers(context: Any, master: str) -> None:
    """Wait until somebody works for us; Spark itself would wait for ever."""
    until = time.monotonic() + WORKER_SECONDS
    scala = context._jsc.sc()  # noqa: SLF001 (PySpark does not tell)
    while not master.startswith("local") and scala.getExecutorMemoryStatus().size() < 2:  # noqa: PLR2004 (the first is the driver)
        if time.monotonic() > until or scala.isStopped():
            msg = f"engine.master: {master}: expected a worker within {WORKER_SECONDS} s, got none; start workers, or ask for less by spark.executor.memory and spark.executor.cores"
            raise LoopError(msg)
        time.sleep(0.2)


def _selected(column: str, kind: pa.DataType) -> str:
    """Select a column; Ibis cannot tell an instant of Spark from a local time, so it is written as DuckDB writes it."""
    quoted = f"`{column.replace('`', '``')}`"
    return f"{quoted} || '+00' AS {quoted}" if getattr(kind, "tz", None) else quoted


def _address(file: Path) -> str:
    """Give the address of a file, in which Spark looks for patterns."""
    return "file://" + re.sub(r"([\\*?\[\]{}])", r"\\\1", str(file.resolve()))


def _kind(exc: Exception, text: str) -> str:
    """Name the kind of an error, whose text might hold values."""
    condition = getattr(exc, "getCondition", lambda: None)()
    java = re.findall(r"[\w.]+\.(\w+(?:Exception|Error))\b", text)
    return condition or (java[0] if java else type(exc).__name__)


def _end(gateway: Any) -> None:
    """End the Java process, which ends by itself when its standard input does."""
    with suppress(Exception):
        gateway.shutdown()
        gateway.close()
    with suppress(OSError):
        gateway.proc.stdin.close()
    until = time.monotonic() + GRACE_SECONDS
    while gateway.proc.poll() is None and time.monotonic() < until:
        time.sleep(0.05)
    gateway.proc.kill()  # which does nothing to a process that has ended
    gateway.proc.wait()

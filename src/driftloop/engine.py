"""The database engine: DuckDB through Ibis, and one line for a file that it cannot read or a disk that is full."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import ibis

from driftloop.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ibis.backends.duckdb import Backend

# How DuckDB names the file at fault.
FILE = re.compile(r"""file = (?P<csv>.+)|[Ff]ile \\?(?P<quote>["'])(?P<path>.+?)\\?(?P=quote)""")


def connect(file: Path | None = None, *, spill: Path | str | None = None, read_only: bool = False) -> Backend:
    """Open a database in a file, or in memory; what does not fit in memory goes to the folder `spill`."""
    options = {"temp_directory": str(spill)} if spill else {}
    return ibis.duckdb.connect(file or ":memory:", read_only=read_only, **options)


def errors() -> tuple[type[Exception], ...]:
    """Return the exceptions that DuckDB raises for bad files, without those for mistakes in our SQL."""
    import duckdb

    return (duckdb.InvalidInputException, duckdb.DataError, duckdb.OperationalError, duckdb.NotSupportedError)


def failures() -> tuple[type[Exception], ...]:
    """Return the exceptions that DuckDB raises for anything, such as a query that a team has written."""
    import duckdb

    return (duckdb.Error,)


@contextmanager
def translated(out: Path) -> Iterator[None]:
    """Turn what DuckDB raises into one line without any row of the data; the folder `out` is called `$OUT`, as commands know it."""
    try:
        yield
    except errors() as exc:
        raise DataError(_worded(str(exc)).replace(str(out), "$OUT")) from exc


def _worded(text: str) -> str:
    file = FILE.search(text)
    where = (file["csv"] or file["path"]) if file else "source"
    first = text.partition("\n")[0].partition(": ")[2].replace(f"'{where}'", "").replace(f'"{where}"', "").strip()
    if "No space left" in text:
        return f"{where}: cannot be written: no space left on the disk; make room"
    if "Could not write" in text:
        return f"{where}: cannot be written: {first}"
    if line := re.search(r"CSV Error on Line: (\d+)", text):
        return f"{where}: line {line[1]}: expected {_csv_problem(text)}"
    if where.endswith(".parquet"):
        return f"{where}: expected Parquet, got a file that cannot be read ({first}); write it again"
    return f"{where}: cannot be read: {first}"


def _csv_problem(text: str) -> str:
    if width := re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", text):
        return f"{width[1]} columns, got {width[2]}; correct the line"
    if "not utf-8" in text:
        return "text in UTF-8, got other bytes; set source.csv.encoding, or save the file as UTF-8"
    quote = "unterminated quote" in text or "quoted value" in text
    reason = "a quote that is not closed or not doubled" if quote else "something else"
    return f"CSV (RFC 4180), got {reason}; correct the line"

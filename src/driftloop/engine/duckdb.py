"""DuckDB through Ibis, and one line for a file that it cannot read, too little memory, or a disk that is full."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import ibis

from driftloop.errors import DataError, LoopError
from driftloop.params import Engine

if TYPE_CHECKING:
    from pathlib import Path

    from ibis.backends.duckdb import Backend

# How DuckDB names the file at fault.
FILE = re.compile(r"""file = (?P<csv>.+)|[Ff]ile \\?(?P<quote>["'])(?P<path>.+?)\\?(?P=quote)""")


def connect(
    file: Path | None = None,
    *,
    spill: Path | str | None = None,
    settings: Engine | None = None,
    read_only: bool = False,
) -> Backend:
    """Open a database in a file, or in memory; what does not fit in memory goes to the folder `spill`."""
    given = settings or Engine()
    options: dict[str, Any] = {"memory_limit": given.memory_limit}
    if spill:
        options["temp_directory"] = str(spill)
    if given.threads:
        options["threads"] = given.threads
    return ibis.duckdb.connect(file or ":memory:", read_only=read_only, **options)


def errors() -> tuple[type[Exception], ...]:
    """Return the exceptions that DuckDB raises for bad files, without those for mistakes in our SQL."""
    import duckdb

    return (duckdb.InvalidInputException, duckdb.DataError, duckdb.OperationalError, duckdb.NotSupportedError)


def failures() -> tuple[type[Exception], ...]:
    """Return the exceptions that DuckDB raises for anything, such as a query that a team has written."""
    import duckdb

    return (duckdb.Error,)


def translated(exc: Exception) -> LoopError:
    """Say in one line what is wrong, without any row of the data."""
    text = str(exc)
    if "Out of Memory" in text:
        return _out_of_memory(text)
    file = FILE.search(text)
    where = (file["csv"] or file["path"]) if file else "source"
    first = text.partition("\n")[0].partition(": ")[2].replace(f"'{where}'", "").replace(f'"{where}"', "").strip()
    if "No space left" in text:
        return DataError(f"{where}: cannot be written: no space left on the disk; make room")
    if "Could not write" in text:
        return DataError(f"{where}: cannot be written: {first}")
    if line := re.search(r"CSV Error on Line: (\d+)", text):
        return DataError(f"{where}: line {line[1]}: expected {_csv_problem(text)}")
    if where.endswith(".parquet") or type(exc) in failures():  # of damaged pages DuckDB says neither kind nor file
        first = first or text.strip(": \n")
        return DataError(f"{where}: expected Parquet, got a file that cannot be read ({first}); write it again")
    return DataError(f"{where}: cannot be read: {first}")


def _out_of_memory(text: str) -> LoopError:
    if "max_temp_directory_size" in text:
        msg = (
            "engine.spill: no space left on the disk for what does not fit in memory; make room, or name another folder"
        )
    else:
        msg = "engine.memory_limit: too little for these rows; raise it, set engine.threads lower, or leave out long texts"
    return LoopError(msg)


def _csv_problem(text: str) -> str:
    if width := re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", text):
        return f"{width[1]} columns, got {width[2]}; correct the line"
    if "not utf-8" in text:
        return "text in UTF-8, got other bytes; set source.csv.encoding, or save the file as UTF-8"
    quote = "unterminated quote" in text or "quoted value" in text
    reason = "a quote that is not closed or not doubled" if quote else "something else"
    return f"CSV (RFC 4180), got {reason}; correct the line"

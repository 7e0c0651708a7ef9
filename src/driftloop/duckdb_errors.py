"""One line for a file that DuckDB cannot read, or a disk that it cannot write to."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from driftloop.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# How DuckDB names the file at fault.
FILE = re.compile(r"""file = (?P<csv>.+)|[Ff]ile \\?(?P<quote>["'])(?P<path>.+?)\\?(?P=quote)""")


def errors() -> tuple[type[Exception], ...]:
    """Name what DuckDB raises for bad files, and not for a mistake of ours in SQL."""
    import duckdb

    return (duckdb.InvalidInputException, duckdb.DataError, duckdb.OperationalError, duckdb.NotSupportedError)


@contextmanager
def translated(out: Path) -> Iterator[None]:
    """Word what DuckDB refuses, without any row of it; the folder `out` of a command is named as the command knows it."""
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

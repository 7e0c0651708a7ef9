"""CSV and Parquet files as one Ibis table."""

from __future__ import annotations

import csv
import glob
import gzip
import re
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import ibis

from driftloop import unreadable
from driftloop.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet")
NULLS = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None")
DELIMITERS = ",;\t|"


class _Head(NamedTuple):
    """The first line of a CSV file."""

    delimiter: str
    width: int


def find(pattern: str, *, where: str) -> list[Path]:
    """List the files of a path, folder or glob, sorted by name; hidden ones are left out.

    Raises
    ------
    DataError
        If there is none, or if CSV and Parquet are mixed.
    """
    path = Path(pattern)
    inside: Iterator[Path]
    if path.is_dir():
        inside = (found for found in path.rglob("*") if not _hidden(found.relative_to(path)))
    elif path.exists():
        inside = iter([path])
    elif glob.has_magic(pattern):
        inside = map(Path, glob.iglob(pattern, recursive=True))  # noqa: PTH207 (Path.glob refuses absolute patterns)
    else:
        msg = f"{where}: {pattern}: not found; relative paths start at the folder of params.yaml"
        raise DataError(msg)
    files = sorted(
        (found for found in inside if found.name.lower().endswith(SUFFIXES) and found.is_file()), key=Path.as_posix
    )
    if not files:
        msg = f"{where}: {pattern}: expected a file that ends in {', '.join(SUFFIXES)}, found none"
        raise DataError(msg)
    if len({_is_parquet(found) for found in files}) > 1:
        msg = f"{where}: {pattern}: expected CSV or Parquet, got both; name one kind, such as *.parquet"
        raise DataError(msg)
    return files


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() == ".parquet"


def read(con: Backend, files: Sequence[Path], *, wanted: Collection[str], typed: bool = False) -> ir.Table:
    """View files as one table, matched by column name, in the order of `files`.

    Parameters
    ----------
    files
        All CSV or all Parquet.
    wanted
        Column names: they tell the delimiter of a CSV file, and stand for the header if all files are blank.
    typed
        Guess the types of CSV columns. Otherwise they are text, so that one bad value changes no other.
    """
    if _is_parquet(files[0]):
        return con.read_parquet([str(file) for file in files], union_by_name=True)
    heads = {file: head for file in files if (head := _head(file, wanted))}
    if not heads:
        return ibis.memtable({name: [] for name in wanted}, schema=dict.fromkeys(wanted, "string"))
    first, *others = heads
    for other in others:
        if heads[other].delimiter != heads[first].delimiter:
            msg = f"{other}: expected columns separated by {heads[first].delimiter!r} as in {first}, got {heads[other].delimiter!r}"
            raise DataError(msg)
    sniffing: dict[str, Any] = {"sample_size": -1} if typed else {"all_varchar": True}
    # Everything is said, so that DuckDB never skips lines until some delimiter fits.
    said = {"delim": heads[first].delimiter, "quote": '"', "escape": '"', "skip": 0, "comment": "", "header": True}
    try:
        return con.read_csv([str(file) for file in heads], union_by_name=True, nullstr=list(NULLS), **said, **sniffing)
    except unreadable.errors() as exc:
        _pinpoint(con, exc, {str(file.absolute()): head for file, head in heads.items()})
        raise


def _head(path: Path, wanted: Collection[str]) -> _Head | None:
    """Read the header of a CSV file; None if the file is blank."""
    opener = gzip.open if path.suffix.lower() == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8-sig", newline="") as stream:
            line, rest = stream.readline(1 << 16), stream.read(1 << 12)
    except UnicodeDecodeError as exc:
        msg = f"{path}: expected text in UTF-8, got other bytes; save the file as UTF-8"
        raise DataError(msg) from exc
    except (OSError, EOFError, zlib.error) as exc:
        msg = f"{path}: cannot be read: {getattr(exc, 'strerror', None) or exc}"
        raise DataError(msg) from exc
    if not line.strip():
        if rest.strip():
            msg = f"{path}: expected column names in line 1, got a blank line; remove it"
            raise DataError(msg)
        return None
    cells = {mark: [cell.strip() for cell in next(csv.reader([line], delimiter=mark))] for mark in DELIMITERS}
    mark = max(DELIMITERS, key=lambda mark: (len(set(wanted) & set(cells[mark])), len(cells[mark])))
    if len(cells[mark]) == 1 < len(set(wanted)):
        msg = (
            f"{path}: expected columns such as {', '.join(list(wanted)[:3])}, got a single column; "
            "is the delimiter another than comma, semicolon, tab or |?"
        )
        raise DataError(msg)
    return _Head(mark, len(cells[mark]))


def _pinpoint(con: Backend, exc: Exception, heads: dict[str, _Head]) -> None:
    """Find the line that stopped DuckDB's sniffer, which does not say: read without it, and let that fail."""
    stopped = re.search(r'sniffing file "(.+)"', str(exc))
    if stopped and (head := heads.get(str(Path(stopped[1]).absolute()))):
        columns = {f"c{index}": "VARCHAR" for index in range(head.width)}
        con.read_csv(
            stopped[1], columns=columns, auto_detect=False, delim=head.delimiter, quote='"', escape='"', comment=""
        ).count().execute()

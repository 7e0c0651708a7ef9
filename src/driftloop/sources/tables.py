"""CSV and Parquet files as one Ibis table."""

from __future__ import annotations

import glob
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis

from driftloop import engine
from driftloop.errors import DataError, UnreachableError
from driftloop.params import Csv
from driftloop.sources import header, recoded

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from driftloop.sources.header import Head

SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet")
NULLS = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", "None")


def find(pattern: str, *, where: str) -> list[Path]:
    """List the files of a path, folder or glob, sorted by name; hidden ones are left out.

    A file that is named outright, or a glob that ends in a suffix, may have any suffix.

    Raises
    ------
    DataError
        If there is none, or if CSV and Parquet are mixed.
    """
    path = Path(pattern)
    inside: Iterator[Path]
    named = path.is_file()
    if path.is_dir():
        inside = (found for found in path.rglob("*") if not _hidden(found.relative_to(path)))
    elif path.exists():
        inside = iter([path])
    elif glob.has_magic(pattern):
        inside = map(Path, glob.iglob(pattern, recursive=True))  # noqa: PTH207 (Path.glob refuses absolute patterns)
        named = re.search(r"\.\w+$", pattern) is not None
    else:
        msg = f"{where}: {pattern}: not found; relative paths start at the folder of params.yaml"
        raise UnreachableError(msg)
    files = sorted(
        (found for found in inside if (named or found.name.lower().endswith(SUFFIXES)) and found.is_file()),
        key=Path.as_posix,
    )
    if not files:
        msg = f"{where}: {pattern}: expected a file that ends in {', '.join(SUFFIXES)}, found none"
        raise DataError(msg)
    if len({is_parquet(found) for found in files}) > 1:
        msg = f"{where}: {pattern}: expected CSV or Parquet, got both; name one kind, such as *.parquet"
        raise DataError(msg)
    return files


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def is_parquet(path: Path) -> bool:
    """Whether a file is Parquet, by its name or its content; otherwise it is CSV."""
    return path.suffix.lower() == ".parquet" or recoded.begins(path, b"PAR1")


def read(
    con: Backend,
    files: Sequence[Path],
    *,
    wanted: Collection[str],
    folder: Path,
    csv: Csv = Csv(),  # noqa: B008 (frozen)
    typed: bool = False,
    naming: str | None = None,
) -> ir.Table:
    """View files as one table, matched by column name, in the order of `files`.

    Parameters
    ----------
    files
        All CSV or all Parquet.
    wanted
        Column names: they tell the delimiter of a CSV file, and stand for the header if all files are blank.
    folder
        Takes copies of CSV files that DuckDB cannot read as they are.
    csv
        How CSV files are written.
    typed
        Guess the types of CSV columns. Otherwise they are text, so that one bad value changes no other.
    naming
        A column of CSV files that takes the path by which DuckDB read the row.
    """
    if is_parquet(files[0]):
        header.refuse_doubles(files, wanted)
        return con.read_parquet([str(file) for file in files], union_by_name=True)
    texts = [recoded.in_utf8(file, folder, csv.encoding) for file in files]
    heads = {file: head for file in texts if (head := header.read(file, wanted, csv))}
    if not heads:
        if not wanted:
            msg = f"{files[0]}: expected column names, got a blank file; put them into its first line"
            raise DataError(msg)
        return ibis.memtable({name: [] for name in wanted}, schema=dict.fromkeys(wanted, "string"))
    first, *others = heads
    for other in others:
        if heads[other].delimiter != heads[first].delimiter:
            msg = f"{other}: expected columns separated by {heads[first].delimiter!r} as in {first}, got {heads[other].delimiter!r}"
            raise DataError(msg)
        if heads[other].skipped != heads[first].skipped:
            one, two = (first, other) if heads[first].skipped else (other, first)
            msg = (
                f"{one}: line 1: expected column names as in {two}, got sep=; remove the line, or have it in all files"
            )
            raise DataError(msg)
    sniffing: dict[str, Any] = {"sample_size": -1} if typed else {"all_varchar": True}
    sniffing |= {"filename": naming} if naming else {}
    # Everything is said, so that DuckDB never skips lines until some delimiter fits.
    said = {"delim": heads[first].delimiter, "quote": '"', "escape": '"', "comment": "", "header": True}
    nulls = NULLS if csv.null_values is None else ("", *csv.null_values)
    try:
        table = con.read_csv(
            [str(file) for file in heads],
            union_by_name=True,
            nullstr=list(nulls),
            skip=heads[first].skipped,
            **said,
            **sniffing,
        )
    except engine.errors() as exc:
        _pinpoint(con, exc, {str(file.absolute()): head for file, head in heads.items()})
        raise
    return _stripped(table)


def _stripped(table: ir.Table) -> ir.Table:
    """Take blanks around column names away, in whichever files they are."""
    alike: dict[str, list[str]] = {}
    for name in table.columns:
        alike.setdefault(name.strip() or name, []).append(name)
    if list(alike) == list(table.columns):
        return table
    return table.select(**{name: ibis.coalesce(*(table[each] for each in found)) for name, found in alike.items()})


def _pinpoint(con: Backend, exc: Exception, heads: dict[str, Head]) -> None:
    """Find the line that stopped DuckDB's sniffer, which does not say: read without it, and let that fail."""
    stopped = re.search(r'sniffing file "(.+)"', str(exc))
    if stopped and (head := heads.get(str(Path(stopped[1]).absolute()))):
        columns = {f"c{index}": "VARCHAR" for index in range(head.width)}
        con.read_csv(
            stopped[1],
            columns=columns,
            auto_detect=False,
            delim=head.delimiter,
            skip=head.skipped,
            quote='"',
            escape='"',
            comment="",
        ).count().execute()

"""The first line of a CSV file: what separates columns, and whether the names can be believed."""

from __future__ import annotations

import csv as csvs
import re
from io import StringIO
from typing import TYPE_CHECKING, NamedTuple

from driftloop.errors import DataError
from driftloop.sources import recoded

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from driftloop.params import Csv

DELIMITERS = ",;\t|"
SEP = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)  # which Excel reads, and writes for its own kind
LONGEST = 1 << 16  # characters of a header
ENOUGH = 1 << 12  # characters below it, or as many as ten headers


class Head(NamedTuple):
    """The column names of a CSV file.

    Attributes
    ----------
    delimiter
        What separates columns.
    width
        Number of columns.
    skipped
        Lines before the names.
    names
        The names.
    """

    delimiter: str
    width: int
    skipped: int
    names: tuple[str, ...]


def read(path: Path, wanted: Collection[str], csv: Csv) -> Head | None:
    """Read the header of a CSV file in UTF-8; None if the file is blank.

    Raises
    ------
    DataError
        If it names a wanted column twice, or no longer fits the lines below it.
    """
    with recoded.readable(path), recoded.open_text(path, "utf-8-sig") as stream:
        line = stream.readline(LONGEST)
        skipped = SEP.fullmatch(line)
        line = stream.readline(LONGEST) if skipped else line
        rest = stream.read(max(ENOUGH, 10 * len(line)))
        whole = not stream.read(1)
    if not line.strip():
        if rest.strip():
            msg = f"{path}: expected column names in line {2 if skipped else 1}, got a blank line; remove it"
            raise DataError(msg)
        return None
    mark = csv.separator or (skipped[1] if skipped else _delimiter(line, wanted))
    cells = _cells(line, mark)
    if len(cells) == 1 < len(set(wanted)):
        msg = (
            f"{path}: expected columns such as {', '.join(list(wanted)[:3])}, got a single column; "
            "is the delimiter another than comma, semicolon, tab or |?"
        )
        if csv.separator:
            msg = msg.partition("; is the")[0] + "; correct source.csv.separator"
        raise DataError(msg)
    where = f"{path}: line {2 if skipped else 1}"
    refuse_double(cells, wanted, where)
    _refuse_short(len(cells), StringIO(rest, newline=""), mark, whole=whole, where=where)
    return Head(mark, len(cells), 1 if skipped else 0, tuple(cells))


def _cells(line: str, mark: str) -> list[str]:
    return [cell.strip() for cell in next(csvs.reader([line], delimiter=mark))]


def _delimiter(line: str, wanted: Collection[str]) -> str:
    """Choose what gives the most of the wanted columns, then the most columns."""
    cells = {mark: _cells(line, mark) for mark in DELIMITERS}
    return max(DELIMITERS, key=lambda mark: (len(set(wanted) & set(cells[mark])), len(cells[mark])))


def refuse_double(names: Sequence[str], wanted: Collection[str], where: str) -> None:
    """Refuse two columns of a wanted name; DuckDB, for which y and Y are the same, would rename the second."""
    lower = [name.lower() for name in names]
    if twice := [name for name in wanted if lower.count(name.lower()) > 1]:
        msg = f"{where}: expected each column once, got {', '.join(twice)} twice; rename one of the two"
        raise DataError(msg)


def _refuse_short(width: int, below: StringIO, mark: str, *, whole: bool, where: str) -> None:
    """Refuse a header that has one name less than all lines below it have fields."""
    try:
        widths = [len(row) for row in csvs.reader(below, delimiter=mark) if row]
    except csvs.Error:  # such as a field of 128 kB; DuckDB says what is wrong, if anything is
        return
    if not whole:
        widths = widths[:-1]
    if set(widths) == {width + 1}:
        msg = (
            f"{where}: expected {width + 1} column names, as the lines below have {width + 1} fields, got {width}; "
            "is the header one name short (row names)? put a name in front"
        )
        raise DataError(msg)


def refuse_doubles(files: Sequence[Path], wanted: Collection[str]) -> None:
    """Refuse Parquet files in which a wanted column stands twice, if they can be read at all."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    for file in files:
        try:
            names = pq.read_schema(file).names
        except (pa.ArrowException, OSError):
            continue
        refuse_double(names, wanted, str(file))

"""Read a sample of the rows of a source, and what only all rows tell."""

from __future__ import annotations

import codecs
import csv as csvs
import re
import tempfile
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis

from driftloop import engine
from driftloop.errors import DataError
from driftloop.params import OWN, Csv
from driftloop.sources import header, recoded, tables
from driftloop.sources.instants import instants, joined

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    import pandas as pd
    from ibis.backends.duckdb import Backend

    from driftloop.inspection.values import Time

MOST_ROWS = 100_000  # of the sample
QUOTED = re.compile(r'"(?:[^"]|"")*"')
COMMA = re.compile(r"-?\d+,\d+")  # a number with a decimal comma


@dataclass(frozen=True)
class Totals:
    """What all rows tell.

    Attributes
    ----------
    rows, days
        Number of rows with a time, and of days with rows.
    first, last
        The earliest and the latest time, naive UTC.
    hours
        Number of different hours of the day.
    """

    rows: int
    days: int
    first: datetime
    last: datetime
    hours: int


class Reader:
    """The rows of a source, as an open table.

    Attributes
    ----------
    csv
        How CSV files are written, as far as it has to be said.
    table
        All rows.
    refused
        Columns that no project can use because of their names: name → why.
    """

    def __init__(self, con: Backend, source: str, folder: Path) -> None:
        """Open a file, folder or pattern; `folder` takes copies in another encoding."""
        files = tables.find(source, where="--from")
        parquet = files[0].suffix.lower() == ".parquet" or recoded.begins(files[0], b"PAR1")
        self.csv = Csv() if parquet else _written(files)
        self.table = tables.read(con, files, wanted=(), folder=folder, csv=self.csv)
        self.refused = _refused(self.table.columns, [_names(path, self.csv, parquet=parquet) for path in files])

    def sample(self) -> pd.DataFrame:
        """Return at most so many rows, spread evenly over all, in the order of the files."""
        rows = int(self.table.count().execute())
        if not rows:
            msg = "--from: expected rows, got none"
            raise DataError(msg)
        step = -(-rows // MOST_ROWS)
        placed = self.table.mutate(place=ibis.row_number())
        chosen = self.table if step == 1 else placed.filter(placed.place % step == 0).drop("place")
        frame: pd.DataFrame = chosen.to_pandas()
        return frame

    def totals(self, time: Time) -> Totals:
        """Count all rows and days, and find the first and the last time."""
        moment = instants(joined([self.table[name] for name in time.columns]), zone="UTC", form=time.form)
        found: dict[str, Any] = (
            self.table.select(moment=moment)
            .aggregate(
                rows=lambda rows: rows.moment.count(),
                days=lambda rows: rows.moment.date().nunique(),
                first=lambda rows: rows.moment.min(),
                last=lambda rows: rows.moment.max(),
                hours=lambda rows: rows.moment.hour().nunique(),
            )
            .to_pandas()
            .to_dict("records")[0]
        )
        return Totals(int(found["rows"]), int(found["days"]), found["first"], found["last"], int(found["hours"]))

    def sorted(self, sample: pd.DataFrame, time: Time) -> pd.DataFrame:
        """Put a sample in order of time."""
        view = ibis.memtable(sample[list(time.columns)].reset_index(drop=True))
        moments = view.select(
            moment=instants(joined([view[name] for name in time.columns]), zone="UTC", form=time.form)
        )
        order = moments.to_pandas()["moment"].reset_index(drop=True).argsort(kind="stable")
        ordered: pd.DataFrame = sample.reset_index(drop=True).iloc[order].reset_index(drop=True)
        return ordered


@contextmanager
def opened(source: str) -> Iterator[Reader]:
    """Open a source for reading; what it needs meanwhile is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="driftloop-look-") as name, engine.translated(Path(name)):
        yield Reader(engine.connect(spill=name), source, Path(name))


def _written(files: Sequence[Path]) -> Csv:
    """Find out how CSV files are written, as far as driftloop does not by itself: the separator and the encoding."""
    encoding = next((found for path in files if (found := _encoding(path))), None)
    return Csv(separator=_separator(files[0], encoding), encoding=encoding)


def _encoding(path: Path) -> str | None:
    """Tell Windows-1252, of which Latin-1's letters are a part, from UTF-8; None for UTF-8, and where a mark says UTF-16."""
    if any(recoded.begins(path, mark) for mark in (*recoded.BOOKS, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return None
    with recoded.readable(path):
        try:
            with recoded.open_text(path, "utf-8") as stream:
                while stream.read(1 << 20):
                    pass
        except UnicodeDecodeError:
            return "cp1252"
    return None


def _names(path: Path, csv: Csv, *, parquet: bool) -> list[str]:
    """Read the column names of a file as they are in it: DuckDB renames the second of two."""
    if parquet:
        import pyarrow.parquet as pq

        return list(pq.read_schema(path).names)
    marked = recoded.begins(path, codecs.BOM_UTF16_LE) or recoded.begins(path, codecs.BOM_UTF16_BE)
    with (
        recoded.readable(path),
        recoded.open_text(path, csv.encoding or ("utf-16" if marked else "utf-8-sig")) as stream,
    ):
        line = stream.readline(1 << 20)
        said = header.SEP.fullmatch(line)
        line = stream.readline(1 << 20) if said else line
    mark = csv.separator or (said[1] if said else ",")
    return [cell.strip() for cell in next(csvs.reader([line], delimiter=mark), [])]


def _refused(columns: Sequence[str], files: Sequence[Sequence[str]]) -> dict[str, str]:
    """Find names that params.yaml cannot hold, or that do not tell which column is meant."""
    twice = {low for names in files for low, times in Counter(map(str.lower, names)).items() if times > 1}
    known = {name for names in files for name in names if name}
    out = {}
    for name in columns:
        if name.lower().startswith(OWN):
            out[name] = "its name is driftloop's own"
        elif name.lower() in twice or name not in known:
            out[name] = "another column has this name, or it has none"
    return out


def _separator(path: Path, encoding: str | None) -> str | None:
    """Find the separator by the header: the mark that gives most columns, outside of quotes; None for a comma, which needs not be said."""
    if recoded.begins(path, codecs.BOM_UTF16_LE) or recoded.begins(path, codecs.BOM_UTF16_BE):
        encoding = "utf-16"
    with recoded.readable(path), recoded.open_text(path, encoding or "utf-8-sig") as stream:
        line = stream.readline(1 << 20)
    if header.SEP.fullmatch(line):
        return None
    bare = QUOTED.sub("", line)
    mark = max(header.DELIMITERS, key=bare.count)
    misled = any(
        line.count(each) > bare.count(each) for each in header.DELIMITERS if each != ","
    )  # marks within quotes
    return None if mark not in bare or (mark == "," and not misled) else mark


def decimal(sample: pd.DataFrame, names: Sequence[str]) -> str | None:
    """Tell a decimal comma by a column that has it in most of its values."""
    for name in names:
        if sample[name].dtype.kind not in "ifbM":
            text = sample[name].dropna().astype(str).str.strip()
            if len(text) and text.str.fullmatch(COMMA).mean() > 0.5:  # noqa: PLR2004 (whole numbers have none)
                return ","
    return None

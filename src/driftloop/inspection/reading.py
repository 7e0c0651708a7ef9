"""Read a sample of the rows of a source, and what only all rows tell."""

from __future__ import annotations

import codecs
import re
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis

from driftloop import engine
from driftloop.errors import DataError
from driftloop.params import Csv
from driftloop.sources import recoded, tables
from driftloop.sources.instants import instants, joined

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    import pandas as pd
    from ibis.backends.duckdb import Backend

    from driftloop.inspection.values import Time

MOST_ROWS = 100_000  # of the sample
MARKS = ",;\t|"
WESTERN = "cp1252"  # Windows; it holds all letters of latin-1
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
    """

    def __init__(self, con: Backend, source: str, folder: Path) -> None:
        """Open a file, folder or pattern; `folder` takes copies in another encoding."""
        files = tables.find(source, where="--from")
        parquet = files[0].suffix.lower() == ".parquet" or recoded.begins(files[0], b"PAR1")
        self.csv = Csv() if parquet else Csv(separator=_separator(files[0]), encoding=_encoding(files))
        self.table = tables.read(con, files, wanted=(), folder=folder, csv=self.csv)

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


def _separator(path: Path) -> str | None:
    """Find the separator by the header: the mark that occurs most; None for a comma, which needs not be said."""
    with recoded.readable(path), recoded.open_text(path, "latin-1") as stream:
        line = stream.readline(1 << 20)
    mark = max(MARKS, key=line.count)
    return None if mark == "," or mark not in line else mark


def _encoding(files: Sequence[Path]) -> str | None:
    """Tell Western European text by bytes that are no UTF-8; None where driftloop finds out by itself."""
    for file in files:
        if recoded.begins(file, codecs.BOM_UTF16_LE) or recoded.begins(file, codecs.BOM_UTF16_BE):
            return None
        with suppress(UnicodeDecodeError), recoded.open_text(file, "utf-8-sig") as stream:
            while stream.read(1 << 20):
                pass
            continue
        return WESTERN
    return None


def decimal(sample: pd.DataFrame, names: Sequence[str]) -> str | None:
    """Tell a decimal comma by a column that has it in most of its values."""
    for name in names:
        if sample[name].dtype.kind not in "ifbM":
            text = sample[name].dropna().astype(str).str.strip()
            if len(text) and text.str.fullmatch(COMMA).mean() > 0.5:  # noqa: PLR2004 (whole numbers have none)
                return ","
    return None

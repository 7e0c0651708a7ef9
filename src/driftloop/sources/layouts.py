"""What a file is like without its rows: the same for most files of a source, and asked once of each."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from driftloop.sources import header, recoded

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from driftloop.params import Csv

BLANK = "blank"


def of_parquet(file: Path, wanted: Collection[str]) -> str:
    """Sum up the columns of a Parquet file; files of the same layout have the same columns, of the same types.

    Raises
    ------
    DataError
        If a wanted column stands twice.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file) as opened:
            names, columns = opened.schema_arrow.names, str(opened.schema).partition("\n")[2]
    except (pa.ArrowException, OSError):
        return _short(str(file))  # DuckDB says what is wrong, if anything is
    header.refuse_double(names, wanted, str(file))
    return _short(columns)


def of_csv(file: Path, wanted: Collection[str], csv: Csv, folder: Path) -> str:
    """Sum up how a CSV file begins; `folder` takes a copy in UTF-8.

    Raises
    ------
    DataError
        As `header.read` does.
    """
    head = header.read(recoded.in_utf8(file, folder, csv.encoding), wanted, csv)
    return _short(repr(head)) if head else BLANK


def _short(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]

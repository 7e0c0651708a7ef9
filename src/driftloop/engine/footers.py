"""Parquet files that are parts of one table: their columns have the same types."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from driftloop.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def checked(files: Sequence[Path]) -> Mapping[str, pa.DataType]:
    """Read the footers of files, and return the type of each column that any of them has.

    Raises
    ------
    DataError
        If a file is damaged, or a column has two types: one would become the other, and results depend on the engine.
    """
    found: dict[str, tuple[pa.DataType, Path]] = {}
    for file in files:
        for field in _schema(file):
            kind, first = found.setdefault(field.name, (field.type, file))
            if kind != field.type:
                msg = f"{file}: column {field.name}: expected {kind} as in {first.name}, got {field.type}; write both alike"
                raise DataError(msg)
    return {name: kind for name, (kind, _) in found.items()}


def _schema(file: Path) -> pa.Schema:
    try:
        return pq.read_schema(file)
    except (OSError, pa.ArrowException) as exc:
        msg = f"{file}: expected Parquet, got a file that cannot be read; write it again"
        raise DataError(msg) from exc

"""A part of `data/raw`: what is made of its rows is remembered, so that files that are unchanged are not read again."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from driftloop.core.columns import DAY, ROW
from driftloop.core.data import query
from driftloop.core.windows import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    import ibis.expr.types as ir
    import pandas as pd
    import pyarrow as pa
    from ibis.backends.duckdb import Backend

    from driftloop.store.pieces import Pieces

# The same names for all parts, so that the same query has the same words.
FILES, KEPT = "files", "kept"
NO_DAYS = Window(since=date.min, until=date.min)


@dataclass(frozen=True, eq=False)
class Part:
    """The rows of some files that follow each other in time.

    Attributes
    ----------
    con, pieces
        The database; where results are remembered.
    cast
        Types rows as they came, see `schema.typed`.
    paths
        The files, in Parquet.
    key
        What the rows depend on; JSON.
    window
        Days that have rows, from the first to the last.
    first
        Earlier rows are left out, and with a date those without one.
    older
        Has the `ROW` of rows that are left out besides.
    read
        Returns the rows; None: from the files.
    """

    con: Backend
    pieces: Pieces
    cast: Callable[[ir.Table], ir.Table]
    paths: tuple[Path, ...]
    key: Mapping[str, Any]
    window: Window = NO_DAYS
    first: date | None = None
    older: ir.Table | None = None
    read: Callable[[], ir.Table] | None = None

    def dated(self, days: pd.DataFrame, first: date) -> Part:
        """Keep the rows from a day on; `days` has the rows of each `DAY`."""
        found = days[DAY].dropna()
        kept = found[found >= first]
        window = Window(since=kept.min(), until=kept.max() + timedelta(days=1)) if len(kept) else NO_DAYS
        cut = {"first": first} if len(kept) < len(days) else {}
        return replace(self, key={**self.key, **cut}, window=window, first=first if cut else None)

    def without(self, older: pd.DataFrame, table: ir.Table) -> Part:
        """Leave out rows that are in a table; `older` has their `ROW` and `DAY`."""
        own = self.window.of(older)[ROW].sort_values().to_numpy()
        if not len(own):
            return self
        return replace(self, key={**self.key, "without": hashlib.sha256(own.tobytes()).hexdigest()}, older=table)

    def frame(self, what: str, make: Callable[[ir.Table], pd.DataFrame], **key: Any) -> pd.DataFrame:
        """Make a frame of the rows, unless it is remembered; see `Pieces.table`."""
        return self.pieces.frame(what, {**self.key, **key}, lambda: make(self.rows()))

    def table(self, what: str, make: Callable[[ir.Table], pa.Table], **key: Any) -> pa.Table:
        """Make a table likewise."""
        return self.pieces.table(what, {**self.key, **key}, lambda: make(self.rows()))

    def rows(self) -> ir.Table:
        """Return the rows, typed; they are valid until those of another part are asked for."""
        if self.read is not None:
            return self.read()
        names = ", ".join("'{}'".format(str(path).replace("'", "''")) for path in self.paths)
        self.con.raw_sql(f"CREATE OR REPLACE TEMP VIEW {FILES} AS FROM read_parquet([{names}], union_by_name = true)")
        rows = self.cast(self.con.table(FILES))
        if self.first is not None:
            rows = rows.filter(rows[DAY] >= self.first)
        return rows if self.older is None else rows.anti_join(self.older, ROW)

    @contextmanager
    def kept(self) -> Iterator[Part]:
        """Return this part as one whose rows stay in the database until the block ends, from when they are first read."""
        found: list[ir.Table] = []

        def rows() -> ir.Table:
            if not found:
                self.con.raw_sql(f"CREATE TEMP TABLE {KEPT} AS {query.sql(self.rows())}")
                found.append(self.con.table(KEPT))
            return found[0]

        try:
            yield replace(self, read=rows)
        finally:
            if found:
                self.con.raw_sql(f"DROP TABLE {KEPT}")

"""A part of the rows: what is made of it is remembered, so that files that are unchanged are not read again."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from driftloop import engine
from driftloop.core.columns import DAY, ROW
from driftloop.core.windows import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import ibis.expr.types as ir
    import pandas as pd
    import pyarrow as pa
    from ibis.backends.sql import SQLBackend

    from driftloop.store.pieces import Pieces

KEPT = "kept"
NO_DAYS = Window(since=date.min, until=date.min)


@dataclass(frozen=True, eq=False)
class Part:
    """The rows of some files that follow each other in time.

    Attributes
    ----------
    con, pieces
        The database; where results are remembered.
    read
        Returns the rows, typed (see `schema.typed`). They are valid until those of another part are read.
    key
        What the rows depend on; JSON.
    window
        Days that have rows, from the first to the last.
    first
        Earlier rows are left out, and with a date those without one.
    older
        Has the `ROW` of rows that are left out besides.
    lasts
        Whether the database keeps what `read` returns.
    """

    con: SQLBackend
    pieces: Pieces
    read: Callable[[], ir.Table]
    key: Mapping[str, Any]
    window: Window = NO_DAYS
    first: date | None = None
    older: ir.Table | None = None
    lasts: bool = False

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
        """Read the rows."""
        rows = self.read()
        if self.first is not None:
            rows = rows.filter(rows[DAY] >= self.first)
        return rows if self.older is None else rows.anti_join(self.older, ROW)

    @contextmanager
    def kept(self) -> Iterator[Part]:
        """Return this part as one whose rows stay in the database until the block ends, from when they are first read."""
        if self.lasts:
            yield self
            return
        found: list[ir.Table] = []

        def read() -> ir.Table:
            if not found:
                found.append(engine.kept(self.con, KEPT, self.rows()))
            return found[0]

        try:
            yield replace(self, read=read, first=None, older=None)
        finally:
            if found:
                self.con.raw_sql(f"DROP TABLE {KEPT}")

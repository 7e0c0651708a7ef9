"""What `prepare` counts in the collected rows and draws from them, file by file."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

import ibis
import pandas as pd

from driftloop.core.columns import DAY
from driftloop.core.data import census as censuses
from driftloop.core.data import hints, histogram, query, sample, seams
from driftloop.core.data import profile as profiles
from driftloop.core.data.grid import Grid
from driftloop.core.windows import Window
from driftloop.progress import track
from driftloop.store.rows import drawn

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    import ibis.expr.types as ir
    import pyarrow as pa

    from driftloop.core.data.census import Census
    from driftloop.core.data.declared import Columns
    from driftloop.core.data.hints import Ends
    from driftloop.core.data.profile import Known
    from driftloop.store.parts import Part
    from driftloop.store.pieces import Pieces
    from driftloop.store.rows import Read

NEVER = Window(since=date.max, until=date.max)


@dataclass(frozen=True)
class Sample:
    """Rows to draw.

    Attributes
    ----------
    windows
        Their days.
    most
        How many at the most.
    labelled
        Whether they need a target.
    """

    windows: Sequence[Window]
    most: int
    labelled: bool = False

    def rows_of(self, census: Census) -> int:
        """Count the rows to draw from."""
        days = pd.concat([window.of(census.days) for window in self.windows]).drop_duplicates(DAY)
        return int(days["labelled" if self.labelled else "rows"].sum())


@dataclass(frozen=True)
class Counted:
    """What was counted of all rows.

    Attributes
    ----------
    profile, histogram
        See `profile.daily` and `histogram.daily`.
    codes
        See `hints.codes`.
    """

    profile: pd.DataFrame
    histogram: pd.DataFrame
    codes: list[str]


@dataclass(frozen=True)
class Counting:
    """Counts and draws rows, each file once, and files that are unchanged not again.

    Attributes
    ----------
    read
        The rows.
    columns
        Their columns.
    pieces
        Where results are remembered.
    """

    read: Read
    columns: Columns
    pieces: Pieces

    @cached_property
    def census(self) -> Census:
        """The census of all rows."""
        return censuses.total([self._census(part) for part in track(self.read.parts, "Count rows by day")])

    def cut(self, reference: Window, known: Known) -> Grid:
        """Place the bins of the histogram; see `histogram.grid`."""
        parts = [part.key for part in self.read.parts if _common([reference], part)]
        key = {"parts": parts, "reference": reference.model_dump(), "ranges": known.ranges}

        def make() -> str:
            return histogram.grid(self.read.rows, self.columns, reference, known.ranges, self.census).model_dump_json()

        return Grid.model_validate_json(self.pieces.text("grid", key, make)).with_later(known.lasting)

    def count(self, known: Known, grid: Grid, samples: Iterable[Sample], private: Collection[str]) -> Counted:
        """Count all rows, and draw samples as `draw` does, each part while it is in the database."""
        ends = self.census.ends(self.columns.numbers)
        against = _digest({"ranges": known.ranges, "names": known.names}), _digest(grid.model_dump()), ends
        counted = []
        for part in track(self.read.parts, "Count rows by value"):
            with part.kept() as kept:
                counted.append(self._count(kept, known, grid, against))
                for drawing in samples:
                    if _common(drawing.windows, part):
                        self._draw(kept, drawing)
        profile, edges, histograms, between = zip(*counted, strict=True)
        joined = seams.joined(list(map(seams.Counts, profile, edges)), self.columns)
        return Counted(
            profile=profiles.with_fresh(joined, self.read.rows, known),
            histogram=histogram.total(histograms),
            codes=list(hints.codes(self.read.rows, between, ends, private)),
        )

    def draw(self, drawing: Sample) -> Iterator[pa.Table]:
        """Draw rows of each file that has any, in order of time; at least one table, if only for its columns."""
        parts = [part for part in self.read.parts if _common(drawing.windows, part)]
        for part in parts or self.read.parts[:1]:
            yield self._draw(part, drawing)

    def _census(self, part: Part) -> Census:
        with part.kept() as kept:
            return censuses.Census(
                days=kept.frame("census", lambda rows: censuses.count_days(rows, self.columns)),
                names=kept.frame("names", lambda rows: censuses.count_names(rows, self.columns)),
            )

    def _count(
        self, part: Part, known: Known, grid: Grid, against: tuple[str, str, Ends]
    ) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        return (
            part.frame("profile", lambda rows: profiles.daily(rows, self.columns, known), known=against[0]),
            part.frame("edges", lambda rows: seams.edges(rows, self.columns)),
            part.frame("histogram", lambda rows: histogram.daily(rows, grid), grid=against[1]),
            part.frame("between", lambda rows: hints.between(rows, against[2]), ends=against[2]),
        )

    def _draw(self, part: Part, drawing: Sample) -> pa.Table:
        rows_now, windows = drawing.rows_of(self.census), _common(drawing.windows, part) or [NEVER]

        def make(rows: ir.Table) -> pa.Table:
            inside = ibis.or_(*((rows[DAY] >= each.since) & (rows[DAY] < each.until) for each in windows))
            kept = rows if part.window in windows else rows.filter(inside)
            kept = kept.filter(kept[self.columns.target].notnull()) if drawing.labelled else kept
            return query.arrow(drawn(kept, self.columns, rows_now, drawing.most))

        return part.table(
            "sample",
            make,
            windows=[window.model_dump() for window in windows],
            labelled=drawing.labelled,
            halved=sample.halvings(rows_now, drawing.most) if drawing.most else None,
        )


def _common(windows: Sequence[Window], part: Part) -> list[Window]:
    """Cut windows to the days of a part; without those that are empty."""
    own = part.window
    cut = (Window(since=max(each.since, own.since), until=min(each.until, own.until)) for each in windows)
    return [window for window in cut if window.days]


def _digest(value: Mapping[str, Any]) -> str:
    text = json.dumps(value, sort_keys=True, default=sorted)
    return hashlib.sha256(text.encode()).hexdigest()

"""The daily histogram from batches of rows: the same counts as `histogram.query`, for rows of this process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from driftloop.core.columns import DAY
from driftloop.core.data.distances import UNIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from driftloop.core.data.grid import Bins

    Counts = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Places = NDArray[np.intp]

BATCH = 65_536  # rows: they fit into the processor's cache, and a batch's sums of units are exact in 64-bit floats
CELLS = 1024


def tally(batches: Iterable[pa.RecordBatch], days: Counts, columns: Mapping[str, Bins]) -> tuple[Counts, Counts]:
    """Count rows per day, column and bin, and add up their values.

    Parameters
    ----------
    batches
        At most BATCH rows each, in any order: `DAY` and the columns, numbers as float64 without NaN or infinity.
    days
        All days that occur, ascending, since 1970-01-01.
    columns
        The bins of each column.

    Returns
    -------
    tuple of numpy.ndarray
        Rows and sums, see `histogram.daily`; shape (days, columns, bins of the column that has most).
    """
    rulers = [Ruler.of(bins) if bins.edges else None for bins in columns.values()]
    rows, sums = np.zeros((2, len(days), len(columns), max(bins.count for bins in columns.values())), dtype=np.int64)
    for batch in batches:
        day = np.searchsorted(days, batch[DAY].cast(pa.int32()).to_numpy())
        first, last = day.min(initial=len(days)), day.max(initial=0) + 1
        for place, (name, bins) in enumerate(columns.items()):
            known = batch[name].is_valid().to_numpy(zero_copy_only=False) if batch[name].null_count else slice(None)
            key, size = (day[known] - first) * bins.count, max(0, last - first) * bins.count
            here = np.s_[first:last, place, : bins.count]
            if ruler := rulers[place]:
                values = batch[name].to_numpy(zero_copy_only=False)[known]
                units = ruler.units(values)
                key += ruler.places(values, units)
                added = np.bincount(key, weights=_rounded(units), minlength=size).astype(np.int64)
                sums[here] += added.reshape(-1, bins.count)
            else:
                key += _names(batch[name], bins.names)[known]
            rows[here] += np.bincount(key, minlength=size).reshape(-1, bins.count)
    return rows, sums


@dataclass(frozen=True)
class Ruler:
    """Finds the bins of numbers: equally wide cells say where to begin, halving does the rest.

    Attributes
    ----------
    bins
        What is looked up.
    start, per_unit
        Units of the first edge; cells per unit.
    before
        Shape (CELLS,): how many edges lie in earlier cells.
    edges
        All edges, and behind them infinity, which halving may reach.
    steps
        Of the halving: (1,) where no cell has more than one edge, (64, 32, 16, 8, 4, 2, 1) where one has them all.
    """

    bins: Bins
    start: float
    per_unit: float
    before: Places
    edges: Floats
    steps: tuple[int, ...]

    @classmethod
    def of(cls, bins: Bins) -> Ruler:
        """Lay the cells over the edges."""
        edges = np.array(bins.edges)
        units = _units(edges, bins)
        start, per_unit = float(units[0]), CELLS / max(1.0, float(units[-1] - units[0]))
        cells = _cells(units, start, per_unit)
        most = int(np.bincount(cells).max())
        steps = tuple(2**power for power in reversed(range(most.bit_length())))
        return cls(
            bins=bins,
            start=start,
            per_unit=per_unit,
            before=np.searchsorted(cells, np.arange(CELLS)),
            edges=np.append(edges, np.full(sum(steps), np.inf)),
            steps=steps,
        )

    def units(self, values: Floats) -> Floats:
        """Return (value − origin) / scale in parts of 1/UNIT, not rounded."""
        return _units(values, self.bins)

    def places(self, values: Floats, units: Floats) -> Places:
        """Return the number of edges ≤ value.

        Units never fall as values rise. So an edge in an earlier cell is smaller than the value, one in a later cell is
        larger, and those in its own cell are left to compare with.
        """
        place = self.before.take(_cells(units, self.start, self.per_unit))
        for step in self.steps:
            reached = values >= self.edges.take(place + (step - 1))
            place += step * reached if step > 1 else reached
        return place


def _units(values: Floats, bins: Bins) -> Floats:
    units = np.clip(values, *bins.reach)
    units -= bins.origin
    units *= UNIT / bins.scale
    return units


def _cells(units: Floats, start: float, per_unit: float) -> Places:
    cells = units - start
    cells *= per_unit
    return np.clip(cells, 0, CELLS - 1, out=cells).astype(np.intp)


def _rounded(units: Floats) -> Floats:
    """Round halves away from zero, as SQL does and NumPy does not."""
    whole = np.trunc(units)
    rest = units - whole
    rest *= 2
    whole += np.trunc(rest, out=rest)
    return whole


def _names(column: pa.Array, names: tuple[str, ...]) -> Places:
    """Return the place of each name among those with a bin; names without one get the next place."""
    found = pc.index_in(column, value_set=pa.array(names, column.type))
    return np.asarray(found.fill_null(len(names)).to_numpy(), dtype=np.intp)

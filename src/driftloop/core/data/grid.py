"""The bins that production's reference fixes, by which the daily histogram counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict

from driftloop.core.data.distances import UNIT

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

BINS = 64  # inside the reference's range; one more at either end
MARGIN = 0.1  # of the reference's range, beyond which a value lies outside
TOP_NAMES = 20  # that have a bin of their own
MOST_UNITS = 2**31 - 1
SMALLEST_SCALE = 1e-300  # one over a smaller one is infinite


class Bins(BaseModel):
    """How one column is cut.

    Attributes
    ----------
    edges
        Of numbers: value v lies in the bin whose number is the count of edges ≤ v. The first and the last bin lie
        outside of the reference's range. Empty for names.
    origin, scale
        Of numbers: the reference's median and standard deviation.
    names
        The reference's most frequent names, one bin each; the bin after them holds all others. Empty for numbers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    edges: tuple[float, ...] = ()
    origin: float = 0.0
    scale: float = 1.0
    names: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many bins there are."""
        return len(self.edges) + 1 if self.edges else len(self.names) + 1

    @property
    def reach(self) -> tuple[float, float]:
        """Between which values units do not overflow; those beyond are taken to lie there."""
        reach = self.scale * (MOST_UNITS / UNIT)
        return self.origin - reach, self.origin + reach


class Grid(BaseModel):
    """data/prepared/grid.json: the bins of every column that the reference has values of."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: dict[str, Bins] = {}

    def with_later(self, names: Mapping[str, Collection[str]]) -> Grid:
        """Give names that became normal after the reference bins of their own; else they would be counted as new."""
        later = {
            name: Bins(names=tuple(dict.fromkeys([*self.columns[name].names, *sorted(found)])))
            for name, found in names.items()
            if name in self.columns
        }
        return Grid(columns={**self.columns, **later})


def number_bins(values: NDArray[np.float64], low: float, high: float) -> Bins:
    """Cut a number by a sample of its values and its range.

    >>> number_bins(np.array([0.0, 0.0, 1.0]), 0.0, 1.0).edges
    (-0.1, 0.5, 1.1)
    """
    distinct = np.unique(values)
    if len(distinct) <= BINS:
        inner = (distinct[:-1] + distinct[1:]) / 2
    else:
        inner = np.unique(np.quantile(values, np.linspace(0, 1, BINS + 1)[1:-1]))
    margin = MARGIN * ((high - low) or abs(high) or 1.0)
    edges = np.unique([low - margin, *inner, high + margin])
    largest = float(np.abs(values).max())
    spread = float(np.std(values / (largest or 1.0))) * largest  # squares of large numbers overflow
    tiny = 1e-9 * largest
    return Bins(
        edges=tuple(float(edge) for edge in edges),
        origin=float(np.median(values)),
        scale=max(spread if spread > tiny else margin, SMALLEST_SCALE),
    )

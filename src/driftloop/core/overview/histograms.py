"""Distributions for people: some twenty bins instead of 66, as shares, without bins of a handful of rows."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from driftloop.core.figures import quoted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from driftloop.core.data.grid import Bins

    Counts = NDArray[np.int64]
    Floats = NDArray[np.float64]

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_.~*!+:;,()"  # one share each, on a scale from 0 to `top`; no digits, which would look like a value
FEW = 24  # as many bins are shown as they are
SHOWN = 14  # bins of equal width instead of more, and one at either end
NAMES = 15
OUTSIDE = (
    0.1 / 1.2
)  # of the way between the outermost edges: where the reference's range begins, see `grid.number_bins`


@dataclass(frozen=True)
class Bars:
    """How the bins of a column are shown.

    Attributes
    ----------
    labels
        What each bar holds.
    weights
        Shape (bins, bars): the share of a bin that falls into a bar.
    """

    labels: tuple[str, ...]
    weights: Floats


def bars(bins: Bins) -> Bars:
    """Choose the bars of a column."""
    return _numbers(bins) if bins.edges else _names(bins)


def _names(bins: Bins) -> Bars:
    kept = min(len(bins.names), NAMES)
    weights = np.zeros((bins.count, kept + 1))
    weights[np.arange(bins.count), np.minimum(np.arange(bins.count), kept)] = 1
    return Bars((*map(quoted, bins.names[:kept]), "all others"), weights)


def _numbers(bins: Bins) -> Bars:
    edges = np.array(bins.edges)
    margin = OUTSIDE * (edges[-1] - edges[0])
    low, high = edges[0] + margin, edges[-1] - margin
    fine = np.concatenate([[low], edges[1:-1], [high]])
    shown = fine if len(fine) <= FEW + 1 else np.linspace(low, high, SHOWN + 1)
    starts, ends = fine[:-1, None], fine[1:, None]
    width = np.where(ends > starts, ends - starts, 1.0)
    inner = np.clip((np.minimum(ends, shown[1:]) - np.maximum(starts, shown[:-1])) / width, 0, 1)
    weights = np.zeros((len(edges) + 1, len(shown) + 1))
    weights[0, 0] = weights[-1, -1] = 1
    weights[1:-1, 1:-1] = inner
    labels = [f"{_short(since)} to {_short(until)}" for since, until in itertools.pairwise(shown)]
    return Bars((f"below {_short(edges[0])}", *labels, f"from {_short(edges[-1])}"), weights)


def shares(counts: Counts, shown: Bars, *, fewest: int) -> Floats:
    """Give shares of the rows per bar; bars of fewer rows than `fewest` are 0, as are days without rows.

    Parameters
    ----------
    counts
        Shape (windows, bins): rows.
    shown
        The bars.
    fewest
        Rows.
    """
    rows = counts @ shown.weights
    rows = np.where(rows < fewest, 0.0, rows)
    total = counts.sum(axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(total, 1))


def encoded(found: Floats, top: float) -> tuple[str, ...]:
    """Write shares as one character each.

    >>> encoded(np.array([[0.0, 0.5, 0.25]]), 0.5)
    ('A)g',)
    """
    places = np.rint(np.clip(found / (top or 1.0), 0, 1) * (len(ALPHABET) - 1)).astype(int)
    return tuple("".join(ALPHABET[place] for place in row) for row in places.tolist())


def decoded(text: str, top: float) -> list[float]:
    """Read shares back.

    >>> decoded("A)", 0.5)
    [0.0, 0.5]
    """
    return [ALPHABET.index(char) / (len(ALPHABET) - 1) * top for char in text]


def _short(value: float) -> str:
    return f"{value + 0.0:.3g}".replace("-", "−")

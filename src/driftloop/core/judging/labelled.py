"""Labelled rows, of which refits take parts by their places: there are hundreds of refits, and a copy for each is too much."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from driftloop.core.columns import DAY, TS
from driftloop.core.windows import Window, day_numbers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import NDArray

    from driftloop.core.models.recipe import Recipe

    Places = NDArray[np.intp]
    Hashes = NDArray[np.uint64]


class Labelled:
    """Labelled rows.

    Attributes
    ----------
    frame
        `TS`, `DAY`, features and target, in order of time.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        """Take the rows."""
        self.frame = frame
        self._days = day_numbers(frame[DAY])
        self._hashes: dict[tuple[str, ...], Hashes] = {}
        self._draws: dict[tuple[str, ...], Hashes] = {}

    def within(self, window: Window) -> Places:
        """Return the places of the rows of a window."""
        since, until = day_numbers([window.since, window.until])
        return np.flatnonzero((self._days >= since) & (self._days < until))

    def known(self, recipe: Recipe, cut: date, *, most: int) -> Places:
        """Return the places of the rows that a refit is fitted to when labels are known before a day.

        Parameters
        ----------
        recipe
            With a training window; `auto` has to be replaced by the one that was chosen.
        cut
            First day whose label is not known.
        most
            Of more rows so many are drawn. The draw is by a hash of the row, so that a later run makes the same refit.
        """
        places = self.within(Window(since=recipe.trained_since(cut), until=cut))
        if len(places) <= most:
            return places
        smallest = np.argsort(self._draw(recipe)[places], kind="stable")[:most]
        return np.sort(places[smallest])

    def hashes(self, columns: Sequence[str]) -> Hashes:
        """Return one hash per row of what these columns hold; the same on every computer."""
        if (key := tuple(columns)) not in self._hashes:
            self._hashes[key] = _hashed(self.frame[list(key)])
        return self._hashes[key]

    def _draw(self, recipe: Recipe) -> Hashes:
        """Return one random number per row; rows that are alike get their own, or many of a kind would go together."""
        if (key := (*recipe.features, recipe.target)) not in self._draws:
            row = pd.DataFrame({TS: self.frame[TS].to_numpy(), "hash": self.hashes(key)})
            row["repeated"] = row.groupby([TS, "hash"]).cumcount()
            self._draws[key] = _hashed(row)
        return self._draws[key]


def _hashed(frame: pd.DataFrame) -> Hashes:
    return np.asarray(pd.util.hash_pandas_object(frame, index=False), dtype=np.uint64)

"""When deviations are large enough for an alarm: at once, or because smaller ones add up over weeks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from driftloop.core.alarms.past import ALARM
from driftloop.core.alarms.values import KINDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from driftloop.core.alarms.layout import Statistics
    from driftloop.core.alarms.values import Kind

    Floats = NDArray[np.float64]

ALLOWED = 0.7  # of the limit: what exceeds it adds up from week to week; an alarm is over when it is met again
ADDED = 1.0  # the sum that is enough for an alarm


@dataclass(frozen=True)
class Heard:
    """What was found in some days of one week.

    Attributes
    ----------
    day
        The first day with an alarm, or the last day where there is none.
    loud
        On that day: the data columns whose deviations raise an alarm, per kind. Some may be quiet by now, because a
        fault of the same column comes first.
    """

    day: int
    loud: tuple[tuple[Kind, tuple[int, ...]], ...]


class Listener:
    """Goes through the days and says which of them raise alarms.

    Attributes
    ----------
    quiet_until
        Per kind, shape (columns,): first day on which a data column is heard again after its last alarm.
    added
        Per kind, shape (7,): the excess over `ALLOWED` so far. Windows of neighbouring days overlap, so there is one
        sum for each day of the week, over windows that do not.
    """

    def __init__(self, statistics: Statistics, columns: int) -> None:
        """Begin with all columns heard and nothing added up."""
        self.statistics = statistics
        self.quiet_until = {kind: np.zeros(columns, dtype=int) for kind in KINDS}
        self.added = {kind: np.zeros(7) for kind in KINDS}

    def hear(self, days: NDArray[np.int64], ratios: Floats) -> Heard:
        """Judge days of one week, up to the first that raises an alarm.

        Parameters
        ----------
        days
            Places of the days, consecutive and at most 7.
        ratios
            Shape (len(days), k): deviations in units of the limit; NaN where they are not judged.
        """
        heard = {kind: self._heard(kind, days) for kind in KINDS}
        largest = {kind: np.fmax.reduce(np.where(heard[kind], ratios, np.nan), axis=1) for kind in KINDS}
        added = {kind: self._add(kind, days, largest[kind]) for kind in KINDS}
        loud = np.array([(largest[kind] > ALARM) | (added[kind] >= ADDED) for kind in KINDS])
        first = int(np.argmax(loud.any(axis=0))) if loud.any() else len(days) - 1
        found = []
        for place, kind in enumerate(KINDS):
            self.added[kind][days[: first + 1] % 7] = added[kind][: first + 1]
            if loud[place, first]:
                self.added[kind][:] = 0
                found.append((kind, self._owners(np.where(heard[kind][first], ratios[first], -np.inf))))
        return Heard(int(days[first]), tuple(found))

    def is_quiet(self, place: int, kind: Kind, day: int) -> bool:
        """Whether alarms of a data column are held back on a day."""
        return bool(self.quiet_until[kind][place] > day)

    def silence(self, place: int, kind: Kind, until: int) -> None:
        """Hold back the alarms of a data column up to a day; after a fault also those on its shape."""
        for other in KINDS if kind == "fault" else (kind,):
            self.quiet_until[other][place] = max(self.quiet_until[other][place], until)

    def _heard(self, kind: Kind, days: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Mark the statistics of a kind that are heard on each day, shape (len(days), k)."""
        return np.asarray(
            (self.statistics.kind == kind) & (self.quiet_until[kind][self.statistics.owner] <= days[:, None])
        )

    def _add(self, kind: Kind, days: NDArray[np.int64], largest: Floats) -> Floats:
        """Return the sums after each day, as if no alarm reset them; days that are not judged change nothing."""
        before = self.added[kind][days % 7]
        return np.asarray(np.where(np.isnan(largest), before, np.maximum(0, before + largest - ALLOWED)))

    def _owners(self, ratios: Floats) -> tuple[int, ...]:
        """List the data columns beyond the limit; where none is, because excess has added up, the largest."""
        beyond = ratios >= min(float(np.nanmax(ratios)), 1.0)
        return tuple(int(place) for place in np.unique(self.statistics.owner[beyond]))

"""Evidently's thresholds from our calibration, so that its page and the decision agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from driftloop.core.columns import DAY
from driftloop.report.evidently.input import Columns, values

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd

    from driftloop.core.alarms.values import AlarmHistory, Shift
    from driftloop.core.data.grid import Bins, Grid

NOT_JUDGED = 1e6  # a threshold that no distance reaches
OTHER = "(other)"
LEAST_SPREAD = 0.001  # by which Evidently divides at least
SMALL = 1e-6


def merged(frame: pd.DataFrame, grid: Grid) -> pd.DataFrame:
    """Put all names that have no bin of their own into one, as the profile does."""
    out = frame.copy()
    for name, bins in grid.columns.items():
        if bins.names and name in out:
            known = out[name].isna() | out[name].isin(bins.names)
            out[name] = out[name].where(known, OTHER)
    return out


def compared(frame: pd.DataFrame, states: AlarmHistory) -> dict[str, pd.Series]:
    """Keep of each column the days that it is compared with, so columns may differ in length.

    Emptied instead of left out, the other days would count as missing values.
    """
    days = {name: states.compared_days(name) for name in states.compared}
    every = set().union(*days.values()) if days else set(frame[DAY])
    return {name: frame[name][frame[DAY].isin(days.get(name, every))] for name in map(str, frame)}


def limits(
    current: pd.DataFrame,
    reference: Columns,
    states: AlarmHistory,
    grid: Grid,
    *,
    private: Collection[str] = (),
) -> tuple[dict[str, float], tuple[str, ...]]:
    """Return each column's threshold in Evidently's units, and notes for the reader.

    Our distances are in standard deviations of production's reference, Evidently's in those of the rows that it is
    given. We judge all rows, Evidently judges a sample. Near the threshold the two can disagree. All rows count then:
    the threshold is moved past Evidently's distance, and the page says so.
    """
    found, notes = {}, []
    for name, shift in states.shifts.items():
        if name in private or name not in current or name not in reference:
            continue
        if shift.limit is None or shift.distance is None:
            found[name] = NOT_JUDGED
            notes.append(f"{name} is not judged: its history is too short, or there are too few rows")
            continue
        bins = grid.columns[name]
        threshold = _in_its_units(shift.limit, bins, reference[name])
        seen = distance(current[name], reference[name], number=bool(bins.edges))
        if seen is not None and (seen >= threshold) != shift.shifted:
            notes.append(_told(name, seen, threshold, shift))
            threshold = seen * (1 - SMALL) if shift.shifted else seen * (1 + SMALL) + SMALL
        found[name] = threshold
    return found, tuple(notes)


def _told(name: str, seen: float, threshold: float, shift: Shift) -> str:
    return (
        f"{name}: distance {seen:.3f} in this sample, threshold {threshold:.3f}; of all rows it is "
        f"{shift.ratio:.2f} times the threshold, and that counts"
    )


def _in_its_units(limit: float, bins: Bins, reference: pd.Series) -> float:
    known = _known(reference, number=bool(bins.edges))
    if not bins.edges or known is None:
        return limit
    return limit * bins.scale / max(float(np.std(known)), LEAST_SPREAD)


def _known(column: pd.Series, *, number: bool) -> pd.Series | None:
    found = values(column, number=number)
    return None if isinstance(found, str) else found.dropna()


def distance(current: pd.Series, reference: pd.Series, *, number: bool) -> float | None:
    """Compute what Evidently will, on the same values."""
    from scipy.spatial.distance import jensenshannon
    from scipy.stats import wasserstein_distance

    now, then = _known(current, number=number), _known(reference, number=number)
    if now is None or then is None:
        return None
    if number:
        return float(wasserstein_distance(then, now) / max(float(np.std(then)), LEAST_SPREAD))
    names = sorted(set(now) | set(then))
    counts = [side.value_counts().reindex(names, fill_value=0) for side in (then, now)]
    return float(jensenshannon(*(count / count.sum() for count in counts)))

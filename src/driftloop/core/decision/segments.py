"""Where the added error lies: each segment's loss now and before the error rose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from driftloop.core import intervals
from driftloop.core.columns import DAY, PRODUCTION_LOSS, STEP

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import pandas as pd

FEWEST_DAYS = 7  # before the rise


@dataclass(frozen=True, kw_only=True)
class SegmentRise:
    """The loss of the rows with one value of a segment column, now and before.

    Attributes
    ----------
    column, value
        Which rows.
    normal
        Mean loss before the error rose.
    share
        Of the loss that was added since, over the segments of the column in which any was; in [0, 1].
    usual
        The share that it would have if all segments had risen alike: its share of the loss before, in today's mix of rows.
    certain
        Whether its share of the whole loss has grown beyond chance.
    """

    column: str
    value: object
    normal: float
    share: float
    usual: float
    certain: bool


def before(sound: pd.DataFrame, judged: pd.DataFrame, rose: date | None) -> pd.DataFrame:
    """Keep the sound rows of the steps before the error rose, none of which is judged; none where these are too few days."""
    if rose is None or judged.empty:
        return sound.iloc[:0]
    found = sound[(sound[STEP] < rose) & (sound[STEP] < judged[STEP].min())]
    return found if found[DAY].nunique() >= FEWEST_DAYS else sound.iloc[:0]


def rises(
    now: pd.DataFrame, then: pd.DataFrame, columns: Sequence[str], *, fewest: int, confidence: float
) -> list[SegmentRise]:
    """Compare the segments' losses in two periods.

    A segment whose loss rose as much as that of all others has a certain share of the added loss, too. It stands out only
    where its share of the whole loss grew, so that is tested, with Bonferroni's correction for all segments.

    Parameters
    ----------
    now, then
        Rows with `DAY`, `PRODUCTION_LOSS` and the columns: the judged ones, and those from `before`.
    columns
        Segment columns, none of which is private.
    fewest
        Rows that a segment needs in both periods; others are left out.
    confidence
        Of each one-sided bound, before the correction.
    """
    groups = {column: _values(now, then, column, fewest=fewest) for column in columns if column in now}
    compared = sum(len(values) for values in groups.values())
    found: list[SegmentRise] = []
    for column, values in groups.items():
        if len(values) > 1:
            kept = now[now[column].isin(values)], then[then[column].isin(values)]
            found += _rises(*kept, column, confidence=1 - (1 - confidence) / compared)
    return found


def _values(now: pd.DataFrame, then: pd.DataFrame, column: str, *, fewest: int) -> list[object]:
    counts = now[column].value_counts(), then[column].value_counts()
    return [value for value, rows in counts[0].items() if min(rows, counts[1].get(value, 0)) >= fewest]


def _rises(now: pd.DataFrame, then: pd.DataFrame, column: str, *, confidence: float) -> list[SegmentRise]:
    means, normal = (frame.groupby(column)[PRODUCTION_LOSS].mean() for frame in (now, then))
    rows = now[column].value_counts()
    # As many rows of each segment as now, so that another mix of rows is not taken for a change.
    weights = then[column].map(rows / then[column].value_counts()).to_numpy(dtype=float)
    added = {value: max(0.0, float(rows[value] * (means[value] - normal[value]))) for value in normal.index}
    usual = {value: float(rows[value] * normal[value]) for value in normal.index}
    if not sum(added.values()) or not sum(usual.values()) or not now[PRODUCTION_LOSS].sum():
        return []
    found = []
    for value in normal.index:
        mine, mine_then = ((frame[column] == value).to_numpy() for frame in (now, then))
        loss, loss_then = now[PRODUCTION_LOSS].to_numpy(), weights * then[PRODUCTION_LOSS].to_numpy()
        grown = intervals.difference(
            intervals.spread(np.where(mine, loss, 0.0), loss, now[DAY]),
            intervals.spread(np.where(mine_then, loss_then, 0.0), loss_then, then[DAY]),
            factor=1.0,
            confidence=confidence,
        )
        found.append(
            SegmentRise(
                column=column,
                value=value,
                normal=float(normal[value]),
                share=added[value] / sum(added.values()),
                usual=usual[value] / sum(usual.values()),
                certain=grown.above(0),
            )
        )
    return found

"""Each model input over time: how unusual it was, what was missing, how it was distributed."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from driftloop.core.overview.histograms import bars, encoded, shares
from driftloop.core.overview.values import Input
from driftloop.core.windows import Window

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from driftloop.core.alarms.deviation import Column
    from driftloop.core.alarms.values import AlarmHistory
    from driftloop.core.data.grid import Grid

    Counts = NDArray[np.int64]

WEEK = 7
YEAR, MOST_WEEKS = 52, 260  # weeks that have a histogram of their own; weeks that are kept
FOUR_WEEKS = 4


def weeks(first: date, until: date) -> list[date]:
    """List the first days of the weeks, counted back from the end; a shorter rest at the beginning is dropped."""
    count = min((until - first).days // WEEK, MOST_WEEKS)
    return [until - timedelta(weeks=back) for back in range(count, 0, -1)]


def periods(first: date, until: date) -> list[Window]:
    """Cut the days into weeks of the last year and four weeks at a time before, oldest first."""
    starts = weeks(first, until)
    newer = starts[-YEAR:]
    older = starts[:-YEAR][::-1][FOUR_WEEKS - 1 :: FOUR_WEEKS][::-1]
    edges = [*older, *newer, until]
    return [Window(since=since, until=end) for since, end in itertools.pairwise(edges)]


def inputs(
    columns: Sequence[Column],
    first: date,
    until: date,
    *,
    grid: Grid,
    history: AlarmHistory,
    importance: Mapping[str, float],
    private: Collection[str],
    fewest: int,
) -> list[Input]:
    """Describe the model inputs; see `values.Input`.

    Parameters
    ----------
    columns, first, until
        See `daily.daily_columns`; the end of the data.
    grid, history
        The bins; the data alarms.
    importance
        Per column, see `importance.importance`.
    private
        Columns without histograms.
    fewest
        Bins of fewer rows are left out.
    """
    found = []
    starts, cut = weeks(first, until), periods(first, until)
    for column in columns:
        given = {
            "name": column.name,
            "number": column.number,
            "importance": importance.get(column.name),
            "levels": history.levels.get(column.name, ())[-len(starts) :] if starts else (),
            "missing": _missing(column, len(starts)),
        }
        if column.name in private:
            found.append(Input.model_validate({**given, "private": True}))
            continue
        shown = bars(grid.columns[column.name])
        usual = np.zeros(len(column.rows), dtype=bool)
        for window in history.compared.get(column.name, ()):
            usual[(window.since - first).days : (window.until - first).days] = True
        counts = np.array([*(_sum(column.bins, window, first) for window in cut), column.bins[usual].sum(axis=0)])
        share = shares(counts, shown, fewest=fewest)
        top, seen = float(share.max(initial=0.0)) or 1.0, share.max(axis=0) > 0
        texts = encoded(share, top)
        # What never had rows enough is not named either: a name is a value of the data.
        labels = [
            label if named or column.number else "few rows" for label, named in zip(shown.labels, seen, strict=True)
        ]
        found.append(
            Input.model_validate({**given, "bins": labels, "shares": texts[:-1], "usual": texts[-1], "top": top})
        )
    return found


def _sum(table: Counts, window: Window, first: date) -> Counts:
    return np.asarray(table[(window.since - first).days : (window.until - first).days].sum(axis=0))


def _missing(column: Column, count: int) -> list[float | None]:
    """Give the share of missing values per week, the newest `count` weeks."""
    if not count:
        return []
    missing = column.faults.get("null", np.zeros_like(column.rows))
    rows, nulls = (table[-count * WEEK :].reshape(count, WEEK).sum(axis=1).tolist() for table in (column.rows, missing))
    return [round(null / whole, 4) if whole else None for null, whole in zip(nulls, rows, strict=True)]

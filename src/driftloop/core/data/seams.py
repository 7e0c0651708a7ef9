"""Profiles of the parts of some rows become the profile of all: days are added up, and rows at a seam are compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import ibis
import pandas as pd

from driftloop.core.columns import DAY, FIRST, LAST, ROW, TS
from driftloop.core.data import query
from driftloop.core.data.counts import COUNTS
from driftloop.core.data.profile import series_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import ibis.expr.types as ir

    from driftloop.core.data.declared import Columns

MOST_SERIES = 100_000  # with more in a part, its first rows are not compared with those before


class Counts(NamedTuple):
    """What is counted in one part of the rows; the parts follow each other in time.

    Attributes
    ----------
    profile
        See `profile.daily`.
    edges
        See `edges`.
    """

    profile: pd.DataFrame
    edges: pd.DataFrame


def edges(rows: ir.Table, columns: Columns) -> pd.DataFrame:
    """Return the first and the last row of each series in a part.

    Parameters
    ----------
    rows
        Typed rows of the part.
    columns
        Their columns.

    Returns
    -------
    pandas.DataFrame
        `DAY`, the columns that tell the series, numbers, and whether the row is the FIRST or the LAST one; at most two
        rows per series. Empty where the part has more than MOST_SERIES.
    """
    series = series_of(columns)
    kept = rows.select(DAY, TS, ROW, *series, *columns.numerical)
    if not series:
        ends = [query.frame(kept.order_by([order(TS), order(ROW)]).limit(1)) for order in (ibis.asc, ibis.desc)]
        return pd.concat([end.assign(**{FIRST: place == 0, LAST: place == 1}) for place, end in enumerate(ends)])
    if kept.select(series).distinct().count().to_pyarrow().as_py() > MOST_SERIES:
        kept = kept.limit(0)
    for name, order in ((FIRST, ibis.asc), (LAST, ibis.desc)):
        window = ibis.window(group_by=series, order_by=[order(kept[TS]), order(kept[ROW])])
        kept = kept.mutate(**{name: ibis.row_number().over(window) == 0})
    ends = kept.filter(kept[FIRST] | kept[LAST]).order_by([TS, ROW])
    return query.frame(ends.drop(TS, ROW))


def joined(parts: Sequence[Counts], columns: Columns) -> pd.DataFrame:
    """Return the profile of all rows.

    Parameters
    ----------
    parts
        In order of time.
    columns
        Their columns.

    Returns
    -------
    pandas.DataFrame
        What `profile.daily` counts in all rows at once, as long as no part has more than MOST_SERIES.
    """
    by = [DAY, "column"]
    found = pd.concat([part.profile for part in parts], ignore_index=True)
    repeats = _repeats([part.edges for part in parts], columns)
    found = pd.concat([found, repeats], ignore_index=True)[[*by, *COUNTS]]
    summed = found.fillna(dict.fromkeys(COUNTS, 0)).astype(dict.fromkeys(COUNTS, "int64"))
    return summed.groupby(by, as_index=False)[list(COUNTS)].sum().astype({"column": "str"})


def _repeats(parts: Sequence[pd.DataFrame], columns: Columns) -> pd.DataFrame:
    """Count, per day and column, the first rows of parts that are equal to the last row before them."""
    series, numbers = series_of(columns), list(columns.numerical)
    found, last = [pd.DataFrame({DAY: [], "column": [], "repeat": []})], pd.DataFrame()
    for part in parts:
        first = part[part[FIRST]]
        if len(last) and len(first):
            before = first[series].merge(last, on=series, how="left") if series else last
            equal = first[numbers].to_numpy() == before[numbers].to_numpy()
            days = pd.DataFrame(equal, columns=numbers).groupby(first[DAY].to_numpy()).sum()
            found.append(days.rename_axis(DAY).reset_index().melt(DAY, var_name="column", value_name="repeat"))
        ended = part[part[LAST]]
        last = (
            pd.concat([last, ended]).drop_duplicates(series, keep="last") if series else ended if len(ended) else last
        )
    return pd.concat(found)

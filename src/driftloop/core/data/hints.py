"""Hints: what looks odd in the data and may be right. They do not influence the decision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from driftloop.core.data import query

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    import ibis.expr.types as ir

    Ends = Mapping[str, tuple[float, float]]

LEAST_SHARE, MOST_SHARE = 0.005, 0.5  # of the values
LEAST_ROWS = 20
OTHERS = 20  # different values that a number has to have besides; a flag or a grade has fewer


def between(rows: ir.Table, ends: Ends) -> pd.DataFrame:
    """Count what `codes` needs of some rows: one aggregate.

    Parameters
    ----------
    rows
        Typed rows, or a part of them.
    ends
        Smallest and largest value of each number, over all rows.

    Returns
    -------
    pandas.DataFrame
        One row, all float64: of each number the ends of what lies between its `ends`, how many rows are at either of
        them, and how many have a value.
    """
    found: dict[str, ir.Value] = {}
    for name, (low, high) in ends.items():
        value = rows[name]
        inside = (value > low) & (value < high)
        found |= {f"min:{name}": value.min(where=inside), f"max:{name}": value.max(where=inside)}
        found |= {f"at min:{name}": (value == low).sum(), f"at max:{name}": (value == high).sum()}
        found |= {f"all:{name}": value.count()}
    return pd.DataFrame([_aggregate(rows, found)]).astype("float64")


def codes(rows: ir.Table, parts: Sequence[pd.DataFrame], ends: Ends, private: Collection[str]) -> Iterator[str]:
    """Point out a value far from all others that many rows hold, such as -200 or 9999: it may stand for a missing one.

    Far is farther from the next value than all others are from each other. A rain gauge's zeros and a scale's end are
    close to other values, so they are not meant.

    Parameters
    ----------
    rows
        All typed rows; they are only read for a column in question.
    parts
        What `between` counted in the parts of these rows.
    ends
        Smallest and largest value of each number.
    private
        Columns whose values are not shown.
    """
    counted = pd.concat(parts)
    for name, (low, high) in ends.items():
        least, most = counted[f"min:{name}"].min(), counted[f"max:{name}"].max()
        count = counted[f"all:{name}"].sum()
        for end, code, gap in (("min", low, least - low), ("max", high, high - most)):
            held = int(counted[f"at {end}:{name}"].sum())
            many = held >= LEAST_ROWS and LEAST_SHARE * count <= held <= MOST_SHARE * count
            if many and gap > most - least:  # not where nothing lies between: that is NaN
                others = _others(rows, name, code)
                if others["different"] >= OTHERS:
                    yield _worded(name, code, held, others, below=end == "min", private=name in private)


def _others(rows: ir.Table, name: str, code: float) -> dict[str, Any]:
    value = rows[name]
    where = value != code
    found = {"different": value.nunique(where=where), "least": value.min(where=where), "most": value.max(where=where)}
    return _aggregate(rows, {"rows": rows.count(), **found})


def _worded(name: str, code: float, held: int, others: dict[str, Any], *, below: bool, private: bool) -> str:
    side = "below" if below else "above"
    share = f"in {held:,} of {others['rows']:,} rows"
    if private:
        return f"{name} holds one value far {side} all others {share}: if it means missing, set data.missing"
    return (
        f"{name} is {code:g} {share}, far {side} all other values ({others['least']:g} to {others['most']:g}): "
        "if it means missing, set data.missing"
    )


def _aggregate(rows: ir.Table, values: dict[str, ir.Value]) -> dict[str, Any]:
    found: dict[str, Any] = query.arrow(rows.aggregate(**values)).to_pylist()[0] if values else {}
    return found

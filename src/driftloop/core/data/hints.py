"""Hints: what looks odd in the data and may be right. They do not influence the decision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    import ibis.expr.types as ir

    from driftloop.core.data.schema import Columns

ENDS = ("min", "max")
LEAST_SHARE, MOST_SHARE = 0.005, 0.5  # of the values
LEAST_ROWS = 20
OTHERS = 20  # different values that a number has to have besides; a flag or a grade has fewer


def codes(rows: ir.Table, columns: Columns, private: Collection[str]) -> Iterator[str]:
    """Point out a value far from all others that many rows hold, such as -200 or 9999: it may stand for a missing one.

    Far is farther from the next value than all others are from each other. A rain gauge's zeros and a scale's end are
    close to other values, so they are not meant. Executes two aggregates over all rows, and a third for columns in
    question.
    """
    ends = _aggregate(rows, {f"{end}:{name}": getattr(rows[name], end)() for name in columns.numbers for end in ENDS})
    names = [name for name in columns.numbers if ends[f"min:{name}"] is not None]
    inside: dict[str, ir.Value] = {}
    for name in names:
        value, (low, high) = rows[name], (ends[f"{end}:{name}"] for end in ENDS)
        between = (value > low) & (value < high)
        inside |= {f"{end}:{name}": getattr(value, end)(where=between) for end in ENDS}
        inside |= {f"at {end}:{name}": (value == ends[f"{end}:{name}"]).sum() for end in ENDS}
        inside |= {f"all:{name}": value.count()}
    found = _aggregate(rows, inside)
    for name in (name for name in names if found[f"min:{name}"] is not None):
        least, most, count = (found[f"{what}:{name}"] for what in (*ENDS, "all"))
        for end, gap in (("min", least - ends[f"min:{name}"]), ("max", ends[f"max:{name}"] - most)):
            code, held = ends[f"{end}:{name}"], found[f"at {end}:{name}"]
            many = held >= LEAST_ROWS and LEAST_SHARE * count <= held <= MOST_SHARE * count
            if many and gap > most - least:
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
    found: dict[str, Any] = rows.aggregate(**values).to_pyarrow().to_pylist()[0] if values else {}
    return found

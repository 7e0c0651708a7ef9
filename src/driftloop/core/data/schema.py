"""From raw columns, whatever their types, to the types that params.yaml declares. Ibis expressions only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
from pydantic import BaseModel, ConfigDict

from driftloop.core.columns import DAY, INFINITE, INVALID, ROW, TS
from driftloop.core.data.notation import PLAIN, WHOLE, Notation

if TYPE_CHECKING:
    from collections.abc import Sequence

    import ibis.expr.types as ir

    from driftloop.core.models.card import Card
    from driftloop.params import Params


MARKERS = (INVALID, INFINITE)  # before a number's name: what could not be cast


class Columns(BaseModel):
    """The columns that a run works with.

    Attributes
    ----------
    numerical, categorical
        Model inputs: those declared in params.yaml, then those that only production still needs.
    target, task
        What is predicted.
    key
        Columns that are unique per row; the timestamp among them stands as `TS`, also where it is made of several.
    """

    model_config = ConfigDict(frozen=True)

    numerical: tuple[str, ...]
    categorical: tuple[str, ...]
    target: str
    task: str
    key: tuple[str, ...]

    @property
    def features(self) -> tuple[str, ...]:
        """All model inputs."""
        return (*self.numerical, *self.categorical)

    @property
    def numbers(self) -> tuple[str, ...]:
        """All columns that hold numbers, the target included where it does."""
        return (*self.numerical, self.target) if self.task == "regression" else self.numerical

    @property
    def names(self) -> tuple[str, ...]:
        """All columns that hold names, the target included where it does."""
        return (*self.categorical, self.target) if self.task == "classification" else self.categorical


def columns_of(params: Params, card: Card) -> Columns:
    """Join what params.yaml declares with what production was trained on."""
    declared = set(params.data.features)
    kept = card.recipe
    return Columns(
        numerical=(*params.data.numerical, *(n for n in (kept.numerical if kept else ()) if n not in declared)),
        categorical=(*params.data.categorical, *(n for n in (kept.categorical if kept else ()) if n not in declared)),
        target=params.data.target,
        task=params.data.task,
        key=_key(params.data.key, params.data.timestamps),
    )


def _key(key: Sequence[str], timestamps: Sequence[str]) -> tuple[str, ...]:
    """Put the instant in the place of the columns that make it up, if all of them are in the key."""
    whole = set(timestamps) <= set(key)
    return tuple(dict.fromkeys(TS if whole and name in timestamps else name for name in key))


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def timezone(zone: str, instant: ibis.dtype("timestamp('UTC')")) -> ibis.dtype("timestamp"):  # type: ignore[valid-type]
    """DuckDB's conversion from an instant to local time."""


def typed(raw: ir.Table, columns: Columns, zone: str, written: Notation = PLAIN) -> ir.Table:
    """Cast every declared column, and mark what could not be cast.

    Parameters
    ----------
    raw
        Has `TS` (naive UTC, null where unparsable), `ROW` and the source's columns in any type.
    columns
        What to cast; a column that `raw` lacks becomes all null.
    zone
        Time zone that cuts days.
    written
        How numbers and missing values are written.

    Returns
    -------
    ibis Table
        `TS`, `ROW`, `DAY` (local date), the key, numbers as float64 with NaN and infinity as null,
        names as strings, and for each number `INVALID`NAME (not a number) and `INFINITE`NAME (booleans).
    """
    cast: dict[str, ir.Value] = {TS: raw[TS], ROW: raw[ROW], DAY: _local_date(raw[TS], zone)}
    for name in columns.key:
        cast[name] = raw[name]
    for name in columns.numbers:
        cast |= _number(raw, name, written)
    for name in columns.names:
        cast[name] = _name(raw, name, written)
    return raw.select(**cast)


def _local_date(instant: ir.TimestampValue, zone: str) -> ir.DateValue:
    if zone == "UTC":
        return instant.date()
    return timezone(zone, instant.cast("timestamp('UTC')")).date()


def _number(raw: ir.Table, name: str, written: Notation) -> dict[str, ir.Value]:
    if name not in raw.columns:
        return {
            name: ibis.null("float64"),
            f"{INVALID}{name}": ibis.literal(value=False),
            f"{INFINITE}{name}": ibis.literal(value=False),
        }
    column = raw[name]
    if column.type().is_string():
        column = column.nullif("")
    if column.type().is_temporal():
        column = column.cast("string")
    value = written.number(column)
    coded = written.coded(name, column, value)
    infinite = value.isinf().fill_null(ibis.literal(value=False))
    finite = ibis.ifelse(value.isnan() | value.isinf() | coded, ibis.null("float64"), value)
    return {
        name: finite,
        f"{INVALID}{name}": column.notnull() & value.isnull() & ~coded,
        f"{INFINITE}{name}": infinite & ~coded,
    }


def _name(raw: ir.Table, name: str, written: Notation) -> ir.Value:
    """Write names as strings; 1 and 1.0 are the same, since one missing value turns integers into floats."""
    if name not in raw.columns:
        return ibis.null("string")
    text = raw[name].cast("string")
    text = ibis.ifelse(
        text.endswith("0"), text.re_replace(WHOLE, r"\1"), text
    )  # matching takes much longer than looking
    return written.named(name, text.nullif("").nullif("nan"))

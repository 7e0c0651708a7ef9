"""Where one expression of Ibis means one thing on DuckDB and another on Spark: what DuckDB does, on either."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from driftloop.core.columns import ROW

if TYPE_CHECKING:
    import ibis.expr.types as ir

SPARK = "pyspark"
# What DuckDB reads as a number. Java would take 1d and 0x1p3 too, and no 1_000.
NUMBER = r"^[-+]?([0-9_.]+([eE][-+]?[0-9_]+)?|(?i:nan|inf|infinity))$"
FIXED = (1e-4, 1e16)  # between which DuckDB writes numbers without an exponent


def on_spark(value: ir.Table | ir.Value) -> bool:
    """Say whether an expression is one of Spark's."""
    return bool(value.get_backend().name == SPARK)


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def timezone(zone: str, instant: ibis.dtype("timestamp('UTC')")) -> ibis.dtype("timestamp"):  # type: ignore[valid-type]
    """DuckDB's conversion from an instant to local time."""


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def convert_timezone(source: str, zone: str, instant: ibis.dtype("timestamp")) -> ibis.dtype("timestamp"):  # type: ignore[valid-type]
    """Spark's conversion between local times."""


def local(instant: ir.TimestampValue, zone: str) -> ir.TimestampValue:
    """Convert naive UTC to the time of a zone."""
    if on_spark(instant):
        return convert_timezone("UTC", zone, instant)
    return timezone(zone, instant.cast("timestamp('UTC')"))


def text(value: ir.Value) -> ir.StringValue:
    """Write a value as text: 12345678.0, where Java has 1.2345678E7.

    Up to Java 18, some numbers from 2**53 on, and some of 32 bits from 2**24 on, get more digits than are needed.
    """
    written = value.cast("string")
    return _plain(value, written) if value.type().is_floating() and on_spark(value) else written


def number(column: ir.Value) -> ir.FloatingValue:
    """Read a value as float64, null where it holds no number."""
    if not (column.type().is_string() and on_spark(column)):
        return column.try_cast("float64")
    stripped = column.strip()
    joined = stripped.re_replace("(?<=[0-9])_(?=[0-9])", "")
    return ibis.ifelse(search(stripped, NUMBER), joined.try_cast("float64"), ibis.null("float64"))


def infinite(value: ir.FloatingValue) -> ir.BooleanValue:
    """Say whether a number is infinite; on Spark, Ibis 12 compares two texts of SQL in place of two numbers."""
    return value.abs() == float("inf") if on_spark(value) else value.isinf()


def search(value: ir.StringValue, pattern: str) -> ir.BooleanValue:
    """Say whether a pattern is found; it begins with ^ and ends with $, or has neither."""
    return value.re_search(_ending(pattern) if on_spark(value) else pattern)


def replaced(value: ir.StringValue, pattern: str) -> ir.StringValue:
    """Put the pattern's first group in the place of what it finds."""
    if on_spark(value):
        return value.re_replace(_ending(pattern), "$1")
    return value.re_replace(pattern, r"\1")


def latest(rows: ir.Table, asked: ir.Table) -> ir.Table:
    """Find for each row of `asked`, which has `ROW` only, the last of `rows` before it in the order of the source."""
    if not on_spark(rows):
        return asked.asof_join(rows, on=ROW)
    every = rows.mutate(asked=False).union(
        asked.mutate(
            asked=True, **{name: ibis.null(kind) for name, kind in rows.schema().items() if name != ROW}
        ).select([*rows.columns, "asked"])
    )
    so_far = ibis.window(order_by=ROW, following=0)
    found = every.mutate(**{name: every[name].last().over(so_far) for name in rows.columns if name != ROW})
    return found.filter(found["asked"])


def _ending(pattern: str) -> str:
    r"""Let $ be the end and nothing else: Java lets a line break come after it."""
    return pattern.removesuffix("$") + r"\z" if pattern.endswith("$") else pattern


def _plain(value: ir.FloatingValue, written: ir.StringValue) -> ir.StringValue:
    """Write a number as DuckDB does that Java wrote; Java has an exponent from 1e7 on, and below 0.001."""
    size = value.abs()
    digits = written.try_cast("decimal(38, 21)").cast("string")
    exponent = written.replace(".0E", "E").re_replace("E(-?)([0-9])$", "E$10$2").re_replace("E([0-9])", "e+$1")
    return ibis.cases(
        (~written.contains("E"), written.replace("NaN", "nan").replace("Infinity", "inf")),
        ((size >= FIXED[0]) & (size < FIXED[1]), digits.re_replace(r"(\.[0-9]+?)0*$", "$1")),
        else_=exponent.replace("E-", "e-"),
    )

"""The user's CSV or Parquet files, and labels that live in a table of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from driftloop.sources import tables
from driftloop.sources.instants import instants
from driftloop.sources.partitions import declare, declared, expect, required

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from driftloop.params import Params

LABEL = "_label"


def read(con: Backend, params: Params) -> ir.Table:
    """Rows of `source.path`, with the labels of `source.labels`."""
    path = params.source.path or ""
    files = tables.find(path, where="source.path")
    wanted = dict.fromkeys([*required(params), *declared(params)])
    rows = declare(tables.read(con, files, wanted=wanted), params, where=path)
    return labelled(con, rows, params)


def labelled(con: Backend, rows: ir.Table, params: Params) -> ir.Table:
    """Join the newest label of each key; rows without one keep what they have.

    Newest is the last row in the order of the files, sorted by name. A newest row without a value takes the label back.
    """
    if (source := params.source.labels) is None:
        return rows
    target = params.data.target
    names = {**dict.fromkeys(source.key, "key of labels"), target: "target"}
    table = tables.read(con, tables.find(source.path, where="source.labels.path"), wanted=names)
    expect(table, names, params, where=source.path)
    labels = table.select(list(names)).mutate(_row=ibis.row_number())
    keys = [f"_key{index}" for index in range(len(source.key))]
    ours, theirs = _texts(rows, labels, params)
    newest = labels.mutate(**dict(zip(keys, theirs, strict=True))).drop_null(keys)
    newest = newest.group_by(keys).agg(**{LABEL: newest[target].last(order_by=newest["_row"], include_null=True)})
    joined = rows.mutate(**dict(zip(keys, ours, strict=True))).left_join(newest, keys)
    label = _either(joined[LABEL], joined[target]) if target in rows.columns else joined[LABEL]
    joined = joined.mutate(**{target: label})
    return joined.select([name for name in (*declared(params), "_ts", "_row") if name in joined.columns])


def _texts(rows: ir.Table, labels: ir.Table, params: Params) -> tuple[list[ir.Value], list[ir.Value]]:
    """Join columns of both sides as text that is equal where the values are: 1, 1.0 and "1"; a time and its text."""
    ours: list[ir.Value] = []
    theirs: list[ir.Value] = []
    for name in params.source.labels.key if params.source.labels else ():
        pair = rows[name], labels[name]
        timely = name == params.data.timestamp or any(_is_time(column) for column in pair)
        for side, column in zip((ours, theirs), pair, strict=True):
            text = column.cast("string").strip().re_replace(r"^(-?\d+)\.0+$", r"\1")
            moment = instants(column, zone=params.data.timezone).cast("string")
            side.append(ibis.coalesce(moment, text) if timely else text)
    return ours, theirs


def _is_time(column: ir.Value) -> bool:
    kind = column.type()
    return bool(kind.is_timestamp() or kind.is_date() or kind.is_unknown())  # unknown: TIMESTAMPTZ_NS


def _either(label: ir.Value, value: ir.Value) -> ir.Value:
    """Take the label where there is one, else the value; as text where their types do not mix."""
    mixes = label.type() == value.type() or (label.type().is_numeric() and value.type().is_numeric())
    return ibis.coalesce(label, value) if mixes else ibis.coalesce(label.cast("string"), value.cast("string"))

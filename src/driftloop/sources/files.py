"""The user's CSV or Parquet files, and labels that live in a table of their own."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import ibis

from driftloop.core.columns import ROW, TS
from driftloop.params import OWN
from driftloop.sources import objects, tables
from driftloop.sources.instants import instants
from driftloop.sources.partitions import declared, expect, required
from driftloop.store.digests import DIGESTS, Digests
from driftloop.store.files import CACHE

if TYPE_CHECKING:
    from collections.abc import Mapping

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from driftloop.params import Params, SourceKind
    from driftloop.sources.features import Features

KIND: SourceKind = "files"
REPLAYED = False
LABEL = f"{OWN}label"


def name(params: Params) -> str:
    """Name the files as params.yaml does."""
    return str(params.source.path)


def read(con: Backend, params: Params, folder: Path, _cache: Path, features: Features) -> ir.Table:
    """Rows of `source.path`, with the labels of `source.labels`; `folder` takes copies of files in other encodings."""
    path = params.source.path or ""
    files = tables.find(path, where="source.path")
    wanted = dict.fromkeys([*required(params), *declared(params)])
    given = tables.read(con, files, wanted=wanted, folder=folder, csv=params.source.csv)
    rows = features.declare(given, where=path)
    return labelled(con, rows, params, folder)


def fingerprint(params: Params) -> str:
    """Digest all files, those of the labels too."""
    return listing({"source.path": params.source.path, **label_files(params)})


def label_files(params: Params) -> dict[str, str | None]:
    """Return the pattern of the files with labels, by its parameter."""
    return {"source.labels.path": params.source.labels.path if params.source.labels else None}


def listing(patterns: Mapping[str, str | None], *texts: str) -> str:
    """Compute SHA-256 over texts and over the name, size and content of all files; absolute paths inside here count as relative.

    Of objects in a store, the version that it tells stands for the content.
    """
    value = sha256("\0".join(texts).encode())
    here = Path.cwd()
    digests = Digests(here / CACHE / DIGESTS)
    for where, pattern in patterns.items():
        if pattern and objects.is_remote(pattern):
            for found in objects.listing(pattern, where=where):
                value.update(f"{where}\0{found.key}\0{found.size}\0{found.version}\n".encode())
            continue
        for path in tables.find(pattern, where=where) if pattern else ():
            shown = path.relative_to(here) if path.is_relative_to(here) else path
            value.update(f"{where}\0{shown.as_posix()}\0{path.stat().st_size}\0{digests.of(path)}\n".encode())
    if (here / CACHE).is_dir():
        digests.save()
    return value.hexdigest()


def labelled(con: Backend, rows: ir.Table, params: Params, folder: Path) -> ir.Table:
    """Join the newest label of each key; rows without one keep what they have.

    Newest is the last row in the order of the files, sorted by name. A newest row without a value takes the label back.
    """
    if (source := params.source.labels) is None:
        return rows
    target = params.data.target
    names = {**dict.fromkeys(source.key, "key of labels"), target: "target"}
    files = tables.find(source.path, where="source.labels.path")
    table = tables.read(con, files, wanted=names, folder=folder, csv=params.source.csv)
    expect(table, names, params, where=source.path)
    labels = table.select(list(names)).mutate(**{ROW: ibis.row_number()})
    keys = [f"{OWN}key{index}" for index in range(len(source.key))]
    ours, theirs = _texts(rows, labels, params)
    newest = labels.mutate(**dict(zip(keys, theirs, strict=True))).drop_null(keys)
    newest = newest.group_by(keys).agg(**{LABEL: newest[target].last(order_by=newest[ROW], include_null=True)})
    joined = rows.mutate(**dict(zip(keys, ours, strict=True))).left_join(newest, keys)
    label = _either(joined[LABEL], joined[target], params) if target in rows.columns else joined[LABEL]
    joined = joined.mutate(**{target: label})
    return joined.select([name for name in (*declared(params), TS, ROW) if name in joined.columns])


def _texts(rows: ir.Table, labels: ir.Table, params: Params) -> tuple[list[ir.Value], list[ir.Value]]:
    """Join columns of both sides as text that is equal where the values are: 1, 1.0 and "1"; a time and its text."""
    ours: list[ir.Value] = []
    theirs: list[ir.Value] = []
    for name in params.source.labels.key if params.source.labels else ():
        pair = rows[name], labels[name]
        alone = params.data.timestamps == [name]
        form = params.data.timestamp_format if alone else None
        timely = alone or any(_is_time(column) for column in pair)
        for side, column in zip((ours, theirs), pair, strict=True):
            text = column.cast("string").strip().re_replace(r"^(-?\d+)\.0+$", r"\1")
            moment = instants(column, zone=params.data.timezone, form=form).cast("string")
            side.append(ibis.coalesce(moment, text) if timely else text)
    return ours, theirs


def _is_time(column: ir.Value) -> bool:
    kind = column.type()
    return bool(kind.is_timestamp() or kind.is_date() or kind.is_unknown())  # unknown: TIMESTAMPTZ_NS


def _either(label: ir.Value, value: ir.Value, params: Params) -> ir.Value:
    """Take the label where there is one, else the value; as text where their types do not mix."""
    mixes = label.type() == value.type() or (label.type().is_numeric() and value.type().is_numeric())
    return ibis.coalesce(label, value) if mixes else ibis.coalesce(_text(label, params), _text(value, params))


def _text(column: ir.Value, params: Params) -> ir.Value:
    """Write a column as text, and the decimals of numbers with the mark by which text is read later."""
    text = column.cast("string")
    decimal = params.source.csv.decimal
    return text.replace(".", decimal) if decimal and column.type().is_numeric() else text

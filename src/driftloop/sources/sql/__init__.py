"""A table or a query in a database: read in one snapshot, in batches, and of unchanged months only what is new."""

from __future__ import annotations

import json
import sys
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from driftloop.core.columns import TS
from driftloop.errors import DataError
from driftloop.sources import tables
from driftloop.sources.files import label_files, labelled, listing
from driftloop.sources.instants import instants, joined
from driftloop.sources.partitions import expect, required
from driftloop.sources.sql import duckdbfile, months, others, postgres, selection, sqlite
from driftloop.sources.sql.address import address
from driftloop.sources.sql.database import where

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from driftloop.params import Params, SourceKind
    from driftloop.sources.features import Features
    from driftloop.sources.sql.address import Address
    from driftloop.sources.sql.database import Database

KIND: SourceKind = "sql"
REPLAYED = False
PULLED = "pulled"
DATABASES: Mapping[str, Callable[[Params, Address, Path], AbstractContextManager[Database]]] = {
    "postgres": postgres.opened,
    "postgresql": postgres.opened,
    "sqlite": sqlite.opened,
    "duckdb": duckdbfile.opened,
}


def name(params: Params) -> str:
    """Name the table; a query may be long."""
    return where(params)


def read(con: Backend, params: Params, folder: Path, cache: Path, features: Features) -> ir.Table:
    """Rows of the table or the query for `[source.since, source.until)`, with the labels of `source.labels`.

    Their order is that of the time, the key, `source.changed`, and all other columns.
    """
    found = address(params.source.url or "")
    own = features.exist
    (out := folder / KIND).mkdir()
    with opened(params, found, folder) as db:
        if not own:
            expect(db.rows, required(params), params, where=where(params))
        if params.source.changed not in (None, *db.rows.columns):
            msg = (
                f"source.changed: expected one of the columns {', '.join(db.rows.columns)}, got {params.source.changed}"
            )
            raise DataError(msg)
        chosen = selection.columns(db.rows, params, everything=own)
        files = _pull(con, db, chosen, params, place=found.place, out=out, cache=cache)
    given = tables.read(con, files, wanted=(), folder=folder)
    rows = features.declare(_sorted(con, given, params, own=own), where=where(params))
    return labelled(con, rows, params, folder)


def fingerprint(params: Params) -> str:
    """Sum up what the database says: rows, labels, the newest time and change; with the text of the query and files of labels."""
    found = address(params.source.url or "")
    with TemporaryDirectory() as folder, opened(params, found, Path(folder)) as db:
        rows = db.rows
        time, target = params.data.timestamps[0], params.data.target
        asked = {"rows": rows.count()}
        asked |= {"newest": rows[time].max()} if time in rows.columns else {}
        asked |= {"labels": rows[target].count()} if target in rows.columns else {}
        if (changed := params.source.changed) and changed in rows.columns:
            asked |= months.state(rows, changed)
        (said,) = db.ask(rows.aggregate(**asked))
    text = json.dumps([where(params), params.source.query, {key: str(value) for key, value in said.items()}])
    return listing(label_files(params), sha256(text.encode()).hexdigest())


def opened(params: Params, found: Address, folder: Path) -> AbstractContextManager[Database]:
    """Open the database of an address, for reading alone; `folder` takes what does not fit in memory."""
    return DATABASES.get(found.scheme, others.opened)(params, found, folder)


def _pull(
    con: Backend, db: Database, chosen: ir.Table, params: Params, *, place: str, out: Path, cache: Path
) -> list[Path]:
    """Read what is asked for into Parquet files."""
    span = selection.span(chosen, params)
    path = out / "rows.parquet"
    if span is None:
        sys.stderr.write(
            f"{where(params)}: all rows are read, since the time is no timestamp or date in the database\n"
        )
        db.save(chosen, path)
        return [path]
    changed = params.source.changed
    if changed is not None and not months.counts(chosen, changed):
        sys.stderr.write(
            f"{where(params)}: all months are read, since {changed} holds no timestamps or whole numbers\n"
        )
    if changed is None or not months.counts(chosen, changed):
        db.save(chosen.filter(chosen[span.name].isnull() | span.of(chosen)), path)
        return [path]
    named = f"{place} {where(params)} {params.source.query}"
    return months.pull(
        con,
        db,
        chosen,
        span,
        changed=changed,
        target=params.data.target,
        named=named,
        out=out,
        cache=cache,
    )


def _sorted(con: Backend, given: ir.Table, params: Params, *, own: bool) -> ir.Table:
    """Sort the rows in our own database, which does it alike whatever the other one's collation and plan."""
    first = [name for name in (*params.data.key, params.source.changed) if name in given.columns]
    names = dict.fromkeys([*first, *given.columns])
    if not set(params.data.timestamps) <= set(given.columns):  # the project's function makes it
        return con.create_table(PULLED, given.order_by(list(names)))
    column = joined([given[name] for name in params.data.timestamps])
    dated = given.mutate(**{TS: instants(column, zone=params.data.timezone, form=params.data.timestamp_format)})
    if not own:  # which may correct the time
        dated = dated.filter(selection.in_range(dated[TS], params))
    return con.create_table(PULLED, dated.order_by([TS, *names]).drop(TS))

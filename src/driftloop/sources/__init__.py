"""Where rows come from: one module per kind of source, in one table; all end up as months of Parquet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from driftloop import engine
from driftloop.sources import (
    bike_sharing,
    command,
    files,
    monthly,
    objects,
    partitions,
    recoded,
    simulator,
    sql,
    undated,
)
from driftloop.sources.features import Features

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from driftloop.params import Params, SourceKind
    from driftloop.sources.monthly import Last


class Source(Protocol):
    """What the module of a kind of source has.

    Attributes
    ----------
    KIND
        `source.kind` in params.yaml.
    REPLAYED
        Whether its time moves by steps of `monitor.step_days`, as a history is replayed, and not with the clock.
    """

    KIND: SourceKind
    REPLAYED: bool

    def name(self, params: Params, /) -> str:
        """Name the source in messages."""

    def read(self, con: Backend, params: Params, folder: Path, cache: Path, features: Features, /) -> ir.Table:
        """Read the rows, as `partitions.declare` gives them.

        Parameters
        ----------
        folder
            Takes temporary files, such as copies in UTF-8.
        cache
            Takes downloads, which are kept.
        features
            Declares the columns of the rows as they are delivered, after the project's own function had them.
        """

    def fingerprint(self, params: Params, /) -> str:
        """Sum up what the source looks like now."""


MODULES: tuple[Source, ...] = (simulator, bike_sharing, files, command, sql)
SOURCES: Mapping[SourceKind, Source] = {module.KIND: module for module in MODULES}


def collect(
    params: Params,
    out: Path,
    *,
    cache: Path,
    say: Callable[[str], None],
    src: Path | None = None,
    last: Last | None = None,
) -> None:
    """Write the rows of `params.source` into the empty folder `out`, as `partitions.write` says.

    Parameters
    ----------
    cache
        A folder for downloads, which are kept, and for what does not fit in memory, which is not.
    say
        Takes one line for people.
    src
        The folder of the project's own code, whose `features.py` is applied; None: there is none.
    last
        What the last run left, so that only what is new of plain files is made; None: everything is.

    Raises
    ------
    DataError
        If the source cannot be read, or the project's function fails.
    """
    source = SOURCES[params.source.kind]
    local = objects.mirrored(params, cache)
    with (
        partitions.workspace(cache, zone=params.data.timezone, settings=params.engine) as (con, folder),
        objects.named_as_given(cache),
        recoded.named_as_given(folder),
        engine.translated(folder / command.OUT),
    ):
        features = Features(con, folder, local, src)
        if monthly.suits(local) and not features.exist:
            written = monthly.write(con, local, folder, out, last)
        else:
            written = partitions.write(con, source.read(con, local, folder, cache, features), local, out)
        if written.undated and not written.rows:
            undated.refuse(source.read(con, local, folder, cache, features), params, where=source.name(params))
    span = f" from {written.months[0]} to {written.months[-1]}" if written.months else ""
    left = f", {written.undated:,} without a readable timestamp" if written.undated else ""
    reused = f"; {written.reused} months as they were" if written.reused else ""
    say(f"{source.name(params)}: {written.rows:,} rows{span}{left}{reused}")


def fingerprint(params: Params) -> str:
    """Sum up what the source looks like now; `driftloop refresh` writes it down to see late labels and corrected files."""
    found = SOURCES[params.source.kind].fingerprint(params)
    further = {f"source.tables.{name}": pattern for name, pattern in params.source.tables.items()}
    return files.listing(further, found) if further else found


def is_replayed(params: Params) -> bool:
    """Whether time moves by steps instead of with the clock."""
    return SOURCES[params.source.kind].REPLAYED

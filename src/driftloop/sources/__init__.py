"""Where rows come from: a simulator, UCI Bike Sharing, files, or a command; all end up as months of Parquet."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from driftloop.params import Params, parse_instant

if TYPE_CHECKING:
    from collections.abc import Callable

    import ibis.expr.types as ir

# Goes up when the simulator's rows change, so that `driftloop refresh` sees it.
SIMULATOR = "simulator-1"


def collect(params: Params, out: Path, *, cache: Path, say: Callable[[str], None]) -> None:
    """Write the rows of `params.source` into the empty folder `out`, as `partitions.write` says.

    Parameters
    ----------
    cache
        A folder for downloads, which are kept, and for what does not fit in memory, which is not.
    say
        Takes one line for people.

    Raises
    ------
    DataError
        If the source cannot be read.
    """
    from driftloop import duckdb_errors
    from driftloop.sources import bike_sharing, command, files, partitions, undated
    from driftloop.sources.recoded import named_as_given

    source = params.source
    with (
        partitions.workspace(cache, zone=params.data.timezone) as (con, folder),
        named_as_given(folder),
        duckdb_errors.translated(folder / command.OUT),
    ):
        match source.kind:
            case "simulator":
                what, rows = "SIMULATED DATA", _simulated(params)
            case "bike_sharing":
                what, rows = "UCI Bike Sharing", bike_sharing.read(con, params, folder, cache=cache)
            case "files":
                what, rows = str(source.path), files.read(con, params, folder)
            case "command":
                what, rows = "source.command", command.read(con, params, folder)
            case _:
                assert_never(source.kind)
        written = partitions.write(con, rows, params, out)
        if written.undated and not written.rows:
            undated.refuse(rows, params, where=what)
    span = f" from {written.months[0]} to {written.months[-1]}" if written.months else ""
    without = f", {written.undated:,} without a readable timestamp" if written.undated else ""
    say(f"{what}: {written.rows:,} rows{span}{without}")


def _simulated(params: Params) -> ir.Table:
    """Rows of the simulator, whose naive times are UTC whatever `data.timezone` says."""
    import ibis

    from driftloop.sources import simulator
    from driftloop.sources.partitions import declare

    source = params.source
    since = parse_instant(source.since) if source.since else simulator.SINCE
    frame = simulator.simulate(since, source.until_instant)
    return declare(ibis.memtable(frame), params, where="simulator", zone="UTC")


def fingerprint(params: Params) -> str:
    """Sum up what the source looks like now; `driftloop refresh` writes it down to see late labels and corrected files.

    A command cannot be asked what it looks like: its text stands for it, and refresh always moves `source.until`.
    """
    from driftloop.sources import bike_sharing

    source = params.source
    labels = source.labels.path if source.labels else None
    match source.kind:
        case "simulator":
            return SIMULATOR
        case "bike_sharing":
            return bike_sharing.fingerprint(source.path)
        case "files":
            return _listing({"source.path": source.path, "source.labels.path": labels})
        case "command":
            return _listing({"source.labels.path": labels}, str(source.command))
        case _:
            assert_never(source.kind)


def _listing(patterns: dict[str, str | None], *texts: str) -> str:
    """SHA-256 over texts and over the name, size and content of all files; absolute paths inside here count as relative."""
    from driftloop.sources import tables
    from driftloop.store.files import digest

    value = sha256("\0".join(texts).encode())
    here = Path.cwd()
    for where, pattern in patterns.items():
        for path in tables.find(pattern, where=where) if pattern else ():
            name = path.relative_to(here) if path.is_relative_to(here) else path
            value.update(f"{where}\0{name.as_posix()}\0{path.stat().st_size}\0{digest(path)}\n".encode())
    return value.hexdigest()

"""The user's own program: it writes Parquet for a time range, which is how a warehouse or an API is reached."""

from __future__ import annotations

import os
import re
import sys
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from driftloop import processes
from driftloop.core.columns import TS
from driftloop.errors import DataError, UnreachableError
from driftloop.params import parse_instant
from driftloop.sources import tables
from driftloop.sources.files import label_files, labelled, listing
from driftloop.sources.partitions import declared, naive

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from driftloop.params import Params, SourceKind
    from driftloop.sources.features import Features

KIND: SourceKind = "command"
REPLAYED = False
OUT = "OUT"
MOST_SECONDS = 24 * 3600
MOST_SHOWN = 64 << 10  # of what it writes
SECRET = re.compile(r"key|token|secret|pass|pwd|cred|auth|dsn|url|uri|conn", re.IGNORECASE)


def name(_params: Params) -> str:
    """Name the parameter: the command itself may be long, and hold what is not for logs."""
    return "source.command"


def read(con: Backend, params: Params, folder: Path, _cache: Path, features: Features) -> ir.Table:
    """Rows that `source.command` writes for `[source.since, source.until)`, with the labels of `source.labels`."""
    out = folder / OUT
    out.mkdir()
    since, until = (_iso(text or "") for text in (params.source.since, params.source.until))
    run(params.source.command or "", {"OUT": str(out), "FROM": since, "UNTIL": until})
    files = sorted(path for path in out.rglob("*.parquet") if path.is_file())
    if not files:
        msg = "source.command: expected Parquet files (*.parquet) in $OUT, found none; write them there"
        raise DataError(msg)
    given = tables.read(con, files, wanted=declared(params), folder=folder)
    rows = features.declare(given, where="source.command")
    _in_range(rows, params, since=since, until=until)
    return labelled(con, rows, params, folder)


def fingerprint(params: Params) -> str:
    """Digest the text of the command and the files of labels.

    A command cannot be asked what its rows look like. They are read anew after each refresh, which moves `source.until`.
    """
    return listing(label_files(params), str(params.source.command))


def run(command: str, variables: Mapping[str, str]) -> None:
    """Run a shell command with additional environment variables.

    Raises
    ------
    DataError
        If it fails: with its exit code and the last line that it wrote to stderr. The end of what it wrote there is passed
        on. Values of environment variables are replaced by their names in both, since tokens live there.
    """
    with TemporaryFile() as stderr:
        code = processes.wait(command, name="source.command", seconds=MOST_SECONDS,
                              env={**os.environ, **variables}, stdout=stderr, stderr=stderr)  # fmt: skip
        if code == 0:
            return
        read = processes.tail(stderr, MOST_SHOWN)
        if len(read) < stderr.seek(0, os.SEEK_END):  # from a whole line on: half a secret would not be known for one
            read = read.partition(b"\n")[2]
    said = _redacted(read.decode(errors="replace"), os.environ)
    sys.stderr.write(said)
    last = next((line.strip() for line in reversed(said.splitlines()) if line.strip()), "nothing on stderr")
    ended = f"exit code {code}" if code > 0 else f"end by signal {-code}"
    msg = f"source.command: expected exit code 0, got {ended}: {last[:300]}"
    raise UnreachableError(msg)


def _redacted(text: str, environment: Mapping[str, str]) -> str:
    """Replace values of the environment by their names: all of eight characters or more, and shorter ones of secrets."""
    for name, value in sorted(environment.items(), key=lambda item: -len(item[1])):
        for line in (value, *value.splitlines()):
            if len(line) >= (3 if SECRET.search(name) else 8):
                text = text.replace(line, f"${name}")
    return text


def _iso(text: str) -> str:
    return parse_instant(text).isoformat().replace("+00:00", "Z")


def _in_range(rows: ir.Table, params: Params, *, since: str, until: str) -> None:
    """Refuse rows outside the range: a program that ignores it would be asked for everything, every day."""
    early = rows[TS] < naive(params.source.since or "")
    late = rows[TS] >= naive(params.source.until)
    counts = rows.aggregate(early=early.sum(), late=late.sum(), rows=rows.count()).to_pyarrow().to_pylist()[0]
    if counts["early"] or counts["late"]:
        msg = (
            f"source.command: expected rows from {since} until before {until}, got {counts['early'] or 0:,} earlier and "
            f"{counts['late'] or 0:,} later among {counts['rows']:,}; select by $FROM and $UNTIL"
        )
        raise DataError(msg)

"""UCI Bike Sharing (id 275, CC BY 4.0): hourly rentals and weather of 2011 and 2012 in Washington, D.C.

References
----------
Fanaee-T and Gama (2013), Event labeling combining ensemble detectors and background knowledge. Progress in Artificial
Intelligence, https://doi.org/10.1007/s13748-013-0040-3.
"""

from __future__ import annotations

import shutil
import sys
import urllib.request
from http.client import HTTPException
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING
from urllib.error import HTTPError
from zipfile import BadZipFile, ZipFile

from driftloop.errors import DataError
from driftloop.sources import tables
from driftloop.sources.partitions import expect
from driftloop.store.files import digest, replacing

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends.duckdb import Backend

    from driftloop.params import Params, SourceKind
    from driftloop.sources.features import Features

KIND: SourceKind = "bike_sharing"
REPLAYED = True
URL = "https://archive.ics.uci.edu/static/public/275/bike+sharing+dataset.zip"
MEMBER = "hour.csv"
# Of the hour.csv inside, 1,156,736 bytes with CRLF: the archive may be packed anew, the data may not change.
SHA256 = "e03de4ee4ef4dc376ac6e04bf829673c6269e8eba5c60fa121640fa2f829504f"
# casual + registered = cnt: neither is known before cnt is, so both stay behind.
KEPT = (
    "hr", "temp", "atemp", "hum", "windspeed", "season", "mnth", "holiday", "weekday", "workingday", "weathersit", "cnt"
)  # fmt: skip
TIMEOUT_SECONDS = 30


def name(_params: Params) -> str:
    """Name the data set."""
    return "UCI Bike Sharing"


def read(con: Backend, params: Params, folder: Path, cache: Path, features: Features) -> ir.Table:
    """Rows of `source.path`, or of the original, which is downloaded once into `cache`; `ts` is the local hour."""
    path = _local(params.source.path, folder) if params.source.path else download(cache)
    names = dict.fromkeys(("dteday", *KEPT), "of UCI Bike Sharing")
    table = tables.read(con, [path], wanted=names, folder=folder, typed=True)
    where = params.source.path or str(path)
    expect(table, names, params, where=where)
    hour = table["dteday"].try_cast("date").cast("timestamp(6)") + table["hr"].try_cast("int32").as_interval("h")
    return features.declare(table.select(hour.name("ts"), *KEPT), where=where)


def _local(given: str, folder: Path) -> Path:
    """Return a local CSV file, unpacked into `folder` if it comes as a zip archive."""
    path = Path(given)
    if not path.is_file():
        msg = f"source.path: {given}: expected hour.csv or a zip archive of it, found no such file; correct the path"
        raise DataError(msg)
    if path.suffix.lower() != ".zip":
        return path
    with path.open("rb") as archive, (folder / MEMBER).open("wb") as target:
        _unpack(archive, target, where=given)
    return folder / MEMBER


def download(cache: Path, *, url: str = URL, checksum: str = SHA256) -> Path:
    """Return the original hour.csv in `cache`; download it unless it is there and whole.

    Raises
    ------
    DataError
        Without network, or if what arrives is not the original.
    """
    path = cache / f"bike-sharing-{MEMBER}"
    if path.is_file() and digest(path) == checksum:
        return path
    with replacing(path) as temporary, TemporaryFile(dir=path.parent) as archive:
        try:
            _fetch(url, archive)
        except (OSError, HTTPException) as exc:  # URLError, time-outs and resets are OSErrors
            if isinstance(exc, HTTPError):
                exc.close()
            reason = exc if isinstance(exc, HTTPError) else getattr(exc, "reason", exc)
            msg = f"{url}: cannot be downloaded ({reason}); download it by hand and set source.path"
            raise DataError(msg) from exc
        with temporary.open("wb") as target:
            _unpack(archive, target, where=url)
        if (got := digest(temporary)) != checksum:
            msg = f"{url}: expected {MEMBER} with SHA-256 {checksum[:12]}…, got {got[:12]}…; check it by hand and set source.path"
            raise DataError(msg)
    return path


def _fetch(url: str, target: IO[bytes]) -> None:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console(file=sys.stderr)
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    with (
        urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as response,  # noqa: S310 (https, ours)
        Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress,
    ):
        size = response.headers.get("Content-Length", "")
        task = progress.add_task("UCI Bike Sharing", total=int(size) if size.isdigit() else None)
        while block := response.read(1 << 16):
            target.write(block)
            progress.update(task, advance=len(block))


def _unpack(archive: IO[bytes], target: IO[bytes], *, where: str) -> None:
    try:
        with ZipFile(archive) as opened:
            found = next(path for path in opened.namelist() if Path(path).name == MEMBER)
            with opened.open(found) as member:
                shutil.copyfileobj(member, target)
    except (BadZipFile, StopIteration, NotImplementedError, RuntimeError, EOFError) as exc:
        msg = f"{where}: expected a zip archive that holds {MEMBER}, got something else; download it again"
        raise DataError(msg) from exc


def fingerprint(params: Params) -> str:
    """Return the digest of the local file, or of the original."""
    path = params.source.path
    if not path:
        return SHA256
    try:
        return digest(Path(path))
    except OSError as exc:
        msg = f"source.path: {path}: cannot be read: {exc.strerror}; correct the path"
        raise DataError(msg) from exc

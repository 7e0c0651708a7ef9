"""Text files in other encodings than UTF-8, which is all that DuckDB reads without the network: copies in UTF-8."""

from __future__ import annotations

import codecs
import gzip
import shutil
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from driftloop.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

GZIP = b"\x1f\x8b"
BOOKS = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"  # zip archives, xlsx among them, and xls
FOLDER = "utf-8"


def open_text(path: Path, encoding: str) -> IO[str]:
    """Open a text file, packed by gzip or not, with the ends of lines as they are."""
    if is_gzip(path):
        return gzip.open(path, "rt", encoding=encoding, newline="")
    return path.open("rt", encoding=encoding, newline="")


def is_gzip(path: Path) -> bool:
    """Whether a file is packed by gzip, by its content or its name."""
    return path.suffix.lower() == ".gz" or begins(path, GZIP)


def begins(path: Path, mark: bytes) -> bool:
    """Whether a file begins with these bytes."""
    with readable(path), path.open("rb") as stream:
        return stream.read(len(mark)) == mark


@contextmanager
def readable(path: Path, encoding: str | None = None) -> Iterator[None]:
    """Turn errors of opening, unpacking and decoding into one line."""
    try:
        yield
    except UnicodeError as exc:
        if encoding:
            msg = f"{path}: expected text in {encoding}, as source.csv.encoding says, got other bytes; correct it"
        else:
            msg = f"{path}: expected text in UTF-8, got other bytes; set source.csv.encoding, or save the file as UTF-8"
        raise DataError(msg) from exc
    except (OSError, EOFError, zlib.error) as exc:
        msg = f"{path}: cannot be read: {getattr(exc, 'strerror', None) or exc}"
        raise DataError(msg) from exc


def in_utf8(path: Path, folder: Path, encoding: str | None) -> Path:
    """Return a path that DuckDB can read: a copy in `folder` if it is not UTF-8, or packed without saying so in its name.

    Without `encoding` it is UTF-8, or UTF-16 where a byte order mark says so.
    """
    if any(begins(path, mark) for mark in BOOKS):
        msg = f"{path}: expected CSV or Parquet, got an archive or a workbook; save the table as CSV"
        raise DataError(msg)
    marked = begins(path, codecs.BOM_UTF16_LE) or begins(path, codecs.BOM_UTF16_BE)
    wanted = encoding or ("utf-16" if marked else "utf-8")
    packed = path.suffix.lower() == ".gz"
    if codecs.lookup(wanted).name in {"utf-8", "utf-8-sig"} and packed == is_gzip(path):
        return path
    given = path.resolve() if ".." in path.parts else path
    copy = folder / FOLDER / (Path("root") / given.relative_to("/") if given.is_absolute() else Path("here") / given)
    if copy.exists():  # the folder is that of one run
        return copy
    copy.parent.mkdir(parents=True, exist_ok=True)
    opener: Any = gzip.open if packed else open
    with (
        readable(path, encoding),
        open_text(path, wanted) as stream,
        opener(copy, "wt", encoding="utf-8", newline="") as target,
    ):
        shutil.copyfileobj(stream, target)
    return copy


@contextmanager
def named_as_given(folder: Path) -> Iterator[None]:
    """Name files in errors as the team knows them, and not their copies."""
    try:
        yield
    except DataError as exc:
        copies = str(folder / FOLDER)
        raise DataError(str(exc).replace(f"{copies}/root", "").replace(f"{copies}/here/", "")) from exc

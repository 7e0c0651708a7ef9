"""Which months of `data/raw` follow from which rows of which files: pure, so that what did not change is not made again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path

UNDATED = "undated"  # stands among months for the rows without a readable timestamp
MOST_CELLS = 32_000_000  # rows × columns of months that are made together: 256 MB of numbers
MOST_BYTES = 256 << 20  # of their files


class Span(NamedTuple):
    """Rows of one file in one month.

    Attributes
    ----------
    rows
        Their number.
    first, last
        The times of the oldest and the newest one, in microseconds since 1970; 0 where they are undated.
    """

    rows: int
    first: int = 0
    last: int = 0


class Facts(BaseModel):
    """What is known of a file with a certain content.

    Attributes
    ----------
    layout
        See `layouts`.
    times
        The types of the timestamp columns by which the spans were found.
    rows
        All of its rows.
    spans
        By month.
    """

    model_config = ConfigDict(frozen=True)

    layout: str
    times: str | None = None
    rows: int = 0
    spans: dict[str, Span] = {}


@dataclass(frozen=True)
class File:
    """A file of the source.

    Attributes
    ----------
    path
        Where it is.
    size
        In bytes.
    digest
        SHA-256 of its content.
    facts
        What is known of it.
    """

    path: Path
    size: int
    digest: str
    facts: Facts


@dataclass(frozen=True)
class Share:
    """Rows of a file that go into a month; `offset` is the number of rows in the files before it."""

    file: File
    offset: int
    span: Span


@dataclass(frozen=True)
class Month:
    """A month that follows from the source.

    Attributes
    ----------
    name
        `2025-01` in UTC, or UNDATED.
    parts
        Its files, in their order.
    key
        Two months of the same key have the same bytes.
    """

    name: str
    parts: tuple[Share, ...]
    key: str

    @property
    def rows(self) -> int:
        """At most that many rows: `source.since` and `source.until` may cut some off."""
        return sum(part.span.rows for part in self.parts)

    @property
    def size(self) -> float:
        """About that many bytes of its files hold its rows."""
        return sum(part.file.size * part.span.rows / part.file.facts.rows for part in self.parts)


def months(files: Iterable[File], *, since: int | None, until: int, made_by: str) -> list[Month]:
    """List the months, in order of time, the undated rows last.

    Parameters
    ----------
    files
        In their order.
    since, until
        Microseconds since 1970: what lies outside is left out.
    made_by
        All else that the bytes of a month depend on.
    """
    found: dict[str, list[Share]] = {}
    offset = 0
    for file in files:
        for name, span in file.facts.spans.items():
            inside = name == UNDATED or (span.first < until and (since is None or span.last >= since))
            if inside:
                found.setdefault(name, []).append(Share(file, offset, span))
        offset += file.facts.rows
    return [_month(name, parts, since, until, made_by) for name, parts in sorted(found.items())]


def _month(name: str, parts: list[Share], since: int | None, until: int, made_by: str) -> Month:
    """Limits belong to the key only where they cut something off, as `source.until` moves every day."""
    dated = name != UNDATED
    cut = [
        since if dated and since is not None and any(part.span.first < since for part in parts) else None,
        until if dated and any(part.span.last >= until for part in parts) else None,
    ]
    of = [[part.file.digest, part.offset] for part in parts]
    key = sha256(json.dumps([made_by, name, cut, of]).encode()).hexdigest()
    return Month(name, tuple(parts), key)


def batches(wanted: Sequence[Month], columns: int) -> Iterator[list[Month]]:
    """Put months together that are made from one reading of their files; memory holds the rows of one batch."""
    batch: list[Month] = []
    cells = size = 0.0
    for month in wanted:
        cells += month.rows * columns
        size += month.size
        if batch and (cells > MOST_CELLS or size > MOST_BYTES or month.name == UNDATED):
            yield batch
            batch, cells, size = [], month.rows * columns, month.size
        batch.append(month)
    if batch:
        yield batch


class Made(BaseModel):
    """A month that was written: from what, its SHA-256 and its rows; without rows there is no file."""

    model_config = ConfigDict(frozen=True)

    key: str
    sha256: str
    rows: int


class Memory(BaseModel):
    """What is remembered from one run to the next.

    Attributes
    ----------
    base
        How files are read: with another value all the rest is forgotten.
    files
        By digest.
    months
        By name.
    """

    base: str = ""
    files: dict[str, Facts] = {}
    months: dict[str, Made] = {}


def remembered(memory: Memory, base: str, there: Collection[str]) -> Memory:
    """Keep what still holds, of files with the digests `there`."""
    if memory.base != base:
        return Memory(base=base)
    files = {key: facts for key, facts in memory.files.items() if key in there}
    return Memory(base=base, files=files, months=memory.months)

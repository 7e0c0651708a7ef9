"""Rows whose every private value can be told from all else, and a search for them in files of any kind."""

from __future__ import annotations

import base64
import io
import re
import subprocess
import zipfile
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WORD = "kanarie"  # in every private text
SECOND = "13:37.246813"  # of every private timestamp
PRIVATE = ["ts", "rid", "yield", "salary", "ward", "street", "patient"]
SMALL_FILE = 200_000  # bytes; larger ones are pages, whose scripts hold numbers of any six digits


def make_rows(since: date, days: int, *, changed: date, rows: int = 8, seed: int = 0) -> pd.DataFrame:
    """Give rows whose target follows its inputs otherwise from the day `changed` on; all columns but `load` are private."""
    random = np.random.default_rng(seed)
    start = datetime.combine(since, datetime.min.time())
    moments = [start + timedelta(days=n // rows, hours=n % rows * 24 // rows, seconds=13 * 60 + 37.246813)
               for n in range(days * rows)]  # fmt: skip
    size = len(moments)
    salary, load = random.normal(540_000, 30_000, size), random.normal(0, 1, size)
    ward, street = random.integers(0, 3, size), random.integers(0, 30, size)
    slope = np.where([moment.date() >= changed for moment in moments], -20_000, 20_000)
    target = 740_000 + slope * load + (salary - 540_000) * 0.5 + 3_000 * ward + random.normal(0, 500, size)
    return pd.DataFrame(
        {
            "ts": [moment.isoformat() for moment in moments],
            "rid": [f"{WORD}-key-{n:05}" for n in range(size)],
            "salary": salary,
            "load": load.round(2),
            "ward": [f"{WORD}-ward-{n}" for n in ward],
            "street": [f"{WORD} street {n}" for n in street],
            "patient": [f"{WORD}-patient-{n:04}" for n in random.integers(0, 120, size)],
            "yield": target,
        }
    )


def faulty(rows: pd.DataFrame, since: date) -> pd.DataFrame:
    """Break the columns from a day on, each in its way; what is in them is private all the same."""
    out = rows.astype(object)
    late = out.index[out["ts"] >= since.isoformat()].to_numpy()
    out.loc[late[::2], "salary"] = f"{WORD}-salary"
    out.loc[late[1::4], "salary"] = "inf"
    out.loc[late[::3], "street"] = f"{WORD} boulevard"
    out.loc[late[::5], "patient"] = None
    out.loc[late[::7], "ts"] = f"2024-13-{WORD}"
    out.loc[late[::11], "rid"] = f"{WORD}-key-twice"
    return out


@dataclass(frozen=True)
class Canary:
    """The private values of some rows."""

    rows: pd.DataFrame

    @cached_property
    def quantities(self) -> list[float]:
        return [float(value) for value in (*self.rows["salary"], *self.rows["yield"])]

    @cached_property
    def moments(self) -> list[int]:
        """Timestamps, in seconds and the units into which a second is cut."""
        since_epoch = pd.to_datetime(pd.Series(self.rows["ts"])).astype("datetime64[us]").astype("int64")
        return [value for micro in since_epoch for value in (micro // 10**6, micro // 1000, micro, micro * 1000)]

    @cached_property
    def numbers(self) -> frozenset[float]:
        """What arrays must not hold, in double and in single precision."""
        found = {*self.quantities, *map(float, self.moments)}
        return frozenset(found | {float(np.float32(value)) for value in self.quantities})

    @cached_property
    def spellings(self) -> frozenset[bytes]:
        """Numbers as text: whole, and cut to no fewer than eight digits."""
        forms = ("{!r}", "{:.2f}", "{:.3f}", "{:.4f}", "{:.5f}", "{:.6f}", "{:.8g}", "{:.9g}", "{:.10g}", "{:.12g}")
        texts = {form.format(value).encode() for value in self.quantities for form in forms}
        return frozenset(texts | {b"%d" % value for value in self.moments})

    @cached_property
    def short(self) -> frozenset[bytes]:
        """Numbers as text of six and seven digits, which other numbers may resemble where there are very many."""
        return frozenset(f"{value:{form}}".encode() for value in self.quantities for form in (".6g", ".7g"))

    def found(self, name: str, content: bytes) -> Iterator[str]:
        """Say where a private value stands in a file, whose archives and arrays are opened."""
        yield from (f"{name}: {mark!r}" for mark in MARKS if mark in content or mark in content.lower())
        texts = set(re.findall(rb"(?<![\w.#])\d[\d,]*(?:\.\d+)?(?!\w)", content))
        texts |= {text.replace(b",", b"") for text in texts if THOUSANDS.fullmatch(text)}
        texts |= {part for text in texts for part in text.split(b",")}  # in a CSV file a comma parts numbers
        known = self.spellings | self.short if len(content) < SMALL_FILE else self.spellings
        yield from (f"{name}: {text!r}" for text in texts & known)
        if content[:4] == b"PK\x03\x04":
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                for member in archive.namelist():
                    yield from self.found(f"{name}: {member}", archive.read(member))
        if content[:6] == b"\x93NUMPY":
            yield from (f"{name}: {number!r}" for number in _numbers(content) & self.numbers)


def _base64(text: str) -> list[bytes]:
    """Write a text as Base64, for each place where it may begin, without the ends that depend on its neighbours."""
    return [base64.b64encode(b"\0" * place + text.encode())[place and place + 1 :][:-4] for place in range(3)]


THOUSANDS = re.compile(rb"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
MARKS = [text for word in (WORD, SECOND) for text in (word.encode(), *_base64(word))]


def _numbers(content: bytes) -> set[float]:
    array = np.load(io.BytesIO(content), allow_pickle=False)
    columns = [array[name] for name in array.dtype.names] if array.dtype.names else [array]
    return {float(value) for column in columns if column.dtype.kind in "fiu" for value in column.ravel()}


def files(root: Path) -> Iterator[tuple[str, bytes]]:
    """Read the files below a folder, Git's own left out."""
    for path in sorted(root.rglob("*")):
        if path.is_file() and ".git" not in path.parts:
            yield path.relative_to(root).as_posix(), path.read_bytes()


def objects(repository: Path) -> Iterator[tuple[str, bytes]]:
    """Read all that a repository holds: files of all commits of all branches, commits, tags, and names of files."""
    git = ("git", "-C", str(repository))
    batch = subprocess.run([*git, "cat-file", "--batch-all-objects", "--batch"], check=True, capture_output=True).stdout
    place = 0
    while place < len(batch):
        end = batch.index(b"\n", place)
        name, kind, size = batch[place:end].decode().split()
        yield f"{kind} {name}", batch[end + 1 : end + 1 + int(size)]
        place = end + 2 + int(size)

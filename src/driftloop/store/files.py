"""Files of the pipeline: read with one clear error, written whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from driftloop.core.models import card as cards
from driftloop.errors import DataError, LoopError, ModelError
from driftloop.foreign import files, jsonfile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pandas as pd
    import pyarrow as pa
    from pydantic import BaseModel

    from driftloop.core.models.card import Card
    from driftloop.params import Params

Value = TypeVar("Value", bound="BaseModel")

SRC = Path("src")  # a project's own code
RAW = Path("data/raw")
PREPARED = Path("data/prepared")
PROFILE = PREPARED / "profile.parquet"
LABELLED = PREPARED / "labelled.parquet"
NEWEST = PREPARED / "newest.parquet"
REFERENCE = PREPARED / "reference.parquet"
HISTOGRAM = PREPARED / "histogram.parquet"
GRID = PREPARED / "grid.json"
COMPARED = PREPARED / "compared.parquet"
ALARMS = PREPARED / "alarms.json"
REFITS = Path("data/prepared/refits.parquet")
TRAIN_WINDOW = PREPARED / "train_window.json"
CARD = Path("models/production/card.json")
MODEL = Path("models/production/model.skops")
CANDIDATE = Path("models/candidate.skops")
CANDIDATE_CARD = Path("models/candidate.json")
METRICS = Path("metrics")
PLOTS = Path("metrics/plots")
REPORTS = Path("reports")
QUALITY = REPORTS / "quality.json"
DECISION = REPORTS / "decision.json"
OVERVIEW = REPORTS / "overview.json"
VERDICT = REPORTS / "verdict.json"
EVIDENTLY = REPORTS / "evidently"
BACKTEST = REPORTS / "backtest.json"
REPLAY = REPORTS / "replay.json"
CACHE = Path(".cache")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary file beside `path`, which takes its place when the block ends well."""
    with _one_line(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            temporary.chmod(0o644)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder beside `path`, which takes its place when the block ends well."""
    with _one_line(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp"))
        old = temporary.with_suffix(".old.tmp")
        try:
            yield temporary
            temporary.chmod(0o755)
            if path.is_dir():
                path.replace(old)
            temporary.replace(path)
        finally:
            if old.exists() and not path.exists():
                old.replace(path)
            shutil.rmtree(temporary, ignore_errors=True)
            shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _one_line(path: Path) -> Iterator[None]:
    """Turn errors of the file system into one line: a full disk, a read-only folder."""
    try:
        yield
    except OSError as exc:
        if exc.strerror is None:
            raise
        ours = exc.filename is None or f".{path.name}." in str(exc.filename)  # the temporary one
        msg = f"{path if ours else exc.filename}: cannot be written: {exc.strerror}"
        raise LoopError(msg) from exc


def write_bytes(path: Path, content: bytes) -> None:
    """Replace `path` with these bytes."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    """Replace `path` with this text."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: Any) -> None:
    """Replace `path` with this value as indented JSON; NaN and infinity are refused."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n")


def write_frame(path: Path, frame: pd.DataFrame) -> None:
    """Replace `path` with this frame as Parquet."""
    with replacing(path) as temporary:
        frame.to_parquet(temporary, index=False)


def write_tables(path: Path, tables: Iterable[pa.Table]) -> None:
    """Replace `path` with tables one after the other as Parquet; there has to be one."""
    import pyarrow.parquet as pq

    found = iter(tables)
    first = next(found)
    with replacing(path) as temporary, pq.ParquetWriter(temporary, first.schema) as writer:
        for table in chain([first], found):
            writer.write_table(table)


def read_json(path: Path, *, remedy: str = "run `dvc repro`") -> Any:
    """Read a JSON file of the pipeline."""
    try:
        content = files.read_bytes(path)
    except FileNotFoundError as exc:
        msg = f"{path}: not found; {remedy}"
        raise LoopError(msg) from exc
    except OSError as exc:
        msg = f"{path}: cannot be read: {exc.strerror}"
        raise LoopError(msg) from exc
    return jsonfile.read(content, where=str(path), remedy=remedy)


def read_value(path: Path, kind: type[Value]) -> Value:
    """Read a JSON file of the pipeline as one of its values."""
    from pydantic import ValidationError

    try:
        return kind.model_validate(read_json(path))
    except ValidationError as exc:
        msg = f"{path}: not a {kind.__name__.lower()} of this version of driftloop; run `dvc repro`"
        raise LoopError(msg) from exc


def read_frame(path: Path) -> pd.DataFrame:
    """Read a Parquet file of the pipeline."""
    import pandas as pd

    try:
        return pd.read_parquet(path)
    except FileNotFoundError as exc:
        msg = f"{path}: not found; run `dvc repro`"
        raise DataError(msg) from exc
    except (OSError, ValueError) as exc:
        msg = f"{path}: not a readable Parquet file; delete it and run `dvc repro`"
        raise DataError(msg) from exc


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        value = hashlib.sha256()
        while block := stream.read(1 << 20):
            value.update(block)
    return value.hexdigest()


def read_card(root: Path, params: Params) -> Card:
    """Read production's card."""
    path = root / CARD
    try:
        content = files.read_bytes(path)
    except FileNotFoundError as exc:
        msg = f"{CARD}: not found; restore it with `git checkout -- {CARD}`"
        raise ModelError(msg) from exc
    return cards.read_card(content, params, where=str(CARD))

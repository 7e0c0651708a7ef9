"""Collect small files as a team has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from driftloop.core.columns import ROW
from driftloop.errors import LoopError
from driftloop.params import Params
from driftloop.sources import collect

if TYPE_CHECKING:
    from pathlib import Path


def make_params(path: Path | str, *, data: dict[str, Any] | None = None, **source: Any) -> Params:
    """Give params of a regression of `y` on `x`, in files."""
    return Params.model_validate(
        {
            "model": "test",
            "source": {"kind": "files", "path": str(path), "until": "2026-01-01", **source},
            "data": {"timestamp": "ts", "key": ["ts"], "target": "y", "numerical": ["x"], **(data or {})},
            "train": {"estimator": "sklearn.linear_model.LinearRegression"},
        }
    )


def put(path: Path, content: str | bytes) -> Path:
    """Write a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def gather(params: Params, folder: Path, *, src: Path | None = None) -> list[dict[str, Any]]:
    """Collect, and return all rows in the order of the source."""
    out = folder / f"out-{len(list(folder.iterdir()))}"
    out.mkdir()
    collect(params, out, cache=folder / "cache", say=print, src=src)
    rows = pa.concat_tables([pq.read_table(path) for path in sorted(out.iterdir())], promote_options="default")
    return list(rows.sort_by(ROW).to_pylist())


def refusal(params: Params, folder: Path, *, src: Path | None = None) -> str:
    """Give the line that says why nothing can be collected."""
    with pytest.raises(LoopError) as caught:
        gather(params, folder, src=src)
    assert "\n" not in str(caught.value)
    return str(caught.value)

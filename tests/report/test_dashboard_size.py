"""The dashboard stays small however long the history is, and its script too."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest
from sites import BUILT, fill, make_compared, make_overview, make_records

from driftloop.report import site
from driftloop.store.files import BACKTEST, write_json

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("runs", "columns", "days", "most"), [(3, 8, 400, (100, 40)), (1000, 60, 1000, (600, 150))], ids=["small", "large"]
)
def test_site__stays_within_its_budget(
    tmp_path: Path, runs: int, columns: int, days: int, most: tuple[int, int]
) -> None:
    root = fill(tmp_path, make_overview(columns, days=days, steps=26))
    write_json(root / BACKTEST, make_compared().model_dump(mode="json"))
    out = site.build(root, root / "_site", built=BUILT, records=make_records(runs)).parent
    contents = [path.read_bytes() for path in out.iterdir() if path.is_file()]
    assert sum(map(len, contents)) < 1000 * most[0]
    assert sum(len(gzip.compress(each)) for each in contents) < 1000 * most[1]
    assert len((out / "dashboard.js").read_bytes()) < 10_000

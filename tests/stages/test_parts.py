"""Rows are counted part by part: the result is that of all rows at once, and a run that reads only what is new writes the same bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from workspace import Workspace

from driftloop import engine
from driftloop.store import rows
from driftloop.store.files import CACHE, GRID, METRICS, PREPARED, QUALITY

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import ibis.expr.types as ir
    from ibis.backends.sql import SQLBackend

UNTIL = "2024-04-28"


def make_rows(seed: int) -> pd.DataFrame:
    """Give rows of two stations with something of everything, over four months and from long before."""
    random = np.random.default_rng(seed)
    moments = pd.date_range("2024-01-01", "2024-04-30", freq="6h").repeat(2)
    size = len(moments)
    late = moments >= pd.Timestamp("2024-02-20")
    found = pd.DataFrame({"ts": moments.strftime("%Y-%m-%d %H:%M"), "station": ["a", "b"] * (size // 2)})
    found["id"] = np.arange(size)
    found["x"] = random.choice(["1", "2", "2.5", "-50", "inf", "x", ""], size)
    found["z"] = random.integers(0, 3, size)
    found["c"] = np.where(late, random.choice(["u", "v", "new"], size), random.choice(["u", "v"], size))
    found["many"] = [f"n{number}" for number in random.integers(0, 3000, size)]
    found["y"] = np.where(random.random(size) < 0.9, random.normal(size=size).round(3).astype(str), "")
    doubles = found.iloc[random.integers(0, size, 9)].assign(x="7")
    strange = found.iloc[:3].assign(ts=["1970-01-01 00:00", "", "soon"], id=[-1, -2, -3])
    return pd.concat([found, doubles, strange], ignore_index=True)


def begin(root: Path, key: list[str], zone: str = "Europe/Berlin") -> Workspace:
    return Workspace.create(
        root,
        source={"kind": "files", "path": str(root / "in"), "until": UNTIL},
        data={
            "timestamp": "ts", "timezone": zone, "key": key, "target": "y", "label_delay_days": 3,
            "numerical": ["x", "z"], "categorical": ["c", "many", "station"], "segments": [],
        },
        windows={"current_days": 7},
        train={"max_rows": 300},
        report={"max_rows": 100},
    )  # fmt: skip


def deliver(space: Workspace, *tables: pd.DataFrame) -> None:
    folder = space.root / "in"
    folder.mkdir(exist_ok=True)
    for number, table in enumerate(tables):
        table.to_csv(folder / f"{number}.csv", index=False)


def prepared(space: Workspace) -> dict[str, bytes]:
    """Run the stages; give the files."""
    space.run("collect", "prepare")
    names = [*(space.root / PREPARED).iterdir(), space.root / QUALITY, space.root / METRICS / "data.json"]
    return {path.name: path.read_bytes() for path in names}


def frames(space: Workspace) -> dict[str, pd.DataFrame]:
    return {path.name: pd.read_parquet(path) for path in (space.root / PREPARED).glob("*.parquet")}


@pytest.mark.extended
@pytest.mark.parametrize("key", [["ts", "station"], ["id"]])
def test_prepare__parts_add_up_to_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: list[str]) -> None:
    whole, split = begin(tmp_path / "whole", key), begin(tmp_path / "split", key)
    deliver(whole, make_rows(0))
    at_once = prepared(whole)
    monkeypatch.setattr(rows, "PART_ROWS", 1)
    deliver(split, make_rows(0))
    by_month = prepared(split)
    for name in (GRID.name, QUALITY.name, "data.json"):
        assert by_month[name] == at_once[name]
    found = frames(split)
    assert len(found["labelled.parquet"]) > 50
    for name, frame in frames(whole).items():
        pd.testing.assert_frame_equal(found[name], frame)


def later(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["ts"] < "2024-04-20"]


def corrected(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(z=table["z"].where(table["id"] != 40, 5))


def removed(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["id"] % 97 != 3]


def test_prepare__what_is_new_on_top_of_what_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A week is new, then a row of January is another one, then rows come late in each month."""
    monkeypatch.setattr(rows, "PART_ROWS", 1)
    kept, fresh = begin(tmp_path / "kept", ["ts", "station"]), begin(tmp_path / "fresh", ["ts", "station"])
    for delivered in (later(corrected(removed(make_rows(1)))), corrected(removed(make_rows(1))), removed(make_rows(1))):
        deliver(kept, delivered)
        prepared(kept)
    for space in (kept, fresh):
        deliver(space, make_rows(1))
    assert prepared(kept) == prepared(fresh)
    assert sizes(kept) == sizes(fresh), "what no run needs any more is kept"


def sizes(space: Workspace) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in (space.root / CACHE / "pieces").iterdir()}


def test_prepare__reads_nothing_again_that_is_unchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "PART_ROWS", 1)
    space = begin(tmp_path / "space", ["ts", "station"], zone="UTC")
    table = make_rows(2)
    new = table["ts"].between("2024-04-20", "2024-12-31")
    deliver(space, table[~new])
    prepared(space)
    deliver(space, table[~new], table[new])
    read: list[str] = []
    asked = engine.parquet

    def noted(con: SQLBackend, files: Sequence[Path], name: str) -> ir.Table:
        read.extend(file.stem for file in files if name != "given")
        return asked(con, files, name)

    monkeypatch.setattr(engine, "parquet", noted)
    prepared(space)
    assert set(read) == {"2024-04"}
    read.clear()
    before = prepared(space)
    for path in (space.root / CACHE / "pieces").iterdir():
        path.write_bytes(path.read_bytes()[:-1])
    assert not read
    assert prepared(space) == before, "a damaged piece is believed"

"""The same rows give the same prepared bytes, whether they come from a database or from Parquet files."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from workspace import Workspace

from driftloop import engine
from driftloop.store.files import RAW

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from postgresserver import Shop

UNTIL = "2024-03-04T00:00Z"


@pytest.fixture(scope="module")
def rows(calm: pd.DataFrame) -> pd.DataFrame:
    """Rows also beyond the end, and without some labels."""
    rows = calm[calm["ts"] < "2024-04-01"]
    return rows.assign(ts=rows["ts"].dt.tz_localize("UTC"), rentals=rows["rentals"].where(rows.index % 50 != 7))


@pytest.fixture(scope="module")
def expected(rows: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    root = tmp_path_factory.mktemp("parquet")
    rows.to_parquet(root / "rows.parquet")
    return made(root, {"kind": "files", "path": str(root / "rows.parquet"), "until": UNTIL})


def made(root: Path, source: Mapping[str, object]) -> Workspace:
    return Workspace.create(root, source=source).run("collect", "prepare")


def contents(root: Path, folder: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((root / folder).rglob("*")) if path.is_file()}


def compare(space: Workspace, expected: Workspace) -> None:
    """Months of files are marked as nullable and those of a database are not; their rows are the same."""
    months = sorted((expected.root / RAW).iterdir())
    for month in months:
        pd.testing.assert_frame_equal(pd.read_parquet(space.root / RAW / month.name), pd.read_parquet(month))
    assert [path.name for path in sorted((space.root / RAW).iterdir())] == [path.name for path in months]
    assert contents(space.root, "data/prepared") == contents(expected.root, "data/prepared")


@pytest.mark.parametrize("changed", [None, "changed"])
def test_postgres(shop: Shop, rows: pd.DataFrame, expected: Workspace, tmp_path: Path, changed: str | None) -> None:
    kinds = {"i": "bigint", "u": "bigint", "f": "double precision", "M": "timestamptz", "b": "boolean"}
    columns = [f'"{name}" {kinds.get(rows[name].dtype.kind, "text")}' for name in rows]
    shop.run(f"CREATE TABLE rentals ({', '.join(columns)})")
    shop.load("rentals", rows.sample(frac=1, random_state=0))
    shop.run("ALTER TABLE rentals ADD changed timestamptz NOT NULL DEFAULT now()")
    source = {"kind": "sql", "url": shop.url, "table": "rentals", "until": UNTIL, "changed": changed}
    for _ in range(2):  # the second time from what was kept, if anything was
        compare(made(tmp_path, source), expected)


def test_duckdb(rows: pd.DataFrame, expected: Workspace, tmp_path: Path) -> None:
    con = engine.connect(tmp_path / "shop.duckdb")
    rows.sample(frac=1, random_state=0).to_parquet(tmp_path / "shuffled.parquet")
    con.raw_sql(f"CREATE TABLE rentals AS FROM '{tmp_path}/shuffled.parquet'")
    con.disconnect()
    source = {"kind": "sql", "url": f"duckdb:///{tmp_path}/shop.duckdb", "query": "FROM rentals;", "until": UNTIL}
    compare(made(tmp_path, source), expected)


def test_sqlite(rows: pd.DataFrame, expected: Workspace, tmp_path: Path) -> None:
    """SQLite has no type for times, so what is prepared is the same, and the time in data/raw is text."""
    with sqlite3.connect(tmp_path / "shop.db") as con:
        rows.assign(ts=rows["ts"].map(pd.Timestamp.isoformat)).to_sql("rentals", con, index=False)
    con.close()
    space = made(tmp_path, {"kind": "sql", "url": f"sqlite:///{tmp_path}/shop.db", "table": "rentals", "until": UNTIL})
    assert contents(space.root, "data/prepared") == contents(expected.root, "data/prepared")

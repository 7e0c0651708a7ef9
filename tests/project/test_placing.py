"""Where the rows of a new project lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from driftloop.project import placing

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    (folder / "2024").mkdir(parents=True)
    for name in ("a.csv", "2024/b.csv", ".hidden.csv"):
        (folder / name).write_text("x\n1\n")
    return folder


def test_place__a_small_file_is_copied(rows: Path, tmp_path: Path) -> None:
    placed = placing.place(str(rows / "a.csv"), tmp_path / "shop")
    assert placed.path == "data/source/a.csv"
    assert placed.copies == {"data/source/a.csv": rows / "a.csv"}


@pytest.mark.parametrize("source", ["", "/**/*.csv"])
def test_place__a_folder_or_pattern_keeps_its_tree(rows: Path, tmp_path: Path, source: str) -> None:
    placed = placing.place(f"{rows}{source}", tmp_path / "shop")
    assert placed.path == "data/source"
    assert placed.copies == {"data/source/a.csv": rows / "a.csv", "data/source/2024/b.csv": rows / "2024/b.csv"}


def test_place__takes_only_what_a_source_reads(rows: Path, tmp_path: Path) -> None:
    (rows / "notes.md").write_text("ours")
    assert set(placing.place(str(rows), tmp_path / "shop").copies) == {"data/source/a.csv", "data/source/2024/b.csv"}
    (rows / "c.txt").write_text("x\n1\n")
    placed = placing.place(f"{rows}/*.txt", tmp_path / "shop")
    assert (placed.path, set(placed.copies)) == ("data/source/**/*.txt", {"data/source/c.txt"})


def test_place__private_or_large_files_stay_where_they_are(
    rows: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed = placing.place(str(rows / "a.csv"), tmp_path / "shop", private=["mail"])
    assert (placed.path, placed.copies) == ("../in/a.csv", {})
    assert "columns are private: mail" in placed.why
    monkeypatch.setattr(placing, "MOST_BYTES", 3)
    placed = placing.place(str(rows / "a.csv"), tmp_path / "shop")
    assert (placed.path, placed.copies) == ("../in/a.csv", {})

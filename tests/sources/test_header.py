"""A header that cannot be believed is the error, and not the lines below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from collected import gather, make_params, put, refusal

if TYPE_CHECKING:
    from pathlib import Path

ROW = "2025-01-01,1,2"


@pytest.mark.parametrize(
    ("header", "row", "name"),
    [
        ("ts,x,y,y", f"{ROW},3", "y"),
        ("ts,x,y,Y", f"{ROW},3", "y"),
        ("ts,x,y, y ", f"{ROW},3", "y"),
        ("ts,x,x,y", f"{ROW},3", "x"),
    ],
)
def test_read__a_column_twice(tmp_path: Path, header: str, row: str, name: str) -> None:
    path = put(tmp_path / "a.csv", f"{header}\n{row}\n")
    expected = f"{path}: line 1: expected each column once, got {name} twice; rename one of the two"
    assert refusal(make_params(path), tmp_path) == expected


def test_read__a_column_twice_that_nobody_uses(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", f"ts,x,y,note,note,,\n{ROW},a,b,,\n")
    assert [row["y"] for row in gather(make_params(path), tmp_path)] == ["2"]


def test_read__a_column_twice_in_labels_and_in_parquet(tmp_path: Path) -> None:
    labels = put(tmp_path / "labels.csv", "ts,y,y\n2025-01-01,1,2\n")
    params = make_params(put(tmp_path / "a.csv", f"ts,x,y\n{ROW}\n"), labels={"path": str(labels), "key": ["ts"]})
    assert refusal(params, tmp_path).startswith(f"{labels}: line 1: expected each column once, got y twice")
    path = tmp_path / "a.parquet"
    pq.write_table(pa.Table.from_arrays([pa.array(["2025-01-01"]), *[pa.array([1])] * 3], ["ts", "x", "y", "y"]), path)
    assert (
        refusal(make_params(path), tmp_path) == f"{path}: expected each column once, got y twice; rename one of the two"
    )


@pytest.mark.parametrize("first", ["sep=;", "SEP=;", '"sep=;"', "\ufeffsep=;"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_read__the_separator_that_excel_names(tmp_path: Path, first: str, end: str) -> None:
    text = end.join([first, "ts;x;y", "2025-01-01;1,5;2", ""])
    rows = gather(make_params(put(tmp_path / "a.csv", text)), tmp_path)
    assert [(row["x"], row["y"]) for row in rows] == [("1,5", "2")]


def test_read__a_broken_line_below_the_separator_of_excel(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", "sep=;\nts;x;y\n2025-01-01;1;2\n2025-01-01;1;2;3\n")
    assert refusal(make_params(path), tmp_path) == f"{path}: line 4: expected 3 columns, got 4; correct the line"


def test_read__the_separator_of_excel_in_one_of_two_files(tmp_path: Path) -> None:
    put(tmp_path / "in/a.csv", "ts;x;y\n2025-01-01;1;2\n")
    path = put(tmp_path / "in/b.csv", "sep=;\nts;x;y\n2025-01-01;1;2\n")
    assert refusal(make_params(tmp_path / "in"), tmp_path).startswith(f"{path}: line 1: expected column names as in ")


@pytest.mark.parametrize("lines", [1, 3, 9_000])
def test_read__one_name_short(tmp_path: Path, lines: int) -> None:
    text = '"ts","x","y"\n' + "".join(f'"{line}","2025-01-01",1,2\n' for line in range(lines))
    assert refusal(make_params(put(tmp_path / "a.csv", text)), tmp_path) == (
        f"{tmp_path / 'a.csv'}: line 1: expected 4 column names, as the lines below have 4 fields, got 3; "
        "is the header one name short (row names)? put a name in front"
    )


def test_read__one_long_line_is_that_line(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", f"ts,x,y\n0,{ROW}\n{ROW}\n")
    assert refusal(make_params(path), tmp_path) == f"{path}: line 2: expected 3 columns, got 4; correct the line"


def test_read__blanks_around_names(tmp_path: Path) -> None:
    put(tmp_path / "in/a.csv", f'ts, x ,"y "\n{ROW}\n')
    put(tmp_path / "in/b.csv", "ts,x,y\n2025-01-02,3,4\n")
    rows = gather(make_params(tmp_path / "in"), tmp_path)
    assert [(row["x"], row["y"]) for row in rows] == [("1", "2"), ("3", "4")]


@pytest.mark.parametrize("mark", ["~", " ", "\t", "^"])
def test_read__a_separator_that_is_named(tmp_path: Path, mark: str) -> None:
    path = put(tmp_path / "a.csv", f"ts,x,y\n{ROW}\n".replace(",", mark))
    assert [row["y"] for row in gather(make_params(path, csv={"separator": mark}), tmp_path)] == ["2"]


def test_read__a_separator_that_is_named_wrongly(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", f"ts,x,y\n{ROW}\n")
    assert refusal(make_params(path, csv={"separator": ";"}), tmp_path).endswith("; correct source.csv.separator")


def test_read__null_values_that_are_named(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", "ts,x,y\n2025-01-01,-,NA\n2025-01-02,,#N/A\n")
    rows = gather(make_params(path, csv={"null_values": ["-", "#N/A"]}), tmp_path)
    assert [(row["x"], row["y"]) for row in rows] == [(None, "NA"), (None, None)]

"""Files in other encodings, and files whose name says nothing of what they hold."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from collected import gather, make_params, put, refusal

if TYPE_CHECKING:
    from pathlib import Path

TEXT = "ts,x,y\n2025-01-01,café,2\n"


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "utf-16", "utf-16-le", "utf-8", "utf-8-sig", "cp850"])
def test_in_utf8__an_encoding_that_is_named(tmp_path: Path, encoding: str) -> None:
    for name, content in (("a.csv", TEXT.encode(encoding)), ("b.csv.gz", gzip.compress(TEXT.encode(encoding)))):
        path = put(tmp_path / name, content)
        assert [row["x"] for row in gather(make_params(path, csv={"encoding": encoding}), tmp_path)] == ["café"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_in_utf8__a_byte_order_mark_is_certain(tmp_path: Path, encoding: str) -> None:
    rows = gather(make_params(put(tmp_path / "a.csv", TEXT.encode(encoding))), tmp_path)
    assert [row["x"] for row in rows] == ["café"]


def test_in_utf8__an_encoding_that_is_wrong(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", TEXT.encode("cp1252"))
    message = refusal(make_params(path, csv={"encoding": "ascii"}), tmp_path)
    assert message == f"{path}: expected text in ascii, as source.csv.encoding says, got other bytes; correct it"
    assert refusal(make_params(path), tmp_path).endswith("set source.csv.encoding, or save the file as UTF-8")


@pytest.mark.parametrize("relative", [False, True])
def test_in_utf8__errors_name_the_file_and_not_its_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, relative: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    path = put(tmp_path / "in/a.csv", (TEXT + "2025-01-01,1,2,3\n").encode("cp1252"))
    params = make_params("in/a.csv" if relative else path, csv={"encoding": "cp1252"})
    expected = "in/a.csv" if relative else str(path)
    assert refusal(params, tmp_path) == f"{expected}: line 3: expected 3 columns, got 4; correct the line"


def test_find__a_file_that_is_named_outright_has_any_suffix(tmp_path: Path) -> None:
    paths = [put(tmp_path / name, TEXT) for name in ("a.txt", "b.dat", "c", "d.CSV")]
    paths.append(put(tmp_path / "e.txt", gzip.compress(TEXT.encode())))
    pq.write_table(pa.table({"ts": ["2025-01-01"], "x": ["café"], "y": [2]}), tmp_path / "f.pq")
    for path in (*paths, tmp_path / "f.pq", tmp_path / "*.dat"):
        assert [row["x"] for row in gather(make_params(path), tmp_path)] == ["café"], path


def test_find__a_folder_gives_what_it_knows(tmp_path: Path) -> None:
    put(tmp_path / "in/a.csv", TEXT)
    put(tmp_path / "in/readme.txt", "not data")
    assert len(gather(make_params(tmp_path / "in"), tmp_path)) == 1
    assert len(gather(make_params(tmp_path / "in/*"), tmp_path)) == 1


@pytest.mark.parametrize("content", [b"PK\x03\x04 and more", b"\xd0\xcf\x11\xe0 and more"])
def test_find__a_workbook(tmp_path: Path, content: bytes) -> None:
    path = put(tmp_path / "a.xls", content)
    expected = f"{path}: expected CSV or Parquet, got an archive or a workbook; save the table as CSV"
    assert refusal(make_params(path), tmp_path) == expected

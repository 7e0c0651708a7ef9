"""Files of the user as they come, and labels from another table."""
# ruff: noqa: DTZ001 (`_ts` is naive UTC)

from __future__ import annotations

import gzip
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from driftloop.core.columns import ROW, TS
from driftloop.errors import DataError
from driftloop.params import Params
from driftloop.sources import collect, fingerprint

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "ts,id,x,y\n"


def make_params(path: Path | str, **source: Any) -> Params:
    return Params.model_validate(
        {
            "model": "test",
            "source": {"kind": "files", "path": str(path), "until": "2026-01-01", **source},
            "data": {"timestamp": "ts", "key": ["id"], "target": "y", "numerical": ["x"], "categorical": ["vanished"]},
            "train": {"estimator": "sklearn.linear_model.LinearRegression"},
        }
    )


def make_csv(*rows: str, header: str = HEADER) -> str:
    return header + "".join(f"{row}\n" for row in rows)


def put(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def gather(params: Params, tmp_path: Path, *, say: Any = print) -> list[dict[str, Any]]:
    """Collect, and return all rows in source order."""
    out = tmp_path / f"out-{len(list(tmp_path.iterdir()))}"
    out.mkdir()
    collect(params, out, cache=tmp_path / "cache", say=say)
    rows = pa.concat_tables(pq.read_table(path) for path in sorted(out.iterdir()))
    return list(rows.sort_by(ROW).to_pylist())


def refusal(params: Params, tmp_path: Path) -> str:
    with pytest.raises(DataError) as caught:
        gather(params, tmp_path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_collect__csv_stays_text_with_nulls(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", make_csv("2025-01-01 10:00,007,1.50,NA", '2025-01-02,8,broken,""', "never,9,NaN,3"))
    said: list[str] = []
    rows = gather(make_params(path), tmp_path, say=said.append)
    assert [(row["id"], row["x"], row["y"]) for row in rows] == [
        ("007", "1.50", None),
        ("8", "broken", None),
        ("9", None, "3"),
    ]
    assert [row[TS] for row in rows] == [datetime(2025, 1, 1, 10), datetime(2025, 1, 2), None]
    assert said == [f"{path}: 2 rows from 2025-01 to 2025-01, 1 without a readable timestamp"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_collect__delimiters(tmp_path: Path, delimiter: str) -> None:
    text = make_csv("2025-01-01 10:00,1,0.5,2", "2025-01-01 11:00,2,0.5,2").replace(",", delimiter)
    rows = gather(make_params(put(tmp_path / "a.csv", text)), tmp_path)
    assert [row["id"] for row in rows] == ["1", "2"]


def test_collect__quotes_newlines_crlf_and_a_byte_order_mark(tmp_path: Path) -> None:
    text = '\ufeff"ts","id","x","y"\r\n2025-01-01,"a, ""b""\r\nc",1,2\r\n'
    rows = gather(make_params(put(tmp_path / "a.csv", text)), tmp_path)
    assert [row["id"] for row in rows] == ['a, "b"\r\nc']


def test_collect__folder_in_order_of_names_with_columns_by_name(tmp_path: Path) -> None:
    put(tmp_path / "in/b/2.csv", "y,ts,id\n3,2025-01-01,second\n")
    put(tmp_path / "in/a/1.csv.gz", gzip.compress(make_csv("2025-02-01,first,1,2").encode()))
    put(tmp_path / "in/.hidden/0.csv", make_csv("2025-01-01,hidden,1,2"))
    put(tmp_path / "in/notes.txt", "not data")
    rows = gather(make_params(tmp_path / "in"), tmp_path)
    assert [(row["id"], row["x"], row["y"]) for row in rows] == [("first", "1", "2"), ("second", None, "3")]


def test_collect__glob_relative_to_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("b", "a", "other"):
        put(tmp_path / f"in/x/{name}.csv", make_csv(f"2025-01-01,{name},1,2"))
    monkeypatch.chdir(tmp_path)
    assert [row["id"] for row in gather(make_params("in/**/[ab].csv"), tmp_path)] == ["a", "b"]


def test_collect__name_with_glob_characters(tmp_path: Path) -> None:
    path = put(tmp_path / "it's [1]*.csv", make_csv("2025-01-01,1,1,2"))
    assert len(gather(make_params(path), tmp_path)) == 1


def test_collect__parquet_keeps_types_and_unites_them(tmp_path: Path) -> None:
    for name, x in (("1", pa.array([1])), ("2", pa.array(["broken"]))):
        (tmp_path / "in").mkdir(exist_ok=True)
        table = pa.table({"ts": pa.array([datetime(2025, 1, 1)]), "id": [1], "x": x, "y": [0.5]})
        pq.write_table(table, tmp_path / f"in/{name}.parquet")
    rows = gather(make_params(tmp_path / "in/*.parquet"), tmp_path)
    assert [(row["id"], row["x"], row["y"]) for row in rows] == [(1, "1", 0.5), (1, "broken", 0.5)]


@pytest.mark.parametrize("content", ["", "\n\n", HEADER, HEADER.strip()])
def test_collect__no_rows_are_no_error(tmp_path: Path, content: str) -> None:
    assert gather(make_params(put(tmp_path / "a.csv", content)), tmp_path) == []


def test_collect__blank_files_beside_others_are_skipped(tmp_path: Path) -> None:
    put(tmp_path / "in/a.csv", "")
    put(tmp_path / "in/b.csv", make_csv("2025-01-01,1,1,2"))
    put(tmp_path / "in/c.csv.gz", gzip.compress(b""))
    assert len(gather(make_params(tmp_path / "in"), tmp_path)) == 1


def test_collect__wrong_delimiter(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", make_csv("2025-01-01,1,1,2").replace(",", "~"))
    expected = f"{path}: expected columns such as ts, id, y, got a single column; "
    assert (
        refusal(make_params(path), tmp_path) == expected + "is the delimiter another than comma, semicolon, tab or |?"
    )


def test_collect__one_file_with_another_delimiter(tmp_path: Path) -> None:
    put(tmp_path / "in/a.csv", make_csv("2025-01-01,1,1,2"))
    path = put(tmp_path / "in/b.csv", make_csv("2025-01-01,1,1,2").replace(",", ";"))
    assert refusal(make_params(tmp_path / "in"), tmp_path).startswith(f"{path}: expected columns separated by ','")


def test_collect__missing_target(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", "ts,id,x,Y\n2025-01-01,1,2,3\n")
    assert refusal(make_params(path), tmp_path).startswith(
        f"{path}: expected the columns y (target), found ts, id, x, Y;"
    )


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ("2025-01-01,1,7001.25,Secretville", "found 4 others, not quoted here"),
        ("Anna,F32.1,Secretville", "found 3 others, not quoted here"),
        ("ts,Anna,F32.1,Secretville", "found 3 others, not quoted here"),
        ("Anna~F32.1~Secretville", "got a single column; is the delimiter another"),
    ],
)
@pytest.mark.parametrize("private", [[], ["x"]])
def test_collect__without_a_header_quotes_no_row(tmp_path: Path, private: list[str], row: str, found: str) -> None:
    """Words may be names of columns, spelt otherwise; they are quoted only where nothing is private."""
    params = make_params(put(tmp_path / "a.csv", f"{row}\n{row}\n"))
    params = params.model_copy(update={"data": params.data.model_copy(update={"private": private})})
    message = refusal(params, tmp_path)
    assert ("Secret" in message) is (not private and ",F32.1," in row)
    assert (found in message) is ("Secret" not in message)


def test_collect__header_only_without_the_target(tmp_path: Path) -> None:
    assert "y (target)" in refusal(make_params(put(tmp_path / "a.csv", "ts,id,x\n")), tmp_path)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("2025-01-01,1,2,3,4", "expected 4 columns, got 5"),
        ("2025-01-01,1", "expected 4 columns, got 2"),
        ('2025-01-01,1,"secret" 2,3', "a quote that is not closed or not doubled"),
        ('2025-01-01,1,"secret,3', "a quote that is not closed or not doubled"),
    ],
)
@pytest.mark.parametrize("before", [1, 30_000])
def test_collect__broken_line_is_named_but_not_shown(tmp_path: Path, row: str, problem: str, before: int) -> None:
    good = "2025-01-01,1,2,3"
    path = put(tmp_path / "a.csv", make_csv(*[good] * before, row, good))
    message = refusal(make_params(path), tmp_path)
    assert message.startswith(f"{path}: line {before + 2}: ")
    assert problem in message
    assert "secret" not in message


@pytest.mark.parametrize("before", [1, 30_000])
def test_collect__not_utf8(tmp_path: Path, before: int) -> None:
    text = make_csv(*["2025-01-01,1,2,3"] * before, "2025-01-01,café,2,3")
    message = refusal(make_params(put(tmp_path / "a.csv", text.encode("latin-1"))), tmp_path)
    assert message.endswith(
        "expected text in UTF-8, got other bytes; set source.csv.encoding, or save the file as UTF-8"
    )
    assert "caf" not in message


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.csv", bytes(range(256)) + b"\xff\xfe", "expected text in UTF-8"),
        ("a.csv", "\n\nts,id,x,y\n", "expected column names in line 1, got a blank line"),
        ("a.csv", '{"ts": "' + "x" * 200_000 + '"}', "got a single column"),
        ("a.csv.gz", b"not gzip", "cannot be read: Not a gzipped file"),
        ("a.csv.gz", gzip.compress(make_csv("2025-01-01,1,2,3").encode(), mtime=0)[:-12], "cannot be read: "),
        ("a.parquet", b"", "expected Parquet, got a file that cannot be read"),
        ("a.parquet", b"garbage, and not Parquet at all", "expected Parquet, got a file that cannot be read"),
        (
            "a.xlsx",
            b"PK\x03\x04 and more",
            "expected CSV or Parquet, got an archive or a workbook; save the table as CSV",
        ),
    ],
    ids=["bytes", "blank line", "json", "not gzip", "cut gzip", "empty parquet", "not parquet", "excel"],
)
def test_collect__garbage(tmp_path: Path, name: str, content: bytes, problem: str) -> None:
    path = put(tmp_path / name, content)
    message = refusal(make_params(path), tmp_path)
    assert str(path) in message
    assert problem in message


def test_collect__damaged_parquet(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    rows = 50_000
    pq.write_table(
        pa.table({"ts": ["2025-01-01"] * rows, "id": range(rows), "x": [1.5] * rows, "y": [0.5] * rows}), path
    )
    content = bytearray(path.read_bytes())
    content[1_000:20_000] = b"\xff" * 19_000
    path.write_bytes(content)
    assert refusal(make_params(path), tmp_path).startswith(f"{path}: expected Parquet, got a file that cannot be read")


def test_collect__missing_path_and_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "not found" in refusal(make_params(tmp_path / "missing.csv"), tmp_path)
    assert "found none" in refusal(make_params(tmp_path / "empty"), tmp_path)
    assert "found none" in refusal(make_params(tmp_path / "empty/*.csv"), tmp_path)


def test_collect__csv_and_parquet_mixed(tmp_path: Path) -> None:
    put(tmp_path / "in/a.csv", "")
    put(tmp_path / "in/b.parquet", "")
    assert "expected CSV or Parquet, got both" in refusal(make_params(tmp_path / "in"), tmp_path)


def labels_at(path: Path, *key: str) -> dict[str, Any]:
    return {"labels": {"path": str(path), "key": list(key or ("id",))}}


def test_labels__late_and_corrected_ones_win(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", "ts,id,x\n2025-01-01,1,5\n2025-01-02,2,6\n2025-01-03,3,7\n2025-01-03,3,8\n")
    put(tmp_path / "labels/2025-01-05.csv", "id,y\n1,10\n2,20\n2,21\n")
    put(tmp_path / "labels/2025-01-06.csv", "y,id\n11,1\n99,unknown\n98,\n")
    params = make_params(path, **labels_at(tmp_path / "labels"))
    assert [row["y"] for row in gather(params, tmp_path)] == ["11", "21", None, None]
    put(tmp_path / "labels/2025-01-07.csv", "y,id\n30,3\n,2\n")
    assert [row["y"] for row in gather(params, tmp_path)] == ["11", None, "30", "30"]


def test_labels__a_value_beats_the_target_of_the_rows(tmp_path: Path) -> None:
    table = pa.table({"ts": ["2025-01-01"] * 3, "id": [1.0, 2.0, None], "x": [1, 1, 1], "y": [7, 8, 9]})
    pq.write_table(table, tmp_path / "a.parquet")
    path = put(tmp_path / "labels.csv", "id,y\n1,10\n2,\n")
    rows = gather(make_params(tmp_path / "a.parquet", **labels_at(path)), tmp_path)
    assert [row["y"] for row in rows] == ["10", "8", "9"]


def test_labels__keys_of_different_types(tmp_path: Path) -> None:
    put(tmp_path / "a.csv", 'ts,id,x\n2025-01-01T10:00+01:00,"1 ",5\n2025-01-01 10:00,2,6\n')
    times = pa.array([datetime(2025, 1, 1, 9), datetime(2025, 1, 1, 10)], pa.timestamp("ns", "UTC"))
    pq.write_table(pa.table({"ts": times, "id": [1.0, 2.0], "y": [10, 20]}), tmp_path / "labels.parquet")
    params = make_params(tmp_path / "a.csv", **labels_at(tmp_path / "labels.parquet", "ts", "id"))
    assert [row["y"] for row in gather(params, tmp_path)] == [10, 20]


def test_labels__join_column_that_is_not_declared(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", "ts,id,x,ride\n2025-01-01,1,5,A\n2025-01-02,2,6,B\n")
    labels = put(tmp_path / "labels.csv", "ride,y\nB,20\nA,10\n")
    rows = gather(make_params(path, **labels_at(labels, "ride")), tmp_path)
    assert [row["y"] for row in rows] == ["10", "20"]
    assert list(rows[0]) == ["ts", "id", "y", "x", TS, ROW]


def test_labels__none_yet(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", "ts,id,x\n2025-01-01,1,5\n")
    assert gather(make_params(path, **labels_at(put(tmp_path / "labels.csv", ""))), tmp_path)[0]["y"] is None


def test_labels__missing_columns(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", "ts,id,x\n2025-01-01,1,5\n")
    labels = put(tmp_path / "labels.csv", "ride,outcome\n1,2\n")
    message = refusal(make_params(path, **labels_at(labels)), tmp_path)
    assert message.startswith(f"{labels}: expected the columns id (key of labels), y (target), found ride, outcome;")
    assert "ride (key of labels)" in refusal(make_params(path, **labels_at(labels, "ride")), tmp_path)


def test_fingerprint__sees_data_and_labels(tmp_path: Path) -> None:
    put(tmp_path / "in/a.csv", HEADER)
    labels = put(tmp_path / "labels.csv", "id,y\n")
    params = make_params(tmp_path / "in", **labels_at(labels))
    seen = [fingerprint(params), fingerprint(params)]
    assert seen[0] == seen[1]
    put(tmp_path / "in/b.csv", HEADER)
    seen.append(fingerprint(params))
    put(labels, "id,y\n1,2\n")
    seen.append(fingerprint(params))
    (tmp_path / "in/b.csv").rename(tmp_path / "in/c.csv")
    seen.append(fingerprint(params))
    assert len(set(seen)) == 4


def test_fingerprint__is_the_same_in_a_copy_of_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = set()
    for project in (tmp_path / "one", tmp_path / "two"):
        put(project / "data/a.csv", HEADER)
        monkeypatch.chdir(project)
        seen |= {fingerprint(make_params("data")), fingerprint(make_params(project / "data"))}
    assert len(seen) == 1

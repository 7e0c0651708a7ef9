"""Files of DuckDB and SQLite, and the way to all other databases: real files, opened for reading alone."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import collected
import pytest

from driftloop import engine
from driftloop.core.columns import ROW, TS
from driftloop.sources import fingerprint, sql

if TYPE_CHECKING:
    from pathlib import Path

    from driftloop.params import Params

SALES = "CREATE TABLE sales (ts TIMESTAMP, shop TEXT, x DOUBLE, y DOUBLE, changed INTEGER)"
ROWS = "INSERT INTO sales VALUES ('2025-01-02 00:00:00', 'b', 1, 2, 1), ('2025-01-01 00:00:00', 'a', 3.5, NULL, 1), (NULL, 'c', 1, 1, 1)"
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT sales.*, max(i) FROM n, sales GROUP BY 1, 2, 3, 4, 5"


@pytest.fixture(params=["duckdb", "sqlite"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def file(tmp_path: Path, kind: str) -> Path:
    path = tmp_path / "my shop.db"
    run(path, kind, SALES, ROWS)
    return path


def run(path: Path, kind: str, *statements: str) -> None:
    if kind == "sqlite":
        with closing(sqlite3.connect(path, isolation_level=None)) as con:
            for statement in statements:
                con.execute(statement)
        return
    con = engine.connect(path)
    for statement in statements:
        con.raw_sql(statement)
    con.disconnect()


def make_params(path: Path, kind: str, *, data: dict[str, Any] | None = None, **source: Any) -> Params:
    table = {} if "query" in source else {"table": "sales"}
    given = {"kind": "sql", "url": f"{kind}:///{path}", **table, **source}
    return collected.make_params("-", data={"key": ["shop"], **(data or {})}, **given)


def test_rows__in_their_order(file: Path, kind: str, tmp_path: Path) -> None:
    before = file.read_bytes()
    rows = collected.gather(make_params(file, kind, until="2025-01-03"), tmp_path)
    assert [(row[ROW], row["shop"], row["x"], row["y"], row[TS] is None) for row in rows] == [
        (0, "a", 3.5, None, False), (1, "b", 1, 2, False), (2, "c", 1, 1, True)
    ]  # fmt: skip
    assert file.read_bytes() == before
    (only,) = collected.gather(
        make_params(file, kind, query="SELECT * FROM sales WHERE shop = 'b'", changed="changed"), tmp_path
    )
    assert only["shop"] == "b"


def test_fingerprint__sees_a_late_label(file: Path, kind: str) -> None:
    params = make_params(file, kind)
    before = fingerprint(params)
    run(file, kind, "UPDATE sales SET y = 1")
    assert fingerprint(params) != before


def test_url__relative_path_and_variable(
    file: Path, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(file.parent)
    monkeypatch.setenv("FOLDER", str(file.parent))
    for url in (f"{kind}:///{file.name}", f"{kind}://{file.name}", f"{kind}:///$FOLDER/{file.name}"):
        assert len(collected.gather(make_params(file, kind, url=url), tmp_path)) == 3


REFUSED = {
    "table": ({"table": "slaes"}, "source.table: slaes: expected a table or a view, found none of this name; did you mean sales?"),
    "column": ({"query": "SELECT ts, shop, x FROM sales"}, "source.query: expected the columns y (target), found ts, shop, x; correct"),
    "query": ({"query": "SELECT z FROM sales"}, "source.query: the database refused the query: "),
    "writing": ({"query": "DROP TABLE sales"}, "source.query: the database refused the query: "),
    "slow": ({"query": ENDLESS, "timeout_seconds": 1}, "source.query: expected an answer within 1 s, got none; raise"),
}  # fmt: skip


@pytest.mark.parametrize(("source", "said"), REFUSED.values(), ids=REFUSED)
def test_refusal(file: Path, kind: str, tmp_path: Path, source: dict[str, Any], said: str) -> None:
    assert collected.refusal(make_params(file, kind, **source), tmp_path).startswith(said)


def test_refusal__no_such_file_and_no_database(file: Path, kind: str, tmp_path: Path) -> None:
    gone = collected.refusal(make_params(tmp_path / "gone.db", kind), tmp_path)
    assert gone.endswith("cannot be reached: there is no such file; relative paths start at the folder of params.yaml")
    assert not (tmp_path / "gone.db").exists()
    file.write_text("no database, and long enough to be looked at " * 99)
    assert "cannot be reached" in collected.refusal(make_params(file, kind), tmp_path)


def test_sqlite__columns_are_what_their_values_are(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    run(path, "sqlite", "CREATE TABLE sales (ts INTEGER, shop, x INTEGER, y REAL, mixed INTEGER, none REAL, data BLOB)",
        "INSERT INTO sales VALUES (1735689600, 'a', 1, 2, 0.1, NULL, x'00'), (1735689601, 7, 2, 1, 'n/a', NULL, NULL)")  # fmt: skip
    data = {"timestamp_format": "epoch_s", "numerical": ["x", "mixed", "none"]}
    rows = collected.gather(make_params(path, "sqlite", data=data), tmp_path)
    assert [(row["shop"], row["x"], row["y"], row["mixed"], row["none"]) for row in rows] == [
        ("a", 1, 2.0, "0.1", None), ("7", 2, 1.0, "n/a", None)
    ]  # fmt: skip
    said = collected.refusal(make_params(path, "sqlite", data={"numerical": ["data"]}), tmp_path)
    assert said.startswith("source.table: sales: data: expected numbers, text, true or false, or times, got binary")


def test_duckdb__in_use_by_another_program(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    run(path, "duckdb", SALES)
    program = "import duckdb, sys; con = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout
        other.stdout.readline()
        assert "cannot be reached: IO Error: Could not set lock" in collected.refusal(
            make_params(path, "duckdb"), tmp_path
        )
        other.communicate()


def test_others__as_ibis_opens_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shown by SQLite, for which Ibis has a way of its own."""
    monkeypatch.setattr(sql, "DATABASES", {})
    path = tmp_path / "shop.db"
    run(path, "sqlite", SALES, ROWS)
    for params in (make_params(path, "sqlite"), make_params(path, "sqlite", query="SELECT * FROM sales")):
        rows = collected.gather(params, tmp_path)
        assert [row["shop"] for row in rows] == ["a", "b", "c"]
    said = collected.refusal(make_params(path, "sqlite", query="SELECT z FROM sales"), tmp_path)
    assert said.startswith("source.query: the database refused the query: OperationalError: no such column: z")


@pytest.mark.parametrize(
    ("scheme", "said"),
    [
        ("mysql", "source.url: mysql: expected its driver, found none installed; run `uv add 'ibis-framework[mysql]'`"),
        ("nothing", "source.url: nothing://me:$SECRET@db.example/shop: expected a database, cannot be reached: Don't know how"),
    ],
)  # fmt: skip
def test_others__without_a_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str, said: str) -> None:
    monkeypatch.setenv("SECRET", "hunter2hunter2")
    found = collected.refusal(make_params(tmp_path, "", url=f"{scheme}://me:$SECRET@db.example/shop"), tmp_path)
    assert found.startswith(said)
    assert "hunter2" not in found

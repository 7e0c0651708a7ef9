"""PostgreSQL: what is read, in which order and snapshot; and what is said where it cannot be read."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import collected
import pytest
from exposed import exposed
from postgresserver import PASSWORD, USER, free_port

from driftloop.core.columns import ROW, TS
from driftloop.errors import DataError, UnreachableError
from driftloop.params import Params, parse_params
from driftloop.sources import fingerprint, sql
from driftloop.sources.sql.address import address

if TYPE_CHECKING:
    from pathlib import Path

    from postgresserver import Shop

TABLE = """
CREATE TABLE sales (ts timestamptz, shop text, x double precision, y double precision, updated_at timestamptz NOT NULL DEFAULT now())
"""
SOME = """
INSERT INTO sales SELECT '2025-01-15T00:00Z'::timestamptz + i * interval '1 day', 'a', i, i FROM generate_series(0, 59) i
"""


def make_params(shop: Shop, *, data: dict[str, Any] | None = None, **source: Any) -> Params:
    table = {} if "query" in source else {"table": "sales"}
    given = {"kind": "sql", "url": shop.url, "until": "2025-03-01", **table, **source}
    return collected.make_params("-", data={"key": ["shop", "ts"], **(data or {})}, **given)


@pytest.fixture
def sales(shop: Shop) -> Shop:
    shop.run(TABLE, SOME)
    return shop


def test_rows__those_of_the_time_alone_and_those_without_one(sales: Shop, tmp_path: Path) -> None:
    sales.run("INSERT INTO sales VALUES (NULL, 'b', 1, 2)")
    rows = collected.gather(make_params(sales, since="2025-02-01T00:00Z", until="2025-02-03T12:00Z"), tmp_path)
    assert [row[TS] and row[TS].day for row in rows] == [1, 2, 3, None]


def test_rows__only_those_are_sent(sales: Shop, tmp_path: Path) -> None:
    """A value outside of the time that stops every query that reads it is not met."""
    query = "SELECT ts, shop, CASE WHEN ts < '2025-02-01' THEN 1 / (x - x) ELSE x END AS x, y FROM sales"
    rows = collected.gather(make_params(sales, query=query, since="2025-02-01T00:00Z"), tmp_path)
    assert len(rows) == 28


@pytest.mark.parametrize(
    ("kind", "zone"), [("timestamp", "America/New_York"), ("date", "Asia/Tokyo"), ("text", "Asia/Tokyo")]
)
def test_rows__in_the_time_zone_of_the_data(sales: Shop, tmp_path: Path, kind: str, zone: str) -> None:
    sales.run(f"ALTER TABLE sales ALTER ts TYPE {kind} USING (ts AT TIME ZONE 'UTC')::{kind}")
    offset = "-05:00" if "York" in zone else "+09:00"
    params = make_params(
        sales, data={"timezone": zone}, since=f"2025-02-01T00:00{offset}", until=f"2025-02-03T00:00{offset}"
    )
    rows = collected.gather(params, tmp_path)
    assert [str(row["ts"])[:10] for row in rows] == ["2025-02-01", "2025-02-02"]


def test_rows__by_time_key_change_and_the_rest(sales: Shop, tmp_path: Path) -> None:
    """So that of two rows of one key the one that was changed last counts, in whatever order they lie."""
    sales.run(
        "DELETE FROM sales",
        "INSERT INTO sales VALUES ('2025-01-02Z', 'ä', 4, 1, '2025-01-01'), ('2025-01-02Z', 'b', 3, 1, '2025-01-02')",
        "INSERT INTO sales VALUES ('2025-01-02Z', 'b', 2, 1, '2025-01-01'), ('2025-01-02Z', 'b', 1, 1, '2025-01-01')",
        "INSERT INTO sales VALUES ('2025-01-01Z', 'c', 0, 1, '2025-01-03')",
    )
    rows = collected.gather(make_params(sales, changed="updated_at"), tmp_path)
    assert [(row[ROW], row["x"]) for row in rows] == [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4)]


def test_types__are_those_of_parquet_or_text(shop: Shop, tmp_path: Path) -> None:
    shop.run(
        "CREATE TYPE mood AS ENUM ('ok', 'bad')",
        "CREATE DOMAIN cents AS integer CHECK (VALUE >= 0)",
        """CREATE TABLE sales AS SELECT '2025-01-01T10:00+02'::timestamptz AS ts, 12345678901234567890::numeric AS shop, 1.5::numeric AS y,
        7::cents AS x, 'ok'::mood AS mood, true AS yes, 'a'::varchar(9) AS v, '{"a": 1}'::jsonb AS j, 'NaN'::float8 AS nan,
        'c0ffee00-0000-0000-0000-000000000000'::uuid AS id, '[1,2]'::int4range AS range, ARRAY[1] AS many""",
    )
    names = ["mood", "yes", "v", "j", "id", "range"]
    (row,) = collected.gather(make_params(shop, data={"numerical": ["x", "nan"], "categorical": names}), tmp_path)
    assert row.pop("nan") != 0
    assert {name: value for name, value in row.items() if name not in (TS, ROW)} == {
        "ts": datetime(2025, 1, 1, 8, tzinfo=UTC), "shop": "12345678901234567890", "y": 1.5, "x": 7, "mood": "ok", "yes": True, "v": "a",
        "j": '{"a": 1}', "id": "c0ffee00-0000-0000-0000-000000000000", "range": "[1,3)",
    }  # fmt: skip
    assert "sales: many: expected numbers, text" in collected.refusal(
        make_params(shop, data={"numerical": ["many"]}), tmp_path
    )


def test_features__get_every_column_that_can_be_read(sales: Shop, tmp_path: Path) -> None:
    sales.run("ALTER TABLE sales ADD extra integer DEFAULT 3, ADD many integer[]")
    (src := tmp_path / "src").mkdir()
    (src / "features.py").write_text("def features(rows):\n    return rows.mutate(x=rows.extra + 1)\n")
    rows = collected.gather(make_params(sales), tmp_path, src=src)
    assert {row["x"] for row in rows} == {4}


def test_labels__from_files(sales: Shop, tmp_path: Path) -> None:
    labels = collected.put(tmp_path / "labels.csv", "x,y\n1,100\n")
    rows = collected.gather(make_params(sales, labels={"path": str(labels), "key": ["x"]}), tmp_path)
    assert [str(row["y"]) for row in rows[:3]] == ["0.0", "100", "2.0"]


def test_snapshot__what_is_changed_meanwhile_is_not_seen(sales: Shop, tmp_path: Path) -> None:
    params = make_params(sales)
    with sql.opened(params, address(sales.url), tmp_path) as db:
        before = db.ask(db.rows.aggregate(rows=db.rows.count()))
        sales.run("DELETE FROM sales")
        db.save(db.rows.select("x"), tmp_path / "x.parquet")
        assert db.ask(db.rows.aggregate(rows=db.rows.count())) == before == [{"rows": 60}]
    assert sales.ask("SELECT count(*) FROM sales") == [(0,)]


def test_fingerprint__sees_new_rows_late_labels_and_changes(sales: Shop) -> None:
    params = make_params(sales, changed="updated_at")
    seen = [fingerprint(params), fingerprint(params)]
    assert seen[0] == seen[1]
    for statement in (
        "INSERT INTO sales VALUES ('2026-01-01', 'a', 1, NULL, '2025-01-01')",
        "UPDATE sales SET y = 1 WHERE y IS NULL",
        "UPDATE sales SET y = 2, updated_at = updated_at - interval '1 hour' WHERE x = 1",
    ):
        sales.run(statement)
        seen.append(fingerprint(params))
    assert len(set(seen)) == 4


def test_names__are_quoted_and_a_query_is_taken_as_it_is(shop: Shop, tmp_path: Path) -> None:
    shop.run(
        'CREATE SCHEMA "My Shop"',
        'CREATE TABLE "My Shop"."the ""sales""" AS SELECT now() - interval \'1 day\' AS ts, 1 AS shop, 1 AS x, 1 AS y',
    )
    query = 'WITH a AS (SELECT * FROM "My Shop"."the ""sales""") SELECT *, 100 % 7 FROM a -- all of them\n;'
    for params in (
        make_params(shop, until="2100-01-01", table='My Shop.the "sales"'),
        make_params(shop, until="2100-01-01", query=query),
    ):
        assert len(collected.gather(params, tmp_path)) == 1


REFUSED = {
    "table": ({"table": "slaes"}, "source.table: slaes: expected a table or a view, found none of this name; did you mean sales?"),
    "schema": ({"table": "b.sales"}, "source.table: b.sales: expected a table or a view, found none of this name; did you mean sales?"),
    "column": ({"query": "SELECT ts, shop, x FROM sales"}, "source.query: expected the columns y (target), found ts, shop, x; correct"),
    "changed": ({"changed": "updated"}, "source.changed: expected one of the columns ts, shop, x, y, updated_at, got updated"),
    "unknown column": ({"query": "SELECT z FROM sales"}, 'source.query: the database refused the query: column "z" does not exist; correct'),
    "syntax": ({"query": "SELEKT 1"}, 'source.query: the database refused the query: syntax error at or near "1"; correct it'),
    "writing": (
        {"query": "SELECT now() AS ts, 'a' AS shop, nextval('n') AS x, 1 AS y"},
        "source.query: the database refused the query: cannot execute nextval() in a read-only transaction; correct it",
    ),
    "slow": (
        {"query": "SELECT *, pg_sleep(30) FROM sales", "timeout_seconds": 1},
        "source.query: expected an answer within 1 s, got none; raise source.timeout_seconds, or index the timestamp",
    ),
    "value": (
        {"query": "SELECT ts, shop, x, CASE WHEN x = 40 THEN 'infinity'::date END AS y FROM sales"},
        "source.query: a value cannot be read as the type of its column, such as the date infinity; convert it in a source.query",
    ),
    "private value": (
        {"query": "SELECT ts, shop, x, (shop || 'secret')::int AS y FROM sales"},
        "source.query: the database refused the query: InvalidTextRepresentation (22P02); correct it",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("source", "said"), REFUSED.values(), ids=REFUSED)
def test_refusal(sales: Shop, tmp_path: Path, source: dict[str, Any], said: str) -> None:
    sales.run("CREATE SEQUENCE n")
    assert collected.refusal(make_params(sales, **source), tmp_path).startswith(said)


def test_refusal__no_right_to_read(sales: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sales.run(f"DROP ROLE IF EXISTS reader_{sales.name}", f"CREATE ROLE reader_{sales.name} LOGIN PASSWORD 'reader'")
    monkeypatch.setenv("SHOP_USER", f"reader_{sales.name}")
    monkeypatch.setenv("SHOP_PASSWORD", "reader")
    said = collected.refusal(make_params(sales), tmp_path)
    assert (
        said
        == "source.table: sales: the user of source.url may not read it (permission denied for table sales); grant SELECT"
    )


@pytest.mark.parametrize("whole", [False, True])
def test_refusal__wrong_password_is_told_nowhere(
    sales: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], *, whole: bool
) -> None:
    wrong = "hunter2@/%:ü"
    monkeypatch.setenv("SHOP_PASSWORD", wrong)
    url = f"postgresql://{USER}:{quote(wrong, safe='')}@127.0.0.1:{sales.server.port}/{sales.name}"
    monkeypatch.setenv("DATABASE_URL", url)
    params = make_params(sales, url="$DATABASE_URL") if whole else make_params(sales)
    for ask in (lambda: collected.gather(params, tmp_path), lambda: fingerprint(params)):
        with pytest.raises(DataError) as caught:
            ask()
        shown = "$DATABASE_URL" if whole else sales.url
        assert (
            str(caught.value)
            == f"source.url: {shown}: the server refused user and password; correct the environment variables"
        )
        everything = exposed(caught.value) + str(params.model_dump()) + "".join(capfd.readouterr())
        assert not any(secret in everything for secret in (wrong, quote(wrong), quote(wrong, safe=""), "hunter2", url))


def test_refusal__nobody_there(sales: Shop, tmp_path: Path) -> None:
    said = collected.refusal(
        make_params(sales, url=f"postgresql://$SHOP_USER:$SHOP_PASSWORD@127.0.0.1:{free_port()}/shop"), tmp_path
    )
    assert "cannot be reached: connection failed" in said
    assert PASSWORD not in said


def test_refusal__server_that_goes_away(sales: Shop, tmp_path: Path) -> None:
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'driftloop' AND datname = current_database()"
    with sql.opened(make_params(sales), address(sales.url), tmp_path) as db:
        sales.run(end)
        with pytest.raises(UnreachableError, match="cannot be reached: the connection was lost"):
            db.save(db.rows, tmp_path / "rows.parquet")


def test_refusal__no_such_database(sales: Shop, tmp_path: Path) -> None:
    assert 'database "nowhere" does not exist' in collected.refusal(
        make_params(sales, url=sales.server.url("nowhere")), tmp_path
    )


def test_refusal__variable_that_is_not_set(sales: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOP_PASSWORD")
    said = "source.url: expected the environment variable SHOP_PASSWORD, found it not set; set it where driftloop runs"
    assert collected.refusal(make_params(sales), tmp_path) == said


@pytest.mark.parametrize(
    "value", ["host=db password=hunter2", "postgresql://me:hunter2@[db/shop", "postgresql://me:hunter2@db:port/shop"]
)
def test_refusal__variable_that_holds_no_url(
    sales: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", value)
    with pytest.raises(DataError) as caught:
        collected.gather(make_params(sales, url="$DATABASE_URL"), tmp_path)
    assert "hunter2" not in exposed(caught.value)


def test_refusal__driver_is_not_installed(sales: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    said = "source.url: postgresql: expected its driver, found none installed; run `uv add 'driftloop[postgres]'`"
    assert collected.refusal(make_params(sales), tmp_path) == said


def test_months__are_read_again_where_something_changed(sales: Shop, tmp_path: Path) -> None:
    """What is changed without the column of changes is not seen: so it shows which months were read again."""

    def read(until: str = "2025-02-20") -> dict[int, float]:
        params = make_params(sales, changed="updated_at", until=until)
        return {round(row["x"]): row["y"] for row in collected.gather(params, tmp_path)}

    read()
    sales.run(
        "UPDATE sales SET y = -1 WHERE x IN (1, 20)",
        "UPDATE sales SET updated_at = now() - interval '1 hour' WHERE x = 30",
    )
    again = read()
    assert (again[1], again[20]) == (1, -1)  # of January, and of February with the changed row
    sales.run("UPDATE sales SET y = -2 WHERE x = 21")
    moved = read(until="2025-03-01")
    assert (moved[1], moved[21], len(moved)) == (1, -2, 45)
    sales.run("DELETE FROM sales WHERE x = 2")
    assert read()[1] == -1
    sales.run("UPDATE sales SET y = -2 WHERE x = 1")
    for path in (tmp_path / "cache/sql").iterdir():
        path.write_bytes(b"damaged")
    assert read()[1] == -2
    assert len(list((tmp_path / "cache/sql").iterdir())) == 2


def test_months__without_a_time_of_change_are_read_again(sales: Shop, tmp_path: Path) -> None:
    sales.run("ALTER TABLE sales ALTER updated_at DROP NOT NULL", "UPDATE sales SET updated_at = NULL WHERE x = 3")
    params = make_params(sales, changed="updated_at")
    collected.gather(params, tmp_path)
    sales.run("UPDATE sales SET y = -1")
    rows = collected.gather(params, tmp_path)
    assert [min(row["y"] for row in rows if row[TS].month == month) for month in (1, 2)] == [-1, 17]


def test_months__are_read_again_where_changes_are_days(
    sales: Shop, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    sales.run("ALTER TABLE sales ALTER updated_at TYPE date")
    collected.gather(make_params(sales, changed="updated_at"), tmp_path)
    assert (
        "sales: all months are read, since updated_at holds no timestamps or whole numbers\n" in capfd.readouterr().err
    )
    assert not (tmp_path / "cache/sql").exists()


def test_params__of_a_project_hold_names_alone(sales: Shop) -> None:
    text = str(parse_params(f"model: m\nsource: {{kind: sql, url: '{sales.url}', table: t, until: '2025-01-01'}}\ndata: {{timestamp: ts, "
                            "key: [ts], target: y, numerical: [x]}\ntrain: {estimator: sklearn.linear_model.Ridge}", where="p"))  # fmt: skip
    assert "$SHOP_PASSWORD" in text
    assert PASSWORD not in text

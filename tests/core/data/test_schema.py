"""From raw columns of any type to declared types, in a real DuckDB."""
# ruff: noqa: DTZ001 (`_ts` is naive UTC)

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from factories import START, make_columns, make_params, make_raw, to_ibis

from driftloop import engine
from driftloop.core.columns import DAY, INFINITE, INVALID, ROW, TS
from driftloop.core.data.declared import Columns, columns_of
from driftloop.core.data.schema import typed
from driftloop.core.models.card import Card
from driftloop.core.models.recipe import recipe_of

if TYPE_CHECKING:
    from pathlib import Path

NAN, INF = float("nan"), float("inf")


def cast(raw: pa.Table, columns: Columns, zone: str = "UTC") -> dict[str, list[Any]]:
    """Type a table, and give its columns as lists in the order of `ROW`."""
    rows = typed(to_ibis(raw), columns, zone).order_by(ROW).to_pyarrow()
    found: dict[str, list[Any]] = rows.to_pydict()
    return found


@pytest.mark.parametrize(
    ("raw", "values", "invalid", "infinite"),
    [
        ([1, None, -3], [1.0, None, -3.0], 0, 0),
        ([1.5, NAN, None], [1.5, None, None], 0, 0),
        ([1.5, INF, -INF], [1.5, None, None], 0, 2),
        (pa.array([1.5, NAN, INF], pa.float32()), [1.5, None, None], 0, 1),
        ([True, False, None], [1.0, 0.0, None], 0, 0),
        ([Decimal("1.50"), Decimal("-2.25"), None], [1.5, -2.25, None], 0, 0),
        (pa.array([2**63, 0, None], pa.uint64()), [2.0**63, 0.0, None], 0, 0),
        (["1.5", "-2", "1e3"], [1.5, -2.0, 1000.0], 0, 0),
        ([" 7 ", "7,5", "seven"], [7.0, None, None], 2, 0),
        (["inf", "-Infinity", "nan"], [None, None, None], 0, 2),
        ([None, "", "1e999"], [None, None, None], 0, 1),
        (pa.array(["1", "x", None]).dictionary_encode(), [1.0, None, None], 1, 0),
        ([date(2025, 1, 1), None, date(2025, 1, 2)], [None, None, None], 2, 0),
        ([datetime(2025, 1, 1), None, None], [None, None, None], 1, 0),
        (pa.array([datetime(2025, 1, 1, tzinfo=UTC), None, None], pa.timestamp("us", "UTC")), [None] * 3, 1, 0),
        ([time(1), None, None], [None, None, None], 1, 0),
        ([[1.0], None, []], [None, None, None], 2, 0),
        ([{"a": 1}, None, None], [None, None, None], 1, 0),
        ([b"1", b"x", None], [None, None, None], 2, 0),
    ],
)
def test_typed__numbers(raw: Any, values: list[float | None], invalid: int, infinite: int) -> None:
    found = cast(make_raw(3, x=raw), make_columns(categorical=()))
    assert found["x"] == values
    assert (sum(found[f"{INVALID}x"]), sum(found[f"{INFINITE}x"])) == (invalid, infinite)


@pytest.mark.parametrize(
    ("raw", "values"),
    [
        (["1", "1.0", "01"], ["1", "1", "01"]),
        ([1, 10, None], ["1", "10", None]),
        ([1.0, 10.0, None], ["1", "10", None]),
        ([-2.0, 2.5, NAN], ["-2", "2.5", None]),
        (pa.array([1.0, 2.5, NAN], pa.float32()), ["1", "2.5", None]),
        ([True, False, None], ["true", "false", None]),
        (["", "nan", "None"], [None, None, "None"]),
        (["a.0", "1.0b", "1.00"], ["a.0", "1.0b", "1"]),
        (["größe", "a,b", "x:y"], ["größe", "a,b", "x:y"]),
        ([date(2025, 1, 1), None, None], ["2025-01-01", None, None]),
        ([["a"], None, None], ["[a]", None, None]),
        (pa.array(["b", "a", "b"]).dictionary_encode(), ["b", "a", "b"]),
    ],
)
def test_typed__names(raw: Any, values: list[str | None]) -> None:
    assert cast(make_raw(3, c=raw), make_columns(numerical=()))["c"] == values


def test_typed__one_missing_value_does_not_rename_a_category(tmp_path: Path) -> None:
    """It turns integers into floats, in one month and not in the other."""
    pq.write_table(make_raw(2, c=[1, 2]), tmp_path / "1.parquet")
    pq.write_table(make_raw(3, c=[1.0, None, 2.0]), tmp_path / "2.parquet")
    raw = engine.connect().read_parquet(sorted(tmp_path.iterdir()), union_by_name=True)
    values = typed(raw, make_columns(numerical=()), "UTC")["c"].to_pyarrow().to_pylist()
    assert values == ["1", "2", "1", None, "2"]


def test_typed__target_is_a_number_or_a_name() -> None:
    raw = make_raw(2, x=[1, 2], y=["1.0", "up"])
    regression = cast(raw, make_columns(categorical=()))
    assert (regression["y"], regression[f"{INVALID}y"]) == ([1.0, None], [False, True])
    classification = cast(raw, make_columns(categorical=(), task="classification"))
    assert classification["y"] == ["1", "up"]
    assert f"{INVALID}y" not in classification


def test_typed__missing_columns_are_all_null() -> None:
    found = cast(make_raw(2), make_columns())
    assert found["x"] == found["c"] == [None, None]
    assert found[f"{INVALID}x"] == found[f"{INFINITE}x"] == [False, False]


def test_typed__a_column_of_nulls_has_no_type(tmp_path: Path) -> None:
    pq.write_table(make_raw(2, x=pa.nulls(2), c=pa.nulls(2)), tmp_path / "raw.parquet")
    con = engine.connect()
    rows = con.create_table("t", typed(con.read_parquet(tmp_path / "raw.parquet"), make_columns(), "UTC"))
    assert rows.schema()["x"] == ibis.dtype("float64")
    assert rows.schema()["c"] == ibis.dtype("string")
    assert (
        rows[["x", "c", f"{INVALID}x"]].to_pyarrow().to_pylist() == [{"x": None, "c": None, f"{INVALID}x": False}] * 2
    )


def test_typed__types_do_not_depend_on_the_data() -> None:
    columns = make_columns()
    schemas = {
        typed(to_ibis(make_raw(2, **given)), columns, "Europe/Berlin").schema()
        for given in (
            {},
            {"x": [1, 2], "c": [1, 2]},
            {"x": ["a", "b"], "c": ["a", "b"]},
            {"x": [[1], [2]], "c": [1.5, 2]},
        )
    }
    assert len(schemas) == 1


def test_typed__keeps_the_key_as_it_is() -> None:
    raw = make_raw(2, station=[7, 8], x=[1, 2])
    found = cast(raw, make_columns(categorical=(), key=("station", TS)))
    assert found["station"] == [7, 8]
    assert found[TS] == raw[TS].to_pylist()


def test_typed__leaves_out_what_is_not_declared() -> None:
    found = cast(make_raw(2, x=[1, 2], other=[1, 2]), make_columns(categorical=()))
    assert list(found) == [TS, ROW, DAY, "x", f"{INVALID}x", f"{INFINITE}x", "y", f"{INVALID}y", f"{INFINITE}y"]


@pytest.mark.parametrize(
    "zone",
    ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia"],
)
@pytest.mark.parametrize("since", [date(2025, 3, 29), date(2025, 10, 25), date(2024, 11, 2), date(2011, 12, 29)])
def test_typed__days_are_local_also_when_clocks_change(zone: str, since: date) -> None:
    raw = make_raw(2 * 80, since=since)
    halves = [datetime.combine(since, time()) + timedelta(minutes=30 * half) for half in range(2 * 80)]
    raw = raw.set_column(0, TS, pa.array(halves, pa.timestamp("us")))
    expected = [moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date() for moment in halves]
    assert cast(raw, make_columns(), zone)[DAY] == expected


@pytest.mark.parametrize(("since", "day", "hours"), [(29, date(2025, 3, 30), 23), (25, date(2025, 10, 26), 25)])
def test_typed__berlin_has_days_of_23_and_25_hours(since: int, day: date, hours: int) -> None:
    raw = make_raw(80, since=date(2025, day.month, since))
    assert cast(raw, make_columns(), "Europe/Berlin")[DAY].count(day) == hours


def test_typed__no_time_no_day() -> None:
    raw = make_raw(2).set_column(0, TS, pa.array([None, datetime(2025, 1, 6)], pa.timestamp("us")))
    for zone in ("UTC", "Europe/Berlin"):
        assert cast(raw, make_columns(), zone)[DAY] == [None, START]


ODD = [
    "a:b",
    "invalid:x",
    "infinite:x",
    "null:x",
    "select",
    'q"uo"te',
    "it's",
    "sp ace",
    "größe",
    "%s",
    "{x}",
    "🙂",
    "*",
]


def test_typed__odd_column_names() -> None:
    columns: dict[str, Any] = {"x": ["-", "0"], **{name: [1, INF] for name in ODD}}
    numbers = cast(make_raw(2, **columns), make_columns(numerical=("x", *ODD)))
    names = cast(make_raw(2, **columns), make_columns(categorical=tuple(ODD)))
    for name in ODD:
        assert numbers[name] == [1.0, None]
        assert numbers[f"{INVALID}{name}"] == [False, False]
        assert numbers[f"{INFINITE}{name}"] == [False, True]
        assert names[name] == ["1", "inf"]
    assert numbers[f"{INVALID}x"] == names[f"{INVALID}x"] == [True, False]


def test_columns_of__joins_what_is_declared_with_what_production_needs() -> None:
    old = recipe_of(make_params(data={"numerical": ["x", "gone"], "categorical": ["c", "lost", "z"]}))
    params = make_params(data={"numerical": ["z", "x"], "categorical": ["new"], "key": ["ts", "station"]})
    columns = columns_of(params, Card(recipe=old))
    assert columns.numerical == ("z", "x", "gone")
    assert columns.categorical == ("new", "c", "lost")  # z is a number now
    assert columns.key == (TS, "station")
    assert columns_of(params, Card()).features == ("z", "x", "new")


def test_columns__numbers_and_names_have_the_target() -> None:
    regression, classification = make_columns(), make_columns(task="classification")
    assert (regression.numbers, regression.names) == (("x", "y"), ("c",))
    assert (classification.numbers, classification.names) == (("x",), ("c", "y"))
    assert regression.features == classification.features == ("x", "c")

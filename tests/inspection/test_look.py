"""What `driftloop init` takes the columns of somebody's data for."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import foreign_tables
import pandas as pd
import pytest

from driftloop.errors import DataError
from driftloop.inspection import leaks, private, times
from driftloop.inspection.look import look
from driftloop.inspection.roles import codes, key, task
from driftloop.inspection.values import Time

if TYPE_CHECKING:
    from pathlib import Path

    from driftloop.inspection.values import Inspected, RoleName


def seen(folder: Path, kind: str, target: str | None = None) -> Inspected:
    return look(foreign_tables.KINDS[kind](folder), lambda ranked: target or ranked[0])


def roles(found: Inspected) -> dict[str, list[str]]:
    names: tuple[RoleName, ...] = ("timestamp", "target", "numerical", "categorical", "left out")
    return {name: found.named(name) for name in names}


def why(found: Inspected, name: str) -> str:
    return next(each.why for each in found.roles if each.name == name)


def test_look__at_date_and_hour_with_parts_of_the_target(tmp_path: Path) -> None:
    found = seen(tmp_path, "bikes")
    assert roles(found) == {
        "timestamp": ["dteday", "hr"], "target": ["cnt"], "numerical": ["temp", "hum"],
        "categorical": ["season", "workingday"], "left out": ["instant", "casual", "registered"],
    }  # fmt: skip
    assert why(found, "casual") == why(found, "registered") == "leak: casual + registered = cnt"
    assert found.time == Time(("dteday", "hr"), "%Y-%m-%d %H", "composed of dteday and hr")
    assert (found.key, found.task, found.rows, found.rows_a_day) == (("dteday", "hr"), "regression", 7296, 24.0)
    assert (found.since, found.until) == (date(2023, 1, 1), date(2023, 11, 1))


def test_look__at_customers(tmp_path: Path) -> None:
    found = seen(tmp_path, "churn")
    assert roles(found) == {
        "timestamp": ["signup_date"], "target": ["churned"], "numerical": ["months"],
        "categorical": ["plan", "support_calls"], "left out": ["customer_id", "email", "final_bill"],
    }  # fmt: skip
    assert why(found, "final_bill").startswith("leak: alone it tells churned apart (AUC ")
    assert (found.task, found.key, found.personal, found.private) == ("classification", ("customer_id",), ["email"], [])
    assert "@" not in str(found)


def test_look__at_parts_of_a_time(tmp_path: Path) -> None:
    found = seen(tmp_path, "air", "pm2.5")
    assert found.time == Time(("year", "month", "day", "hour"), "%Y %m %d %H", "composed of year, month, day, hour")
    assert found.named("numerical") == ["wind"]
    assert found.named("categorical") == ["direction"]
    assert why(found, "No") == "identifier"


def test_look__at_a_german_export(tmp_path: Path) -> None:
    found = seen(tmp_path, "load")
    assert (found.separator, found.decimal, found.encoding) == (";", ",", "cp1252")
    assert (found.time.columns, found.time.form) == (("Zeitpunkt",), "%d.%m.%Y %H:%M")
    assert (found.target, found.named("numerical"), found.named("categorical")) == (
        "Last", ["Außentemperatur"], ["Netzgebiet"],
    )  # fmt: skip


def test_look__at_fifty_columns(tmp_path: Path) -> None:
    found = seen(tmp_path, "machines")
    assert found.named("left out") == ["run_uuid", "site", "note", "wear_mm"]
    assert [why(found, name) for name in ("site", "note", "wear_mm")] == [
        "constant", "free text", "leak: wear follows from it exactly",
    ]  # fmt: skip
    assert found.missing == {"pressure": [-999.0]}
    assert len(found.named("numerical")) == 43
    assert found.named("categorical") == ["mode"]


def test_look__at_a_folder_of_files_that_gained_a_column(tmp_path: Path) -> None:
    found = seen(tmp_path, "shops")
    assert (found.time.columns, found.key, found.key_why) == (("day",), ("day", "shop"), "no pair occurs twice")
    assert found.named("numerical") == ["price", "weather"]
    assert (found.rows, found.rows_a_day) == (1460, 4.0)


def test_look__asks_for_one_of_the_columns(tmp_path: Path) -> None:
    asked: list[list[str]] = []
    source = foreign_tables.bikes(tmp_path)

    def choose(ranked: list[str]) -> str:
        asked.append(ranked)
        return "nonsense"

    with pytest.raises(DataError, match=r"^--target: expected one of cnt, .*, got 'nonsense'$"):
        look(source, choose)
    assert asked[0][0] == "cnt"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n3,4\n5,6\n7,8\n", r"expected a column with dates or times, or columns for year, month and day, found none among a, b$"),
        ("a,b\n", r"^--from: expected rows, got none$"),
        ("", r"expected column names"),
        ("a,a\n1,2\n", r"a"),
    ],
)  # fmt: skip
def test_look__says_what_is_missing(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(DataError, match=said):
        look(str(tmp_path / "x.csv"), lambda ranked: ranked[0])


DAYS = pd.Series(pd.date_range("2024-01-20", periods=40, freq="13h"))


@pytest.mark.parametrize(
    ("frame", "columns", "form"),
    [
        ({"t": DAYS}, ("t",), None),
        ({"t": DAYS.dt.strftime("%Y-%m-%dT%H:%M:%S+02:00")}, ("t",), None),
        ({"t": DAYS.dt.strftime("%d/%m/%Y %H:%M")}, ("t",), "%d/%m/%Y %H:%M"),
        ({"t": DAYS.dt.strftime("%m/%d/%Y %I:%M %p")}, ("t",), "%m/%d/%Y %I:%M %p"),
        ({"t": DAYS.dt.strftime("%Y%m%d")}, ("t",), "%Y%m%d"),
        ({"time": DAYS.astype("int64") // 10**9}, ("time",), "epoch_s"),
        ({"time": DAYS.astype("int64") // 10**6}, ("time",), "epoch_ms"),
        ({"x": range(40), "when": DAYS.dt.strftime("%Y-%m-%d %H:%M")}, ("when",), None),
        (
            {"date": DAYS.dt.strftime("%d.%m.%Y"), "time": DAYS.dt.strftime("%H:%M")},
            ("date", "time"),
            "%d.%m.%Y %H:%M",
        ),
        (
            {"year": DAYS.dt.year, "month": DAYS.dt.month, "day": DAYS.dt.day, "v": 1},
            ("year", "month", "day"),
            "%Y %m %d",
        ),
    ],
)
def test_guess__reads_the_usual_ways_to_write_a_time(
    frame: dict[str, Any], columns: tuple[str, ...], form: str | None
) -> None:
    seconds = DAYS.dt.tz_localize("UTC").astype("int64")
    if form in ("epoch_s", "epoch_ms"):
        scale = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[DAYS.dt.unit]
        frame = {"time": (seconds // scale * (1 if form == "epoch_s" else 1000)).astype(str)}
    found = times.guess(pd.DataFrame(frame))
    assert found is not None
    assert (found.columns, found.form) == (columns, form)


@pytest.mark.parametrize(
    "values", [["1", "2", "3", "4"], ["20", "21", "22", "25"], ["a", "b", "c", "d"], [1.5, 2.5, 3.5, 4.5]]
)
def test_guess__takes_no_number_or_name_for_a_time(values: list[Any]) -> None:
    assert times.guess(pd.DataFrame({"date": values, "x": values})) is None


def test_codes__are_beyond_all_other_values_and_occur_more_than_once() -> None:
    honest = pd.Series([float(value) for value in range(100)])
    assert codes(honest) == []
    assert codes(pd.concat([honest, pd.Series([-9999.0] * 3)])) == [-9999.0]
    assert codes(pd.concat([honest, pd.Series([-9999.0])])) == []
    assert codes(pd.Series([-1.0, 0.0, 1.0, 2.0] * 20)) == []


def test_leaks__no_honest_input_is_accused(tmp_path: Path) -> None:
    for kind in ("bikes", "load", "machines", "shops"):
        folder = tmp_path / kind
        folder.mkdir()
        found = seen(folder, kind)
        accused = [each.name for each in found.roles if each.why.startswith("leak")]
        assert set(accused) <= {"casual", "registered", "wear_mm"}, kind


def test_leaks__of_three_that_add_up() -> None:
    frame = pd.DataFrame(
        {"a": range(100), "b": [value * value % 17 for value in range(100)], "c": [value % 7 for value in range(100)]}
    )
    frame["d"] = [value * 31 % 23 for value in range(100)]
    frame["y"] = frame["a"] + frame["b"] + frame["c"]
    found = leaks.find(frame.astype(float), "y", classes=False)
    assert {name for name, said in found.items() if said == "a + b + c = y"} == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("email", ["x"], True),
        ("contact", ["a.b@example.org", "c@example.org"], True),
        ("reach", ["+49 221 123456", "0221 / 998877"], True),
        ("latitude", [1.5], True),
        ("temperature", [1.5], False),
        ("when", ["2024-01-01", "2024-01-02"], False),
        ("plan", ["basic", "pro"], False),
    ],
)
def test_suspicion__by_name_or_values(name: str, values: list[Any], *, expected: bool) -> None:
    said = private.suspicion(pd.Series(values, name=name))
    assert bool(said) is expected
    assert not any(str(value) in said for value in values)


def test_key__without_anything_unique_says_so() -> None:
    frame = pd.DataFrame({"t": ["1", "1", "2"], "x": [1, 1, 1]})
    assert key(frame, Time(("t",), None, "")) == (
        ("t",),
        "nothing is unique: of rows with the same time the newest one stays",
    )


@pytest.mark.parametrize(
    ("values", "expected"),
    [([0, 1, 1], "classification"), (["yes", "no"], "classification"), ([0.5, 1.5, 2.5], "regression"),
     (list(range(30)), "regression"), ([0, 1, 2, 3], "classification")],
)  # fmt: skip
def test_task(values: list[Any], expected: str) -> None:
    assert task(pd.Series(values)) == expected

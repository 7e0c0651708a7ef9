"""What `driftloop init` guesses about somebody's data: time, key, target, and what every column is for."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from foreign_tables import SENSORS, TABLES

from driftloop.errors import DataError
from driftloop.inspection import leaks, private, times
from driftloop.inspection.look import look
from driftloop.inspection.roles import codes, task

if TYPE_CHECKING:
    from pathlib import Path

    from driftloop.inspection.values import Inspected

NOTHING: dict[str, Any] = {"separator": None, "decimal": None, "encoding": None, "missing": {}, "private": []}
SEEN: dict[str, dict[str, Any]] = {
    "rentals": {
        "time": (("dteday", "hr"), "%Y-%m-%d %H"), "key": ("dteday", "hr"), "target": "cnt", "task": "regression",
        "roles": {"instant": "left out", "dteday": "timestamp", "hr": "timestamp", "weathersit": "categorical",
                  "workingday": "categorical", "temp": "numerical", "hum": "numerical", "casual": "left out",
                  "registered": "left out", "cnt": "target"},
    },
    "customers": {
        "time": (("signup_date",), None), "key": ("customerID",), "target": "churn", "task": "classification",
        "private": ["gender"],
        "roles": {"signup_date": "timestamp", "customerID": "left out", "email": "left out", "gender": "categorical",
                  "contract": "categorical", "tenure_months": "numerical", "monthly_charge": "numerical",
                  "exit_survey": "left out", "churn": "target"},
    },
    "air": {
        "time": (("year", "month", "day", "hour"), "%Y %m %d %H"), "key": ("year", "month", "day", "hour"),
        "target": "pm2.5", "task": "regression",
        "roles": {"No": "left out", "year": "timestamp", "month": "timestamp", "day": "timestamp", "hour": "timestamp",
                  "pm2.5": "target", "DEWP": "numerical", "TEMP": "numerical", "PRES": "numerical",
                  "cbwd": "categorical", "Iws": "numerical"},
    },
    "heating": {
        "time": (("Zeitpunkt",), "%d.%m.%Y %H:%M"), "key": ("Zeitpunkt",), "target": "Wärme", "task": "regression",
        "separator": ";", "decimal": ",", "encoding": "cp1252",
        "roles": {"Zeitpunkt": "timestamp", "Außentemperatur": "numerical", "Düsendruck": "numerical",
                  "Straße": "categorical", "Wärme": "target"},
    },
    "machine": {
        "time": (("logged_at",), None), "key": ("logged_at",), "target": "target", "task": "regression",
        "missing": {"s00": [-999.0]},
        "roles": {"row_id": "left out", "logged_at": "timestamp", "machine_uuid": "left out", "site": "left out",
                  "unused": "left out", "version": "left out", "shift": "categorical", "mode": "categorical",
                  "remark": "left out", "load_kw": "numerical", **dict.fromkeys(SENSORS, "numerical"),
                  "temperature_f": "left out", "target": "target"},
    },
    "months": {
        "time": (("at",), None), "key": ("at",), "target": "sales", "task": "regression",
        "roles": {"at": "timestamp", "temperature": "numerical", "open": "categorical", "sales": "target",
                  "visitors": "numerical"},
    },
}  # fmt: skip


def seen(source: Path | str, target: str | None = None) -> Inspected:
    return look(str(source), lambda ranked: target or ranked[0])


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def hours(number: int = 60) -> list[str]:
    return [f"{time:%Y-%m-%d %H:%M}" for time in pd.date_range("2024-01-01", periods=number, freq="h")]


def reasons(found: Inspected) -> dict[str, str]:
    return {each.name: each.why for each in found.roles}


@pytest.mark.parametrize("name", TABLES)
def test_look__sees_what_every_column_is_for(name: str, tmp_path: Path) -> None:
    wanted = NOTHING | SEEN[name]
    found = seen(TABLES[name](tmp_path), wanted["target"])
    assert {
        "time": (found.time.columns, found.time.form),
        "key": found.key,
        "target": found.target,
        "task": found.task,
        "separator": found.separator,
        "decimal": found.decimal,
        "encoding": found.encoding,
        "missing": found.missing,
        "private": found.private,
        "roles": {each.name: each.role for each in found.roles},
    } == wanted


@pytest.mark.parametrize("name", ["rentals", "customers", "machine", "months"])
def test_look__ranks_the_target_first(name: str, tmp_path: Path) -> None:
    assert seen(TABLES[name](tmp_path)).target == SEEN[name]["target"]


def test_look__says_why_a_column_is_a_leak(tmp_path: Path) -> None:
    said = reasons(seen(TABLES["machine"](tmp_path)))
    assert said["temperature_f"] == "leak: target follows from it exactly"
    assert said["site"] == "constant"
    assert said["unused"] == "empty"
    assert said["remark"] == "free text"


def test_look__quotes_no_private_value(tmp_path: Path) -> None:
    found = seen(TABLES["customers"](tmp_path))
    told = f"{found.roles} {found.time} {found.key_why}"
    assert "mail.example" not in told
    assert "female" not in told
    births = "birth_date,y\n" + "".join(f"{time},{at}.5\n" for at, time in enumerate(hours()))
    assert "2024" not in str(seen(written(tmp_path / "births.csv", births)).roles)


# How files are written


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_look__separators_inside_of_quotes_do_not_count(mark: str, tmp_path: Path) -> None:
    name = '"a,b;c\td|e;f,g;h,i\tj\tk|l|m"'
    lines = [f"{time}{mark}{at % 7}.25{mark}{at}.5" for at, time in enumerate(hours())]
    found = seen(written(tmp_path / "a.csv", "\n".join([f"at{mark}{name}{mark}y", *lines])))
    assert found.separator == mark
    assert [each.name for each in found.roles] == ["at", name.strip('"'), "y"]


def test_look__reads_packed_files_and_byte_order_marks(tmp_path: Path) -> None:
    text = "at;x;y\n" + "".join(f"{time};{at % 7};{at}.5\n" for at, time in enumerate(hours()))
    for place, content in enumerate([gzip.compress(text.encode()), text.encode("utf-8-sig"), text.encode("utf-16")]):
        path = tmp_path / f"{place}.csv{'.gz' if not place else ''}"
        path.write_bytes(content)
        assert [each.name for each in seen(path).roles] == ["at", "x", "y"], place
        assert seen(path).separator == ";", place


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("at,x,y\n", "expected rows, got none"),
        ("a,b\n1,2\n3,4\n5,6\n", "expected a column with dates or times"),
        ("name\nada\nbob\ncleo\n", "expected a column with dates or times"),
        ("at\n2024-01-01\n2024-01-02\n2024-01-03\n", "expected a column beside the time whose values differ"),
        ("at,y\n2024-01-01,1\n2024-01-02,1\n2024-01-03,1\n", "expected a column beside the time whose values differ"),
    ],
)
def test_look__without_rows_time_or_target_is_one_line(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=said) as caught:
        seen(written(tmp_path / "a.csv", text))
    assert "\n" not in str(caught.value)


def test_look__names_with_blanks_umlauts_and_quotes(tmp_path: Path) -> None:
    lines = [f"{time},{at % 7}.25,{at % 5}.5,{at % 3}.5,{at}.5" for at, time in enumerate(hours())]
    found = seen(written(tmp_path / "a.csv", "\n".join(['ts,outside temp,größe,"the ""best""\'s",y', *lines])))
    assert found.time.columns == ("ts",)
    assert found.named("categorical") + found.named("numerical") == ["outside temp", "größe", 'the "best"\'s']


def test_look__names_that_params_refuse_are_left_out(tmp_path: Path) -> None:
    lines = [f"{time},{at % 17}.5,{at % 13}.5,{at % 11}.5,{at}.5" for at, time in enumerate(hours())]
    found = seen(written(tmp_path / "a.csv", "\n".join(["at,Temp,temp,driftloop:row,y", *lines])))
    assert reasons(found)["driftloop:row"] == "its name is driftloop's own"
    assert found.named("numerical") == []  # nothing tells which of the two is meant: collecting refuses either


def test_look__several_entities_per_time(tmp_path: Path) -> None:
    lines = [f"{time},{store},{at % 7}.25,{at + store}.5" for at, time in enumerate(hours()) for store in (1, 2, 3)]
    found = seen(written(tmp_path / "a.csv", "\n".join(["at,store,x,y", *lines])))
    assert found.key == ("at", "store")


def test_look__a_target_may_be_missing(tmp_path: Path) -> None:
    lines = [f"{time},{at % 7}.25,{'' if at % 4 == 0 else at * 1.5}" for at, time in enumerate(hours(200))]
    found = seen(written(tmp_path / "a.csv", "\n".join(["at,x,y", *lines])))
    assert (found.target, found.task) == ("y", "regression")
    words = [f"{time},{at % 7}.25,{['', 'yes', 'no'][at % 3]}" for at, time in enumerate(hours(200))]
    found = seen(written(tmp_path / "b.csv", "\n".join(["at,x,label", *words])))
    assert (found.target, found.task) == ("label", "classification")


def test_look__takes_many_columns(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(600, 300)).round(3), columns=[f"x{n}" for n in range(300)])
    frame.insert(0, "at", pd.date_range("2024-01-01", periods=len(frame), freq="h"))
    frame.to_parquet(tmp_path / "a.parquet")
    assert len(seen(tmp_path / "a.parquet").named("numerical")) == 299


# Times


@pytest.mark.parametrize(
    ("form", "written_as"),
    [
        (None, "%Y-%m-%d"), (None, "%Y-%m-%dT%H:%M:%S"), (None, "%Y-%m-%d %H:%M:%S.%f"), (None, "%Y-%m-%dT%H:%M:%SZ"),
        (None, "%Y-%m-%dT%H:%M:%S+02:00"), ("%d.%m.%Y", None), ("%d.%m.%Y %H:%M", None), ("%d/%m/%Y %H:%M:%S", None),
        ("%m/%d/%Y", None), ("%m/%d/%Y %I:%M %p", None), ("%d-%m-%Y", None), ("%Y%m%d", None), ("%Y%m%d%H%M", None),
        ("%Y%m%d%H%M%S", None), ("%d %b %Y", None),
    ],
)  # fmt: skip
def test_guess__formats(form: str | None, written_as: str | None) -> None:
    column = pd.date_range("2024-01-01 07:30", periods=60, freq="25h").strftime(written_as or form or "")
    found = times.guess(pd.DataFrame({"x": "a", "at": column}))
    assert found is not None
    assert (found.columns, found.form) == (("at",), form)


def test_guess__the_day_comes_first_where_both_fit() -> None:
    both = pd.DataFrame({"at": ["01/02/2024", "03/04/2024", "05/06/2024"]})
    month = pd.DataFrame({"at": ["01/13/2024", "03/04/2024", "05/06/2024"]})
    assert [found.form for each in (both, month) if (found := times.guess(each))] == ["%d/%m/%Y", "%m/%d/%Y"]


@pytest.mark.parametrize(("unit", "scale"), [("epoch_s", 1), ("epoch_ms", 1_000), ("epoch_us", 1_000_000)])
def test_guess__time_since_1970(unit: str, scale: int) -> None:
    seconds = np.arange(1_700_000_000, 1_700_360_000, 3_600)
    found = times.guess(pd.DataFrame({"ts": seconds * scale, "size": seconds}))
    assert found is not None
    assert (found.columns, found.form) == (("ts",), unit)


def test_guess__date_and_clock_in_two_columns() -> None:
    time = pd.date_range("2024-01-01", periods=90, freq="h")
    frame = pd.DataFrame({"date": time.strftime("%d/%m/%Y"), "time": time.strftime("%H.%M.%S")})
    found = times.guess(frame)
    assert found is not None
    assert (found.columns, found.form) == (("date", "time"), "%d/%m/%Y %H.%M.%S")


def test_guess__an_hour_that_occurs_twice_keeps_its_offset(tmp_path: Path) -> None:
    local = pd.date_range("2024-10-26", periods=72, freq="h", tz="Europe/Berlin")
    lines = [f"{time.isoformat()},{at}.5" for at, time in enumerate(local)]
    found = seen(written(tmp_path / "a.csv", "\n".join(["at,y", *lines])))
    assert (found.rows, found.key, found.key_why) == (72, ("at",), "no time occurs twice")


def test_guess__no_time_is_none() -> None:
    frame = pd.DataFrame({"id": range(50), "size": np.linspace(0, 1, 50), "name": list("abcde") * 10})
    assert times.guess(frame) is None


# Codes, leaks, private columns, classes


def test_codes__are_far_beyond_and_frequent() -> None:
    values = np.linspace(-30, 40, 400)
    assert codes(pd.Series([*values, -999, -999, -999])) == [-999.0]
    assert codes(pd.Series([*values, -999])) == []  # once: an outlier, for the data rules
    assert codes(pd.Series([*np.linspace(-1_200, 1_000, 400), -999, -999, -999])) == []
    assert codes(pd.Series(["-999", "-999", "a"])) == []


def numbers(rows: int = 600) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame({"a": rng.normal(size=rows), "b": rng.normal(size=rows), "c": rng.normal(size=rows)})


def test_leaks__affine_and_sums() -> None:
    frame = numbers()
    frame["y"] = 1.8 * frame["a"] + 32
    assert leaks.find(frame, "y", classes=False) == {"a": "y follows from it exactly"}
    frame["y"] = frame["a"] + frame["b"]
    assert leaks.find(frame, "y", classes=False) == dict.fromkeys(["a", "b"], "a + b = y")
    frame["y"] = frame["a"] + frame["b"] + frame["c"]
    assert leaks.find(frame, "y", classes=False) == dict.fromkeys(["a", "b", "c"], "a + b + c = y")


def test_leaks__honest_strong_inputs_are_none() -> None:
    frame = numbers(5_000)
    frame["y"] = 5 * frame["a"] + frame["b"] + 0.5 * np.random.default_rng(1).normal(size=5_000)
    assert leaks.find(frame, "y", classes=False) == {}
    frame["y"] = np.where(frame["a"] + 0.3 * frame["b"] > 0, "yes", "no")
    assert leaks.find(frame, "y", classes=True) == {}


def test_leaks__one_column_tells_classes_apart() -> None:
    frame = numbers()
    frame["y"] = np.where(frame["a"] > 0.2, "yes", "no")
    frame["word"] = np.where(frame["y"] == "yes", "left", "stays")
    found = leaks.find(frame, "y", classes=True)
    assert found.keys() == {"a", "word"}
    assert found["word"] == "alone it tells y apart (AUC 1.000)"


@pytest.mark.parametrize("name", ["email", "Phone", "first_name", "zip_code", "birth_date", "ip_address", "gender"])
def test_private__by_name(name: str) -> None:
    assert private.suspicion(pd.Series([1, 2], name=name)) == "its name says so"


@pytest.mark.parametrize(
    "name", ["temperature", "long_term_rate", "latency", "lonely", "telemetry", "zipped", "fan_status"]
)
def test_private__not_by_a_part_of_a_word(name: str) -> None:
    assert private.suspicion(pd.Series([1, 2], name=name)) == ""


@pytest.mark.parametrize(
    ("value", "said"),
    [("a.b@mail.example", "mail addresses"), ("+49 30 1234567", "phone numbers"), ("192.0.2.7", "IP addresses"),
     ("DE89370400440532013000", "IBANs"), ("2024-01-01", ""), ("2024-01-01 10", ""), ("blue", "")],
)  # fmt: skip
def test_private__by_values(value: str, said: str) -> None:
    assert private.suspicion(pd.Series([value] * 5, name="x")) == said


@pytest.mark.parametrize(
    ("values", "said"),
    [(["yes", "no"] * 9, "classification"), ([True, False] * 9, "classification"), (range(10), "classification"),
     (range(11), "regression"), ([0.5, 1.5, 2.5], "regression"), ([0.0, 1.0, None], "classification")],
)  # fmt: skip
def test_task__classes_are_few(values: list[Any], said: str) -> None:
    assert task(pd.Series(values)) == said

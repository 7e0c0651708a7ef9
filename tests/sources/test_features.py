"""The project's `src/features.py`: real files, real DuckDB."""

from __future__ import annotations

import re
import textwrap
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from architecture import SRC
from collected import gather, make_params, put, refusal

from driftloop.core.columns import ROW, TS
from driftloop.params import Params
from driftloop.sources import fingerprint

if TYPE_CHECKING:
    from pathlib import Path

HOURS = 24 * 40
START = datetime(2025, 1, 1)  # noqa: DTZ001 (naive UTC)


def write(tmp_path: Path, body: str) -> Path:
    """Write src/features.py; give the folder."""
    head = "import ibis\nfrom ibis import _\n"
    put(tmp_path / "src/features.py", head + textwrap.dedent(body))
    return tmp_path / "src"


def hourly(tmp_path: Path, *, rows: int = HOURS) -> Path:
    """Write hours of one sensor, in no order of time."""
    times = [START + timedelta(hours=hour) for hour in range(rows)]
    order = [(place * 7) % rows for place in range(rows)] if rows % 7 else list(range(rows))
    path = tmp_path / "in/rows.csv"
    lines = [f"{times[hour]:%Y-%m-%d %H:%M},{hour},{hour * hour % 101}" for hour in order]
    return put(path, "ts,x,y\n" + "\n".join(lines) + "\n")


def lagging(path: Path | str, *names: str, **source: Any) -> Params:
    return make_params(path, data={"numerical": ["x", *names]}, **source)


def test_features__missing_file_or_function_changes_nothing(tmp_path: Path) -> None:
    params = make_params(hourly(tmp_path))
    plain = gather(params, tmp_path)
    assert gather(params, tmp_path, src=tmp_path / "nowhere") == plain
    assert gather(params, tmp_path, src=write(tmp_path, "other = 1\n")) == plain


def test_features__adds_columns_and_keeps_the_place_of_rows(tmp_path: Path) -> None:
    src = write(
        tmp_path,
        """
        def features(rows):
            moment = rows.ts.cast("timestamp")
            return rows.mutate(hour=moment.hour(), weekday=moment.day_of_week.full_name()).order_by(ibis.desc("ts"))
        """,
    )
    path = hourly(tmp_path)
    data = {"numerical": ["x", "hour"], "categorical": ["weekday"]}
    rows = gather(make_params(path, data=data), tmp_path, src=src)
    plain = gather(make_params(path), tmp_path)
    assert [(row["ts"], row[TS], row[ROW]) for row in rows] == [(row["ts"], row[TS], row[ROW]) for row in plain]
    assert {(row["hour"], row[TS].hour) for row in rows} == {(hour, hour) for hour in range(24)}
    assert rows[0]["weekday"] == f"{rows[0][TS]:%A}"


def test_features__composes_a_timestamp_from_its_parts(tmp_path: Path) -> None:
    """The columns that make it up need not be declared, nor stay."""
    src = write(
        tmp_path,
        """
        def features(rows):
            parts = [rows[name].cast("int64") for name in ("year", "month", "day", "hour")]
            return rows.mutate(ts=ibis.timestamp(*parts, 0, 0)).drop("year", "month", "day", "hour")
        """,
    )
    path = put(tmp_path / "a.csv", "year,month,day,hour,x,y\n2025,1,31,23,1,2\n2025,2,1,0,3,4\n2025,2,1,1,5,6\n")
    rows = gather(make_params(path), tmp_path, src=src)
    assert [row[TS] for row in rows] == [datetime(2025, 1, 31, 23), datetime(2025, 2, 1), datetime(2025, 2, 1, 1)]  # noqa: DTZ001


LAGS = """
def features(rows):
    rows = rows.mutate(value=rows.x.try_cast("float64"))
    before = ibis.window(preceding=(24, 1), order_by="ts")
    lag = _.value.lag(24).over(ibis.window(order_by="ts"))
    return rows.mutate(lag=lag, mean=_.value.mean().over(before))
"""


def test_features__lags_and_means_reach_across_months(tmp_path: Path) -> None:
    rows = gather(lagging(hourly(tmp_path), "lag", "mean"), tmp_path, src=write(tmp_path, LAGS))
    found = {row[TS]: row for row in rows}
    assert len({moment.month for moment in found}) == 2
    first = found[datetime(2025, 2, 1)]  # noqa: DTZ001
    assert (first["x"], first["lag"], first["mean"]) == (str(31 * 24), 30 * 24, 30 * 24 + 11.5)
    assert (found[START]["lag"], found[START]["mean"]) == (None, None)


def test_features__gives_the_same_bytes_each_time(tmp_path: Path) -> None:
    from driftloop.sources import collect

    src = write(tmp_path, LAGS)
    params, made = lagging(hourly(tmp_path), "lag", "mean"), []
    for name in ("one", "two"):
        (out := tmp_path / name).mkdir()
        collect(params, out, cache=tmp_path / "cache", say=print, src=src)
        made.append({path.name: path.read_bytes() for path in out.iterdir()})
    assert made[0] == made[1]
    assert sorted(made[0]) == ["2025-01.parquet", "2025-02.parquet"]


WEATHER = """
def features(rows, *, weather):
    day = rows.ts.cast("timestamp").date()
    weather = weather.select(day=weather.day.cast("date"), rain=weather.rain.cast("float64"))
    return rows.mutate(day=day).left_join(weather, "day").drop("day_right")
"""


def test_features__joins_a_further_table(tmp_path: Path) -> None:
    days = [START.date() + timedelta(days=day) for day in range(HOURS // 24)]
    put(tmp_path / "weather/1.csv", "day;rain\n" + "".join(f"{day};{day.day}\n" for day in days[:20]))
    put(tmp_path / "weather/2.csv", "day;rain\n" + "".join(f"{day};{day.day}\n" for day in days[20:-1]))
    params = lagging(hourly(tmp_path), "rain", tables={"weather": f"{tmp_path}/weather/*.csv"})
    rows = gather(params, tmp_path, src=write(tmp_path, WEATHER))
    assert len(rows) == HOURS
    assert {row["rain"] - row[TS].day for row in rows if row[TS].date() != days[-1]} == {0}
    assert {row["rain"] for row in rows if row[TS].date() == days[-1]} == {None}


def test_features__rows_that_a_join_repeats_are_refused(tmp_path: Path) -> None:
    put(tmp_path / "w.csv", "day,rain\n2025-01-03,1\n2025-01-03,2\n")
    params = lagging(hourly(tmp_path), "rain", tables={"weather": f"{tmp_path}/w.csv"})
    assert refusal(params, tmp_path, src=write(tmp_path, WEATHER)).startswith(
        "src/features.py: features: expected each of 960 rows once, got 24 that are there more than once, first row "
    )


@pytest.mark.parametrize(
    ("private", "key"), [([], " (ts 2025-01-01 00:00)"), (["ts"], "")], ids=["key", "key that is private"]
)
def test_features__rows_that_vanish_are_refused(tmp_path: Path, private: list[str], key: str) -> None:
    src = write(tmp_path, "def features(rows):\n    return rows.filter(rows.x.cast('int64') > 2)\n")
    params = make_params(hourly(tmp_path), data={"private": private})
    assert refusal(params, tmp_path, src=src) == (
        f"src/features.py: features: expected each of 960 rows once, got 3 that are gone, first row 1{key}; a filter or an "
        "inner join takes rows away: use a condition in a column, or a left join"
    )


def test_features__without_the_mark_of_a_row_is_refused(tmp_path: Path) -> None:
    src = write(tmp_path, "def features(rows):\n    return rows.select('ts', 'x', 'y')\n")
    assert "expected the column driftloop:row" in refusal(make_params(hourly(tmp_path)), tmp_path, src=src)
    src = write(tmp_path, "def features(rows):\n    return rows.select('ts', 'x', 'y', 'driftloop:row')\n")
    assert len(gather(make_params(hourly(tmp_path)), tmp_path, src=src)) == HOURS


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("return rows.mutate(z=rows.x.mean())", ":4: features failed with AttributeError"),
        ("return 1 / 0", ":4: features failed with ZeroDivisionError: division by zero; correct the function"),
        ("return None", ": features: expected an Ibis table, got NoneType; return the rows"),
        ("import gone", ":4: features failed with ModuleNotFoundError: No module named 'gone'"),
        ("raise SystemExit(3)", ":4: features failed with SystemExit: 3"),
        ("return rows.mutate(z=rows.ts.cast('int64'))", ": features failed with ConversionException: "),
        ("return (", ":4: features failed with SyntaxError: "),
    ],
)
def test_features__failing_is_one_line_with_its_place(tmp_path: Path, body: str, line: str) -> None:
    src = write(tmp_path, f"def features(rows):\n    {body}\n")
    assert refusal(make_params(hourly(tmp_path)), tmp_path, src=src).startswith(f"src/features.py{line}")


def test_features__text_columns_say_how_to_cast(tmp_path: Path) -> None:
    src = write(tmp_path, "def features(rows):\n    return rows.mutate(z=rows.x.mean())\n")
    assert refusal(make_params(hourly(tmp_path)), tmp_path, src=src).endswith(
        'columns of a CSV file are text: cast them, such as rows.x.try_cast("float64")'
    )


@pytest.mark.parametrize(
    "body", ["raise ValueError(rows.x.to_pyarrow()[0].as_py())", "return rows.mutate(z=rows.x.cast('int64'))"]
)
def test_features__an_error_never_quotes_where_columns_are_private(tmp_path: Path, body: str) -> None:
    path = put(tmp_path / "a.csv", "ts,x,y\n2025-01-01,Mallory,1\n2025-01-02,Mallory,1\n")
    src = write(tmp_path, f"def features(rows):\n    {body}\n")
    assert "Mallory" in refusal(make_params(path), tmp_path, src=src)
    found = refusal(make_params(path, data={"private": ["x"]}), tmp_path, src=src)
    assert "Mallory" not in found
    assert "its text is not quoted, since data.private is set" in found


def test_features__dropped_columns_that_are_declared_have_the_usual_error(tmp_path: Path) -> None:
    src = write(tmp_path, "def features(rows):\n    return rows.rename(time='ts')\n")
    found = refusal(make_params(hourly(tmp_path)), tmp_path, src=src)
    assert "expected the columns ts (timestamp)" in found
    assert "time" in found


@pytest.mark.parametrize(
    "column",
    {
        "next row": 'rows.n.lead(1).over(ibis.window(order_by="ts"))',
        "mean of all": "rows.n.mean().over(ibis.window())",
        "centred mean": 'rows.n.mean().over(ibis.window(preceding=2, following=2, order_by="ts"))',
        "mean of the day": 'rows.n.mean().over(ibis.window(group_by=rows.ts.cast("timestamp").date()))',
        "largest of all": "rows.n - rows.n.max().over(ibis.window())",
    }.values(),
)
def test_features__looking_ahead_is_refused(tmp_path: Path, column: str) -> None:
    src = write(
        tmp_path,
        f'def features(rows):\n    rows = rows.mutate(n=rows.x.cast("float64"))\n    return rows.mutate(odd={column}, fine=1)\n',
    )
    found = refusal(lagging(hourly(tmp_path), "odd", "fine"), tmp_path, src=src)
    assert found.startswith("src/features.py: expected inputs that depend on earlier rows alone, got odd: up to ")


def test_features__values_that_differ_each_time_are_refused(tmp_path: Path) -> None:
    src = write(tmp_path, "def features(rows):\n    return rows.mutate(odd=ibis.random())\n")
    assert "got odd" in refusal(lagging(hourly(tmp_path), "odd"), tmp_path, src=src)


@pytest.mark.parametrize(("hours", "delay", "refused"), [(24, 7, True), (168, 7, False), (1, 0, False), (0, 0, True)])
def test_features__labels_that_are_not_final_are_refused(tmp_path: Path, hours: int, delay: int, refused: bool) -> None:  # noqa: FBT001
    body = f'rows.mutate(past=rows.y.cast("int64").lag({hours}).over(ibis.window(order_by="ts")))'
    src = write(tmp_path, f"def features(rows):\n    return {body}\n")
    params = make_params(hourly(tmp_path), data={"numerical": ["x", "past"], "label_delay_days": delay})
    if refused:
        assert refusal(params, tmp_path, src=src) == (
            "src/features.py: expected inputs that use y only once it is final (data.label_delay_days: "
            f"{delay}), got past; use the y of rows that are older, or lower the delay"
        )
    else:
        assert {row["past"] is None for row in gather(params, tmp_path, src=src)} == {True, False}


def test_features__by_sensor_with_rows_of_one_time(tmp_path: Path) -> None:
    """Lags within a group, of Parquet with types."""
    times = [START + timedelta(hours=hour) for hour in range(200) for _ in "ab"]
    table = pa.table({"ts": times, "id": ["a", "b"] * 200, "x": range(400), "y": [1.0] * 400})
    pq.write_table(table, tmp_path / "a.parquet")
    window = 'ibis.window(group_by="id", order_by="ts")'
    src = write(tmp_path, f"def features(rows):\n    return rows.mutate(lag=rows.x.lag(1).over({window}))\n")
    params = make_params(tmp_path / "a.parquet", data={"key": ["ts", "id"], "numerical": ["x", "lag"]})
    rows = gather(params, tmp_path, src=src)
    assert [row["lag"] for row in rows] == [None, None, *range(398)]


def test_features__rows_without_a_readable_time_stay(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", "ts,x,y\n2025-01-01,1,1\nnever,2,2\n2025-01-02,3,3\n2025-01-03,4,4\n")
    src = write(tmp_path, "def features(rows):\n    return rows.mutate(z=rows.x.cast('int64') * 2)\n")
    rows = gather(lagging(path, "z"), tmp_path, src=src)
    assert [row["z"] for row in rows] == [2, 4, 6, 8]


def test_features__of_no_rows(tmp_path: Path) -> None:
    src = write(tmp_path, LAGS)
    assert gather(lagging(put(tmp_path / "a.csv", "ts,x,y\n"), "lag"), tmp_path, src=src) == []
    assert gather(lagging(put(tmp_path / "b.csv", ""), "lag"), tmp_path, src=src) == []


def test_features__beside_labels_in_a_table_of_their_own(tmp_path: Path) -> None:
    put(tmp_path / "labels.csv", "ts,y\n2025-01-01 05:00,77\n")
    labels = {"path": f"{tmp_path}/labels.csv", "key": ["ts"]}
    rows = gather(lagging(hourly(tmp_path), "lag", labels=labels), tmp_path, src=write(tmp_path, LAGS))
    assert next(row for row in rows if row["x"] == "5")["y"] == "77"


@pytest.mark.parametrize(
    ("given", "tables", "line"),
    [
        (
            "rows, *, weather",
            {},
            "expected features(rows), as source.tables is empty, got features(rows, *, weather); make",
        ),
        (
            "rows",
            {"weather": "w"},
            "expected features(rows, *, weather), as source.tables names weather, got features(rows); make",
        ),
    ],
)
def test_features__other_parameters_are_refused(tmp_path: Path, given: str, tables: dict[str, str], line: str) -> None:
    put(tmp_path / "w.csv", "a,b\n1,2\n")
    src = write(tmp_path, f"def features({given}):\n    return rows\n")
    tables = dict.fromkeys(tables, f"{tmp_path}/w.csv")
    assert refusal(make_params(hourly(tmp_path), tables=tables), tmp_path, src=src).startswith(
        f"src/features.py: {line}"
    )


def test_tables__without_a_function_are_refused(tmp_path: Path) -> None:
    params = make_params(hourly(tmp_path), tables={"weather": "w.csv"})
    assert refusal(params, tmp_path, src=tmp_path) == (
        "source.tables: expected a function features in src/features.py that takes weather, found none; write it"
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "source.tables.weather: {path}: not found"), ("", "{path}: expected column names, got a blank file")],
)
def test_tables__that_cannot_be_read_are_named(tmp_path: Path, content: str | None, said: str) -> None:
    path = tmp_path / "w.csv"
    if content is not None:
        put(path, content)
    params = make_params(hourly(tmp_path), tables={"weather": str(path)})
    assert refusal(params, tmp_path, src=write(tmp_path, WEATHER)).startswith(said.format(path=path))


def test_fingerprint__sees_further_tables(tmp_path: Path) -> None:
    path = hourly(tmp_path)
    put(tmp_path / "w.csv", "day,rain\n")
    params = make_params(path, tables={"weather": f"{tmp_path}/w.csv"})
    before = fingerprint(params)
    assert before != fingerprint(make_params(path))
    put(tmp_path / "w.csv", "day,rain\n2025-01-01,1\n")
    assert fingerprint(params) != before


def test_features__of_the_simulator(tmp_path: Path) -> None:
    params = Params.model_validate(
        {
            "model": "test",
            "source": {"kind": "simulator", "until": "2024-02-01T00:00Z"},
            "data": {
                "timestamp": "ts",
                "key": ["ts"],
                "target": "rentals",
                "numerical": ["last_week"],
                "label_delay_days": 7,
            },
            "train": {"estimator": "sklearn.linear_model.LinearRegression"},
        }
    )
    body = 'rows.mutate(last_week=rows.rentals.lag(168).over(ibis.window(order_by="ts")))'
    rows = gather(params, tmp_path, src=write(tmp_path, f"def features(rows):\n    return {body}\n"))
    assert rows[168]["last_week"] == rows[0]["rentals"]


def examples() -> list[str]:
    """Read the examples of the manual."""
    text = (SRC.parent / "docs/data.md").read_text("utf-8")
    return re.findall(r"```python\n(# src/features\.py\n.*?)```", text, flags=re.DOTALL)


def test_manual__first_example_runs(tmp_path: Path) -> None:
    put(tmp_path / "src/features.py", examples()[0])
    times = [START + timedelta(hours=hour) for hour in range(24 * 35)]
    lines = [f"{time.year},{time.month},{time.day},{time.hour},{place},1" for place, time in enumerate(times)]
    path = put(tmp_path / "a.csv", "year,month,day,hour,temp,y\n" + "\n".join(lines) + "\n")
    data = {"numerical": ["temp", "temp_yesterday", "temp_mean"], "categorical": ["weekday"]}
    row = gather(make_params(path, data=data), tmp_path, src=tmp_path / "src")[24 * 31]
    assert (row["ts"], row["weekday"]) == (datetime(2025, 2, 1), "Saturday")  # noqa: DTZ001
    assert (row["temp"], row["temp_yesterday"], row["temp_mean"]) == (744, 720, 731.5)


def test_manual__example_of_joined_tables_runs(tmp_path: Path) -> None:
    put(tmp_path / "src/features.py", examples()[1])
    put(tmp_path / "w.csv", "day,rain\n2025-01-03,1\n2025-01-03,2\n")
    params = lagging(hourly(tmp_path), "rain", tables={"weather": f"{tmp_path}/w.csv"})
    rows = gather(params, tmp_path, src=tmp_path / "src")
    assert len(rows) == HOURS
    assert {(row["rain"], row[TS].day == 3) for row in rows if row[TS].month == 1} == {(2.0, True), (None, False)}

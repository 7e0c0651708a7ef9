"""The `_ts` rule and the months that are written."""
# ruff: noqa: DTZ001 (`_ts` is naive UTC)

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from driftloop.core.columns import ROW, TS
from driftloop.errors import DataError
from driftloop.params import Params
from driftloop.sources import collect, fingerprint
from driftloop.sources.partitions import Written, copy, declare, workspace, write
from driftloop.store.files import digest

if TYPE_CHECKING:
    from pathlib import Path


def make_params(*, zone: str = "UTC", form: str | None = None, **source: Any) -> Params:
    return Params.model_validate(
        {
            "model": "test",
            "source": {"kind": "files", "path": "unused", "until": "2026-01-01", **source},
            "data": {
                "timestamp": "ts",
                "timestamp_format": form,
                "timezone": zone,
                "key": ["id"],
                "target": "y",
                "numerical": ["x", "vanished"],
            },
            "train": {"estimator": "sklearn.linear_model.LinearRegression"},
        }
    )


def make_table(times: Any, **columns: Any) -> pa.Table:
    size = len(times)
    return pa.table(
        {"ts": times, "id": range(size), "y": [1.0] * size, "x": [0.5] * size, "other": [0] * size, **columns}
    )


def partition(table: pa.Table, params: Params, tmp_path: Path, *, threads: int = 4) -> tuple[Path, Written]:
    out = tmp_path / f"out-{len(list(tmp_path.iterdir()))}"
    out.mkdir()
    pq.write_table(table, tmp_path / "rows.parquet", row_group_size=20_000)
    with workspace(tmp_path / "cache", zone=params.data.timezone) as (con, _):
        con.raw_sql(f"SET threads = {threads}")
        rows = declare(con.read_parquet(tmp_path / "rows.parquet"), params, where="rows")
        return out, write(con, rows, params, out)


def moments(times: Any, tmp_path: Path, *, zone: str = "UTC", form: str | None = None) -> list[datetime | None]:
    """Return `_ts` in source order."""
    out, _ = partition(make_table(times), make_params(zone=zone, form=form, until="2199-01-01"), tmp_path)
    rows = pa.concat_tables(pq.read_table(path) for path in sorted(out.iterdir()))
    return list(rows.sort_by(ROW)[TS].to_pylist())


def test_instants__strings(tmp_path: Path) -> None:
    expected = datetime(2025, 1, 1, 10)
    readable = ["2025-01-01 11:00", "2025/01/01 11:00:00", " 2025-01-01T11:00:00.000 ", "2025-01-01T10:00Z"]
    readable += ["2025-01-01T12:00:00+02:00", "2025-01-01 04:30:00-0530", "2025-01-01 12:00:00+02"]
    assert moments(readable, tmp_path, zone="Europe/Berlin") == [expected] * len(readable)


def test_instants__unreadable_strings_are_null(tmp_path: Path) -> None:
    unreadable = [
        "",
        "soon",
        "2025-02-30",
        "31/01/2025 10:00",
        "2025-01-01 10:00 PM",
        "2025-01-01 10:00 or so",
        "12:00",
    ]
    unreadable += ["infinity", "-infinity", "epoch", "290000-01-01", "44-03-15 (BC)", "1735689600", "2025-01"]
    assert moments([*unreadable, None], tmp_path) == [None] * (len(unreadable) + 1)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_instants__timestamps_of_every_unit(tmp_path: Path, unit: str) -> None:
    naive = pa.array([datetime(2025, 7, 1, 12), None], pa.timestamp("us"))
    local = naive.cast(pa.timestamp(unit))
    aware = naive.cast(pa.timestamp("us", "UTC")).cast(pa.timestamp(unit, "America/New_York"))
    assert moments(local, tmp_path, zone="Europe/Berlin") == [datetime(2025, 7, 1, 10), None]
    assert moments(aware, tmp_path, zone="Europe/Berlin") == [datetime(2025, 7, 1, 12), None]


def test_instants__dates_are_local_midnights(tmp_path: Path) -> None:
    assert moments([date(2025, 7, 1)], tmp_path, zone="Europe/Berlin") == [datetime(2025, 6, 30, 22)]
    assert moments(["2025-07-01"], tmp_path, zone="Europe/Berlin") == [datetime(2025, 6, 30, 22)]


def test_instants__numbers_are_not_times(tmp_path: Path) -> None:
    assert moments([1735689600, 20250101], tmp_path) == [None, None]


@pytest.mark.parametrize(
    ("form", "times"),
    [
        ("%d/%m/%Y %H:%M", ["1/7/2025 12:00", "01/07/2025 12:00"]),
        ("%I:%M %p %d.%m.%y", ["12:00 PM 1.7.25", "12:00 pm 01.07.25"]),
        ("%d %b %Y %H:%M", ["1 Jul 2025 12:00"]),
        ("%Y%m%d%H", [2025070112, "2025070112", 2025070112.0]),
        ("%d/%m/%Y %H:%M %z", ["1/7/2025 12:00 +0200", "1/7/2025 06:00 -04:00"]),
        ("%d/%m/%Y %H:%MZ", ["1/7/2025 10:00Z"]),
        ("%Y 'o''clock' %j %H", ["2025 'o''clock' 182 12"]),
        ("epoch_s", [1751364000, "1751364000", 1751364000.0, "1751364000.0"]),
        ("epoch_ms", [1751364000000, "1751364000000"]),
        ("epoch_us", [1751364000000000]),
        ("epoch_ns", [1751364000000000000, "1751364000000000000"]),
    ],
)
def test_instants__as_they_are_said_to_be_written(tmp_path: Path, form: str, times: list[Any]) -> None:
    for time in times:
        assert moments([time, None], tmp_path, zone="Europe/Berlin", form=form) == [datetime(2025, 7, 1, 10), None]


def test_instants__written_otherwise_than_said_are_null(tmp_path: Path) -> None:
    wrong = ["2025-07-01 12:00", "13/31/2025 12:00", "1/7/25 12:00", "1/7/2025", "1/7/2025 12:00 PM", "29/2/2025 12:00"]
    assert moments(wrong, tmp_path, form="%d/%m/%Y %H:%M") == [None] * len(wrong)
    assert moments(["soon", "nan", "inf", "1e300", "2025-07-01"], tmp_path, form="epoch_s") == [None] * 5


def test_instants__a_column_of_timestamps_needs_no_format(tmp_path: Path) -> None:
    assert moments([datetime(2025, 7, 1)], tmp_path, form="%d/%m/%Y") == [datetime(2025, 7, 1)]


def test_instants__naive_hours_across_both_clock_changes(tmp_path: Path) -> None:
    spring = [datetime(2025, 3, 30) + timedelta(hours=hour) for hour in range(5)]
    autumn = [datetime(2025, 10, 26) + timedelta(hours=hour) for hour in range(5)]
    got = [
        moment and moment.strftime("%dT%H") for moment in moments([*spring, *autumn], tmp_path, zone="Europe/Berlin")
    ]
    # 02:00 does not exist in March and is read as 03:00; in October it exists twice, and the second one is taken.
    assert got == ["29T23", "30T00", "30T01", "30T01", "30T02", "25T22", "25T23", "26T01", "26T02", "26T03"]


def test_write__months_in_order_of_time_then_source(tmp_path: Path) -> None:
    times = [datetime(2025, 2, 1), datetime(2025, 1, 31, 23), datetime(2025, 1, 1), datetime(2025, 1, 31, 23)]
    out, written = partition(make_table(times), make_params(), tmp_path)
    assert sorted(path.name for path in out.iterdir()) == ["2025-01.parquet", "2025-02.parquet"]
    assert pq.read_table(out / "2025-01.parquet")[ROW].to_pylist() == [2, 1, 3]
    assert written == Written(rows=4, undated=0, months=("2025-01", "2025-02"))


def test_write__keeps_declared_columns_and_their_types(tmp_path: Path) -> None:
    table = make_table([datetime(2025, 1, 1)] * 2, x=["1.5", "broken"], y=pa.array([1, 0], pa.int8()))
    out, _ = partition(table, make_params(), tmp_path)
    written = pq.read_table(out / "2025-01.parquet")
    assert written.schema.names == ["ts", "id", "y", "x", TS, ROW]
    assert written.schema.types[2:] == [pa.int8(), pa.string(), pa.timestamp("us"), pa.int64()]


def test_write__leaves_out_what_is_outside_the_range_and_keeps_undated(tmp_path: Path) -> None:
    times = ["2024-12-31 23:59:59", "2025-01-01", "never", "2025-01-01 23:59:59", "2025-01-02"]
    params = make_params(since="2025-01-01", until="2025-01-02")
    out, written = partition(make_table(times), params, tmp_path)
    assert pq.read_table(out / "2025-01.parquet")[ROW].to_pylist() == [1, 3]
    assert pq.read_table(out / "undated.parquet")["ts"].to_pylist() == ["never"]
    assert written == Written(rows=2, undated=1, months=("2025-01",))


def test_write__no_rows_keep_the_columns(tmp_path: Path) -> None:
    out, written = partition(make_table(pa.array([], pa.timestamp("us"))), make_params(), tmp_path)
    assert pq.read_table(out / "undated.parquet").schema.names == ["ts", "id", "y", "x", TS, ROW]
    assert written == Written(rows=0, undated=0, months=())


def test_write__same_bytes_with_any_number_of_threads(tmp_path: Path) -> None:
    size = 400_000
    random = np.random.default_rng(0)
    seconds = random.integers(0, 40 * 86_400, size)  # many ties, so that the order of the source matters
    times = np.datetime64("2025-01-01", "us") + (seconds // 600 * 600).astype("timedelta64[s]")
    table = make_table(pa.array(times), x=random.normal(size=size), id=random.permutation(size))
    runs = [partition(table, make_params(), tmp_path, threads=threads)[0] for threads in (4, 4, 1)]
    digests = [{path.name: digest(path) for path in run.iterdir()} for run in runs]
    assert digests[0] == digests[1] == digests[2]
    january = pq.ParquetFile(runs[0] / "2025-01.parquet")
    assert january.num_row_groups > 1
    order = january.read([TS, ROW]).to_pandas()
    assert order.equals(order.sort_values([TS, ROW], ignore_index=True))
    assert order[ROW].is_unique


def test_write__path_with_quotes(tmp_path: Path) -> None:
    folder = tmp_path / "it's"
    folder.mkdir()
    out, _ = partition(make_table([datetime(2025, 1, 1)]), make_params(), folder)
    assert (out / "2025-01.parquet").exists()


def test_copy__wide_rows_in_small_row_groups(tmp_path: Path) -> None:
    """Who reads a file holds a row group of all columns in memory."""
    con = ibis.duckdb.connect()
    for columns in (16, 400):
        names = ", ".join(f"range AS x{place}" for place in range(columns))
        con.raw_sql(f"CREATE OR REPLACE VIEW wide AS SELECT {names} FROM range(130_000)")
        con.raw_sql("SET threads = 1")
        copy(con, con.table("wide"), tmp_path / f"{columns}.parquet")
    largest = {columns: most_rows(tmp_path / f"{columns}.parquet") for columns in (16, 400)}
    assert largest == {16: 122_880, 400: 10_240}


def most_rows(path: Path) -> int:
    found = pq.read_metadata(path)
    return max(int(found.row_group(place).num_rows) for place in range(found.num_row_groups))


def test_declare__names_missing_and_found_columns(tmp_path: Path) -> None:
    table = make_table([datetime(2025, 1, 1)]).drop_columns(["y", "id"])
    with pytest.raises(DataError) as caught:
        partition(table, make_params(), tmp_path)
    expected = "rows: expected the columns id (key), y (target), found ts, x, other; correct `data:` in params.yaml or the source"
    assert str(caught.value) == expected


def test_declare__source_columns_named_like_ours(tmp_path: Path) -> None:
    table = make_table([datetime(2025, 1, 1)], **{TS: ["mine"], ROW: ["mine"]})
    out, _ = partition(table, make_params(), tmp_path)
    assert pq.read_table(out / "2025-01.parquet")[ROW].to_pylist() == [0]


def test_workspace__leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), workspace(tmp_path / "cache", zone="UTC") as (con, folder):  # noqa: PT012 (it is what is interrupted)
        con.create_table("t", ibis.memtable({"a": [1]}))
        assert folder.is_dir()
        raise KeyboardInterrupt
    assert list((tmp_path / "cache").iterdir()) == []


def make_simulator(**over: Any) -> Params:
    data = {"timestamp": "ts", "timezone": "Europe/Berlin", "key": ["ts"], "target": "rentals", "numerical": ["hour"]}
    source = {"kind": "simulator", "since": "2025-01-01", "until": "2025-02-02", **over}
    return Params.model_validate({"model": "test", "source": source, "data": data, "train": {"estimator": "none"}})


def test_collect__simulator_says_so_and_is_utc_in_any_zone(tmp_path: Path) -> None:
    said: list[str] = []
    (out := tmp_path / "out").mkdir()
    collect(
        make_simulator(until="2025-02-02T00:00Z", since="2025-01-01T00:00Z"),
        out,
        cache=tmp_path / "cache",
        say=said.append,
    )
    rows = pq.read_table(out / "2025-01.parquet")
    assert rows[TS].to_pylist() == rows["ts"].to_pylist()
    assert rows.num_rows == 31 * 24
    assert said == ["SIMULATED DATA: 768 rows from 2025-01 to 2025-02"]


def test_collect__simulator_keeps_past_bytes_when_until_moves(tmp_path: Path) -> None:
    digests = []
    for until in ("2025-02-02", "2025-03-01T05:00Z"):
        (out := tmp_path / until[:10]).mkdir()
        collect(make_simulator(until=until), out, cache=tmp_path / "cache", say=print)
        digests.append(digest(out / "2025-01.parquet"))
    assert digests[0] == digests[1]


def test_fingerprint__simulator_and_command_are_constant() -> None:
    assert fingerprint(make_simulator()) == fingerprint(make_simulator(until="2025-12-01"))
    commands = [make_params(kind="command", command=text, since="2025-01-01") for text in ("a", "b")]
    assert fingerprint(commands[0]) != fingerprint(commands[1])


def test_instants__aware_and_naive_files_together(tmp_path: Path) -> None:
    naive = make_table([datetime(2025, 7, 1, 12)])
    aware = make_table(
        pa.array([datetime(2025, 7, 1, 12, tzinfo=timezone(timedelta(hours=2)))], pa.timestamp("us", "UTC"))
    )
    (folder := tmp_path / "in").mkdir()
    pq.write_table(naive, folder / "1.parquet")
    pq.write_table(aware, folder / "2.parquet")
    (out := tmp_path / "out").mkdir()
    collect(make_params(path=str(folder), zone="Europe/Berlin"), out, cache=tmp_path / "cache", say=print)
    assert pq.read_table(out / "2025-07.parquet")[TS].to_pylist() == [datetime(2025, 7, 1, 10)] * 2

"""Where no row has a readable time, one line shows what stands there and how to say how it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from collected import gather, make_params, put, refusal

from driftloop.core.columns import TS

if TYPE_CHECKING:
    from pathlib import Path


def table(*times: Any) -> str:
    return "ts,x,y\n" + "".join(f"{time},1,2\n" for time in times)


@pytest.mark.parametrize(
    ("times", "first", "form"),
    [
        (["1/1/2018 0:15", "31/1/2018 0:30"], "1/1/2018 0:15", "%d/%m/%Y %H:%M"),
        (["1/31/2018 0:15", "2/1/2018 0:30"], "1/31/2018 0:15", "%m/%d/%Y %H:%M"),
        (["31.12.2018"], "31.12.2018", "%d.%m.%Y"),
        (["31.12.2018 18.00.00"], "31.12.2018 18.00.00", "%d.%m.%Y %H.%M.%S"),
        (["2018-09-13 01:15 PM"], "2018-09-13 01:15 PM", "%Y-%m-%d %I:%M %p"),
        (["20180913"], "20180913", "%Y%m%d"),
        (["201809010015"], "201809010015", "%Y%m%d%H%M"),
        (["1404875760"], "1404875760", "epoch_s"),
        (["1404875760.5", "1404875761"], "1404875760.5", "epoch_s"),
        (["1404875760123"], "1404875760123", "epoch_ms"),
        (["1404875760123456"], "1404875760123456", "epoch_us"),
        (["1404875760123456000"], "1404875760123456000", "epoch_ns"),
    ],
)
def test_refuse__suggests_the_only_format_that_fits(tmp_path: Path, times: list[str], first: str, form: str) -> None:
    path = put(tmp_path / "a.csv", table(*times, ""))
    every = f"all {len(times) + 1} rows"
    expected = f"{path}: ts: expected ISO 8601, got '{first}' in {every}; set data.timestamp_format, for example {form}"
    assert refusal(make_params(path), tmp_path) == expected
    rows = gather(make_params(path, data={"timestamp_format": form}), tmp_path)
    assert [row[TS] is not None for row in rows] == [True] * len(times) + [False]


@pytest.mark.parametrize("times", [["1/2/2018 0:15", "2/12/2018 0:30"], ["soon"], ["31/12/2018", "12/31/2018"], ["99"]])
def test_refuse__suggests_nothing_that_is_not_certain(tmp_path: Path, times: list[str]) -> None:
    message = refusal(make_params(put(tmp_path / "a.csv", table(*times))), tmp_path)
    every = f"all {len(times)} rows" if len(times) > 1 else "the only row"
    assert message.endswith(f"got '{times[0]}' in {every}; set data.timestamp_format")


def test_refuse__a_row_far_below_rules_a_format_out(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", table(*["1/2/2018"] * 3000, "31/2/2018x"))
    assert refusal(make_params(path), tmp_path).endswith("in all 3,001 rows; set data.timestamp_format")
    put(path, table(*["1/2/2018"] * 3000, "31/3/2018"))
    assert refusal(make_params(path), tmp_path).endswith("set data.timestamp_format, for example %d/%m/%Y")


def test_refuse__a_format_that_is_wrong(tmp_path: Path) -> None:
    params = make_params(put(tmp_path / "a.csv", table("31/12/2018")), data={"timestamp_format": "%d.%m.%Y"})
    assert refusal(params, tmp_path).endswith(
        ": ts: expected %d.%m.%Y, as data.timestamp_format says, got '31/12/2018' in the only row; "
        "correct data.timestamp_format, for example %d/%m/%Y"
    )


def test_refuse__shows_no_private_value(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", table("31/12/2018", "1/1/2018"))
    message = refusal(make_params(path, data={"private": ["ts"]}), tmp_path)
    assert message.endswith("got something else in all 2 rows; set data.timestamp_format, for example %d/%m/%Y")


def test_refuse__no_value_at_all(tmp_path: Path) -> None:
    message = refusal(make_params(put(tmp_path / "a.csv", table("", ""))), tmp_path)
    assert message.endswith("got no value in all 2 rows; correct data.timestamp in params.yaml")


def test_refuse__a_long_value_and_control_characters_stay_in_one_line(tmp_path: Path) -> None:
    message = refusal(make_params(put(tmp_path / "a.csv", table('"a\nb\x1b' + "x" * 99 + '"'))), tmp_path)
    assert r"got 'a\nb\x1bxxx" in message
    assert "x" * 41 not in message


def test_refuse__numbers_in_parquet(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"ts": [20250113, 20250114], "x": [1, 2], "y": [1, 2]}), path)
    assert refusal(make_params(path), tmp_path).endswith(
        "got '20250113' in all 2 rows; set data.timestamp_format, for example %Y%m%d"
    )


def test_refuse__times_apart(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", "Date,Time,x,y\n10/03/2004,18.00.00,1,2\n13/03/2004,18.00.00,1,2\n")
    data = {"timestamp": ["Date", "Time"], "key": ["Date", "Time"]}
    assert refusal(make_params(path, data=data), tmp_path) == (
        f"{path}: Date and Time: expected ISO 8601, got '10/03/2004 18.00.00' in all 2 rows; "
        "set data.timestamp_format, for example %d/%m/%Y %H.%M.%S"
    )


def test_refuse__not_where_some_row_has_a_time_even_outside_of_the_range(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", table("31/12/2018", "2030-01-01"))
    assert [row[TS] for row in gather(make_params(path), tmp_path)] == [None]

"""Timestamps in several columns, and labels that are written like the rows."""
# ruff: noqa: DTZ001 (`_ts` is naive UTC)

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from collected import gather, make_params, put

from driftloop.core.columns import TS
from driftloop.core.data.declared import columns_of
from driftloop.core.models.card import Card

if TYPE_CHECKING:
    from pathlib import Path

PARTS = {"timestamp": ["day", "hour"], "key": ["day", "hour"]}


@pytest.mark.parametrize(
    ("day", "hour", "form"),
    [
        (["2025-07-01", None], ["10:00", "10:00"], None),
        (["1.7.2025", "1.7.2025"], ["10", None], "%d.%m.%Y %H"),
        ([date(2025, 7, 1), None], [10, 10], "%Y-%m-%d %H"),
        ([date(2025, 7, 1), None], [10.0, None], "%Y-%m-%d %H"),
        ([date(2025, 7, 1), None], [time(10), time(10)], None),
        ([datetime(2025, 7, 1), None], ["10:00", "10:00"], None),
        ([20250701, 20250701], [1000, None], "%Y%m%d %H%M"),
    ],
)
def test_joined__parts_of_any_type(tmp_path: Path, day: list[Any], hour: list[Any], form: str | None) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"day": day, "hour": hour, "x": [1, 2], "y": [1, 2]}), path)
    rows = gather(make_params(path, data={**PARTS, "timestamp_format": form}), tmp_path)
    assert {row["x"]: row[TS] for row in rows} == {1: datetime(2025, 7, 1, 10), 2: None}


def test_joined__four_columns_of_which_one_is_an_input(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", "No,year,month,day,hour,y\n1,2013,3,1,0,4\n2,2013,12,31,23,5\n")
    names = ["year", "month", "day", "hour"]
    data = {"timestamp": names, "key": names, "numerical": ["hour"], "timestamp_format": "%Y %m %d %H"}
    rows = gather(make_params(path, data=data), tmp_path)
    assert [row[TS] for row in rows] == [datetime(2013, 3, 1), datetime(2013, 12, 31, 23)]
    assert [row["hour"] for row in rows] == ["0", "23"]


def test_columns_of__the_instant_stands_for_its_parts_in_the_key() -> None:
    whole = make_params("a", data={**PARTS, "key": ["day", "station", "hour"]})
    assert columns_of(whole, Card()).key == (TS, "station")
    some = make_params("a", data={**PARTS, "key": ["day", "station"]})
    assert columns_of(some, Card()).key == ("day", "station")


def test_labels__are_joined_by_times_in_the_same_format(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", "ts,x\n1/7/2025 9:00,1\n13/7/2025 10:00,2\n")
    labels = put(tmp_path / "labels.csv", "ts;y\n01/07/2025 09:00;10\n13/7/2025 10:00;20\n")
    data = {"timestamp_format": "%d/%m/%Y %H:%M"}
    params = make_params(path, data=data, labels={"path": str(labels), "key": ["ts"]})
    assert [row["y"] for row in gather(params, tmp_path)] == ["10", "20"]


def test_labels__with_decimal_commas_beside_numbers(tmp_path: Path) -> None:
    table = pa.table({"ts": ["2025-01-01", "2025-01-02"], "x": [1, 2], "y": [1.5, 2.5]})
    pq.write_table(table, tmp_path / "a.parquet")
    labels = put(tmp_path / "labels.csv", "ts;y\n2025-01-01;10,25\n")
    labels_at = {"path": str(labels), "key": ["ts"]}
    params = make_params(tmp_path / "a.parquet", csv={"decimal": ","}, labels=labels_at)
    assert [row["y"] for row in gather(params, tmp_path)] == ["10,25", "2,5"]

"""Rows of every kind that two databases could read or write differently."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from pathlib import Path

SINCE, UNTIL = date(2025, 2, 3), date(2025, 5, 26)  # clocks go forward between them
HOURS = 24 * (UNTIL - SINCE).days


def series(folder: Path) -> dict[str, Any]:
    """Write rows of three shops, which have a number for a name; return parameters. Numbers in text have a decimal comma."""
    random: Any = np.random.default_rng(5)
    hours = pd.Series(pd.date_range(SINCE, UNTIL, freq="h", inclusive="left")).dt.strftime("%Y-%m-%d %H:%M:%S.5")
    frame = pd.DataFrame({"ts": np.tile(hours, 3), "shop": np.repeat([12345678.0, 0.00012, 2.5], HOURS)})
    size = len(frame)
    frame["comma"] = random.choice(
        ["1,5", "1.170,5", " 12,25 ", "x1", "1d", "", "nan", "-Infinity", "1.5", "7,5\n", None], size
    )
    frame["wide"] = random.choice([0.1, -0.0, np.nan, np.inf, -np.inf, 1e300, 1e-300, 0.30000000000000004], size)
    frame["normal"] = np.round(random.normal(size=size), 3)
    frame["count"] = random.choice([3, 17, -999, 20], size)
    frame["flag"] = random.random(size) < 0.5
    frame["price"] = pd.Series(
        [Decimal(int(cents)) / 100 for cents in random.integers(-500, 500, size)], dtype="object"
    )
    frame["grade"] = random.choice([1.0, 2.0, 2.5, 1e7, 1e16, 1e-5, np.nan, np.inf], size)
    frame["name"] = random.choice(["café", "1.00", "1.0\n", "", " a", "東京", "N/A", None], size)
    frame["opened"] = random.choice([date(2020, 1, 1), date(2021, 12, 31), None], size)
    moments = pd.Timestamp(0, tz="UTC") + pd.to_timedelta(pd.Series(random.integers(0, 3, size)), unit="h")
    frame["seen"] = moments.astype("datetime64[us, UTC]")
    frame["y"] = np.where(random.random(size) < 0.1, np.nan, random.normal(size=size))
    late = frame["ts"] > "2025-05-22"
    frame.loc[late & (frame["name"] == "café"), "name"] = "new"
    frame.loc[late & (frame["comma"] == "x1"), "comma"] = "1,170,5"
    again = frame.sample(200, random_state=1)
    times: Any = ["later"] * 30 + [None] * 8 + ["1970-01-01 00:00:00", "1999-01-01 00:00:00"]
    lost = frame.tail(40).assign(ts=times)
    _write(pd.concat([frame, again.assign(y=1.0), lost]), folder)
    numerical = ["comma", "wide", "normal", "count", "flag", "price"]
    return {
        "source": {"csv": {"decimal": ",", "thousands": "."}},
        "data": {
            "timezone": "Europe/Berlin",
            "key": ["ts", "shop"],
            "numerical": numerical,
            "categorical": ["shop", "grade", "name", "opened", "seen"],
            "missing": {"*": ["N/A"], "count": [-999]},
        },
    }


def single(folder: Path) -> dict[str, Any]:
    """Write one row an hour, where values repeat over midnight and a column has thousands of names; return parameters."""
    random = np.random.default_rng(6)
    frame = pd.DataFrame({"ts": pd.date_range(SINCE, UNTIL, freq="h", inclusive="left")})
    frame["steady"] = np.repeat(random.normal(size=HOURS // 8), 8)[np.r_[4:HOURS, 0:4]]
    frame["code"] = random.choice([*np.round(random.normal(size=300), 2), -999.0, -999.0, -999.0], HOURS)
    frame["plain"] = random.choice(
        ["1_000", "1d", "0x1p3", " 5 ", "1e3", "inf", "+.5", "1__0", "NaN", "２", "7\n"], HOURS
    )
    frame["narrow"] = random.choice([0.1, 1.5, 16777216.0], HOURS).astype("float32")
    frame["visitor"] = [f"v{number // 2}" for number in range(HOURS)]
    frame["y"] = random.normal(size=HOURS)
    _write(frame, folder)
    return {
        "source": {},
        "data": {
            "timezone": "America/Havana",  # where clocks go forward at midnight
            "key": ["ts"],
            "numerical": ["steady", "code", "plain"],
            "categorical": ["narrow", "visitor"],
        },
    }


def _write(frame: pd.DataFrame, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), folder / "rows.parquet")

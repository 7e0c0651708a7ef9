"""Time of the profile and its histogram beside a plain scan of the same columns, in the same DuckDB.

uv run python benchmarks/profile.py [ROWS] [COLUMNS]
"""

from __future__ import annotations

import os
import platform
import statistics
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd
from ibis.util import gen_name

from driftloop.core import histogram, recursion
from driftloop.core import profile as profiles
from driftloop.core.schema import Columns, typed
from driftloop.core.series import series
from driftloop.core.windows import Window

if TYPE_CHECKING:
    from collections.abc import Callable

RUNS = 3


def timed(work: Callable[[], object]) -> float:
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def main(rows: int, columns: int) -> None:
    random = np.random.default_rng(0)
    names = [f"x{place}" for place in range(columns)]
    frame = pd.DataFrame({name: random.normal(size=rows) for name in names})
    frame.insert(0, "_ts", pd.date_range("2024-01-01", "2025-12-31", periods=rows).as_unit("us"))
    frame["_row"], frame["y"] = np.arange(rows), 1.0
    given = Columns(numerical=tuple(names), categorical=(), target="y", task="regression", key=("_ts",))
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "rows.parquet")
        frame.to_parquet(path, index=False)
        con = ibis.duckdb.connect()
        raw = con.read_parquet(path)
        table = con.create_table("typed", typed(raw, given, "UTC"))
        window = Window(since=date(2024, 1, 1), until=date(2025, 1, 1))
        known = profiles.known(table, given, window.until)
        grid = histogram.grid(table, given, window, known.ranges)
        ends = {f"{end} {name}": getattr(raw[name], end)() for name in names for end in ("min", "max", "sum", "count")}
        per_day = {
            f"{end} {name}": getattr(table[name], end)() for name in names for end in ("min", "max", "sum", "count")
        }
        found: dict[str, float] = {
            "scan of the Parquet file: minimum, maximum, sum, count": timed(lambda: raw.aggregate(**ends).to_pyarrow()),
            "the same per day, of the typed table": timed(
                lambda: table.group_by("_day").aggregate(**per_day).to_pyarrow()
            ),
            "typed table": timed(lambda: con.create_table(gen_name("typed"), typed(raw, given, "UTC"))),
            "counts (profile.daily)": timed(lambda: profiles.daily(table, given, known)),
            "ranges and bins (known, grid)": timed(
                lambda: histogram.grid(table, given, window, profiles.known(table, given, window.until).ranges)
            ),
            "histogram (histogram.daily)": timed(lambda: histogram.daily(table, grid)),
        }
        tables = profiles.daily(table, given, known), histogram.daily(table, grid)
    until = date(2026, 1, 1)
    laid = series(*tables, grid, given, until=until)
    found["arrays from profile and histogram"] = timed(lambda: series(*tables, grid, given, until=until))
    found[f"data alarms of all {len(laid[0][0].rows)} days"] = timed(
        lambda: recursion.replay(*laid, per_year=1, quiet_days=28)
    )
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, median of {RUNS}")
    print(f"{rows:,} rows × {columns} columns; load {os.getloadavg()[0]:.1f}\n\n| what | seconds |\n|---|---|")
    for what, seconds in found.items():
        print(f"| {what} | {seconds:.3f} |")


if __name__ == "__main__":
    main(*(int(text) for text in (sys.argv[1:] or ["1000000", "14"])))

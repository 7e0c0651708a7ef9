"""What the profile costs beside a plain scan of the same columns, in the same DuckDB.

uv run python benchmarks/profile.py [ROWS] [COLUMNS]
"""

from __future__ import annotations

import os
import platform
import resource
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from driftloop import engine
from driftloop.core.alarms import detector
from driftloop.core.alarms.daily import daily_columns
from driftloop.core.columns import DAY, ROW, TS
from driftloop.core.data import census, histogram
from driftloop.core.data import profile as profiles
from driftloop.core.data.schema import Columns, typed
from driftloop.core.windows import Window

if TYPE_CHECKING:
    from collections.abc import Callable

RUNS = 7
CHUNK = 1_000_000
SCAN = "scan of the Parquet file: minimum, maximum, sum, count per day"
PROFILE = ("ranges and bins (known, grid)", "counts (profile.daily)", "histogram (histogram.daily)")
REFERENCE = Window(since=date(2024, 1, 1), until=date(2025, 1, 1))


def timed(works: dict[str, Callable[[], object]]) -> dict[str, tuple[float, float]]:
    """Give the fewest seconds of processor and clock for each; they take turns, so that all have the same neighbours."""
    found = dict.fromkeys(works, (np.inf, np.inf))
    for _ in range(RUNS):
        for what, work in works.items():
            start = time.process_time(), time.perf_counter()
            work()
            processor, clock = time.process_time() - start[0], time.perf_counter() - start[1]
            found[what] = min(found[what][0], processor), min(found[what][1], clock)
    return found


def write(path: str, rows: int, names: list[str]) -> None:
    random = np.random.default_rng(0)
    times = pd.date_range("2024-01-01", "2025-12-31", periods=rows).as_unit("us")
    writer = None
    for start in range(0, rows, CHUNK):
        chunk = times[start : start + CHUNK]
        frame = pd.DataFrame({name: random.normal(size=len(chunk)) for name in names})
        frame.insert(0, TS, chunk)
        frame[ROW], frame["y"] = np.arange(start, start + len(chunk)), 1.0
        table = pa.Table.from_pandas(frame, preserve_index=False)
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer:
        writer.close()


def megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(rows: int, columns: int) -> None:
    names = [f"x{place}" for place in range(columns)]
    given = Columns(numerical=tuple(names), categorical=(), target="y", task="regression", key=(TS,))
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "rows.parquet")
        write(path, rows, names)
        con = engine.connect()
        raw = con.read_parquet(path)
        memory = {"before": megabytes()}
        table = con.create_table("typed", typed(raw, given, "UTC"))
        memory["typed table"] = megabytes()
        counted = census.take(table, given)
        known = profiles.known(counted, given, REFERENCE.until)
        grid = histogram.grid(table, given, REFERENCE, known.ranges, counted)
        tables = profiles.daily(table, given, known), histogram.daily(table, grid)
        memory["and profile"] = megabytes()
        ends = {f"{end} {name}": getattr(raw[name], end)() for name in names for end in ("min", "max", "sum", "count")}

        def bins() -> None:
            taken = census.take(table, given)
            histogram.grid(table, given, REFERENCE, profiles.known(taken, given, REFERENCE.until).ranges, taken)

        def typing() -> None:
            con.create_table("again", typed(raw, given, "UTC"))
            con.raw_sql("DROP TABLE again")

        found = timed(
            {
                SCAN: lambda: raw.group_by(**{DAY: raw[TS].date()}).aggregate(**ends).to_pyarrow(),
                "typed table": typing,
                PROFILE[0]: bins,
                PROFILE[1]: lambda: profiles.daily(table, given, known),
                PROFILE[2]: lambda: histogram.daily(table, grid),
                "histogram by SQL (histogram.query)": lambda: histogram.query(table, grid.columns),
            }
        )
    until = date(2026, 1, 1)
    laid = daily_columns(*tables, grid, given, until=until)
    found["profile: bins, counts and histogram"] = tuple(sum(found[part][side] for part in PROFILE) for side in (0, 1))
    found |= timed(
        {
            "arrays from profile and histogram": lambda: daily_columns(*tables, grid, given, until=until),
            f"data alarms of all {len(laid[0][0].rows)} days": lambda: detector.detect(
                *laid, per_year=1, quiet_days=28
            ),
        }
    )
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, fewest of {RUNS}")
    print(f"{rows:,} rows × {columns} columns; load {os.getloadavg()[0]:.1f}; peak memory, MB:", memory)
    print("\n| what | processor, s | × scan | clock, s | × scan |\n|---|---|---|---|---|")
    for what, (processor, clock) in found.items():
        print(f"| {what} | {processor:.3f} | {processor / found[SCAN][0]:.1f}", end=" ")
        print(f"| {clock:.3f} | {clock / found[SCAN][1]:.1f} |")


if __name__ == "__main__":
    main(*(int(text) for text in (sys.argv[1:] or ["1000000", "14"])))

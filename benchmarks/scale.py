"""What a run of the monitor costs at any number of rows, beside reading the same columns once and beside Evidently.

uv run python benchmarks/scale.py ROWS COLUMNS [evidently] [whylogs] [popmon]
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

ROOT = Path(__file__).parents[1]
START, DAYS = date(2024, 1, 1), 500
NAMES = 3  # of the columns hold names; the others, numbers
STAGES = ("collect", "prepare", "alarms", "monitor")
CODE = {
    "reading once": """
import duckdb, sys
names = sys.argv[2].split(",")
ends = ", ".join(f"min({name}), max({name}), count({name})" for name in names)
duckdb.sql(f"SELECT time::date, count(*), {ends} FROM read_parquet('{sys.argv[1]}/*.parquet') GROUP BY 1").fetchall()
""",
    "evidently": """
import pandas as pd, sys
from evidently import Report
from evidently.presets import DataDriftPreset, DataSummaryPreset
rows = pd.read_parquet(sys.argv[1])[[*sys.argv[2].split(","), "time"]].sort_values("time").drop(columns="time")
half = len(rows) // 2
Report([DataDriftPreset(), DataSummaryPreset()]).run(rows[half:], rows[:half]).save_html("/dev/null")
""",
    "whylogs": """
import pandas as pd, sys
import whylogs
rows = pd.read_parquet(sys.argv[1])[[*sys.argv[2].split(","), "time"]]
for _, day in rows.groupby(rows.pop("time").dt.date):
    whylogs.log(day).profile().view().serialize()
""",
    "popmon": """
import pandas as pd, sys
import popmon
rows = pd.read_parquet(sys.argv[1])[[*sys.argv[2].split(","), "time"]]
rows.pm_stability_report(time_axis="time", time_width="1d", reference_type="self", show_stats=None)
""",
}
OTHERS = {
    "whylogs": ("whylogs", "pandas<2.2", "numpy<2"),
    "popmon": ("popmon", "pandas<2.2", "numpy<2", "setuptools<80"),
}


@dataclass
class Cost:
    """Seconds by the clock, seconds of processor, and the memory of the largest process in MB."""

    clock: float = 0.0
    processor: float = 0.0
    memory: float = 0.0

    def add(self, command: list[str], folder: Path) -> None:
        """Run a command and add what it costs."""
        start = time.perf_counter()
        with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as child:
            said = child.stderr.read() if child.stderr else b""
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            sys.exit(f"{' '.join(command)[:200]}: {said.decode()[-2000:]}")
        self.clock += time.perf_counter() - start
        self.processor += usage.ru_utime + usage.ru_stime
        self.memory = max(self.memory, usage.ru_maxrss / 1024)


def write_day(folder: Path, place: int, rows: int, numbers: list[str], names: list[str]) -> None:
    random = np.random.default_rng(place)
    day = pd.Timestamp(START + timedelta(days=place))
    times = pd.date_range(day, day + pd.Timedelta(days=1), periods=rows + 1)[:-1].as_unit("us")
    table: dict[str, Any] = {"time": times, "id": np.arange(place * rows, (place + 1) * rows)}
    table |= {name: random.normal(size=rows) for name in numbers}
    table |= {name: random.choice(["alpha", "beta", "gamma", "delta", "rest"], size=rows) for name in names}
    table["y"] = 3 * table[numbers[0]] + table[numbers[1]] + random.normal(size=rows)
    pq.write_table(pa.table(table), folder / f"{day.date()}.parquet")


def make_project(folder: Path, data: Path, numbers: list[str], names: list[str]) -> None:
    """Write a project with a first production model, made from a sample."""
    for part in ("models", "metrics", "reports", "data", "src"):
        (folder / part).mkdir(parents=True)
    for file in ("dvc.yaml", "driftloop.lock"):
        shutil.copy(ROOT / file, folder / file)
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    params["source"] |= {"kind": "files", "path": str(data), "fingerprint": None}
    params["data"] |= {"timestamp": "time", "key": ["id"], "target": "y", "numerical": numbers,
                       "categorical": names, "segments": []}  # fmt: skip
    del params["data"]["target_unit"]
    params["windows"] |= {"train_days": "all", "judge_days": 28}
    params["monitor"] |= {"refit": False}
    params["train"] |= {"params": {"max_iter": 50}, "max_rows": 100_000}
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    (folder / "models/production").mkdir()
    (folder / "models/production/card.json").write_text('{"version": 0}')
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)


def until(folder: Path, days: int) -> None:
    path = folder / "params.yaml"
    params = yaml.safe_load(path.read_text())
    params["source"]["until"] = (START + timedelta(days=days)).isoformat()
    path.write_text(yaml.safe_dump(params, sort_keys=False))


def stages(folder: Path, *names: str) -> Cost:
    cost = Cost()
    for name in names:
        cost.add(["driftloop", "stage", name], folder)
    return cost


def main(rows: int, columns: int, others: list[str]) -> None:
    numbers, names = [f"x{place}" for place in range(columns - NAMES - 1)], [f"c{place}" for place in range(NAMES)]
    each = rows // DAYS
    found: dict[str, Cost] = {}
    with tempfile.TemporaryDirectory() as temporary:
        data, project = Path(temporary) / "in", Path(temporary) / "project"
        data.mkdir()
        for place in range(DAYS - 1):
            write_day(data, place, each, numbers, names)
        asked = ",".join([*numbers, *names, "y"])
        make_project(project, data, numbers, names)
        until(project, DAYS - 1)
        stages(project, "collect", "prepare", "refit", "train", "evaluate")
        Cost().add(["driftloop", "promote", "--first"], project)
        for folder in (".cache", "data/raw", "data/prepared"):
            shutil.rmtree(project / folder)
        stages(project, "collect", "prepare", "refit")  # what follows has its files in the memory of the system
        shutil.rmtree(project / ".cache")
        shutil.rmtree(project / "data/raw")
        for stage in STAGES:
            found[f"driftloop, all rows: {stage}"] = stages(project, stage)
        write_day(data, DAYS - 1, each, numbers, names)
        until(project, DAYS)
        for stage in STAGES:
            found[f"driftloop, a new day: {stage}"] = stages(project, stage)
        for name, code in CODE.items():
            if name != "reading once" and name not in others:
                continue
            found[name] = Cost()
            packages = [option for package in OTHERS.get(name, ()) for option in ("--with", package)]
            own = [
                "uv",
                "run",
                "--quiet",
                "--isolated",
                "--no-project",
                "--python",
                "3.11",
                *packages,
                "--with",
                "pyarrow",
            ]
            command = [
                *(own if packages else []),
                "python" if packages else sys.executable,
                "-c",
                code,
                str(data),
                asked,
            ]
            if packages:
                Cost().add([*own, "python", "-c", "pass"], project)
            found[name].add(command, project)
    for what in ("all rows", "a new day"):
        parts = [cost for name, cost in found.items() if what in name]
        found[f"driftloop, {what}"] = Cost(
            sum(part.clock for part in parts), sum(part.processor for part in parts), max(part.memory for part in parts)
        )
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}"
    )
    print(
        f"\n{rows:,} rows × {columns} columns\n\n| what | clock, s | processor, s | memory, MB | × reading once |\n|---|---|---|---|---|"
    )
    for what, cost in found.items():
        ratio = cost.processor / found["reading once"].processor
        print(f"| {what} | {cost.clock:.1f} | {cost.processor:.1f} | {cost.memory:,.0f} | {ratio:.1f} |")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])

"""What a run of the monitor costs at any number of rows, beside reading the same columns once and beside others.

uv run python benchmarks/scale.py ROWS COLUMNS [evidently] [nannyml] [whylogs] [popmon]

The others than Evidently are installed into an environment of their own, below the folder for temporary files.
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
FIRST = 100  # days that the first model knows
NAMES = 3  # of the columns hold names; the others, numbers
STAGES = ("collect", "prepare", "refit", "alarms", "monitor")
FLOOR = "reading once"
PAGELESS = "driftloop, a new day: monitor without Evidently's page"
READ = """
import pandas as pd, sys
rows = pd.read_parquet(sys.argv[1])[[*sys.argv[2].split(","), "time"]]
"""
CODE = {
    FLOOR: """
import duckdb, sys
names = sys.argv[2].split(",")
ends = ", ".join(f"min({name}), max({name}), count({name})" for name in names)
duckdb.sql(f"SELECT time::date, count(*), {ends} FROM read_parquet('{sys.argv[1]}/*.parquet') GROUP BY 1").fetchall()
""",
    "evidently": f"""{READ}
from evidently import Report
from evidently.presets import DataDriftPreset, DataSummaryPreset
rows = rows.sort_values("time").drop(columns="time")
half = len(rows) // 2
Report([DataDriftPreset(), DataSummaryPreset()]).run(rows[half:], rows[:half]).save_html("/dev/null")
""",
    "nannyml": f"""{READ}
import nannyml
half = len(rows) // 2
drift = nannyml.UnivariateDriftCalculator(
    column_names=sys.argv[2].split(","),
    timestamp_column_name="time",
    chunk_period="D",
    continuous_methods=["wasserstein"],
    categorical_methods=["jensen_shannon"],
)
drift.fit(rows[:half]).calculate(rows[half:]).to_df()
""",
    "whylogs": f"""{READ}
import whylogs
for _, day in rows.groupby(rows.pop("time").dt.date):
    whylogs.log(day).profile().view().serialize()
""",
    "popmon": f"""{READ}
import popmon
rows.pm_stability_metrics(time_axis="time", time_width="1d", time_offset="2024-01-01", reference_type="self")
""",
}
OLDER = ("pandas<2.2", "numpy<2", "pyarrow<17")
OTHERS = {  # packages that they need, which ours must not have, and do not name
    "nannyml": ("nannyml", "statsmodels", "pandas<3", "numpy<2", "pyarrow<17"),
    "whylogs": ("whylogs", *OLDER),
    "popmon": ("popmon", "setuptools<80", *OLDER),
}
SILENT = {"NML_DISABLE_USAGE_LOGGING": "true", "WHYLOGS_NO_ANALYTICS": "true", "DO_NOT_TRACK": "1"}


@dataclass
class Cost:
    """Seconds by the clock, seconds of processor, and the memory of the largest process in MB."""

    clock: float = 0.0
    processor: float = 0.0
    memory: float = 0.0

    def add(self, command: list[str], folder: Path) -> None:
        """Run a command and add what it costs."""
        start = time.perf_counter()
        env = os.environ | SILENT
        with subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as child:
            said = child.stderr.read() if child.stderr else b""
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            msg = f"{' '.join(command[:4])[:200]}: ended with {child.returncode}: {said.decode()[-2000:]}"
            raise RuntimeError(msg)
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


def change(folder: Path, section: str, **values: Any) -> None:
    """Change parameters of the project."""
    path = folder / "params.yaml"
    params = yaml.safe_load(path.read_text())
    params[section] |= values
    path.write_text(yaml.safe_dump(params, sort_keys=False))


def until(folder: Path, days: int) -> None:
    change(folder, "source", until=(START + timedelta(days=days)).isoformat())


def stages(folder: Path, *names: str) -> Cost:
    cost = Cost()
    for name in names:
        cost.add(["driftloop", "stage", name], folder)
    return cost


def python_of(name: str, folder: Path) -> str:
    """Return the Python that has a package, in an environment of its own where it is not ours."""
    if name not in OTHERS:
        return sys.executable
    env = folder / name
    subprocess.run(["uv", "venv", "--quiet", "--python", "3.11", env], check=True)
    python = str(env / "bin/python")
    subprocess.run(["uv", "pip", "install", "--quiet", "--python", python, *OTHERS[name]], check=True)
    return python


def ours(project: Path, data: Path, each: int, numbers: list[str], names: list[str]) -> dict[str, Cost]:
    """Run the monitor on all days but the last with nothing remembered, then with a new day."""
    found: dict[str, Cost] = {}
    for place in range(FIRST):
        write_day(data, place, each, numbers, names)
    make_project(project, data, numbers, names)
    until(project, FIRST)
    stages(project, "collect", "prepare", "refit", "alarms", "train", "evaluate")
    Cost().add(["driftloop", "promote", "--first"], project)
    for place in range(FIRST, DAYS - 1):
        write_day(data, place, each, numbers, names)
    for folder in (".cache", "data/raw", "data/prepared"):
        shutil.rmtree(project / folder)
    for what, days in (("all rows", DAYS - 1), ("a new day", DAYS)):
        if days == DAYS:
            write_day(data, DAYS - 1, each, numbers, names)
        until(project, days)
        for stage in STAGES:
            found[f"driftloop, {what}: {stage}"] = stages(project, stage)
        parts = list(found.values())[-len(STAGES) :]
        found[f"driftloop, {what}"] = Cost(
            sum(part.clock for part in parts), sum(part.processor for part in parts), max(part.memory for part in parts)
        )
    change(project, "report", max_rows=0)
    stages(project, "prepare")
    found[PAGELESS] = stages(project, "monitor")
    return found


def main(rows: int, columns: int, others: list[str]) -> None:
    numbers, names = [f"x{place}" for place in range(columns - NAMES - 1)], [f"c{place}" for place in range(NAMES)]
    failed: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        data = folder / "in"
        data.mkdir()
        found = ours(folder / "project", data, rows // DAYS, numbers, names)
        for name in (FLOOR, *others):
            try:
                cost = Cost()
                command = [python_of(name, folder), "-W", "ignore", "-c", CODE[name], str(data)]
                cost.add([*command, ",".join([*numbers, *names, "y"])], folder)
                found[name] = cost
            except (RuntimeError, subprocess.CalledProcessError) as exc:
                failed[name] = str(exc).strip().rpartition("\n")[2][:300]
    system = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"{system}, load {os.getloadavg()[0]:.1f}\n\n{rows:,} rows × {columns} columns\n")
    print("| what | clock, s | processor, s | memory, MB | × reading once |\n|---|---|---|---|---|")
    for what, cost in found.items():
        ratio = cost.processor / found[FLOOR].processor
        print(f"| {what} | {cost.clock:.1f} | {cost.processor:.1f} | {cost.memory:,.0f} | {ratio:.1f} |")
    for name, reason in failed.items():
        print(f"{name} failed: {reason}")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])

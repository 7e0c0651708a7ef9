"""Time of each stage and of a `dvc repro` that has nothing to do, in a clean copy of this repository.

uv run python benchmarks/pipeline.py [RUNS]
"""

from __future__ import annotations

import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STAGES = ("collect", "prepare", "refit", "monitor", "train", "evaluate")
ROOT = Path(__file__).parents[1]


def timed(*command: str, cwd: Path) -> float:
    start = time.perf_counter()
    subprocess.run(command, cwd=cwd, check=True, capture_output=True)
    return time.perf_counter() - start


def main(runs: int) -> None:
    rows: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        for _ in range(runs):
            subprocess.run(["rm", "-rf", ".cache"], cwd=clone, check=True)
            for stage in STAGES:
                rows.setdefault(stage, []).append(timed("driftloop", "stage", stage, cwd=clone))
            rows.setdefault("refit, refits cached", []).append(timed("driftloop", "stage", "refit", cwd=clone))
        subprocess.run(["dvc", "repro", "--quiet"], cwd=clone, check=True)
        for _ in range(runs):
            rows.setdefault("dvc repro, nothing to do", []).append(timed("dvc", "repro", cwd=clone))
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, median of {runs}\n")
    print("| what | seconds |\n|---|---|")
    for what, seconds in rows.items():
        print(f"| {what} | {statistics.median(seconds):.1f} |")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"\nLargest process: {peak:.0f} MB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)

"""Processor time of what is mostly start-up: a project of 50 rows, and verbs that only show what is known.

uv run python benchmarks/startup.py [RUNS [BEFORE]]

`BEFORE` is another checkout with an environment (`make setup`). Both take turns, so that the ratio holds on a busy machine too.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

HERE = Path(__file__).parents[1]
FILES = ("dvc.yaml", "params.yaml", "driftloop.lock", ".dvc/config", ".dvcignore", ".gitignore")
CARD = '{"version": 0, "model": null, "recipe": null, "reference": null, "trained": null}'
ROWS = 50


def made(root: Path, checkout: Path) -> Path:
    """Write a project of a checkout's, with 50 days of a table of four columns."""
    for name in FILES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(checkout / name, root / name)
    (root / "models/production").mkdir(parents=True)
    (root / "models/production/card.json").write_text(CARD)
    (root / "src").mkdir()
    rng = np.random.default_rng(0)
    day = pd.date_range("2024-01-01", periods=ROWS, freq="D")
    kind, x, y = rng.choice(list("ab"), ROWS), rng.normal(size=ROWS).round(3), rng.normal(10, 1, ROWS).round(2)
    pd.DataFrame({"ts": day, "x": x, "kind": kind, "y": y}).to_csv(root / "rows.csv", index=False)
    params = yaml.safe_load((root / "params.yaml").read_text())
    params["source"] |= {"kind": "files", "path": "rows.csv", "until": "2024-02-20T00:00Z", "fingerprint": None}
    params["data"] |= {
        "timestamp": "ts", "key": ["ts"], "target": "y", "target_unit": "", "numerical": ["x"], "categorical": ["kind"],
        "segments": [], "label_delay_days": 1,
    }  # fmt: skip
    (root / "params.yaml").write_text(yaml.safe_dump(params))
    run(checkout, root, "git", "init", "--quiet")
    run(checkout, root, "driftloop", "lock")
    return root


def run(checkout: Path, root: Path, *command: str) -> tuple[float, float]:
    """Run a command by a checkout's environment; seconds of processor, and of the clock."""
    path = f"{checkout / '.venv/bin'}{os.pathsep}{os.environ['PATH']}"
    env = {name: text for name, text in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        command, cwd=root, env={**env, "PATH": path, "DVC_NO_ANALYTICS": "true"}, check=True, capture_output=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.perf_counter() - begun


def measured(checkout: Path, folder: Path) -> dict[str, tuple[float, float]]:
    """Measure everything once."""
    root = made(folder / "project", checkout)
    found = {"dvc repro, 50 rows, nothing there": run(checkout, root, "dvc", "repro", "--quiet")}
    found["dvc repro, nothing to do"] = run(checkout, root, "dvc", "repro", "--quiet")
    stages = [f"stage {name}" for name in yaml.safe_load((root / "dvc.yaml").read_text())["stages"]]
    for verb in (*stages, "status", "explain", "lock --check"):
        found[f"driftloop {verb}"] = run(checkout, root, "driftloop", *verb.split())
    text = (root / "dvc.yaml").read_text()
    for path in (root / "dvc.yaml", root / "dvc.lock"):  # the same graph, of commands that do nothing
        path.write_text(
            "\n".join("    cmd: 'true'" if "cmd:" in line else line for line in path.read_text().splitlines())
        )
    found["DVC alone, nothing to do"] = run(checkout, root, "dvc", "repro", "--quiet")
    (root / "dvc.yaml").write_text(text)
    shutil.rmtree(root)
    return found


def main(runs: int, before: Path | None) -> None:
    sides = {"this": HERE} | ({"before": before} if before else {})
    seconds: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for _ in range(runs):
        for side, checkout in sides.items():
            with tempfile.TemporaryDirectory() as folder:
                for what, spent in measured(checkout, Path(folder)).items():
                    seconds.setdefault(what, {}).setdefault(side, []).append(spent)
    print(f"| what | {' | '.join(f'{side}: processor, clock' for side in sides)} |\n|---|{'---|' * len(sides)}")
    for what, by_side in seconds.items():
        cells = [" s, ".join(f"{min(each):.1f}" for each in zip(*by_side[side], strict=True)) for side in sides]
        print(f"| {what} | {' s | '.join(cells)} s |")


if __name__ == "__main__":
    runs, before = [*sys.argv[1:], None, None][:2]
    main(int(runs or 1), Path(before).resolve() if before else None)

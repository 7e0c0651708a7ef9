"""What refits cost, and how many rows they need.

    uv run python benchmarks/refits.py workers [NAME=ROOT ...]
    uv run python benchmarks/refits.py rows DATA

`workers` makes the refits of projects whose stage `prepare` has run, without what is remembered, by one worker, two threads and
two processes, and compares the bytes. `rows` fits to samples; DATA holds bike-sharing/hour.csv and beijing-pm25/pollution.csv.
"""

from __future__ import annotations

import hashlib
import resource
import shutil
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
import pandas as pd
from encoding import Stream, bike, pm25

from driftloop.core.models.estimator import fit, score
from driftloop.core.models.recipe import Recipe
from driftloop.params import load_params
from driftloop.stages import refit
from driftloop.store import fits
from driftloop.store.files import REFITS

if TYPE_CHECKING:
    from collections.abc import Callable

ESTIMATORS = {"HistGradientBoostingRegressor": 2_000_000, "RandomForestRegressor": 131_072}  # each to so many rows
WAYS = {"one": ("loky", 1), "two threads": ("threading", 2), "two processes": ("loky", 2)}
WEEK = pd.Timedelta(weeks=1)


def processor_seconds() -> float:
    return sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def timed(do: Callable[[], object]) -> tuple[float, float]:
    """Return seconds on the clock, and of processors, those of child processes included once they have ended."""
    clock, used = time.monotonic(), processor_seconds()
    do()
    clock = time.monotonic() - clock
    joblib.externals.loky.get_reusable_executor().shutdown(wait=True)
    return clock, processor_seconds() - used


def workers(roots: dict[str, Path]) -> None:
    print("| data | workers | seconds | processor seconds | bytes |\n|---|---|---|---|---|")
    for name, given in roots.items():
        params = load_params(given / "params.yaml")
        for way, (backend, count) in WAYS.items():
            with tempfile.TemporaryDirectory() as folder, joblib.parallel_config(backend, n_jobs=count):
                root = Path(folder)
                for part in ("data/prepared", "models/production"):
                    shutil.copytree(given / part, root / part)
                clock, used = timed(partial(refit.run, params, root, workers=fits.Workers(count)))
                digest = hashlib.sha256((root / REFITS).read_bytes()).hexdigest()[:8]
            print(f"| {name} | {way} | {clock:.0f} | {used:.0f} | {digest} |", flush=True)


def million(rows: int = 1_050_000) -> Stream:
    """Ten numbers and four categories that act together, and noise as large as a third of what they explain."""
    rng = np.random.default_rng(0)
    numbers = {f"x{place}": rng.uniform(size=rows) for place in range(10)}
    names = {"a": 3, "b": 5, "c": 12, "d": 40}
    drawn = {name: rng.integers(0, count, rows) for name, count in names.items()}
    effects = {name: rng.normal(size=count) for name, count in names.items()}
    x = list(numbers.values())
    value = 10 * np.sin(np.pi * x[0] * x[1]) + 20 * (x[2] - 0.5) ** 2 + 10 * x[3] + 5 * x[4]  # Friedman (1991), no. 1
    value += (
        3 * effects["d"][drawn["d"]]
        + 4 * effects["c"][drawn["c"]] * x[5]
        + 2 * effects["b"][drawn["b"]] * (x[6] > x[7])
    )
    texts = {name: np.char.add("n", drawn[name].astype(str)).astype(object) for name in names}
    frame = pd.DataFrame({**numbers, **texts, "y": value + rng.normal(scale=3, size=rows)})
    return (
        frame.assign(t=pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(rows), "min")),
        list(numbers),
        [*names],
        "y",
    )


def sampled(stream: Stream, estimator: str, most: int, every: int) -> tuple[float, float]:
    """Return the error in the week after each cut of a refit to a sample of the rows before, and processor seconds a fit."""
    rows, numbers, names, target = stream
    rows = rows.assign(**{name: rows[name].astype(str) for name in names})
    recipe = Recipe(estimator=f"sklearn.ensemble.{estimator}", params={}, numerical=tuple(numbers), categorical=tuple(names),
                    target=target, task="regression", train_days="all", seed=0, encoding="auto")  # fmt: skip
    errors, used = [], []
    for cut in pd.date_range(rows["t"].max() - WEEK, rows["t"].min() + (rows["t"].max() - rows["t"].min()) / 2,
                             freq=-every * WEEK):  # fmt: skip
        later = rows[(rows["t"] >= cut) & (rows["t"] < cut + WEEK)]
        known = rows[rows["t"] < cut]
        began = time.process_time()
        fitted = fit(recipe, known.sample(min(most, len(known)), random_state=0), threads=1)
        used.append(time.process_time() - began)
        errors.append((score(fitted, recipe, later).iloc[:, 0] - later[target]).abs())
    return float(pd.concat(errors).mean()), float(np.mean(used))


def rows(data: Path) -> None:
    streams: dict[str, Any] = {
        "bike": (bike(data), 4),
        "PM2.5": (pm25(data), 13),
        "a million x 14": (million(), 10_000),
    }
    print("| stream | estimator | rows | error | processor seconds a fit |\n|---|---|---|---|---|")
    for name, (stream, every) in streams.items():
        for estimator, limit in ESTIMATORS.items():
            most = 2_048
            while most <= min(limit, 4 * len(stream[0])):
                error, used = sampled(stream, estimator, most, every)
                shown = min(most, len(stream[0]))
                print(f"| {name} | {estimator} | {shown:,} | {error:.4g} | {used:.1f} |", flush=True)
                most *= 4


def main() -> None:
    if sys.argv[1] == "rows":
        rows(Path(sys.argv[2]))
    else:
        named = (each.split("=") for each in sys.argv[2:] or ["embedded=."])
        workers({name: Path(root) for name, root in named})


if __name__ == "__main__":
    main()

"""Loss and processor time of refits by encoding: `uv run python benchmarks/encoding.py DATA [weeks between refits]`.

DATA holds bike-sharing/hour.csv, beijing-pm25/pollution.csv and etth1/ETTh1.csv. Each refit is fitted to all labels that are a
week old, and judged on the week that follows.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd

from driftloop.core.models.estimator import fit, score
from driftloop.core.models.recipe import Recipe

ESTIMATORS: dict[str, dict[str, Any]] = {
    "ensemble.HistGradientBoostingRegressor": {"max_iter": 150},
    "ensemble.RandomForestRegressor": {"n_estimators": 100, "min_samples_leaf": 5, "n_jobs": 1},
    "linear_model.Ridge": {},
}
WEEK = pd.Timedelta(weeks=1)
Stream = tuple[pd.DataFrame, list[str], list[str], str]


def bike(data: Path) -> Stream:
    rows = pd.read_csv(data / "bike-sharing/hour.csv")
    rows["t"] = pd.to_datetime(rows["dteday"]) + pd.to_timedelta(rows["hr"], "h")
    numbers = ["hr", "temp", "atemp", "hum", "windspeed", "mnth"]
    return rows, numbers, ["weekday", "weathersit", "holiday", "season"], "cnt"


def pm25(data: Path) -> Stream:
    rows = pd.read_csv(data / "beijing-pm25/pollution.csv").dropna(subset=["pm2.5"])
    rows["t"] = pd.to_datetime(rows[["year", "month", "day", "hour"]])
    return rows, ["hour", "month", "DEWP", "TEMP", "PRES", "Iws", "Is", "Ir"], ["cbwd"], "pm2.5"


def etth1(data: Path) -> Stream:
    rows = pd.read_csv(data / "etth1/ETTh1.csv")
    rows["t"] = pd.to_datetime(rows["date"])
    rows = rows.assign(hour=rows["t"].dt.hour, weekday=rows["t"].dt.day_name())
    return rows, ["HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "hour"], ["weekday"], "OT"


def measured(stream: Stream, estimator: str, encoding: str, every: int) -> tuple[int, float, float]:
    """Return the number of refits, their mean absolute error, and processor seconds per refit with its scores."""
    rows, numbers, names, target = stream
    rows = rows.assign(**{name: rows[name].astype(str) for name in names})
    recipe = Recipe(estimator=f"sklearn.{estimator}", params=ESTIMATORS[estimator], numerical=tuple(numbers),
                    categorical=tuple(names), target=target, task="regression", train_days="all", seed=0,
                    encoding=encoding)  # fmt: skip
    cuts = pd.date_range(rows["t"].min() + 12 * WEEK, rows["t"].max() - WEEK, freq=every * WEEK)
    errors, began = [], time.process_time()
    for cut in cuts:
        later = rows[(rows["t"] >= cut) & (rows["t"] < cut + WEEK)]
        scores = score(fit(recipe, rows[rows["t"] < cut - WEEK]), recipe, later)
        errors.append((scores.iloc[:, 0] - later[target]).abs())
    return len(cuts), float(pd.concat(errors).mean()), (time.process_time() - began) / len(cuts)


def main() -> None:
    data, every = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1  # noqa: PLR2004
    print("| stream | estimator | refits | error, one_hot → auto | seconds a refit |\n|---|---|---|---|---|")
    for load in (bike, pm25, etth1):
        for estimator in ESTIMATORS:
            count, before, old = measured(load(data), estimator, "one_hot", every)
            _, after, new = measured(load(data), estimator, "auto", every)
            change = f"{before:.4g} → {after:.4g} ({after / before - 1:+.1%})"
            print(f"| {load.__name__} | {estimator} | {count} | {change} | {old:.2f} → {new:.2f} |", flush=True)


if __name__ == "__main__":
    main()

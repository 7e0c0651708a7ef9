"""Measure how often the gate errs: `python benchmarks/gate.py --bike PATH/hour.csv --pm25 PATH/pollution.csv`; see README.md."""

from __future__ import annotations

import argparse
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.signal import lfilter
from sklearn.ensemble import ExtraTreesRegressor, HistGradientBoostingRegressor

from driftloop.core.columns import DAY, PRODUCTION_LOSS, REFIT_LOSS, STEP, loss_of
from driftloop.core.judging import comparing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

DAYS, ROWS, STEP_DAYS, DELAY_DAYS = 28, 24, 7, 7
RUNS, STREAMS = 500, ("bike", "pm25")  # simulated pairs of models per line; real streams
KINDS = ("same recipe", "worse by > 3 %", "within 3 %", "better by 3 to 7 %", "better by > 7 %")
RULE: dict[str, Any] = {"min_gain": 0.01, "confidence": 0.95, "min_rows": 200, "max_segment_loss": 0.05}
SIMULATED = {
    "reseeds": {"row": 0.10, "day": 0.02, "stale": 0.0},  # losses correlate by 0.98
    "recipes": {"row": 0.15, "day": 0.05, "stale": 0.0},  # two recipes, equally good: by 0.96
    "better": {"row": 0.10, "day": 0.02, "stale": 0.24},  # 5 % better than production
}
BASE: dict[str, Any] = {"days": 182, "late": 0, "without": (), "seed": 0}  # and what differs from it
RECIPE: dict[str, dict[str, Any]] = {
    "base": {},
    **{f"seed {seed}": {"seed": seed} for seed in (1, 2, 3)},
    **{f"{days} days": {"days": days} for days in (91, 364)},
    **{f"{weeks} weeks older": {"late": 7 * weeks} for weeks in (2, 9)},
    "without weather": {"without": ("hum", "weathersit", "windspeed", "PRES", "cbwd")},
}
ESTIMATORS: dict[str, Callable[[int], Any]] = {
    "boosting": lambda seed: HistGradientBoostingRegressor(max_iter=40, max_features=0.7, random_state=seed),
    "extra trees": lambda seed: ExtraTreesRegressor(n_estimators=10, min_samples_leaf=3, random_state=seed),
}


def ar1(random: np.random.Generator, runs: int, phi: float) -> NDArray[np.float64]:
    shocks = random.normal(size=(runs, DAYS + 50, 1))  # fifty days to settle
    return lfilter([np.sqrt(1 - phi**2)], [1, -phi], shocks, axis=1)[:, 50:]


def simulate(runs: int, *, row: float, day: float, stale: float, phi: float) -> Iterator[pd.DataFrame]:
    """Yield losses |noise − own error| times the model's own way with the day; the noise is the same for both."""
    random = np.random.default_rng(0)
    noise = random.standard_t(3, (runs, DAYS, ROWS)) / np.sqrt(3) * np.exp(0.3 * ar1(random, runs, 0.5))
    losses = []
    for missed in (stale, 0.0):
        own = row * random.normal(size=noise.shape) + missed * random.normal(size=noise.shape)
        losses.append(np.abs(noise - own) * np.exp(day * ar1(random, runs, phi)))
    days = np.repeat([date(2024, 1, 1) + timedelta(days=number) for number in range(DAYS)], ROWS)
    for production, refit in zip(*losses, strict=True):
        yield pd.DataFrame({DAY: days, PRODUCTION_LOSS: production.ravel(), REFIT_LOSS: refit.ravel()})


def simulated() -> None:
    print("\n| simulated | φ of day effects | true gain | promoted | bound covers |\n|---|---|---|---|---|")
    for (name, model), phi in product(SIMULATED.items(), (0.0, 0.4, 0.6)):
        pairs = list(simulate(RUNS, **model, phi=phi))
        swapped = [pair.set_axis([DAY, REFIT_LOSS, PRODUCTION_LOSS], axis=1) for pair in pairs]
        for label, frames in ((name, pairs), (f"{name}, swapped", swapped)):
            true, promoted, covers = judged(frames)
            print(f"| {label} | {phi} | {100 * true:+.1f} % | {100 * promoted.mean():.1f} % | {100 * covers:.1f} % |")


def judged(frames: list[pd.DataFrame]) -> tuple[float, NDArray[np.bool_], float]:
    """Give the true gain (of all rows together), which frames are promoted, and how often the lower bound is below it."""
    sums = np.sum([frame[[PRODUCTION_LOSS, REFIT_LOSS]].sum().to_numpy() for frame in frames], axis=0)
    true, verdicts = 1 - sums[1] / sums[0], [comparing.judge(frame, **RULE) for frame in frames]
    promoted = np.array([verdict.outcome == "promote" for verdict in verdicts])
    return true, promoted, float(np.mean([not verdict.gain.above(true) for verdict in verdicts if verdict.gain]))


def stream(name: str, path: Path) -> tuple[pd.DataFrame, list[str], str, int]:
    """Give rows, columns, target and the days before the first refit."""
    rows = pd.read_csv(path)
    if name == "bike":
        rows[DAY] = pd.to_datetime(rows["dteday"]).dt.date
        weather = ["temp", "atemp", "hum", "windspeed", "weathersit"]
        return rows, ["hr", "mnth", "weekday", "holiday", "workingday", *weather], "cnt", 182
    rows = rows.dropna(subset=["pm2.5"]).assign(cbwd=lambda frame: pd.factorize(frame["cbwd"])[0])
    rows[DAY] = pd.to_datetime(rows[["year", "month", "day"]]).dt.date
    return rows, ["month", "hour", "DEWP", "TEMP", "PRES", "Iws", "Is", "Ir", "cbwd"], "pm2.5", 427


def weekly(name: str, path: Path, make: Callable[[int], Any]) -> pd.DataFrame:
    """Give the loss of each recipe on every row, by the weekly refit that could have scored it."""
    rows, names, target, first_days = stream(name, path)
    days, scored = rows[DAY].to_numpy(), []
    origin = days[0] + timedelta(days=first_days + DELAY_DAYS)
    while (end := origin + timedelta(days=STEP_DAYS)) <= days[-1] + timedelta(days=1):
        new = rows[(days >= origin) & (days < end)]
        found = new[[DAY]].assign(**{STEP: origin})
        for recipe, change in RECIPE.items() if len(new) else ():
            how = BASE | change
            columns = [column for column in names if column not in how["without"]]
            until = origin - timedelta(days=DELAY_DAYS + how["late"])
            known = rows[(days >= until - timedelta(days=how["days"])) & (days < until)]
            fitted = make(how["seed"] + 4 * origin.toordinal()).fit(known[columns], known[target])
            found[recipe] = (fitted.predict(new[columns]) - new[target]).abs()
        scored.append(found)
        origin = end
    return pd.concat(scored, ignore_index=True)


def windows(losses: pd.DataFrame, production: str, refit: str, weeks: int) -> list[pd.DataFrame]:
    """Cut out all stretches of so many weeks that begin with a step; the base comes with its further seeds, as in the loop."""
    columns = {production: PRODUCTION_LOSS, refit: REFIT_LOSS}
    if refit in ("base", "seed 1"):
        columns |= {"seed 2": loss_of("refit", 1), "seed 3": loss_of("refit", 2)}
    pair = losses[[DAY, STEP, *columns]].rename(columns=columns)
    steps = sorted(pair[STEP].unique())
    return [pair[pair[STEP].isin(steps[i : i + weeks])] for i in range(len(steps) - weeks + 1)]


def compare(losses: pd.DataFrame, label: str, weeks: int) -> None:
    """Judge every recipe against the base, both ways, and sum up by what is true of the whole stream."""
    found: dict[str, list[tuple[str, NDArray[np.bool_]]]] = {kind: [] for kind in KINDS}
    for other in RECIPE:
        for pair in ((other, "base"), ("base", other)) if other not in ("base", "seed 2", "seed 3") else ():
            true, promoted, _ = judged(windows(losses, *pair, weeks))
            kind = KINDS[0] if "seed 1" in pair else KINDS[1 + np.searchsorted([-0.03, 0.03, 0.07], true)]
            found[kind].append((f"{other}{'' if pair[0] == other else ', swapped'} {100 * true:+.1f} %", promoted))
    for kind, pairs in found.items():
        share = np.concatenate([promoted for _, promoted in pairs]) if pairs else np.empty(0)
        what = "; ".join(f"{name}: {100 * promoted.mean():.0f} %" for name, promoted in pairs)
        print(
            f"| {label} | {weeks} | {kind} | {f'{100 * share.mean():.1f} % of {len(share)}' if pairs else '-'} | {what} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in STREAMS:
        parser.add_argument(f"--{name}", type=Path)
    parser.add_argument("--weeks", type=int, nargs="+", default=[4, 8, 13], help="judged, of the real streams")
    given = vars(parser.parse_args())
    simulated()
    print(
        "\n| stream | weeks | truth | promoted | production, true gain of the base: promoted |\n|---|---|---|---|---|"
    )
    for name, (estimator, make) in product(filter(given.get, STREAMS), ESTIMATORS.items()):
        losses = weekly(name, given[name], make)
        for weeks in given["weeks"]:
            compare(losses, f"{name}, {estimator}", weeks)


if __name__ == "__main__":
    main()

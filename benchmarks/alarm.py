"""Data alarms: false ones on data without change, share of faults found and delay, against Evidently's default rule.

uv run python benchmarks/alarm.py --bike hour.csv --pm25 pollution.csv [--years 10] [--faults] [--seed 0]

Streams without change are made from the covariates of real ones by shuffling their weeks, so that seasons and trends
are gone and everything within a week is kept; from AR(0.9) processes; and from the simulator without its events.
"""

from __future__ import annotations

import argparse
import os
import platform
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2, wasserstein_distance

from driftloop.core.alarms.detector import detect
from driftloop.core.alarms.deviation import Column
from driftloop.core.data.distances import UNIT
from driftloop.core.data.grid import TOP_NAMES, Bins, number_bins
from driftloop.sources.simulator import SINCE, simulate

if TYPE_CHECKING:
    from collections.abc import Callable

WEEK = 168
FIRST_JUDGED = 60  # weeks: history before the first day that counts
PER_YEAR, QUIET = 1.0, 28
DRIFTED, RED = 0.1, 0.5  # Evidently's defaults for a column and for a data set
FAHRENHEIT = 1.8


@dataclass(frozen=True)
class Stream:
    """Hourly rows of whole weeks, one array per column."""

    name: str
    numbers: dict[str, np.ndarray]
    names: dict[str, np.ndarray]

    @property
    def weeks(self) -> int:
        return len(next(iter((self.numbers | self.names).values()))) // WEEK

    def take(self, hours: np.ndarray) -> Stream:
        cut = [{name: values[hours] for name, values in part.items()} for part in (self.numbers, self.names)]
        return Stream(self.name, *cut)

    def shuffled(self, weeks: int, random: np.random.Generator) -> Stream:
        """Put whole weeks in random order, all of them before any comes again."""
        rounds = -(-weeks // self.weeks)
        order = np.concatenate([random.permutation(self.weeks) for _ in range(rounds)])[:weeks]
        return self.take((order[:, None] * WEEK + np.arange(WEEK)).ravel())


def whole(frame: pd.DataFrame, name: str, numbers: list[str], names: list[str]) -> Stream:
    """Put rows on an hourly grid of whole weeks; a missing hour repeats none: it is filled with the hour before."""
    grid = frame.set_index("ts").sort_index().asfreq("h", method="ffill")
    grid = grid.iloc[: len(grid) // WEEK * WEEK]
    return Stream(
        name,
        {n: grid[n].to_numpy(dtype=float) for n in numbers},
        {n: grid[n].astype(str).to_numpy(object) for n in names},
    )


def bike(path: str) -> Stream:
    rows = pd.read_csv(path)
    rows["ts"] = pd.to_datetime(rows["dteday"]) + pd.to_timedelta(rows["hr"], unit="h")
    return whole(rows, "bike", ["hr", "temp", "atemp", "hum", "windspeed"], ["weekday", "workingday", "weathersit"])


def pm25(path: str) -> Stream:
    rows = pd.read_csv(path)
    rows["ts"] = pd.to_datetime(rows[["year", "month", "day", "hour"]])
    return whole(rows, "PM2.5", ["hour", "DEWP", "TEMP", "PRES", "Iws", "Is", "Ir"], ["cbwd"])


def simulated(weeks: int) -> Stream:
    rows = simulate(SINCE, SINCE + timedelta(weeks=weeks), events=())
    return whole(
        rows, "simulator", ["hour", "temperature", "humidity", "windspeed"], ["weekday", "workingday", "weather"]
    )


def autoregressive(weeks: int, random: np.random.Generator) -> Stream:
    noise = random.normal(size=(weeks * WEEK, 6)) * np.sqrt(1 - 0.9**2)
    for hour in range(1, len(noise)):
        noise[hour] += 0.9 * noise[hour - 1]
    numbers = {f"x{place}": noise[:, place].copy() for place in range(5)}
    return Stream(
        "AR(0.9)", numbers, {"c": np.array(["a", "b", "c", "d"], object)[np.digitize(noise[:, 5], [-1, 0, 1])]}
    )


def columns_of(stream: Stream, reference: int) -> list[Column]:
    """Count as `prepare` does, with the first weeks as reference."""
    days = stream.weeks * 7
    rows = np.full(days, 24)
    day = np.repeat(np.arange(days), 24)
    known = reference * WEEK
    out = []
    for name, values in stream.numbers.items():
        sample = values[:known][np.isfinite(values[:known])]
        bins = number_bins(sample, float(sample.min()), float(sample.max()))
        out.append(_number(name, values, bins, day, rows))
    for name, values in stream.names.items():
        counted = pd.Series(values[:known]).value_counts()
        out.append(_names(name, values, counted, day, rows))
    return out


def _number(name: str, values: np.ndarray, bins: Bins, day: np.ndarray, rows: np.ndarray) -> Column:
    there = np.isfinite(values)
    cell = day[there] * bins.count + np.searchsorted(bins.edges, values[there], side="right")
    size = len(rows) * bins.count
    units = np.rint((values[there] - bins.origin) / bins.scale * UNIT)
    counts = np.bincount(cell, minlength=size).reshape(-1, bins.count)
    sums = np.bincount(cell, units, minlength=size).astype(np.int64).reshape(-1, bins.count)
    repeat = np.concatenate([[False], values[1:] == values[:-1]])
    faults = {
        "null": np.bincount(day, ~there).astype(np.int64),
        "zero": np.bincount(day, values == 0).astype(np.int64),
        "repeat": np.bincount(day, repeat).astype(np.int64),
        "range": counts[:, 0] + counts[:, -1],
    }
    return Column(name=name, rows=rows, faults=faults, bins=counts, sums=sums, number=True)


def _names(name: str, values: np.ndarray, known: pd.Series, day: np.ndarray, rows: np.ndarray) -> Column:
    top = {key: place for place, key in enumerate(known.index[:TOP_NAMES])}
    series = pd.Series(values)
    missing = series.isna().to_numpy()
    place = series.map(top).fillna(len(top)).to_numpy(dtype=int)
    width = len(top) + 1
    cell = (day * width + place)[~missing]
    counts = np.bincount(cell, minlength=len(rows) * width).reshape(-1, width)
    new = ~missing & ~series.isin(known.index).to_numpy()
    faults = {"null": np.bincount(day, missing).astype(np.int64), "new": np.bincount(day, new).astype(np.int64)}
    return Column(name=name, rows=rows, faults=faults, bins=counts, sums=np.zeros_like(counts), number=False)


def alarms(stream: Stream, *, reference: int = 52) -> list[tuple[int, int, str, str, str]]:
    """Give all alarms: first day, end, kind, column, statistic."""
    first = date(2001, 1, 1)
    found = detect(columns_of(stream, reference), first, per_year=PER_YEAR, quiet_days=QUIET).alarms
    last = stream.weeks * 7
    return [
        ((a.found - first).days, last if a.until is None else (a.until - first).days, a.kind, a.column, a.statistic)
        for a in found
    ]


def issues(found: list[tuple[int, int, str, str, str]], since: int) -> tuple[int, int]:
    """Count the issues that would be opened by daily runs, and by weekly ones (which see what lasts that day)."""
    daily, open_until = 0, -1
    for day, end, *_ in sorted(found):
        if end > since and day >= since:
            daily += day > open_until
            open_until = max(open_until, end)
    weekly, was = 0, False
    last = max((end for _, end, *_ in found), default=0)
    for day in range(since + 6, last + 7, 7):
        now = any(start <= day < end for start, end, *_ in found if start >= since)
        weekly += now and not was
        was = now
    return daily, weekly


def evidently_share(stream: Stream, week: int, reference: int) -> float:
    """Share of columns that Evidently's default rule calls drifted: distance ≥ 0.1 (reference above 1,000 rows)."""
    now, then = slice(week * WEEK, (week + 1) * WEEK), slice(0, reference * WEEK)
    drifted = []
    for values in stream.numbers.values():
        a, b = values[now][np.isfinite(values[now])], values[then][np.isfinite(values[then])]
        drifted.append(len(a) > 0 and wasserstein_distance(b, a) / max(np.std(b), 0.001) >= DRIFTED)
    for values in stream.names.values():
        a, b = pd.Series(values[now]).value_counts(), pd.Series(values[then]).value_counts()
        names = sorted(set(a.index) | set(b.index))
        drifted.append(jensenshannon(*(c.reindex(names, fill_value=0) / c.sum() for c in (b, a))) >= DRIFTED)
    return float(np.mean(drifted))


def bounds(count: int, years: float) -> str:
    """Exact 95 % interval of a Poisson rate."""
    low = chi2.ppf(0.025, 2 * count) / 2 / years if count else 0.0
    return f"{count / years:.2f} ({low:.2f} to {chi2.ppf(0.975, 2 * count + 2) / 2 / years:.2f})"


def unchanged(sources: list[Callable[[np.random.Generator], Stream]], years: float, seed: int) -> None:
    print("| stream without change | stream-years | daily runs, a year | weekly runs, a year | Evidently's rule |")
    print("|---|---|---|---|---|")
    total: dict[str, float] = defaultdict(float)
    for make in sources:
        count: dict[str, float] = defaultdict(float)
        random = np.random.default_rng(seed)
        while count["years"] < years:
            stream = make(random)
            daily, weekly = issues(alarms(stream), FIRST_JUDGED * 7)
            judged = range(FIRST_JUDGED, stream.weeks)
            some = list(judged)[::8]
            red = [evidently_share(stream, week, 52) >= RED for week in some]
            for key, value in {
                "daily": daily,
                "weekly": weekly,
                "years": len(judged) / 52.18,
                "red": np.mean(red),
                "runs": 1,
            }.items():
                count[key] += value
        name = stream.name
        for key, value in count.items():
            total[key] += value
        row(name, count)
    row("all", total)


def row(name: str, count: dict[str, float]) -> None:
    years = count["years"]
    print(f"| {name} | {years:.0f} | {bounds(int(count['daily']), years)} | {bounds(int(count['weekly']), years)} "
          f"| {52.18 * count['red'] / count['runs']:.0f} |", flush=True)  # fmt: skip


def spoiled(
    stream: Stream, kind: str, size: float, random: np.random.Generator, *, week: int, weeks: int
) -> tuple[Stream, str]:
    """Break one column that can be broken so, for some weeks."""
    numbers = {n: v.copy() for n, v in stream.numbers.items()}
    names = {n: v.copy() for n, v in stream.names.items()}
    hours = np.arange(week * WEEK, min((week + weeks) * WEEK, stream.weeks * WEEK))
    calm = [n for n in numbers if n not in ("hr", "hour")]
    column = str(random.choice(list(names) if kind == "new category" else calm))
    hit = hours[random.random(len(hours)) < size]
    if kind == "new category":
        names[column][hit] = "never seen"
        return Stream(stream.name, numbers, names), column
    values = numbers[column]
    spread = float(np.std(values[: 52 * WEEK]))
    match kind:
        case "missing":
            values[hit] = np.nan
        case "zero fill":
            values[hit] = 0.0
        case "stuck":
            stuck = hours[: int(size)]
            values[stuck] = values[stuck[0]]
        case "unit":
            values[hours] = values[hours] * size + (32 if size == FAHRENHEIT else 0)
        case "outliers":
            values[hit] = values[: 52 * WEEK].max() + 3 * spread
        case "shift":
            values[hours] += size * spread
    return Stream(stream.name, numbers, names), column


FAULTS = {
    "missing": (0.03, 0.1, 0.3),
    "zero fill": (0.05, 0.2, 0.5),
    "stuck": (24, 48, 168),
    "unit": (FAHRENHEIT, 10.0, 1000.0),
    "outliers": (0.02, 0.05, 0.2),
    "new category": (0.03, 0.1, 0.2),
    "shift": (1.0, 2.0, 3.0),
}


def faulty(sources: list[Callable[[np.random.Generator], Stream]], runs: int, seed: int) -> None:
    print(
        "\n| fault | size | found in 14 days | as a fault | median delay, days | Evidently's rule: red then, red before |"
    )
    print("|---|---|---|---|---|---|")
    for kind, sizes in FAULTS.items():
        for size in sizes:
            found, as_fault, delays, red, before = [], [], [], [], []
            for make in sources:
                random = np.random.default_rng(seed)
                for _ in range(runs):
                    week = FIRST_JUDGED + int(random.integers(0, 10))
                    clean = make(random)
                    cut = clean.take(np.arange((week + 3) * WEEK))
                    stream, column = spoiled(cut, kind, size, random, week=week, weeks=3)
                    hits = [a for a in alarms(stream) if a[3] == column and week * 7 <= a[0] < week * 7 + 14]
                    found.append(bool(hits))
                    as_fault.append(any(a[2] == "fault" for a in hits))
                    if hits:
                        delays.append(min(a[0] for a in hits) - week * 7 + 1)
                    red.append(evidently_share(stream, week, 52) >= RED)
                    before.append(evidently_share(stream, week - 1, 52) >= RED)
            delay = f"{np.median(delays):.0f}" if delays else "-"
            print(f"| {kind} | {size:g} | {np.mean(found):.0%} | {np.mean(as_fault):.0%} | {delay} "
                  f"| {np.mean(red):.0%}, {np.mean(before):.0%} |", flush=True)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bike")
    parser.add_argument("--pm25")
    parser.add_argument("--years", type=float, default=20, help="judged stream-years per kind of stream")
    parser.add_argument("--faults", type=int, default=0, help="runs per fault, size and kind of stream")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    sources: list[Callable[[np.random.Generator], Stream]] = []
    for path, load in ((given.bike, bike), (given.pm25, pm25)):
        if path:
            real = load(path)
            sources.append(lambda random, real=real: real.shuffled(min(2 * real.weeks, 208), random))
    sources.append(lambda random: autoregressive(208, random))
    world = simulated(520)
    sources.append(lambda random: world.take(np.arange(208 * WEEK) + WEEK * int(random.integers(0, 312))))
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, numpy {np.__version__}\n")
    if given.years:
        unchanged(sources, given.years, given.seed)
    if given.faults:
        faulty(sources, given.faults, given.seed)


if __name__ == "__main__":
    main()

"""Which status a planted state of the world gets, on simulated and on real inputs: a confusion matrix.

uv run python benchmarks/diagnosis.py --bike hour.csv --pm25 pollution.csv [--runs 4] [--seed 0]

Inputs are real, in their real order; the outcome is a fixed function of them plus noise, so that the truth is known:
a model fitted to the real outcome says what is expected, and its own errors are drawn anew for each week.
"""

from __future__ import annotations

import argparse
import os
import platform
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.ensemble import HistGradientBoostingRegressor

from driftloop import engine
from driftloop.core.alarms.find import find_alarms
from driftloop.core.columns import DAY, PRODUCTION_LOSS, REFIT_LOSS, ROW, SCORE, STEP, TS, scores_of
from driftloop.core.data import census, histogram, quality
from driftloop.core.data import profile as profiles
from driftloop.core.data.cumulated import CumulatedProfile
from driftloop.core.data.inspection import Inspection
from driftloop.core.data.schema import columns_of, typed
from driftloop.core.decision.decide import decide
from driftloop.core.decision.evidence import gather
from driftloop.core.judging.scored import faulty_steps, steps_of
from driftloop.core.models.card import Card, JudgedDay, judged_days
from driftloop.core.models.recipe import recipe_of
from driftloop.core.windows import Window
from driftloop.params import Params
from driftloop.sources.simulator import SINCE, simulate

if TYPE_CHECKING:
    from driftloop.core.decision.values import Decision

WEEK = pd.Timedelta(weeks=1)
TRAINED, UNTIL = 60, 74  # weeks from the start: production's last label, the end of the data
BROKEN = 2  # weeks before the end
FEW = 0.2  # of the usual rows
STATES = {
    "healthy": "healthy",
    "missing 20 %": "data fault",
    "stuck sensor": "data fault",
    "zero fill 30 %": "data fault",
    "unit ×1.8+32": "data fault",
    "new category 10 %": "data fault",
    "input shift 1.5 sd": "watch",
    "concept change": "outdated",
    "too few rows": "insufficient data",
}


@dataclass(frozen=True)
class World:
    """Real inputs in their order, and what is to be expected of the outcome."""

    name: str
    numbers: tuple[str, ...]
    names: tuple[str, ...]
    rows: pd.DataFrame
    expected: np.ndarray
    errors: np.ndarray


def world(name: str, rows: pd.DataFrame, numbers: list[str], names: list[str], target: str) -> World:
    rows = rows.dropna(subset=[target]).sort_values(TS, ignore_index=True)
    model = HistGradientBoostingRegressor(max_iter=60, random_state=0)
    inputs = rows[[*numbers, *names]].apply(
        lambda column: column if column.name in numbers else pd.factorize(column)[0]
    )
    expected = model.fit(inputs, rows[target]).predict(inputs)
    errors = rows[target].to_numpy(dtype=float) - expected
    return World(name, tuple(numbers), tuple(names), rows[[TS, *numbers, *names]], expected, errors)


def drawn(given: World, state: str, random: np.random.Generator) -> tuple[pd.DataFrame, pd.Timestamp]:
    """Cut out some weeks and plant the state at their end; the outcome is that of the true inputs."""
    latest = (given.rows[TS].max() - given.rows[TS].min()) // WEEK - UNTIL
    start = given.rows[TS].min().normalize() + WEEK * int(random.integers(0, latest))
    inside = ((given.rows[TS] >= start) & (given.rows[TS] < start + UNTIL * WEEK)).to_numpy()
    rows = given.rows[inside].reset_index(drop=True)
    noise = np.resize(random.permutation(given.errors), inside.sum())
    factor = np.ones(len(rows))
    if state == "concept change":
        factor[(rows[TS] >= start + (TRAINED + 2) * WEEK).to_numpy()] = 1.5
    rows["y"] = given.expected[inside] * factor + noise
    late = (rows[TS] >= start + (UNTIL - BROKEN) * WEEK).to_numpy()
    column = str(random.choice([name for name in given.numbers if name not in ("hr", "hour")]))
    spread = rows[column].std()
    hit = late & (
        random.random(len(rows)) < {"missing 20 %": 0.2, "zero fill 30 %": 0.3, "new category 10 %": 0.1}.get(state, 1)
    )
    rows[column] = rows[column].astype(float)
    match state:
        case "missing 20 %":
            rows.loc[hit, column] = np.nan
        case "zero fill 30 %":
            rows.loc[hit, column] = 0.0
        case "stuck sensor":
            rows.loc[hit, column] = rows[column][hit].iloc[0]
        case "unit ×1.8+32":
            rows.loc[hit, column] = rows[column] * 1.8 + 32
        case "new category 10 %":
            name = given.names[int(random.integers(len(given.names)))]
            rows[name] = rows[name].astype(str).mask(hit, "never seen")
        case "input shift 1.5 sd":
            rows.loc[hit, column] = rows[column] + 1.5 * spread
        case "too few rows":
            rows = rows[~(rows[TS] >= start + (UNTIL - 1) * WEEK) | (random.random(len(rows)) < FEW)]
    return rows.reset_index(drop=True), start


def decided(given: World, rows: pd.DataFrame, start: pd.Timestamp) -> Decision:
    """Do what the stages do, on tables in memory."""
    params = Params.model_validate(
        {
            "model": "world",
            "source": {"kind": "files", "path": "-", "until": str(start + UNTIL * WEEK)},
            "data": {"timestamp": "ts", "key": ["ts"], "target": "y", "label_delay_days": 7,
                     "numerical": list(given.numbers), "categorical": list(given.names)},
            "train": {"estimator": "sklearn.ensemble.HistGradientBoostingRegressor"},
        }
    )  # fmt: skip
    rows = rows.assign(**{ROW: np.arange(len(rows))}, **{name: rows[name].astype(str) for name in given.names})
    first, trained = start.date(), (start + TRAINED * WEEK).date()
    known_window = Window(since=first, until=trained)
    scored, judged = losses(given, rows.assign(**{DAY: rows[TS].dt.date}), start)
    card = Card(version=1, model="world", recipe=recipe_of(params), trained=known_window, reference=known_window,
                sha256="-", judged=judged,
                normal_error={"mae": sum(day.losses["mae"] for day in judged) / sum(day.rows for day in judged)})  # fmt: skip
    columns = columns_of(params, card)
    con = engine.connect()
    table = con.create_table(
        "t",
        typed(con.create_table("raw", ibis.memtable(pa.Table.from_pandas(rows, preserve_index=False))), columns, "UTC"),
    )
    counted = census.take(table, columns)
    known = profiles.known(counted, columns, trained)
    profile = profiles.daily(table, columns, known)
    grid = histogram.grid(table, columns, known_window, known.ranges, counted)
    states = find_alarms(params, card, profile, histogram.daily(table, grid), grid)
    until = (start + UNTIL * WEEK).date()
    newest = Window(since=until - timedelta(days=7), until=until)
    findings = quality.check(Inspection(CumulatedProfile.of(profile), columns, newest, known_window))
    faulty = faulty_steps(params, card, CumulatedProfile.of(profile), steps_of(params, scored), states.alarms)
    return decide(params, card, gather(params, card, scored, faulty), findings, states=states)


def losses(given: World, rows: pd.DataFrame, start: pd.Timestamp) -> tuple[pd.DataFrame, tuple[JudgedDay, ...]]:
    """Score production and weekly refits, embargoed by the label delay of a week, and the refit before the promotion."""
    coded = rows[[*given.numbers, *given.names]].apply(
        lambda column: column if column.name in given.numbers else pd.factorize(column, sort=True)[0]
    )

    def fit(until: int) -> HistGradientBoostingRegressor:
        part = (rows[TS] < start + until * WEEK).to_numpy()
        return HistGradientBoostingRegressor(max_iter=40, random_state=0).fit(coded[part], rows["y"][part])

    def error(model: HistGradientBoostingRegressor, part: np.ndarray) -> np.ndarray:
        return np.abs(model.predict(coded[part]) - rows["y"].to_numpy()[part])

    production, parts = fit(TRAINED), []
    before = ((rows[TS] >= start + (TRAINED - 4) * WEEK) & (rows[TS] < start + TRAINED * WEEK)).to_numpy()
    honest = error(fit(TRAINED - 5), before)
    for week in range(TRAINED, UNTIL - 1):
        part = ((rows[TS] >= start + week * WEEK) & (rows[TS] < start + (week + 1) * WEEK)).to_numpy()
        refit = fit(week - 1)
        parts.append(rows.loc[part, [TS, DAY, "y"]].assign(
            **{STEP: (start + week * WEEK).date(), PRODUCTION_LOSS: error(production, part), REFIT_LOSS: error(refit, part)},
            **{f"{scores_of('production')}{SCORE}": production.predict(coded[part])},
        ))  # fmt: skip
    return pd.concat(parts, ignore_index=True), judged_days(rows.loc[before, DAY], {"mae": honest})


def worlds(bike: str | None, pm25: str | None) -> list[World]:
    rows = simulate(SINCE, SINCE + timedelta(weeks=160), events=()).rename(columns={"ts": TS})
    found = [
        world(
            "simulator",
            rows,
            ["hour", "temperature", "humidity", "windspeed"],
            ["weekday", "workingday", "weather"],
            "rentals",
        )
    ]
    if bike:
        rows = pd.read_csv(bike)
        rows[TS] = pd.to_datetime(rows["dteday"]) + pd.to_timedelta(rows["hr"], unit="h")
        found.append(
            world("bike", rows, ["hr", "temp", "hum", "windspeed"], ["weekday", "workingday", "weathersit"], "cnt")
        )
    if pm25:
        rows = pd.read_csv(pm25)
        rows[TS] = pd.to_datetime(rows[["year", "month", "day", "hour"]])
        found.append(world("PM2.5", rows, ["hour", "DEWP", "TEMP", "PRES", "Iws"], ["cbwd"], "pm2.5"))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bike")
    parser.add_argument("--pm25")
    parser.add_argument("--runs", type=int, default=4, help="per state and kind of inputs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--state", choices=STATES, action="append", help="only this one")
    given = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    print("| planted | as meant | " + "simulator | bike | PM2.5 |\n|---|---|---|---|---|")
    every = worlds(given.bike, given.pm25)
    for state in given.state or STATES:
        meant = STATES[state]
        cells, right = [], 0
        for one in every:
            random = np.random.default_rng(given.seed)
            counted = Counter(decided(one, *drawn(one, state, random)).status for _ in range(given.runs))
            right += counted[meant]
            cells.append(", ".join(f"{status} {count}" for status, count in counted.most_common()))
        print(f"| {state} | {right} of {given.runs * len(every)} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()

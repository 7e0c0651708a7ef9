"""Streams whose error rises from a known day on, with a known cause or none, for tests and measurements of blame."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from factories import START, make_columns, make_params
from profiles import HOURS, at, day, states

from driftloop.core.columns import DAY, PRODUCTION_LOSS, STEP, TS
from driftloop.core.decision.blame import blame
from driftloop.core.decision.evidence import gather
from driftloop.core.models.card import Card, JudgedDay
from driftloop.core.windows import Window

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from driftloop.core.decision.values import Blame

Cause = Literal["input", "segment", "alike", "nothing"]
CAUSES: Sequence[Cause] = ("input", "segment", "alike", "nothing")
NUMBERS, NAMES = tuple(f"n{place}" for place in range(6)), ("c0", "c1")
PARTS = "abcd"  # values of the names, of unequal size
DAYS, TRAINED, DELAY = 84 * 7, 64 * 7, 7
RISES = range(5, 13)  # weeks before the end


@dataclass(frozen=True)
class Case:
    """What was planted, and what was blamed.

    Attributes
    ----------
    planted
        The input, or the segment; empty where there is no cause.
    rose
        Day from which the error is higher, if it is.
    found
        The answer.
    """

    planted: str
    rose: date
    found: Blame


def make_case(seed: int, cause: Cause) -> Case:
    """Plant a cause, and ask.

    An input that matters moves, and in half of the cases one that does not matter, too; or the error of one segment rises; or
    all errors do; or nothing happens.
    """
    random = np.random.default_rng([seed, CAUSES.index(cause)])
    rows, first = _rows(random), DAYS - 7 * int(random.choice(RISES)) + int(random.integers(-3, 4))
    order = random.permutation([*NUMBERS, *NAMES])
    importance = dict(zip(order, np.sort(random.exponential(0.3, len(order)))[::-1].round(4).tolist(), strict=True))
    planted, hit = "", np.ones(len(rows), dtype=bool)
    if cause == "input":
        planted = str(random.choice(order[:4]))  # it matters
        importance[planted] = max(importance[planted], 0.05)
        _move(rows, planted, first, random)
        if random.random() < 0.5:
            _move(rows, str(order[-1]), first, random)
            importance[str(order[-1])] = 0.0
    if cause == "segment":
        column, part = str(random.choice(NAMES)), str(random.choice(list(PARTS)))
        planted, hit = f"{column} = {part}", (rows[column] == part).to_numpy()
    scored = _losses(rows, random, first, hit, 1.0 if cause == "nothing" else random.uniform(1.8, 3))
    return Case(planted, day(first), _ask(rows, scored, importance))


def _rows(random: np.random.Generator) -> pd.DataFrame:
    """Give hourly rows without any change."""
    count = DAYS * HOURS
    found: dict[str, object] = {TS: pd.date_range(START, periods=count, freq="h")}
    for name in NUMBERS:
        daily = _memory(random, DAYS, 0.7)
        found[name] = 0.7 * np.repeat(daily, HOURS) + random.normal(size=count)
    for name in NAMES:
        found[name] = random.choice(list(PARTS), size=count, p=[0.4, 0.3, 0.2, 0.1])
    return pd.DataFrame(found)


def _memory(random: np.random.Generator, count: int, kept: float) -> np.ndarray:
    """Give noise of variance 1 that remembers."""
    noise = random.normal(size=count)
    for place in range(1, count):
        noise[place] = kept * noise[place - 1] + np.sqrt(1 - kept**2) * noise[place]
    return noise


def _move(rows: pd.DataFrame, name: str, first: int, random: np.random.Generator) -> None:
    """Let an input move from a day on, and stay."""
    late = at(rows, first, DAYS)
    if name in NAMES:
        some = late & (random.random(len(rows)) < random.uniform(0.3, 0.6))
        rows.loc[some, name] = str(random.choice(list(PARTS[1:])))
        return
    match random.choice(["up", "down", "unit", "null", "stuck"]):
        case "up" | "down" as way:
            rows.loc[late, name] += random.uniform(1.5, 3) * (1 if way == "up" else -1)
        case "unit":
            rows.loc[late, name] *= random.uniform(1.8, 3)
        case "null":
            rows.loc[late & (random.random(len(rows)) < random.uniform(0.1, 0.4)), name] = np.nan
        case _:
            rows.loc[late, name] = rows.loc[late, name].iloc[0]


def _losses(
    rows: pd.DataFrame, random: np.random.Generator, first: int, hit: np.ndarray, factor: float
) -> pd.DataFrame:
    """Give production's losses, of rows whose labels are final; the rows that are hit raise the whole by the factor."""
    days = np.repeat(np.exp(0.2 * _memory(random, DAYS, 0.5)), HOURS)
    part = rows["c0"].map(dict(zip(PARTS, (0.7, 1.0, 1.4, 2.0), strict=True))).to_numpy()  # some are harder
    loss = days * part * random.exponential(size=len(rows))
    late = at(rows, first, DAYS).to_numpy()
    loss[late & hit] += (factor - 1) * loss[late].sum() / loss[late & hit].sum() * loss[late & hit]
    dates = rows[TS].dt.date
    steps = [START + timedelta(days=(date - START).days // 7 * 7) for date in dates]
    scored = rows[list(NAMES)].assign(**{DAY: dates, STEP: steps, PRODUCTION_LOSS: loss})
    return scored[at(rows, TRAINED - 28, DAYS - DELAY)]


def _ask(rows: pd.DataFrame, scored: pd.DataFrame, importance: dict[str, float]) -> Blame:
    """Judge as a run does: data alarms of all days, production's normal error of the four weeks before it was trained."""
    params = make_params(
        source={"until": f"{day(DAYS)}T00:00Z"},
        data={"numerical": [*NUMBERS], "categorical": [*NAMES], "segments": [*NAMES], "label_delay_days": DELAY},
    )
    judged = scored[scored[DAY] < day(TRAINED)].groupby(DAY)[PRODUCTION_LOSS].agg(["size", "sum"])
    card = Card(
        version=1,
        trained=Window(since=START, until=day(TRAINED)),
        normal_error={"mae": float(judged["sum"].sum() / judged["size"].sum())},
        judged=tuple(
            JudgedDay(day=date, rows=int(size), losses={"mae": float(total)})
            for date, size, total in judged.itertuples()
        ),
    )
    seen = states(
        rows,
        accepted=day(TRAINED),
        columns=make_columns(numerical=NUMBERS, categorical=NAMES),
        reference=TRAINED,
    )
    evidence = gather(params, card, scored[scored[DAY] >= day(TRAINED)], [])
    return blame(evidence, seen, importance, columns=NAMES, fewest=5)

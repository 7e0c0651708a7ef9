"""How often *degraded* comes although nothing has changed, and how often it finds a rise: simulated losses, real code.

uv run python benchmarks/degraded.py [--years 100] [--seed 0]

Production is judged every week for a year after its promotion. Losses of a day share a factor that has a memory, as
weather has; labels are those of 24 rows a day. A stream is a column of losses, so no model is fitted.
"""

from __future__ import annotations

import argparse
from datetime import date, timedelta

import numpy as np
import pandas as pd

from driftloop.core.columns import DAY, PRODUCTION_LOSS, STEP
from driftloop.core.decision.evidence import gather
from driftloop.core.models.card import Card, judged_days
from driftloop.core.windows import Window
from driftloop.params import MOST_STEPS, Params

START, ROWS, JUDGED, YEAR = date(2024, 1, 1), 24, 28, 364
STREAMS = ("normal", "t, 3 degrees", "lognormal, 1.5", "0.5 % positive", "2 % positive", "5 % positive")
DELAYS = (0, 1, 28, 91)
NEVER = 0.3  # of the rows, where some labels never come
RISES = (1.2, 1.5, 2.0)
SOON = 8  # weeks


def losses(stream: str, days: int, random: np.random.Generator) -> np.ndarray:
    """Draw the losses of days, shape (days, ROWS)."""
    size = (days, ROWS)
    if stream.endswith("positive"):
        rate = float(stream.split(maxsplit=1)[0]) / 100
        chance = 1 / (1 + np.exp(-(np.log(rate) - 0.5 + random.normal(size=size))))
        return np.where(random.random(size) < chance, -np.log(chance), -np.log1p(-chance))
    memory = np.zeros(days)
    for day in range(1, days):
        memory[day] = 0.7 * memory[day - 1] + np.sqrt(1 - 0.7**2) * random.normal()
    drawn = {
        "normal": lambda: np.abs(random.normal(size=size)),
        "t, 3 degrees": lambda: np.abs(random.standard_t(3, size)),
        "lognormal, 1.5": lambda: random.lognormal(0, 1.5, size),
    }[stream]()
    return drawn * np.exp(0.2 * memory)[:, None]


def runs(drawn: np.ndarray, *, delay: int, known: np.ndarray) -> list[bool]:
    """Say for each weekly run of a year whether production's error counts as up; the first days are the judged ones."""
    first = START + timedelta(days=JUDGED)
    days = np.array([START + timedelta(days=day) for day in range(len(drawn))])
    metric, judged = "mae", known[:JUDGED].ravel()
    then = np.repeat(days[:JUDGED], ROWS)[judged], drawn[:JUDGED].ravel()[judged]
    card = Card(version=1, trained=Window(since=START, until=first), judged=judged_days(then[0], {metric: then[1]}),
                normal_error={metric: float(then[1].mean())})  # fmt: skip
    found = []
    for week in range(JUDGED // 7, (len(drawn) - JUDGED) // 7 + 1):
        labelled = JUDGED + 7 * week
        begin = max(JUDGED, labelled - 7 * MOST_STEPS)
        kept = known[begin:labelled].ravel()
        day = np.repeat(days[begin:labelled], ROWS)[kept]
        steps = np.repeat([days[JUDGED + (at - JUDGED) // 7 * 7] for at in range(begin, labelled)], ROWS)[kept]
        scored = pd.DataFrame({STEP: steps, DAY: day, PRODUCTION_LOSS: drawn[begin:labelled].ravel()[kept]})
        params = PARAMS[delay].model_copy(update={"source": PARAMS[delay].source.model_copy(
            update={"until": f"{START + timedelta(days=labelled + delay)}T00:00Z"})})  # fmt: skip
        found.append(gather(params, card, scored, []).loss_is_up)
    return found


PARAMS = {
    delay: Params.model_validate(
        {
            "model": "losses",
            "source": {"kind": "files", "path": "-", "until": "2026-01-01T00:00Z"},
            "data": {"timestamp": "ts", "key": ["ts"], "target": "y", "label_delay_days": delay, "numerical": ["x"]},
            "train": {"estimator": "sklearn.linear_model.LinearRegression"},
        }
    )
    for delay in (*DELAYS, 7)
}


def episodes(up: list[bool]) -> int:
    return sum(now and not before for before, now in zip([False, *up], up, strict=False))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--years", type=int, default=100, help="per cell")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--stream", choices=STREAMS, action="append", help="only this one")
    given = parser.parse_args()
    whats = [*(f"{delay} days" for delay in DELAYS), "30 % never", *(f"+{100 * rise - 100:.0f} %" for rise in RISES)]
    print(f"| losses | {' | '.join(whats)} |\n|---|{'---|' * len(whats)}")
    for stream in given.stream or STREAMS:
        random, days = np.random.default_rng(given.seed), JUDGED + YEAR
        every, cells = np.ones((days, ROWS), dtype=bool), []
        for delay in (*DELAYS, None):
            count = 0
            for _ in range(given.years):
                known = every if delay is not None else random.random(every.shape) > NEVER
                count += episodes(runs(losses(stream, days, random), delay=7 if delay is None else delay, known=known))
            cells.append(f"{count / given.years:.2f}")
        for rise in RISES:
            soon = ever = 0
            for _ in range(given.years):
                drawn = losses(stream, days, random)
                drawn[2 * JUDGED :] *= rise
                up = runs(drawn, delay=7, known=every)[1:]
                soon, ever = soon + any(up[:SOON]), ever + any(up)
            cells.append(f"{soon / given.years:.2f}, {ever / given.years:.2f}")
        print(f"| {stream} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()

"""Processor time of a decision from what the pipeline has stored, without reading it and without Evidently's page.

uv run python benchmarks/deciding.py     after `make repro`
"""

from __future__ import annotations

import os
import platform
import time
from itertools import pairwise
from pathlib import Path

from driftloop.core.alarms.find import find_alarms
from driftloop.core.columns import DAY, STEP
from driftloop.core.data.cumulated import CumulatedProfile
from driftloop.core.data.finding import Finding
from driftloop.core.data.grid import Grid
from driftloop.core.decision.decide import decide
from driftloop.core.decision.evidence import gather
from driftloop.core.judging.scored import faulty_steps, steps_of
from driftloop.params import load_params
from driftloop.store.files import (
    GRID,
    HISTOGRAM,
    PROFILE,
    QUALITY,
    REFITS,
    read_card,
    read_frame,
    read_json,
    read_value,
)

ROOT = Path(__file__).parents[1]
RUNS = 30


def main() -> None:
    params = load_params(ROOT / "params.yaml")
    card = read_card(ROOT, params)
    profile, histogram, scored = (read_frame(ROOT / path) for path in (PROFILE, HISTOGRAM, REFITS))
    grid = read_value(ROOT / GRID, Grid)
    findings = [Finding.model_validate(found) for found in read_json(ROOT / QUALITY)["findings"]]
    best: dict[str, float] = {}
    for _ in range(RUNS):
        times = [time.process_time()]
        states = find_alarms(params, card, profile, histogram, grid)
        times.append(time.process_time())
        faulty = faulty_steps(params, card, CumulatedProfile.of(profile), steps_of(params, scored), states.alarms)
        times.append(time.process_time())
        evidence = gather(params, card, scored, faulty)
        times.append(time.process_time())
        decision = decide(params, card, evidence, findings, states=states)
        times.append(time.process_time())
        whats = ("data alarms (alarm.states)", "faulty steps", "measured loss (measure)", "decision (decide)", "all")
        spent = [*(later - earlier for earlier, later in pairwise(times)), times[-1] - times[0]]
        best = {what: min(best.get(what, 1e9), seconds) for what, seconds in zip(whats, spent, strict=True)}
    steps, days = scored[STEP].nunique(), profile[DAY].nunique()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, fewest of {RUNS}")
    print(f"{decision.status}, {steps} steps, {len(scored)} scored rows, profile of {days} days")
    print(f"load {os.getloadavg()[0]:.1f}\n\n| what | processor, ms |\n|---|---|")
    for what, seconds in best.items():
        print(f"| {what} | {1000 * seconds:.1f} |")


if __name__ == "__main__":
    main()

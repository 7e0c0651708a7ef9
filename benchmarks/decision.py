"""Measure how good decisions are on real streams: `python benchmarks/decision.py bike PATH/hour.csv`; see README.md."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from driftloop.backtest.history import History
from driftloop.core.backtest import figures
from driftloop.core.backtest.values import Promotion, Replayed, Rule
from driftloop.core.decision.policy import Settings
from driftloop.core.windows import Window
from driftloop.params import Params
from driftloop.store.files import CACHE

if TYPE_CHECKING:
    from driftloop.core.backtest.replay import Replay

ESTIMATOR = {"estimator": "sklearn.ensemble.HistGradientBoostingRegressor", "params": {"max_iter": 150}}


def bike(path: Path, folder: Path) -> dict[str, object]:
    rows = pd.read_csv(path)
    rows["ts"] = pd.to_datetime(rows["dteday"]) + pd.to_timedelta(rows["hr"], unit="h")
    rows.to_csv(folder / "rows.csv", index=False)
    return {
        "model": "bike",
        "source": {"kind": "files", "path": str(folder / "rows.csv"), "until": "2013-01-01T00:00Z"},
        "data": {
            "timestamp": "ts",
            "key": ["ts"],
            "target": "cnt",
            "numerical": ["hr", "temp", "atemp", "hum", "windspeed"],
            "categorical": ["season", "mnth", "weekday", "holiday", "workingday", "weathersit"],
            "segments": ["workingday"],
        },
    }


def pm25(path: Path, folder: Path) -> dict[str, object]:
    rows = pd.read_csv(path)
    rows["ts"] = pd.to_datetime(rows[["year", "month", "day", "hour"]])
    rows.to_csv(folder / "rows.csv", index=False)
    return {
        "model": "pm25",
        "source": {"kind": "files", "path": str(folder / "rows.csv"), "until": "2015-01-01T00:00Z"},
        "data": {
            "timestamp": "ts",
            "key": ["ts"],
            "target": "pm2.5",
            "numerical": ["month", "hour", "DEWP", "TEMP", "PRES", "Iws", "Is", "Ir"],
            "categorical": ["cbwd"],
            "segments": ["cbwd"],
        },
    }


STREAMS = {"bike": (bike, 84), "pm25": (pm25, 364)}  # and the days that the first production is trained on


def rules(params: Params) -> list[Rule]:
    """Compare the two ends, the policy at four thresholds, with and without a standing approval, and the loss test."""
    return [rule for rule in figures.rules(params) if rule.policy != "calendar"]


def calendars(replay: Replay) -> dict[int, list[float]]:
    """Give the loss of every calendar, by the number of its retrainings: each N-th run, no gate, answered at once."""
    runs, delay = replay.schedule.runs, replay.schedule.delay
    window = Window(since=runs[0], until=replay.schedule.scored_until)
    first = Promotion(live=runs[0], cut=replay.schedule.first_cut, how="first")
    found: dict[int, list[float]] = {}
    for every in range(1, len(runs)):
        later = [Promotion(live=run, cut=run - delay, how="asked") for run in runs[every::every]]
        replayed = Replayed(Rule("calendar", "calendar", Settings(8, 91)), (first, *later), (), 0)
        found.setdefault(len(later), []).append(float(replay.table.served(replayed, window).mean()))
    return found


def told(line: figures.Figures, always: float, scheduled: dict[int, list[float]]) -> str:
    """Put one rule's figures beside those of the calendars with as many alerts; between two where none has as many."""
    counts = sorted(scheduled)
    more = [count for count in counts if count >= line.alerts][:1]
    fewer = [count for count in counts if count <= line.alerts][-1:]
    losses = [loss for count in {*more, *fewer} for loss in scheduled[count]]
    above = [100 * (loss / always - 1) for loss in losses]
    beside = f"{np.mean(above):+.1f} % ({min(above):+.1f} to {max(above):+.1f})" if above and line.alerts else ""
    useful = " / ".join("-" if share is None else f"{100 * share:.0f} %" for share in (line.useful, line.useful_live))
    return (
        f"| {line.name} | {100 * line.above_always:+.1f} % | {line.alerts} | {line.alerts_a_year:.1f} | {line.refused} "
        f"| {useful} | {beside} | {line.degraded_a_year:.1f}, {line.data_a_year:.1f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stream", choices=sorted(STREAMS))
    parser.add_argument("path", type=Path)
    parser.add_argument("--delays", type=int, nargs="+", default=[0, 7, 14, 28], help="label delays in days")
    parser.add_argument("--answer-days", type=int, default=0)
    parser.add_argument("--cache", type=Path, help="keep fits here")
    parser.add_argument("--windows", nargs="+", default=["all"], help="windows.train_days to compare: all auto 182 …")
    given = parser.parse_args()
    make, first_days = STREAMS[given.stream]
    root = given.cache or Path(tempfile.mkdtemp())
    root.mkdir(parents=True, exist_ok=True)
    for delay in given.delays:
        raw = make(given.path.resolve(), root)
        raw["data"] |= {"label_delay_days": delay}
        raw["train"] = ESTIMATOR
        params = Params.model_validate(raw)
        history = History(params, root / CACHE / "backtest", first_days=first_days)
        for window in given.windows:
            begun, fits = time.monotonic(), history.fits
            replay = history.replay(int(window) if window.isdigit() else window, answer_days=given.answer_days, jobs=-1)
            ready = time.monotonic()
            replayed = [replay.under(rule) for rule in rules(params)]
            lines = figures.figures(replayed, replay, train_days=window, events=[])
            print(
                f"\n{given.stream}, labels {delay} days late, window {window}, retrained at every run: {lines[0].loss:.3f}; "
                f"{len(history.schedule.runs)} runs; {history.fits - fits} fits in {ready - begun:.0f} s, "
                f"{len(replayed)} rules in {time.monotonic() - ready:.0f} s\n\n"
                "| rule | above always | alerts | a year | refused | useful, live | calendars with as many alerts "
                "| degraded, data alerts a year |\n|---|---|---|---|---|---|---|---|"
            )
            scheduled = calendars(replay)
            for line in lines[1:]:
                print(told(line, lines[0].loss, scheduled), flush=True)


if __name__ == "__main__":
    main()

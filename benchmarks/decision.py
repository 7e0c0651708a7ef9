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
from driftloop.store.fits import Workers

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


def etth1(path: Path, folder: Path) -> dict[str, object]:
    rows = pd.read_csv(path)
    rows["ts"] = pd.to_datetime(rows["date"])
    rows["hour"] = rows["ts"].dt.hour
    rows.to_csv(folder / "rows.csv", index=False)
    return {
        "model": "etth1",
        "source": {"kind": "files", "path": str(folder / "rows.csv"), "until": "2018-06-26T00:00Z"},
        "data": {
            "timestamp": "ts",
            "key": ["ts"],
            "target": "OT",
            "numerical": ["HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "hour"],
            "categorical": [],
        },
    }


STREAMS = {
    "bike": (bike, 84),
    "pm25": (pm25, 364),
    "etth1": (etth1, 182),
}  # and the days that the first production is trained on


def rules(params: Params) -> list[Rule]:
    """Compare the two ends, calendars, the loss test, avoidable loss at two thresholds, and standing approvals."""
    settings = {most: Settings(alert_at_days=most, calendar_days=91) for most in (2.0, 8.0)}
    days = 7 * params.retrain.standing_weeks
    return [
        Rule("retrained every week", "always", settings[8.0]),
        Rule("never", "never", settings[8.0]),
        *(Rule(f"calendar, {each} days", "calendar", Settings(8.0, each)) for each in (28, 91)),
        Rule("loss 10 % above normal", "loss", settings[8.0]),
        *(Rule(f"avoidable loss, K = {most:g}", "avoidable_loss", found) for most, found in settings.items()),
        *(Rule(f"keep-fresh, K = {most:g}", "avoidable_loss", found, days) for most, found in settings.items()),
        Rule("keep-fresh, K = 8, merged by the loop", "avoidable_loss", settings[8.0], days, merged=True),
        Rule("keep-fresh from the first day", "avoidable_loss", settings[8.0], days, from_start=True),
        Rule("the same, merged by the loop", "avoidable_loss", settings[8.0], days, from_start=True, merged=True),
    ]


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


def told(line: figures.Figures, window: str, everything: float, scheduled: dict[int, list[float]]) -> str:
    """Put one rule's figures beside those of the calendars with as many alerts; between two where none has as many."""
    counts = sorted(scheduled)
    more = [count for count in counts if count >= line.alerts][:1]
    fewer = [count for count in counts if count <= line.alerts][-1:]
    losses = [loss for count in {*more, *fewer} for loss in scheduled[count]]
    above = [100 * (loss / everything - 1) for loss in losses]
    asks = line.alerts and not line.standing_days and line.policy != "calendar"
    beside = f"{np.mean(above):+.1f} % ({min(above):+.1f} to {max(above):+.1f})" if above and asks else ""
    useful = " / ".join("-" if share is None else f"{100 * share:.0f} %" for share in (line.useful, line.useful_live))
    return (
        f"| {window} | {line.name} | {100 * (line.loss / everything - 1):+.1f} % | {line.alerts_a_year:.1f} "
        f"| {line.actions_a_year:.1f} | {line.promotions_a_year:.1f} | {line.refused} of {line.alerts} | {useful} | {beside} "
        f"| {line.degraded_a_year:.1f}, {line.data_a_year:.1f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stream", choices=sorted(STREAMS))
    parser.add_argument("path", type=Path)
    parser.add_argument("--delays", type=int, nargs="+", default=[7], help="label delays in days")
    parser.add_argument("--answer-days", type=int, default=0)
    parser.add_argument("--cache", type=Path, help="keep fits here")
    parser.add_argument(
        "--windows", nargs="+", default=["all", "auto"], help="windows.train_days to compare; all comes first"
    )
    parser.add_argument("--jobs", type=int, default=-1)
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
        everything = 0.0
        for window in given.windows:
            begun, fits = time.monotonic(), history.fits
            days = int(window) if window.isdigit() else window
            replay = history.replay(days, answer_days=given.answer_days, workers=Workers(given.jobs))
            ready = time.monotonic()
            replayed = [replay.under(rule) for rule in rules(params)]
            lines = figures.figures(replayed, replay, train_days=window, events=[])
            everything = everything or lines[0].loss
            print(
                f"\n{given.stream}, labels {delay} days late, window {window}, retrained every week: {lines[0].loss:.3f}; "
                f"{len(history.schedule.runs)} runs; {history.fits - fits} fits in {ready - begun:.0f} s, "
                f"{len(replayed)} rules in {time.monotonic() - ready:.0f} s\n\n"
                "| window | rule | above everything, every week | questions a year | actions a year | promotions | refused "
                "| useful, live | calendars with as many alerts | degraded, data alerts a year |\n"
                "|---|---|---|---|---|---|---|---|---|---|"
            )
            scheduled = calendars(replay)
            for line in lines:
                print(told(line, window, everything, scheduled), flush=True)


if __name__ == "__main__":
    main()

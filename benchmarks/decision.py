"""Measure how good decisions are on real streams: `python benchmarks/decision.py bike PATH/hour.csv`; see README.md."""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import pandas as pd

from driftloop.core import backtest
from driftloop.core.policy import Settings
from driftloop.core.course import Rule
from driftloop.loop import backtest as replaying
from driftloop.params import Params

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
    """Add calendars of every length, to compare with as many alerts, and rules that see the gate but no data rules."""
    own = Settings(alert_at_days=8, calendar_days=91)
    lengths = [7 * weeks for weeks in (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 16, 20, 26, 32, 39, 52, 78, 104)]
    calendars = [Rule(f"calendar {days}", "calendar", Settings(8, days), gated=False) for days in lengths]
    return [
        *backtest.rules(params),
        Rule("avoidable loss, 8 days, no gate", "avoidable_loss", own, gated=False),
        *calendars,
    ]


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
    found = {}
    for delay in given.delays:
        for window in given.windows:
            raw = make(given.path.resolve(), root)
            raw["data"] |= {"label_delay_days": delay}
            raw["windows"] = {"train_days": int(window) if window.isdigit() else window}
            raw["train"] = ESTIMATOR
            params = Params.model_validate(raw)
            begun = time.monotonic()
            options = replaying.Options(answer_days=given.answer_days, first_days=first_days)
            done = replaying.run(params, root, options, rules=rules(params))
            print(f"\n{given.stream}, labels {delay} days late, window {window}: {len(done.timeline.runs)} runs, "
                  f"{done.fits} fits, {time.monotonic() - begun:.0f} s")  # fmt: skip
            for line in done.lines:
                useful = "" if line.useful is None else f"{100 * line.useful:.0f} %"
                useful += "" if line.useful_live is None else f" ({100 * line.useful_live:.0f} % live)"
                print(f"  {line.name:40} {line.loss:8.3f} {100 * line.above_always:+7.1f} %  {line.alerts:3} alerts "
                      f"({line.alerts_a_year:.1f}/a), {line.refused} refused, {useful:12} "
                      f"degraded {line.degraded_a_year:.1f}/a, data {line.data_a_year:.1f}/a")  # fmt: skip
            found[f"{delay} {window}"] = [line.model_dump(mode="json", exclude={"steps", "log"}) for line in done.lines]
            log = {line.name: [vars(alert) for alert in line.log] for line in done.lines}
            (root / f"log-{delay}-{window}.json").write_text(json.dumps(log, default=str, indent=1))
    (root / f"{given.stream}.json").write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()

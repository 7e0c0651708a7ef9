"""Data sets as people have them, each of another kind; small, and the same in every run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from pathlib import Path


def bikes(folder: Path) -> str:
    """Write hourly rentals whose two parts add up to the target; date and hour stand apart."""
    rng = np.random.default_rng(1)
    at = pd.date_range("2023-01-01", "2023-10-31 23:00", freq="h")
    temperature = 12 - 9 * np.cos(2 * np.pi * at.dayofyear / 365) + rng.normal(0, 2, len(at))
    base = np.maximum(1, 30 + 25 * np.sin((at.hour - 6) / 24 * 2 * np.pi) + 2 * temperature)
    casual, registered = rng.poisson(base * 0.3), rng.poisson(base * 0.7)
    frame = pd.DataFrame(
        {
            "instant": range(1, len(at) + 1),
            "dteday": at.strftime("%Y-%m-%d"),
            "hr": at.hour,
            "season": at.month % 12 // 3 + 1,
            "workingday": (at.dayofweek < 5).astype(int),
            "temp": temperature.round(2),
            "hum": rng.uniform(0.2, 1, len(at)).round(2),
            "casual": casual,
            "registered": registered,
            "cnt": casual + registered,
        }
    )
    return _csv(frame, folder / "hour.csv")


def churn(folder: Path) -> str:
    """Write customers of a day: mail addresses, ids, and a column that is known only once they have left."""
    rng = np.random.default_rng(2)
    day = np.repeat(pd.date_range("2023-01-01", "2023-12-31").strftime("%Y-%m-%d"), 6)
    months = rng.integers(1, 60, len(day))
    calls = rng.poisson(2, len(day))
    left = rng.random(len(day)) < 1 / (1 + np.exp(2 + months / 20 - calls / 2))
    frame = pd.DataFrame(
        {
            "signup_date": day,
            "customer_id": [f"C{number:06}" for number in range(len(day))],
            "email": [f"anna.{number}@example.org" for number in range(len(day))],
            "plan": rng.choice(["basic", "plus", "pro"], len(day)),
            "months": months,
            "support_calls": calls,
            "final_bill": np.where(left, rng.uniform(1, 50, len(day)).round(2), 0.0),
            "churned": np.where(left, "yes", "no"),
        }
    )
    return _csv(frame, folder / "customers.csv")


def air(folder: Path) -> str:
    """Write the parts of a time in columns of their own, and NA for what is missing."""
    rng = np.random.default_rng(3)
    at = pd.date_range("2023-01-01", "2023-08-31 23:00", freq="h")
    wind = rng.gamma(2, 2, len(at)).round(2)
    particles = pd.Series((80 - 4 * wind + rng.normal(0, 10, len(at))).clip(1).round(0)).astype("Int64")
    frame = pd.DataFrame(
        {
            "No": range(1, len(at) + 1),
            "year": at.year,
            "month": at.month,
            "day": at.day,
            "hour": at.hour,
            "pm2.5": particles.mask(rng.random(len(at)) < 0.03),
            "wind": wind,
            "direction": rng.choice(["NW", "SE", "cv"], len(at)),
        }
    )
    return _csv(frame, folder / "air.csv", na_rep="NA")


def load(folder: Path) -> str:
    """Write a German export: latin-1, semicolons, decimal commas, and the day first."""
    rng = np.random.default_rng(4)
    at = pd.date_range("2023-01-01", "2023-09-30 23:00", freq="h")
    warm = 10 + 8 * np.sin(2 * np.pi * (at.dayofyear - 100) / 365) + rng.normal(0, 1.5, len(at))
    frame = pd.DataFrame(
        {
            "Zeitpunkt": at.strftime("%d.%m.%Y %H:%M"),
            "Außentemperatur": warm.round(2),
            "Netzgebiet": rng.choice(["Süd", "Köln"], len(at)),
            "Last": (500 - 8 * warm + 40 * np.sin(at.hour / 24 * 2 * np.pi) + rng.normal(0, 5, len(at))).round(3),
        }
    )
    return _csv(frame, folder / "last.csv", sep=";", decimal=",", encoding="latin-1")


def machines(folder: Path) -> str:
    """Write 50 columns: identifiers, constants, text, codes for missing values, and the target in another unit."""
    rng = np.random.default_rng(5)
    at = pd.date_range("2022-01-01", "2023-06-30 18:00", freq="6h")
    sensors = {f"s{number:02}": rng.normal(number, 1 + number / 10, len(at)).round(4) for number in range(42)}
    wear = 5 + 2 * sensors["s03"] + sensors["s07"] + rng.normal(0, 0.5, len(at))
    pressure = rng.uniform(1, 3, len(at)).round(3)
    frame = pd.DataFrame(
        {
            "timestamp": at.strftime("%Y-%m-%dT%H:%M:%S+00:00"),
            "run_uuid": [f"{number:08x}-aa" for number in range(len(at))],
            "site": "A",
            "note": [
                f"inspected by the night shift, all {number} valves were in good order" for number in range(len(at))
            ],
            **sensors,
            "pressure": np.where(rng.random(len(at)) < 0.02, -999, pressure),
            "mode": rng.integers(0, 3, len(at)),
            "wear_mm": (wear / 1000).round(9),
            "wear": wear.round(6),
        }
    )
    return _csv(frame, folder / "machines.csv")


def shops(folder: Path) -> str:
    """Write monthly Parquet files, the later ones with a column more; several shops at the same time."""
    rng = np.random.default_rng(6)
    at = np.repeat(pd.date_range("2023-01-01", "2023-12-31"), 4)
    frame = pd.DataFrame({"day": at, "shop": np.tile(["N", "E", "S", "W"], len(at) // 4)})
    frame["price"] = rng.uniform(1, 3, len(at)).round(2)
    frame["weather"] = rng.uniform(0, 1, len(at)).round(3)
    frame["sales"] = (100 - 20 * frame["price"] + 10 * (frame["shop"] == "N") + rng.normal(0, 4, len(at))).round(2)
    for month, rows in frame.groupby(frame["day"].dt.month):
        part = rows if month > 6 else rows.drop(columns="weather")
        part.to_parquet(folder / f"2023-{month:02}.parquet", index=False)
    return str(folder)


KINDS = {each.__name__: each for each in (bikes, churn, air, load, machines, shops)}


def _csv(frame: pd.DataFrame, path: Path, **options: object) -> str:
    frame.to_csv(path, index=False, **options)  # type: ignore[call-overload]
    return str(path)

"""Small tables as other people have them, each after a public data set: written into a folder, always the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def _hours(since: str, days: int) -> pd.DatetimeIndex:
    return pd.date_range(since, periods=24 * days, freq="h")


def _warmth(time: pd.DatetimeIndex, rng: np.random.Generator) -> NDArray[np.float64]:
    """Degrees by season and hour, with weather that lasts for days."""
    weather = np.repeat(rng.normal(0, 3, -(-len(time) // 24)), 24)[: len(time)]
    season = -9 * np.cos(2 * np.pi * np.asarray(time.dayofyear) / 365.25)
    warmth: NDArray[np.float64] = (
        12 + season - 4 * np.cos(2 * np.pi * np.asarray(time.hour) / 24) + weather + rng.normal(0, 1, len(time))
    )
    return warmth


def rentals(folder: Path) -> Path:
    """Write ten months of hourly rentals of bicycles, of which two columns are the parts (after UCI's Bike Sharing)."""
    rng = np.random.default_rng(1)
    time = _hours("2023-01-01", 304)
    temp = _warmth(time, rng)
    busy = 1 + np.sin(np.pi * np.asarray(time.hour) / 23)
    casual = rng.poisson(np.clip(busy * (5 + temp), 1, None))
    registered = rng.poisson(np.clip(busy * (40 + 2 * temp), 1, None) * np.where(time.weekday < 5, 1.3, 0.8))
    frame = pd.DataFrame(
        {
            "instant": np.arange(1, len(time) + 1),
            "dteday": time.strftime("%Y-%m-%d"),
            "hr": time.hour,
            "weathersit": rng.integers(1, 5, len(time)),
            "workingday": (time.weekday < 5).astype(int),
            "temp": temp.round(2),
            "hum": rng.uniform(20, 100, len(time)).round(1),
            "casual": casual,
            "registered": registered,
            "cnt": casual + registered,
        }
    )
    return _csv(frame, folder / "hour.csv")


def customers(folder: Path) -> Path:
    """Write a year of customers who may leave, several a day, with mail addresses and what is known only afterwards."""
    rng = np.random.default_rng(2)
    day = pd.date_range("2023-01-01", periods=365).repeat(rng.integers(5, 10, 365))
    months = rng.integers(1, 73, len(day))
    charge = rng.uniform(20, 120, len(day)).round(2)
    contract = rng.choice(["monthly", "yearly", "two years"], len(day), p=[0.5, 0.3, 0.2])
    risk = 0.5 - months / 30 + charge / 60 + (contract == "monthly")
    churn = rng.random(len(day)) < 1 / (1 + np.exp(-(risk - 1)))
    frame = pd.DataFrame(
        {
            "signup_date": day.strftime("%Y-%m-%d"),
            "customerID": [f"C{number:06d}" for number in rng.permutation(len(day))],
            "email": [f"person{number}@mail.example" for number in rng.permutation(len(day))],
            "gender": rng.choice(["female", "male"], len(day)),
            "contract": contract,
            "tenure_months": months,
            "monthly_charge": charge,
            "exit_survey": np.where(churn, rng.choice(["price", "service", "moved"], len(day)), "none"),
            "churn": np.where(churn, "yes", "no"),
        }
    )
    return _csv(frame, folder / "customers.csv")


def air(folder: Path) -> Path:
    """Write a year of hourly air quality, the time in four columns, with NA (after UCI's Beijing PM2.5)."""
    rng = np.random.default_rng(3)
    time = _hours("2022-01-01", 365)
    temp = _warmth(time, rng)
    wind = rng.gamma(2, 2, len(time))
    pm = np.clip(110 - 2 * temp - 6 * wind + rng.normal(0, 20, len(time)), 1, None).round()
    frame = pd.DataFrame(
        {
            "No": np.arange(1, len(time) + 1),
            "year": time.year,
            "month": time.month,
            "day": time.day,
            "hour": time.hour,
            "pm2.5": pd.Series(pm).where(rng.random(len(time)) > 0.04),
            "DEWP": (temp - rng.uniform(2, 9, len(time))).round(),
            "TEMP": temp.round(1),
            "PRES": rng.normal(1016, 8, len(time)).round(),
            "cbwd": rng.choice(["NE", "NW", "SE", "cv"], len(time)),
            "Iws": wind.round(2),
        }
    )
    return _csv(frame, folder / "air.csv", na_rep="NA")


def heating(folder: Path) -> Path:
    """Write nine months of heat as a German works' export has it: Latin-1, semicolons, decimal commas, the day first."""
    rng = np.random.default_rng(4)
    time = _hours("2023-01-01", 270)
    temp = _warmth(time, rng)
    frame = pd.DataFrame(
        {
            "Zeitpunkt": time.strftime("%d.%m.%Y %H:%M"),
            "Außentemperatur": temp.round(2),
            "Düsendruck": rng.normal(3, 0.2, len(time)).round(3),
            "Straße": rng.choice(["Müllerweg", "Am Graben", "Öhrchen"], len(time)),
            "Wärme": np.clip(90 - 3 * temp + rng.normal(0, 4, len(time)), 0, None).round(2),
        }
    )
    return _csv(frame, folder / "waerme.csv", sep=";", decimal=",", encoding="latin-1")


SENSORS = tuple(f"s{number:02d}" for number in range(38))


def machine(folder: Path) -> Path:
    """Write a year of a machine's log, four rows a day: 50 columns, most of them of no use, and -999 where a sensor was off."""
    rng = np.random.default_rng(5)
    time = pd.date_range("2023-01-01", periods=4 * 365, freq="6h")
    rows = len(time)
    load = rng.uniform(10, 90, rows)
    sensors = {name: (load * rng.uniform(0.1, 0.6) + rng.normal(0, 20, rows)).round(3) for name in SENSORS}
    off = rng.random(rows) < 0.03
    celsius = (20 + 0.4 * load + 0.2 * sensors["s01"] + rng.normal(0, 3, rows)).round(3)
    words = np.array(["bearing", "checked", "oil", "level", "fine", "noise", "heard", "left", "side", "again"])
    frame = pd.DataFrame(
        {
            "row_id": np.arange(1, rows + 1),
            "logged_at": time.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "machine_uuid": [f"{value:032x}" for value in rng.permutation(rows)],
            "site": "north",
            "unused": np.nan,
            "version": 3,
            "shift": rng.choice(["early", "late", "night"], rows),
            "mode": rng.integers(0, 4, rows),
            "remark": [" ".join(rng.choice(words, 10)) for _ in range(rows)],
            "load_kw": load.round(2),
            **sensors,
            "temperature_f": (celsius * 1.8 + 32).round(5),
            "target": celsius,
        }
    )
    frame.loc[off, "s00"] = -999
    return _csv(frame, folder / "machine.csv")


def months(folder: Path) -> Path:
    """Write a folder with eight months of Parquet; from the fifth on there is a column more."""
    out = folder / "months"
    out.mkdir()
    rng = np.random.default_rng(6)
    time = _hours("2023-01-01", 243)
    temp = _warmth(time, rng)
    frame = pd.DataFrame(
        {
            "at": time,
            "temperature": temp.round(2),
            "open": time.hour.isin(range(8, 20)),
            "sales": (30 + 2 * temp + 9 * (time.hour == 12) + rng.normal(0, 4, len(time))).round(2),
            "visitors": rng.poisson(40, len(time)),
        }
    )
    for month, part in frame.groupby(frame["at"].dt.month):
        kept = part if month > 4 else part.drop(columns="visitors")
        kept.to_parquet(out / f"2023-{month:02d}.parquet", index=False)
    return out


def _csv(frame: pd.DataFrame, path: Path, **options: Any) -> Path:
    frame.to_csv(path, index=False, **options)
    return path


TABLES = {made.__name__: made for made in (rentals, customers, air, heating, machine, months)}

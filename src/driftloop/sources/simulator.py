"""The embedded data: hourly rentals of a simulated bike-share city, with dated events of known kind and size.

Every row is a function of its own hour and of the events, so any two ranges agree where they overlap. The arithmetic is
integers, ``+ - * /`` and ``sqrt`` only: IEEE 754 fixes each of their bits, so rows are equal on every machine, while
numpy's ``exp`` and ``sin`` may differ in the last bit with the length of the array.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias

import ibis
import numpy as np
from numpy.typing import NDArray

from driftloop.params import parse_instant
from driftloop.sources.planted import EVENTS, hour_number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import ibis.expr.types as ir
    import pandas as pd
    from ibis.backends.duckdb import Backend

    from driftloop.params import Params, SourceKind
    from driftloop.sources.features import Features
    from driftloop.sources.planted import Event

KIND: SourceKind = "simulator"
REPLAYED = True
FINGERPRINT = "simulator-1"  # goes up when the rows change, so that `driftloop refresh` sees it
Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]

SINCE = datetime(2024, 1, 1, tzinfo=UTC)
HOLIDAYS = (101, 501, 815, 1003, 1101, 1225, 1226)  # month and day, every year
YEAR_HOURS = 8766  # 365.25 days
SKIES = np.array(["clear", "cloudy", "rain", "snow"])
RIDES_OUT = np.array([1.0, 0.94, 0.62, 0.45])  # share of commuters who ride under each sky
TRIPS_OUT = np.array([1.0, 0.85, 0.35, 0.20])  # share of leisure trips made under each sky
GROWTH = 0.04  # of the 2024 level, per year

# By hour of the day. COMMUTE and AT_HOME have the same sum: a share moved from one to the other keeps the day's total.
# fmt: off
COMMUTE = np.array([0, 0, 0, 0, 0.02, 0.08, 0.3, 0.75, 1, 0.5, 0.15, 0.08,
                    0.1, 0.1, 0.12, 0.25, 0.65, 1, 0.75, 0.35, 0.15, 0.08, 0.04, 0.01])
AT_HOME = np.array([0, 0, 0, 0, 0, 0, 0, 0, 0.2, 0.5, 0.8, 1,
                    1.1, 1.08, 0.9, 0.6, 0.3, 0, 0, 0, 0, 0, 0, 0])
LEISURE = np.array([0.15, 0.1, 0.07, 0.04, 0.03, 0.03, 0.05, 0.1, 0.2, 0.35, 0.52, 0.68,
                    0.8, 0.9, 0.94, 0.92, 0.84, 0.74, 0.6, 0.46, 0.36, 0.3, 0.25, 0.2])
# fmt: on


def name(_params: Params) -> str:
    """Name the source: the data is simulated."""
    return "SIMULATED DATA"


def read(_con: Backend, params: Params, _folder: Path, _cache: Path, features: Features) -> ir.Table:
    """Simulate the rows of `[source.since, source.until)`; their naive times are UTC whatever `data.timezone` says."""
    source = params.source
    frame = simulate(
        parse_instant(source.since) if source.since else SINCE,
        source.until_instant,
        label_days=source.simulated.label_days,
        labels_lost=source.simulated.labels_lost,
    )
    return features.declare(ibis.memtable(frame), where=KIND, zone="UTC")


def fingerprint(_params: Params) -> str:
    """Name the version of the simulator."""
    return FINGERPRINT


def simulate(
    since: datetime,
    until: datetime,
    *,
    events: Sequence[Event] = EVENTS,
    label_days: float = 0,
    labels_lost: float = 0,
) -> pd.DataFrame:
    """Simulate the full hours of ``[since, until)``; there are none before `SINCE`.

    Parameters
    ----------
    since, until
        With a time zone. `until` also decides which late labels are known: it is the only reason why a row may differ
        between two ranges.
    events
        Applied in order inside their dates: `demand_shift` multiplies demand by ``1 + size``; `commuting_change` moves
        the share `size` of the commuting peaks to midday; `fahrenheit` reports temperature in °F; `stuck` repeats the
        humidity of the event's first hour; `new_category` reports the share `size` of hours as fog; `missing` removes
        the share `size` of windspeed; `late_labels` hides rentals until `size` days after their hour. Only the first
        two change what people do.
    label_days, labels_lost
        Days from every hour until its rentals are known; share of hours whose rentals never are.

    Returns
    -------
    pandas.DataFrame
        One row per hour: `ts` (naive UTC), `hour` 0 to 23, `month` 1 to 12, `weekday` 0 (Monday) to 6, `workingday` and
        `holiday` 0 or 1, `weather`, `temperature` in °C, `humidity` in percent, `windspeed` in km/h (NaN: missing),
        `rentals` per hour (whole numbers >= 0 as float, NaN: not known at `until`).

    Raises
    ------
    ValueError
        If `since` or `until` has no time zone.
    """
    import pandas as pd  # other sources need none of it

    hours = np.arange(
        max(hour_number(since), hour_number(SINCE)), max(hour_number(until), hour_number(SINCE)), dtype=np.int64
    )
    days = _calendar(hours)
    sky, temperature, humidity, windspeed = _weather(hours)
    people = _demand(hours, days["workingday"], sky, _comfort(temperature, humidity, windspeed), events)
    frame = pd.DataFrame(
        {
            "ts": hours.astype("datetime64[h]").astype("datetime64[us]"),
            **days,
            "weather": SKIES[sky],
            "temperature": temperature,
            "humidity": humidity,
            "windspeed": windspeed,
            "rentals": _rentals(hours, people),
        }
    )
    for event in events:
        _report(frame, event, hours, until)
    frame.loc[_unknown(frame, until, label_days) | (_uniform(hours, 14) < labels_lost), "rentals"] = np.nan
    return frame


def _hash(counter: Ints, stream: int) -> NDArray[np.uint64]:
    """Mix each counter into 64 random bits (splitmix64, https://doi.org/10.1145/2660193.2660195)."""
    bits = (counter.astype(np.uint64) + np.uint64(stream << 40)) * np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        bits = (bits ^ (bits >> np.uint64(shift))) * np.uint64(factor)
    return bits ^ (bits >> np.uint64(31))


def _uniform(counter: Ints, stream: int) -> Floats:
    return (_hash(counter, stream) >> np.uint64(11)).astype(np.float64) / 2.0**53


def _normal(counter: Ints, stream: int) -> Floats:
    """Add four uniform numbers: mean 0, variance 1, nearly normal, within 3.5."""
    total: Ints = _hash(counter, stream).view(np.uint16).reshape(-1, 4).sum(axis=1, dtype=np.int64)
    return (total / 65535 - 2) * math.sqrt(3)


def _drifting(hours: Ints, every: int, stream: int) -> Floats:
    """Glide from one random value to the next, `every` hours."""
    step = hours % every / every
    start, end = _normal(hours // every, stream), _normal(hours // every + 1, stream)
    return start + (end - start) * step * step * (3 - 2 * step)


def _wave(turns: Floats) -> Floats:
    """Approximate ``sin(2 pi turns)`` by two parabolas."""
    turn = turns - np.floor(turns)
    return np.where(turn < 0.5, 16 * turn * (0.5 - turn), -16 * (turn - 0.5) * (1 - turn))


def _calendar(hours: Ints) -> dict[str, Ints]:
    dates = (hours // 24).astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    month = months.astype(np.int64) % 12 + 1
    weekday = (hours // 24 + 3) % 7  # 1970 began on a Thursday
    holiday = np.isin(month * 100 + (dates - months).astype(np.int64) + 1, HOLIDAYS)
    workingday = (weekday < 5) & ~holiday
    return {
        "hour": hours % 24,
        "month": month,
        "weekday": weekday,
        "workingday": workingday.astype(np.int64),
        "holiday": holiday.astype(np.int64),
    }


def _weather(hours: Ints) -> tuple[Ints, Floats, Floats, Floats]:
    """Draw sky (index into SKIES), temperature, humidity and windspeed."""
    cloud = _drifting(hours, 67, 1) + 0.8 * _drifting(hours, 17, 2) + 0.2 * _drifting(hours, 3, 3)
    summer = _wave((hours - hour_number(SINCE)) / YEAR_HOURS - 0.31)  # -1 in late January, 1 in late July
    daily = _wave((hours % 24) / 24 - 0.38)  # 1 at three in the afternoon
    warmth = (3.2 + 1.3 * summer - 0.8 * np.clip(cloud, -2, 2)) * daily
    temperature = 11.5 + 10 * summer + warmth + 4 * _drifting(hours, 103, 4) + 1.2 * _drifting(hours, 29, 5)
    humidity = 68 + 9 * cloud - 10 * daily - 3 * summer + 5 * _drifting(hours, 11, 6)
    windspeed = 13 + 2 * daily + 1.5 * cloud + 5 * _drifting(hours, 37, 7) + 1.5 * _drifting(hours, 2, 8)
    shown = np.round(temperature, 1) + 0.0  # turns -0.0 into 0.0
    sky = (cloud > 0.1).astype(np.int64) + (cloud > 1.15)
    sky = np.where((sky == 2) & (shown < 1), 3, sky)
    return sky, shown, np.rint(np.clip(humidity, 15, 100)), np.clip(np.round(windspeed, 1), 0, None) + 0.0


def _comfort(temperature: Floats, humidity: Floats, windspeed: Floats) -> Floats:
    """Rate the weather from 0.1 (nobody likes it) to 1 (22 °C, dry and calm)."""
    off = (temperature - 22) / np.where(temperature > 22, 18, 28)
    return np.clip(1 - off * off - 0.002 * np.clip(humidity - 60, 0, None) - 0.006 * windspeed, 0.1, 1)


def _inside(event: Event, hours: Ints) -> Bools:
    inside = hours >= hour_number(event.since)
    return inside if event.until is None else inside & (hours < hour_number(event.until))


def _demand(hours: Ints, workingday: Ints, sky: Ints, comfort: Floats, events: Sequence[Event]) -> Floats:
    """Return the expected rentals: commuters on working days, leisure trips every day."""
    hour = hours % 24
    moved, shift = np.zeros(len(hours)), np.ones(len(hours))
    for event in events:
        if event.kind == "commuting_change":
            moved = np.where(_inside(event, hours), moved + (1 - moved) * event.size, moved)
        elif event.kind == "demand_shift":
            shift = np.where(_inside(event, hours), shift * (1 + event.size), shift)
    commuters = 660 * workingday * ((1 - moved) * COMMUTE[hour] + moved * AT_HOME[hour])
    trips = np.where(workingday == 1, 230, 600) * LEISURE[hour]
    growth = 1 + GROWTH * (hours - hour_number(SINCE)) / YEAR_HOURS
    rides = commuters * RIDES_OUT[sky] * (0.5 + 0.5 * comfort) + trips * TRIPS_OUT[sky] * comfort
    return np.asarray(shift * growth * (4 + rides), dtype=np.float64)


def _rentals(hours: Ints, people: Floats) -> Floats:
    """Add noise: a mood of the day, shared by its hours, and counts wider than Poisson's."""
    mean = people * (1 + 0.09 * _normal(hours // 24, 9) + 0.05 * _drifting(hours, 13, 10))
    spread = np.sqrt(2 * mean + 0.15 * 0.15 * mean * mean)
    return np.rint(np.clip(mean + spread * _normal(hours, 11), 0, None))


def _report(frame: pd.DataFrame, event: Event, hours: Ints, until: datetime) -> None:
    """Disturb what is recorded of the event's hours."""
    inside = _inside(event, hours)
    if event.kind == "fahrenheit":
        frame.loc[inside, "temperature"] = np.round(frame["temperature"].to_numpy()[inside] * 1.8 + 32, 1)
    elif event.kind == "stuck":
        frame.loc[inside, "humidity"] = _weather(np.array([hour_number(event.since)]))[2][0]
    elif event.kind == "new_category":
        frame.loc[inside & (_uniform(hours, 12) < event.size), "weather"] = "fog"
    elif event.kind == "missing":
        frame.loc[inside & (_uniform(hours, 13) < event.size), "windspeed"] = np.nan
    elif event.kind == "late_labels":
        frame.loc[inside & _unknown(frame, until, event.size), "rentals"] = np.nan


def _unknown(frame: pd.DataFrame, until: datetime, days: float) -> Bools:
    """Say of each hour whether its rentals are not known yet, so many days after it."""
    import pandas as pd

    known = pd.Timestamp(until.astimezone(UTC).replace(tzinfo=None)) - pd.Timedelta(days=days)
    return (frame["ts"] > known).to_numpy()

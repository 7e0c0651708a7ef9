"""Which columns hold the time of a row, and how it is written. Pure: from a sample of the rows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pandas as pd

from driftloop.inspection import private
from driftloop.inspection.values import Time

if TYPE_CHECKING:
    from collections.abc import Iterator

ENOUGH = 0.99  # of the values have to be readable
ISO = r"\d{4}-\d{1,2}-\d{1,2}([T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?)?(Z|[+-]\d{2}:?\d{2})?"
DAYS = (
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%Y/%m/%d",
    "%d-%m-%Y",
    "%Y%m%d",
    "%d %b %Y",
    "%b %d %Y",
)  # the day first where both fit
CLOCKS = ("", " %H:%M:%S", " %H:%M", " %H.%M", "T%H:%M:%S", " %I:%M %p", " %I:%M:%S %p", "%H%M%S", "%H%M")
FRACTION = re.compile(r"-?\d*[.,]\d+(e[+-]?\d+)?|-\d+", re.IGNORECASE)  # which is no time in any format
EPOCHS = {"epoch_s": 1, "epoch_ms": 1e3, "epoch_us": 1e6, "epoch_ns": 1e9}
FIRST, LAST = 631_152_000, 4_102_444_800  # 1990 and 2100, in seconds since 1970
TIMELY = re.compile(r"time|date|stamp|datum|zeit|fecha|^ts$|^dt|_at$|day$", re.IGNORECASE)
PARTS = {
    "%Y": re.compile(r"^(year|yyyy|jahr)$", re.IGNORECASE),
    "%m": re.compile(r"^(month|mm|mnth|monat)$", re.IGNORECASE),
    "%d": re.compile(r"^(day|dd|dom|tag|mday)$", re.IGNORECASE),
    "%H": re.compile(r"^(hour|hh|hr|stunde)$", re.IGNORECASE),
    "%M": re.compile(r"^(minute|min|mi)$", re.IGNORECASE),
}
RANGES = {"%Y": (1900, 2200), "%m": (1, 12), "%d": (1, 31), "%H": (0, 23), "%M": (0, 59)}
CLOCK = re.compile(r"^(time|clock|uhrzeit|zeit|hour|hr)$", re.IGNORECASE)


def guess(sample: pd.DataFrame) -> Time | None:
    """Choose the columns with the time of a row; None where none are found.

    Parameters
    ----------
    sample
        Rows as they are in the file; text, or as typed there.
    """
    found = [time for name in sample for time in [_single(sample[name])] if time]
    found += _parts(sample)
    found += [time for each in found if len(each.columns) == 1 for time in _with_clock(sample, each)]
    if not found:
        return None
    # A birthday is no time of a row. Then the finest one: with a clock in its own column a date alone would make all rows of a
    # day simultaneous.
    return max(
        found,
        key=lambda time: (
            not any(private.suspicion(sample[name]) for name in time.columns),
            _distinct(sample, time),
            bool(TIMELY.search(time.columns[0])),
            -len(time.columns),
        ),
    )


def _single(column: pd.Series) -> Time | None:  # noqa: PLR0911 (one per notation)
    name = str(column.name)
    if pd.api.types.is_datetime64_any_dtype(column) or _is_dates(column):
        return Time((name,), None, "dates by its type")
    if pd.api.types.is_bool_dtype(column):
        return None
    text = _text(column)
    if text.head(50).str.fullmatch(FRACTION).any():
        return None
    if text.empty or text.nunique() < min(3, len(column)):
        return None
    such = "" if private.suspicion(column) else f", such as {text.iloc[0]}"
    if text.str.fullmatch(ISO).mean() >= ENOUGH:
        return Time((name,), None, f"ISO 8601{such}")
    if form := next(_forms(text), None):
        return Time((name,), form, f"written {form}{such}")
    if TIMELY.search(name) and (unit := _epoch(text)):
        return Time((name,), unit, f"time since 1970{such}")
    return None


def _is_dates(column: pd.Series) -> bool:
    return pd.api.types.infer_dtype(column, skipna=True) in ("date", "datetime")


def _text(column: pd.Series) -> pd.Series[str]:
    text = column.dropna().astype(str).str.strip()
    return text.str.replace(r"\.0+$", "", regex=True) if pd.api.types.is_float_dtype(column) else text


def _forms(text: pd.Series[str]) -> Iterator[str]:
    """List the formats that read all values; a number alone is read as a date only where it has eight digits or more."""
    first = text.iloc[0]
    for day in DAYS:
        for clock in CLOCKS:
            form = day + clock
            if form.isascii() and first.isdigit() and len(first) != {"": 8, "%H%M": 12, "%H%M%S": 14}.get(clock, 0):
                continue
            if first.isdigit() != (day == "%Y%m%d" and clock in ("", "%H%M", "%H%M%S")):
                continue
            if pd.to_datetime(text.head(50), format=form, errors="coerce").notna().mean() < ENOUGH:
                continue
            if pd.to_datetime(text, format=form, errors="coerce").notna().mean() >= ENOUGH:
                yield form


def _epoch(text: pd.Series[str]) -> str | None:
    numbers = pd.to_numeric(text, errors="coerce")
    return next(
        (unit for unit, scale in EPOCHS.items() if (numbers / scale).between(FIRST, LAST).mean() >= ENOUGH), None
    )


def _parts(sample: pd.DataFrame) -> list[Time]:
    """Find columns for year, month, day and perhaps hour and minute."""
    parts: dict[str, str] = {}
    for form, pattern in PARTS.items():
        low, high = RANGES[form]
        for name in sample:
            if (
                pattern.fullmatch(str(name))
                and pd.to_numeric(sample[name], errors="coerce").between(low, high).mean() >= ENOUGH
            ):
                parts.setdefault(form, str(name))
    if not {"%Y", "%m", "%d"} <= parts.keys():
        return []
    used = [form for form in PARTS if form in parts]
    used = used[: next((place for place, form in enumerate(PARTS) if form not in parts), len(PARTS))]
    columns = tuple(parts[form] for form in used)
    return [Time(columns, " ".join(used), f"composed of {', '.join(columns)}")]


def _with_clock(sample: pd.DataFrame, date: Time) -> Iterator[Time]:
    """Add the time of day from a column of its own to a date."""
    if _text(sample[date.columns[0]]).str.contains(":").any():
        return
    day = date.form or "%Y-%m-%d"
    if day in EPOCHS:
        return
    for name in map(str, sample):
        if name in date.columns or not CLOCK.fullmatch(name):
            continue
        text = _text(sample[name])
        for clock in ("%H:%M:%S", "%H:%M", "%H.%M.%S", "%H.%M", "%H"):
            if pd.to_datetime(text, format=clock, errors="coerce").notna().mean() >= ENOUGH:
                both = (date.columns[0], name)
                yield Time(both, f"{day} {clock}", f"composed of {' and '.join(both)}")
                break


def _distinct(sample: pd.DataFrame, time: Time) -> int:
    return len(sample[list(time.columns)].drop_duplicates())

"""What each column is for. Pure: from a sample of the rows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from driftloop.inspection import leaks, private
from driftloop.inspection.values import Role

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from driftloop.inspection.values import Time

TARGETS = ("target", "label", "y", "outcome", "class", "cnt", "count", "sales", "demand", "price", "amount", "revenue", "churn",
           "churned", "default", "fraud", "is_fraud", "load", "power", "consumption", "quantity", "rentals", "clicked")  # fmt: skip
IDENTIFIER = re.compile(r"(^|_|\b)(id|uuid|guid|key|no|nr|number|index|instant|rowid)$|Id$|ID$", re.IGNORECASE)
CODES = (-1.0, -99.0, -200.0, -999.0, -9999.0, -99999.0, 999.0, 9999.0, 99999.0)  # that stand for no value
UNKNOWN = ("?", "-", "--", "n/a", "missing", "unknown")  # texts that stand for no value
FEW = 10  # whole numbers as few as these are names
MANY = 1000  # names of a categorical column
PEOPLE = 50  # names of a private column: where there are more, they are single persons
LONG = 40  # characters on average: text and not names
UNIQUE = 0.9  # of the rows hold a value of their own


def numbers(sample: pd.DataFrame, *, decimal: str | None) -> pd.DataFrame:
    """Turn text into numbers where nearly all of it is one."""
    out = {}
    for name in sample:
        column = sample[name]
        if not pd.api.types.is_numeric_dtype(column) and column.dtype.kind != "M":
            text = column.dropna().astype(str).str.strip()
            text = text[~text.isin(UNKNOWN)]
            read = pd.to_numeric(text.str.replace(",", ".") if decimal == "," else text, errors="coerce")
            if len(text) and read.notna().mean() > 0.98:  # noqa: PLR2004 (a few bad values are for the data rules)
                column = read.reindex(column.index)
        out[name] = column.astype(float) if pd.api.types.is_bool_dtype(column) else column
    return pd.DataFrame(out, index=sample.index)


def unknown(column: pd.Series) -> list[str]:
    """List the texts that stand for a missing value in a column that was read as numbers."""
    text = column.dropna().astype(str).str.strip()
    return [mark for mark in UNKNOWN if (text == mark).any()]


def codes(column: pd.Series) -> list[float]:
    """List the numbers that stand for a missing value: beyond all others, by far, and more than once."""
    if not pd.api.types.is_numeric_dtype(column):
        return []
    values = column.dropna()
    found = []
    for code in CODES:
        rest = values[values != code]
        if (values == code).sum() < max(2, 0.0005 * len(values)) or rest.nunique() < 3:  # noqa: PLR2004
            continue
        low, high = float(rest.quantile(0.01)), float(rest.quantile(0.99))
        beyond = max(float(rest.min()) - code, code - float(rest.max()))
        if beyond > max(3 * (high - low), 10.0) and beyond > 0:
            found.append(code)
    return found


def targets(frame: pd.DataFrame, time: Time) -> list[str]:
    """Rank the columns that may be the target: by their names, then the last number of the file."""
    names = [str(name) for name in frame if name not in time.columns and len(frame[name].dropna().unique()) > 1]
    known = sorted((name for name in names if name.lower() in TARGETS), key=lambda name: TARGETS.index(name.lower()))
    ending = [name for name in names if name not in known and name.lower().endswith(TARGETS[:4])]
    numeric = [name for name in reversed(names) if pd.api.types.is_numeric_dtype(frame[name])]
    return list(dict.fromkeys([*known, *ending, *numeric, *names]))


def task(column: pd.Series) -> Literal["regression", "classification"]:
    """Tell numbers from classes."""
    values = column.dropna()
    few = values.nunique() <= (2 if values.dtype.kind == "f" and (values % 1 != 0).any() else FEW)
    return "classification" if few or not pd.api.types.is_numeric_dtype(column) else "regression"


def key(frame: pd.DataFrame, time: Time, target: str) -> tuple[tuple[str, ...], str]:
    """Choose the columns that are unique per row: the time, an identifier, or the time and one other column.

    What is measured is no key, though it may be unique by chance: neither the target nor numbers with decimals.
    """
    if not frame.duplicated(list(time.columns)).any():
        return time.columns, "no time occurs twice"
    others = [str(name) for name in frame if name not in (*time.columns, target) and not _is_measured(frame[name])]
    named = sorted(others, key=lambda name: not IDENTIFIER.search(name))
    for name in named:
        if IDENTIFIER.search(name) and frame[name].notna().all() and not frame[name].duplicated().any():
            return (name,), "no value occurs twice"
    for name in named:
        if frame[name].nunique() < len(frame) and not frame.duplicated([*time.columns, name]).any():
            return (*time.columns, name), "no pair occurs twice"
    return time.columns, "nothing is unique: of rows with the same time the newest one stays"


def _is_measured(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and bool((column.dropna() % 1 != 0).any())


def roles(frame: pd.DataFrame, sample: pd.DataFrame, *, time: Time, key: Sequence[str], target: str) -> Iterator[Role]:
    """Say what each column is for.

    Parameters
    ----------
    frame
        With numbers where they are numbers, and no value where a code stood; rows in order of time.
    sample
        The same rows as they are in the file.
    time, key, target
        Columns that are known.
    """
    classes = task(frame[target]) == "classification"
    plain = {str(name): _left_out(frame[name], key) for name in frame}
    tried = [name for name in plain if name == target or (not plain[name] and name not in time.columns)]
    leaking = leaks.find(frame[tried], target, classes=classes)
    for name in map(str, frame):
        suspicion = private.suspicion(sample[name])
        if name in time.columns:
            yield Role(name, "timestamp", time.why, bool(suspicion))
        elif name == target:
            yield Role(name, "target", "a class" if classes else "a number", bool(suspicion))
        else:
            yield _role(frame[name], leaking, plain[name], suspicion)


def _role(column: pd.Series, leaking: Mapping[str, str], out: str, suspicion: str) -> Role:
    name, personal = str(column.name), f"; private: {suspicion}" if suspicion else ""
    values = column.dropna()
    if suspicion and not pd.api.types.is_numeric_dtype(column) and values.nunique() > PEOPLE:
        out = out or f"identifies people: {suspicion}"
    if out or name in leaking:
        return Role(name, "left out", out or f"leak: {leaking[name]}", bool(suspicion))
    if not pd.api.types.is_numeric_dtype(column):
        return Role(name, "categorical", f"{values.nunique():,} names{personal}", bool(suspicion))
    if values.nunique() <= FEW and (values % 1 == 0).all():
        return Role(name, "categorical", f"{values.nunique()} whole numbers{personal}", bool(suspicion))
    shown = "" if suspicion else f" from {values.min():.4g} to {values.max():.4g}"
    return Role(name, "numerical", f"numbers{shown}{personal}", bool(suspicion))


def _left_out(column: pd.Series, key: Sequence[str]) -> str:  # noqa: PLR0911 (one reason each)
    """Say why a column is no input; empty if it may be one."""
    name, values = str(column.name), column.dropna()
    distinct = values.nunique()
    if distinct <= 1:
        return "constant" if distinct else "empty"
    if column.dtype.kind == "M":
        return "another time"
    number = pd.api.types.is_numeric_dtype(column)
    whole = number and bool((values % 1 == 0).all())
    if (name in key or IDENTIFIER.search(name)) and distinct > FEW and (not number or whole):
        return "identifier"
    if whole and distinct == len(values) > MANY and bool(np.all(np.diff(values.to_numpy()) > 0)):
        return "identifier: it counts the rows"
    if number:
        return ""
    text = values.astype(str)
    if text.str.len().mean() > LONG:
        return "free text"
    if distinct > UNIQUE * len(values):
        return "identifier: nearly every row has a value of its own"
    return f"{distinct:,} names, too many" if distinct > MANY else ""

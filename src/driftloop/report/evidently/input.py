"""Input that Evidently can take: what it crashes on or misreads is left out, and said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

from driftloop.core.columns import PREDICTION, PROBABILITY

MIN_VALUES = 2  # with fewer Evidently crashes, or calls one row drift
MAX_CATEGORIES = 1000  # 5,000 take Evidently 15 s, and nobody reads the chart
LARGEST = 1e100  # the squares of larger numbers overflow
TOLD_SHARE = 0.1  # of the rows: from here on the page tells that more are missing than before

# Stands for "<" inside Evidently: a category "</script>" would end the page's data block, and run as code.
LESS = "\ue000"

Columns = pd.DataFrame | Mapping[str, pd.Series]  # columns of a mapping may differ in length
Task = Literal["regression", "classification"]


@dataclass
class PageInput:
    """Input that Evidently can take, with "<" masked, and what had to be done to it."""

    target: str
    task: Task
    thresholds: dict[str, float] | None
    current: dict[str, pd.Series] = field(default_factory=dict)
    reference: dict[str, pd.Series] = field(default_factory=dict)
    numerical: list[str] = field(default_factory=list)
    categorical: list[str] = field(default_factory=list)
    judged: pd.DataFrame | None = None
    positive: str | None = None  # of two classes
    classes: list[str] = field(default_factory=list)  # those with a column of probabilities
    left_out: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def add_column(job: PageInput, name: str, frames: tuple[Columns, Columns], *, number: bool) -> None:
    """Take a column over if both windows have something to compare."""
    taken: list[pd.Series] = []
    for window, frame in zip(("current", "reference"), frames, strict=True):
        found = values(frame[name], number=number) if name in frame else "missing"
        if isinstance(found, str):
            job.left_out[name] = f"{found} in the {window} window"
            return
        taken.append(found)
    if number and not all(_can_be_binned(part) for part in (*taken, pd.concat(taken))):
        job.left_out[name] = "its values differ in their last digits only"
        return
    (job.numerical if number else job.categorical).append(mask(name))
    job.current[mask(name)], job.reference[mask(name)] = taken
    if lost := sum(int(frame[name].count() - part.count()) for frame, part in zip(frames, taken, strict=True)):
        job.notes.append(f"{name}: infinite or huge values counted as missing: {lost}")
    now, then = (float(part.isna().mean()) for part in taken)
    if abs(now - then) >= TOLD_SHARE:
        job.notes.append(f"{name}: {now:.0%} missing now, {then:.0%} in the reference; drift ignores missing values")


def values(column: pd.Series, *, number: bool) -> pd.Series | str:
    """Return a column in the types that Evidently takes, or the reason why it cannot be shown."""
    raw = column.reset_index(drop=True)
    if number:
        try:
            found = pd.Series(pd.to_numeric(raw).to_numpy(dtype="float64", na_value=np.nan))
        except (TypeError, ValueError):
            return "not numeric"
        found = found.where(found.abs() < LARGEST)
    else:
        found = raw.astype(object).where(raw.notna(), None).map(_label, na_action="ignore").astype(object)
        if found.nunique() > MAX_CATEGORIES:
            return f"{found.nunique():,} different values"
    return found if found.count() >= MIN_VALUES else f"fewer than {MIN_VALUES} values"


def _label(value: object) -> str:
    """Write a category so that Evidently, which prints a missing one as nan, does not mix them up."""
    return mask(str(value)) if str(value) != "nan" else "'nan'"


def _can_be_binned(values: pd.Series) -> bool:
    """Whether numpy finds room for a histogram between the smallest and the largest value."""
    spread = values.max() - values.min()
    return bool(spread == 0 or spread > 1000 * np.spacing(values.abs().max()))


def add_judged(job: PageInput, judged: pd.DataFrame, target: str) -> None:
    """Take over the rows whose outcome is known."""
    number = job.task == "regression"
    parts = {
        name: values(judged[name], number=number) if name in judged else "missing" for name in (target, PREDICTION)
    }
    for name, found in parts.items():
        if isinstance(found, str):
            job.notes.append(f"no performance section: {name}: {found} in the rows with outcomes")
            return
    rows = pd.DataFrame(parts).rename(columns=mask).dropna()
    if len(rows) < MIN_VALUES:
        job.notes.append(f"no performance section: fewer than {MIN_VALUES} rows have outcome and prediction")
        return
    job.judged = rows
    if job.task == "regression":
        return
    labels = sorted(set(rows[job.target]) | set(rows[PREDICTION]), key=unmask)
    if len(labels) == 2:  # noqa: PLR2004 - two classes
        job.positive = labels[1]  # as in scikit-learn
        job.notes.append(f"precision and recall are those of class {unmask(labels[1])}")
    columns = [name for name in judged if str(name).startswith(PROBABILITY)]
    if columns:
        _add_probabilities(job, rows, judged[columns])


def _add_probabilities(job: PageInput, rows: pd.DataFrame, given: pd.DataFrame) -> None:
    """Add probabilities where they lead to the same predictions: Evidently judges the likeliest class instead."""
    table = given.reset_index(drop=True).apply(pd.to_numeric, errors="coerce").loc[rows.index]
    table.columns = pd.Index([_label(str(name).removeprefix(PROBABILITY)) for name in given])
    seen = set(rows[job.target])
    if set(table) != seen or len(seen) == 1:
        why = "some classes have no outcomes, or no probabilities"
    elif seen & {job.target, PREDICTION}:
        why = "a class has the name of a column"
    elif not np.isfinite(table.to_numpy(dtype="float64")).all():
        why = "some are missing"
    elif (table.idxmax(axis=1) != rows[PREDICTION]).any():
        why = "the predicted class is not always the likeliest"
    else:
        job.judged, job.classes = rows.join(table), sorted(table, key=unmask)
        return
    job.notes.append(f"probabilities are not shown: {why}")


def mask(text: str) -> str:
    """Hide "<" from Evidently."""
    return text.replace("<", LESS)


def unmask(text: str) -> str:
    """Show "<" again."""
    return text.replace(LESS, "<")

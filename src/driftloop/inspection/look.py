"""Look at a source: what its columns are for, and why."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pandas as pd

from driftloop.errors import DataError
from driftloop.inspection import reading, times
from driftloop.inspection.roles import codes, key, numbers, roles, targets, task, unknown
from driftloop.inspection.values import Inspected, Role

if TYPE_CHECKING:
    from collections.abc import Callable


def look(source: str, choose: Callable[[list[str]], str]) -> Inspected:
    """Guess what the columns of a source are for.

    Parameters
    ----------
    source
        A file, a folder or a pattern.
    choose
        Takes the candidates for the target, the most likely one first, and returns one of the columns.

    Raises
    ------
    DataError
        If the source cannot be read, or no column holds a time.
    """
    with reading.opened(source) as reader:
        sample = reader.sample()
        refused = [Role(name, "left out", why) for name, why in reader.refused.items()]
        sample = sample.drop(columns=list(reader.refused))
        time = times.guess(sample)
        if time is None:
            msg = (
                f"{source}: expected a column with dates or times, or columns for year, month and day, found none among "
                f"{', '.join(map(str, sample.columns[:20]))}; or describe the data in params.yaml of `driftloop init DIR` without --from"
            )
            raise DataError(msg)
        sample = reader.sorted(sample, time)
        totals = reader.totals(time)
        csv = reader.csv
    decimal = reading.decimal(sample, [str(name) for name in sample if name not in time.columns])
    frame = numbers(sample, decimal=decimal)
    missing = {
        name: found for name in map(str, frame) if name not in time.columns and (found := _codes(frame, sample, name))
    }
    for name, found in missing.items():
        frame[name] = frame[name].where(~frame[name].isin(found))
    ranked = targets(frame, time)
    if not ranked:
        msg = f"{source}: expected a column beside the time whose values differ, found none to predict"
        raise DataError(msg)
    target = choose(ranked)
    if target not in ranked:
        msg = f"--target: expected one of {', '.join(ranked[:20])}, got {target!r}"
        raise DataError(msg)
    unique, why = key(frame, time, target)
    return Inspected(
        separator=csv.separator,
        decimal=decimal,
        encoding=csv.encoding,
        missing=missing,
        time=time,
        key=unique,
        key_why=why,
        target=target,
        task=task(frame[target]),
        roles=(*roles(frame, sample, time=time, key=unique, target=target), *refused),
        rows=totals.rows,
        since=totals.first.date(),
        until=totals.last.date() + timedelta(days=1),
        rows_a_day=totals.rows / max(1, totals.days),
        hours=totals.hours,
    )


def _codes(frame: pd.DataFrame, sample: pd.DataFrame, name: str) -> list[float | str]:
    """List what stands for a missing value in a column of numbers."""
    if not pd.api.types.is_numeric_dtype(frame[name]):
        return []
    return [*codes(frame[name]), *unknown(sample[name])]

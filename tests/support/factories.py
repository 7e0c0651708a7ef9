"""Small made-up inputs for tests; everything is a function of its arguments."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from driftloop import engine
from driftloop.core.columns import DAY, PRODUCTION_LOSS, REFIT_LOSS, ROW, STEP, TS
from driftloop.core.data.declared import Columns
from driftloop.params import Params

START = date(2025, 1, 6)  # a Monday


def make_params(**over: Any) -> Params:
    """Give params of a regression of `y` on `x` and `c`; `evaluate={"min_rows": 9}` changes one key of a section."""
    given: dict[str, Any] = {
        "model": "bikes",
        "source": {"kind": "files", "path": "in.csv", "until": "2025-03-03"},
        "data": {"timestamp": "ts", "key": ["ts"], "target": "y", "numerical": ["x"], "categorical": ["c"]},
        "windows": {"train_days": "all", "judge_days": 28},  # fewer refits than what is chosen by evidence
        "train": {"estimator": "sklearn.linear_model.LinearRegression"},
    }
    for section, value in over.items():
        given[section] = {**given.get(section, {}), **value} if isinstance(value, dict) else value
    return Params.model_validate(given)


def make_days(days: int, *, rows: int = 1, since: date = START) -> list[date]:
    """List so many days in a row, each of them `rows` times."""
    return [since + timedelta(days=day) for day in range(days) for _ in range(rows)]


def make_frame(rows: int, *, shift: float = 0.0, since: date = START, seed: int = 0) -> pd.DataFrame:
    """Give labelled hourly rows as `prepare` writes them, where y = 3 x + 2 [c = b] + `shift` + noise of sd 0.1."""
    random = np.random.default_rng(seed)
    moments = pd.Series(pd.date_range(since, periods=rows, freq="h"))
    x, c = random.normal(size=rows), random.choice(["a", "b"], size=rows)
    y = 3 * x + 2 * (c == "b") + shift + 0.1 * random.normal(size=rows)
    return pd.DataFrame({TS: moments, DAY: moments.dt.date, "x": x, "c": c, "y": y})


def make_losses(
    days: int = 28, *, rows: int = 24, gain: float = 0.0, noise: float = 0.05, since: date = START, seed: int = 0
) -> pd.DataFrame:
    """Give paired losses as `refit` writes them, in steps of a week.

    `gain` is the share of production's loss (mean about 1) that the refits save; `noise` is the standard deviation of
    that share between rows.
    """
    random = np.random.default_rng(seed)
    day = make_days(days, rows=rows, since=since)
    step = [since + timedelta(days=(one - since).days // 7 * 7) for one in day]
    production = random.exponential(size=len(day))
    refit = production * np.abs(1 - gain + noise * random.normal(size=len(day)))
    return pd.DataFrame({DAY: day, STEP: step, PRODUCTION_LOSS: production, REFIT_LOSS: refit})


def make_columns(**over: Any) -> Columns:
    """Give the columns that `make_params` declares."""
    given = {"numerical": ("x",), "categorical": ("c",), "target": "y", "task": "regression", "key": (TS,)}
    return Columns.model_validate({**given, **over})


def make_raw(rows: int = 48, /, *, since: date = START, **columns: Any) -> pa.Table:
    """Give hourly raw rows as `collect` writes them: `TS`, `ROW`, `y` and the given columns."""
    start = datetime.combine(since, datetime.min.time())
    moments = pa.array([start + timedelta(hours=hour) for hour in range(rows)], pa.timestamp("us"))
    return pa.table({TS: moments, ROW: range(rows), "y": [1.0] * rows} | columns)


def to_ibis(table: pa.Table) -> Any:
    """Load a table into a DuckDB of its own."""
    import ibis

    return engine.connect().create_table("raw", ibis.memtable(table))

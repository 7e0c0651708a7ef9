"""Data that leads a guess astray: what must not become a key, an input, or a quoted value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from driftloop.errors import DataError
from driftloop.inspection.look import look

if TYPE_CHECKING:
    from pathlib import Path

    from driftloop.inspection.values import Inspected

RNG = np.random.default_rng(0)
ROWS = 1200


def hourly(**columns: Any) -> pd.DataFrame:
    at = pd.date_range("2023-01-01", periods=ROWS, freq="h")
    return pd.DataFrame({"ts": at.strftime("%Y-%m-%d %H:%M"), **columns})


def looked(tmp_path: Path, frame: pd.DataFrame, target: str = "y") -> Inspected:
    frame.to_csv(tmp_path / "x.csv", index=False)
    return look(str(tmp_path / "x.csv"), lambda _: target)


def why(found: Inspected, name: str) -> str:
    return next(each.why for each in found.roles if each.name == name)


def test_key__holds_nothing_that_is_measured(tmp_path: Path) -> None:
    frame = pd.concat(
        [
            hourly(y=RNG.normal(store, 0.1, ROWS).round(6), x=RNG.normal(0, 1, ROWS).round(6), store=store)
            for store in range(5)
        ]
    )
    assert looked(tmp_path, frame).key == ("ts", "store")


def test_leaks__of_a_sum_with_gaps(tmp_path: Path) -> None:
    frame = hourly(a=RNG.poisson(5, ROWS), d=RNG.poisson(50, ROWS))
    frame["y"] = frame["a"] + frame["d"]
    frame["a"] = frame["a"].astype(float).mask(RNG.random(ROWS) < 0.01)
    assert why(looked(tmp_path, frame), "d") == "leak: a + d = y"


def test_leaks__of_three_classes(tmp_path: Path) -> None:
    kind = RNG.integers(0, 3, ROWS)
    frame = hourly(x=RNG.normal(0, 1, ROWS), code=np.array(["n", "o", "p"])[kind], y=np.array(["a", "b", "c"])[kind])
    found = looked(tmp_path, frame)
    assert why(found, "code") == "leak: alone it tells 100 % of y apart"
    assert found.named("numerical") == ["x"]


def test_look__quotes_no_birthday(tmp_path: Path) -> None:
    frame = pd.DataFrame({"birth_date": pd.date_range("1980-01-01", periods=400).strftime("%Y-%m-%d"), "y": range(400)})
    found = looked(tmp_path, frame)
    assert found.personal == ["birth_date"]
    assert "1980" not in str(found.roles)


def test_look__takes_no_birthday_for_the_time_where_there_is_another(tmp_path: Path) -> None:
    born = pd.date_range("1950-01-01", periods=ROWS).strftime("%Y-%m-%d")
    found = looked(
        tmp_path, hourly(y=RNG.normal(0, 1, ROWS)).assign(ts=lambda frame: frame["ts"].str[:10], birth_date=born)
    )
    assert found.time.columns == ("ts",)
    assert "1950" not in str(found.roles)


def test_look__leaves_out_what_identifies_people(tmp_path: Path) -> None:
    names = [f"Anna {number % 300}" for number in range(ROWS)]
    found = looked(tmp_path, hourly(customer_name=names, gender=["f", "m"] * (ROWS // 2), y=RNG.normal(0, 1, ROWS)))
    assert why(found, "customer_name") == "identifies people: its name says so"
    assert (found.named("categorical"), found.private) == (["gender"], ["gender"])


def test_look__knows_texts_for_missing_numbers(tmp_path: Path) -> None:
    values = pd.Series(RNG.normal(0, 1, ROWS).round(3)).astype(str).mask(RNG.random(ROWS) < 0.1, "?")
    found = looked(tmp_path, hourly(x=values, y=RNG.normal(0, 1, ROWS)))
    assert (found.named("numerical"), found.missing) == (["x"], {"x": ["?"]})


def test_look__a_date_without_a_clock_makes_no_hour(tmp_path: Path) -> None:
    days = pd.date_range("2023-01-01", periods=400).strftime("%Y-%m-%d")
    found = looked(tmp_path, pd.DataFrame({"day": days, "x": RNG.normal(0, 1, 400), "y": RNG.normal(0, 1, 400)}))
    assert found.hours == 1
    assert looked(tmp_path, hourly(y=RNG.normal(0, 1, ROWS), x=RNG.normal(0, 1, ROWS))).hours == 24


@pytest.mark.parametrize("target", ["ts", "y", "nonsense"])
def test_look__refuses_a_target_that_cannot_be_predicted(tmp_path: Path, target: str) -> None:
    with pytest.raises(DataError, match=f"^--target: expected one of x, got '{target}'$"):
        looked(tmp_path, hourly(x=range(ROWS), y=1), target)

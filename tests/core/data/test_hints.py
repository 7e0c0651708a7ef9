"""What a message proposes for values that cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from factories import to_ibis

from driftloop.core.data.hints import between, codes

if TYPE_CHECKING:
    import ibis.expr.types as ir


def found(x: np.ndarray, *, private: tuple[str, ...] = ()) -> list[str]:
    return found_in(to_ibis(pa.table({"x": x, "y": np.zeros(len(x))})), private)


def found_in(rows: ir.Table, private: tuple[str, ...] = ()) -> list[str]:
    """Look at all rows, and at two parts of them."""
    known = rows["x"].min().to_pyarrow().as_py(), rows["x"].max().to_pyarrow().as_py()
    ends = {"x": known} if known[0] is not None else {}
    odd = rows.mutate(place=ibis.row_number()).mutate(odd=lambda table: table["place"] % 2 == 1)
    halves = [between(odd.filter(odd["odd"]), ends), between(odd.filter(~odd["odd"]), ends)]
    whole = list(codes(rows, [between(rows, ends)], ends, private))
    assert list(codes(rows, halves, ends, private)) == whole
    return whole


def make_values(*, code: float | None = None, every: int = 25, seed: int = 0) -> np.ndarray:
    values = np.random.default_rng(seed).gamma(2, 2, size=5000).clip(0.1, 11.9).round(1)
    values[[0, 1]] = 0.1, 11.9
    if code is not None:
        values[2::every] = code
    return values


@pytest.mark.parametrize(("code", "side"), [(-200, "below"), (-9999, "below"), (999, "above"), (1e20, "above")])
def test_codes__names_the_value_and_its_share(code: float, side: str) -> None:
    assert found(make_values(code=code)) == [
        (
            f"x is {code:g} in 200 of 5,000 rows, far {side} all other values (0.1 to 11.9): "
            "if it means missing, set data.missing"
        )
    ]


def test_codes__finds_one_at_either_end() -> None:
    values = make_values(code=-999)
    values[3::50] = 999
    assert [line.partition(" in ")[0] for line in found(values)] == ["x is -999", "x is 999"]


def test_codes__of_private_columns_are_not_shown() -> None:
    (line,) = found(make_values(code=-200), private=("x",))
    assert line == "x holds one value far below all others in 200 of 5,000 rows: if it means missing, set data.missing"


def test_codes__of_rows_some_of_which_were_taken_out() -> None:
    values = make_values(code=-200)
    rows = to_ibis(pa.table({"id": range(len(values)), "x": values, "y": np.zeros(len(values))}))
    (line,) = found_in(rows.anti_join(rows.filter(rows["id"] < 2500).select("id"), "id"))
    assert line.startswith("x is -200 in 100 of 2,500 rows")


random = np.random.default_rng(1)
FINE = {
    "nothing odd": make_values(),
    "too few to be a code": make_values(code=-200, every=1000),
    "zeros of a rain gauge": np.where(random.random(5000) < 0.9, 0, random.gamma(0.5, 10, 5000)),
    "counts": random.poisson(0.3, 5000).astype(float),
    "skewed": random.lognormal(3, 2, 5000).round(),
    "cap": random.normal(size=5000).clip(-3, 1),
    "flag": (random.random(5000) < 0.03).astype(float),
    "grades": random.choice([1.0, 2.0, 3.0, 10.0], 5000),
    "constant": np.ones(5000),
    "empty": np.full(5000, np.nan),
}


@pytest.mark.parametrize("case", FINE)
def test_codes__are_silent(case: str) -> None:
    values = pd.Series(FINE[case]).astype("Float64")
    assert found_in(to_ibis(pa.table({"x": pa.array(values), "y": [0.0] * len(values)}))) == []

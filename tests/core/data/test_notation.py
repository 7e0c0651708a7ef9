"""Numbers and missing values as a source writes them, in a real DuckDB."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from factories import make_columns, make_params, make_raw, to_ibis

from driftloop.core.columns import INFINITE, INVALID, ROW
from driftloop.core.data.notation import Notation, notation_of
from driftloop.core.data.schema import typed

CLASSES = make_columns(numerical=(), task="classification")


def cast(written: Notation, *, columns: Any = None, **given: Any) -> dict[str, list[Any]]:
    """Type a table, and give its columns as lists."""
    rows = len(next(iter(given.values())))
    raw = to_ibis(make_raw(rows, **given))
    found: dict[str, list[Any]] = (
        typed(raw, columns or make_columns(), "UTC", written).order_by(ROW).to_pyarrow().to_pydict()
    )
    return found


@pytest.mark.parametrize(
    ("decimal", "thousands", "values"),
    [
        (",", "", {"2,6": 2.6, "-0,9811": -0.9811, ",5": 0.5, "7": 7.0, " 7,5 ": 7.5, "1e3": 1000.0, "1,5e-2": 0.015}),
        (",", "", {"1.5": None, "1.170": None, "1.170,5": None, "1,2,3": None, "x": None, ",": None, "1 000": None}),
        (",", ".", {"1.170.483,5": 1170483.5, "1.170": 1170.0, "999": 999.0, "1.17": None, "1.1700": None, "1,170": 1.17}),
        (".", ",", {"1,170,483": 1170483.0, "12,34,567.5": 1234567.5, "870100": 870100.0, "1,17": None, ",170": None}),
        (",", " ", {"1 170,5": 1170.5, "1\u00a0170": 1170.0, "1\u202f170,5": 1170.5, "11 70": None}),
        (".", "'", {"1'170.5": 1170.5, "1,170": None}),
    ],
)  # fmt: skip
def test_number__as_it_is_declared_and_in_no_other_way(
    decimal: str, thousands: str, values: dict[str, float | None]
) -> None:
    found = cast(Notation(decimal=decimal, thousands=thousands), x=list(values))
    assert found["x"] == list(values.values())
    assert found[f"{INVALID}x"] == [value is None for value in values.values()]


def test_number__of_a_numeric_column_needs_no_notation() -> None:
    assert cast(Notation(decimal=",", thousands="."), x=[1.5, 1000.25])["x"] == [1.5, 1000.25]


def test_number__infinity_and_nan_are_read_in_any_notation() -> None:
    found = cast(Notation(decimal=","), x=["inf", "nan", "1,5"])
    assert (found["x"], found[f"{INFINITE}x"]) == ([None, None, 1.5], [True, False, False])
    assert found[f"{INVALID}x"] == [False, False, False]


@pytest.mark.parametrize("code", [-200, -200.0, "-200", "-200.0", " -200 "])
@pytest.mark.parametrize(
    "column",
    [pa.array([-200, 5]), pa.array([-200.0, 5.0]), pa.array(["-200", "5"]), pa.array([" -200.00", "5"])],
)
def test_missing__numbers_compare_by_value(code: float | str, column: pa.Array) -> None:
    found = cast(Notation(missing=[code]), x=column, c=column.cast(pa.string()))
    assert found["x"] == [None, 5.0]
    assert found[f"{INVALID}x"] == [False, False]
    assert cast(Notation(missing=[code]), y=column, x=column)["y"] == [None, 5.0]


def test_missing__texts_in_numbers_are_not_invalid() -> None:
    found = cast(Notation(missing=["N/A", "kaputt"]), x=["N/A", " kaputt ", "broken", "1"])
    assert found["x"] == [None, None, None, 1.0]
    assert found[f"{INVALID}x"] == [False, False, True, False]


def test_missing__in_the_notation_of_the_source() -> None:
    assert cast(Notation(decimal=",", missing=[-999.5]), x=["-999,5", "1,5"])["x"] == [None, 1.5]


def test_missing__in_names_and_classes() -> None:
    names = ["-200", "-200.0", "N/A", "-2000", "a"]
    found = cast(Notation(missing=[-200, "N/A"]), columns=CLASSES, c=names, y=names)
    assert found["c"] == found["y"] == [None, None, None, "-2000", "a"]
    assert cast(Notation(missing=[-200]), columns=CLASSES, c=[-200.0, 1.0], y=[1, 2])["c"] == [None, "1"]


def test_missing__by_column_and_for_the_others() -> None:
    columns = make_columns(numerical=("x", "z", "w"), categorical=())
    codes: dict[str, list[int | float | str]] = {"*": [-200], "z": [-999], "w": []}
    found = cast(Notation(missing=codes), columns=columns, x=[-200, -999], z=[-200, -999], w=[-200, -999], y=[-200, 1])
    assert (found["x"], found["z"], found["w"]) == ([None, -999], [-200, None], [-200, -999])
    assert found["y"] == [None, 1]


def test_missing__infinity_as_a_code_is_no_fault() -> None:
    found = cast(Notation(missing=["inf"]), x=[float("inf"), -float("inf"), 1.0])
    assert (found["x"], found[f"{INFINITE}x"]) == ([None, None, 1.0], [False, True, False])


def test_missing__does_not_touch_booleans() -> None:
    assert cast(Notation(missing=[0]), x=[True, False])["x"] == [1.0, 0.0]


def test_notation_of__what_params_yaml_says() -> None:
    assert notation_of(make_params()) == Notation(missing=[])
    said = make_params(source={"csv": {"decimal": ",", "thousands": "."}}, data={"missing": {"x": [-1]}})
    assert notation_of(said) == Notation(decimal=",", thousands=".", missing={"x": [-1]})

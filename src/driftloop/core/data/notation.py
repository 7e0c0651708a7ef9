"""How a source writes numbers and missing values, as `source.csv` and `data.missing` say. Ibis expressions only."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis

from driftloop.core.data import portable

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from driftloop.params import Params

OTHERS = "*"  # in `data.missing`: columns that are not named
BLANKS = "\u00a0\u202f"  # that do not break, which spreadsheets put between groups of digits
WHOLE = r"^(-?[0-9]+)\.0+$"


@dataclass(frozen=True)
class Notation:
    """How numbers and missing values are written.

    Attributes
    ----------
    decimal, thousands
        Marks in numbers that are text; the second may be missing.
    missing
        Codes that stand for no value: a list for all columns, or a list by column and one under `*` for the others.
    """

    decimal: str = "."
    thousands: str = ""
    missing: Sequence[float | str] | Mapping[str, Sequence[float | str]] = ()

    def codes(self, name: str) -> Sequence[float | str]:
        """List the codes for a missing value in a column."""
        if isinstance(self.missing, Mapping):
            return self.missing.get(name, self.missing.get(OTHERS, ()))
        return self.missing

    def number(self, column: ir.Value) -> ir.Value:
        """Read a column as float64, null where it holds no number; `1,5` and `1.170,5` only as they are declared.

        A mark that is declared is believed in full: with a decimal comma, 1.170 is no number, rather than 1.17.
        """
        if not column.type().is_string() or (self.decimal, self.thousands) == (".", ""):
            return portable.number(column)
        text = column.strip()
        if self.thousands == " ":
            text = text.translate(BLANKS, " " * len(BLANKS))
        point, mark = re.escape(self.decimal), re.escape(self.thousands)
        groups = rf"\d{{1,3}}({mark}\d{{2,3}})*{mark}\d{{3}}|" if mark else ""  # two digits: 12,34,567 in India
        plain = text.replace(self.thousands, "") if mark else text
        plain = plain.replace(self.decimal, ".")
        return ibis.cases(
            (
                portable.search(text, rf"^[-+]?({groups}\d*)({point}\d*)?([eE][-+]?\d+)?$"),
                portable.number(plain),
            ),
            (~portable.search(text, r"\d"), portable.number(text)),  # nan, infinity
        )

    def coded(self, name: str, column: ir.Value, value: ir.Value) -> ir.BooleanValue:
        """Mark where a column of numbers, read as `value`, holds a code; codes that are numbers compare by value."""
        codes = self.codes(name)
        numbers = [number for code in codes if (number := _number(code)) is not None]
        found: ir.BooleanValue = ibis.literal(value=False)
        if numbers and not column.type().is_boolean():
            found |= value.isin(numbers)
        if texts := [code.strip() for code in codes if isinstance(code, str)]:
            found |= portable.text(column).strip().isin(texts)
        return found.fill_null(ibis.literal(value=False))

    def named(self, name: str, text: ir.StringValue) -> ir.StringValue:
        """Take codes out of a column of names, in which 1 and 1.0 are written alike."""
        codes = [re.sub(WHOLE, r"\1", str(code).strip()) for code in self.codes(name)]
        return ibis.ifelse(text.strip().isin(codes), ibis.null("string"), text) if codes else text


PLAIN = Notation()


def notation_of(params: Params) -> Notation:
    """Take what params.yaml says."""
    csv = params.source.csv
    return Notation(decimal=csv.decimal or ".", thousands=csv.thousands or "", missing=params.data.missing)


def _number(code: float | str) -> float | None:
    try:
        return float(code)
    except ValueError:
        return None

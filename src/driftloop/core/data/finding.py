"""What a quality rule found, as a value."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict


class Change(BaseModel):
    """What would have to be normal so that a rule finds nothing: an entry of `data.accepted` says so.

    Attributes
    ----------
    since
        Its first day.
    usual
        What is normal so far, in words.
    categories
        New ones, the most frequent first.
    range
        Smallest and largest value of the days that were looked at.
    missing
        Share of missing values in them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    since: date
    usual: str
    categories: tuple[str, ...] = ()
    range: tuple[float, float] | None = None
    missing: float | None = None


class Finding(BaseModel):
    """What a rule found.

    Attributes
    ----------
    rule
        Its stable id.
    column
        Where; empty when it concerns whole rows.
    kind
        `fault`: the data is wrong; `too few`: there is not enough of it to decide.
    rows, of
        Affected rows, and the rows that were looked at.
    text
        In words; a value from the data only where its column is not private.
    change
        What could be accepted as normal; None where nothing can, and where that would name a private value.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: str
    column: str
    kind: Literal["fault", "too few"]
    rows: int
    of: int
    text: str
    change: Change | None = None

"""What a quality rule found, as a value."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


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
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: str
    column: str
    kind: Literal["fault", "too few"]
    rows: int
    of: int
    text: str

"""What was found in a file of rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import date

RoleName = Literal["timestamp", "target", "numerical", "categorical", "left out"]


@dataclass(frozen=True)
class Time:
    """The columns that hold the time of a row.

    Attributes
    ----------
    columns
        One, or several that are joined by a blank.
    form
        As `data.timestamp_format`; None: ISO 8601.
    why
        How it was told.
    """

    columns: tuple[str, ...]
    form: str | None
    why: str


@dataclass(frozen=True)
class Role:
    """What a column is for.

    Attributes
    ----------
    name, role
        The column, and its place in params.yaml.
    why
        In a few words, without any value of a private column.
    private
        Whether it seems to be about a person.
    """

    name: str
    role: RoleName
    why: str
    private: bool = False


@dataclass(frozen=True)
class Inspected:
    """All that is known of a file of rows, for one target.

    Attributes
    ----------
    separator, decimal, encoding
        How CSV files are written; None: as driftloop finds out by itself.
    missing
        Codes for no value, by column.
    time, key
        Columns with the time, and those that are unique per row together.
    key_why
        How the key was told.
    target, task
        What is predicted, and whether it is a number or a class.
    roles
        Of every column, in the order of the file.
    rows, since, until
        Number of rows, the first day and the day after the last, in UTC.
    rows_a_day
        Mean, of days with rows.
    hours
        Number of different hours of the day.
    """

    separator: str | None
    decimal: str | None
    encoding: str | None
    missing: dict[str, list[float | str]]
    time: Time
    key: tuple[str, ...]
    key_why: str
    target: str
    task: Literal["regression", "classification"]
    roles: tuple[Role, ...]
    rows: int
    since: date
    until: date
    rows_a_day: float
    hours: int

    def named(self, role: RoleName) -> list[str]:
        """List the columns of a role."""
        return [each.name for each in self.roles if each.role == role]

    @property
    def personal(self) -> list[str]:
        """All columns that seem to be about a person: a copy of the file would hold their values."""
        return [each.name for each in self.roles if each.private]

    @property
    def private(self) -> list[str]:
        """Columns that seem to be about a person and that the project uses."""
        return [each.name for each in self.roles if each.private and (each.role != "left out" or each.name in self.key)]

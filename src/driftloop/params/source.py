"""The section `source` of params.yaml: where rows come from and how they are written."""

from __future__ import annotations

import keyword
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from driftloop.params.fields import Instant, Name, Names, Positive, Section, parse_instant
from driftloop.params.problems import shown
from driftloop.params.urls import valid_url
from driftloop.params.written import valid_decimal, valid_encoding, valid_separator, valid_thousands

if TYPE_CHECKING:
    from datetime import datetime


SourceKind = Literal["simulator", "bike_sharing", "files", "command", "sql"]  # each is a module in driftloop.sources


def _argument(name: str) -> str:
    if not name.isidentifier() or keyword.iskeyword(name):
        msg = "expected the name of an argument of the function features, such as weather"
        raise ValueError(msg)
    return name


Argument = Annotated[str, AfterValidator(_argument), Field(examples=["weather"])]


class Labels(Section):
    """Labels that live in a table of their own."""

    path: Name = Field(description="file, folder or glob")
    key: Names = Field(min_length=1, description="columns that join labels to rows; the newest row wins")


class Csv(Section):
    """How CSV files are written; null: found out where that is certain, else as RFC 4180 has it."""

    separator: Annotated[str, AfterValidator(valid_separator)] | None = Field(default=None, description="of columns")
    decimal: Annotated[str, AfterValidator(valid_decimal)] | None = Field(
        default=None, description="of numbers in text: . or ,"
    )
    thousands: Annotated[str, AfterValidator(valid_thousands)] | None = Field(
        default=None, description="between groups of digits"
    )
    encoding: Annotated[str, AfterValidator(valid_encoding)] | None = Field(default=None, examples=["cp1252"])
    null_values: list[str] | None = Field(default=None, description="texts that stand for no value")

    @model_validator(mode="after")
    def _distinct(self) -> Csv:
        if self.thousands == (self.decimal or "."):
            msg = f"thousands: expected another mark than decimal, got {shown(self.thousands)}"
            raise ValueError(msg)
        return self


class Simulated(Section):
    """When the labels of the simulator arrive."""

    label_days: Annotated[int, Field(ge=0, le=36_500)] = Field(default=0, description="from the hour to its label")
    labels_lost: Annotated[float, Field(ge=0, lt=1)] = Field(default=0.0, description="share of labels that never come")


class Source(Section):
    """Where rows come from."""

    kind: SourceKind
    path: str | None = Field(default=None, description="files: file, folder or glob; bike_sharing: hour.csv or zip")
    command: str | None = Field(default=None, description="writes Parquet to $OUT for [$FROM, $UNTIL)")
    url: Annotated[str, AfterValidator(valid_url)] | None = Field(
        default=None,
        description="sql: of the database; secrets as names of environment variables",
        examples=["postgresql://$PGUSER:$PGPASSWORD@db.example/shop"],
    )
    table: Name | None = Field(default=None, description="sql: table or view, such as shop.rentals")
    query: Name | None = Field(default=None, description="sql: SELECT …, in place of a table")
    changed: Name | None = Field(
        default=None, description="sql: column that grows with each change of a row; months without one are kept"
    )
    timeout_seconds: Positive = Field(default=600, description="sql: for each statement")
    labels: Labels | None = Field(default=None, description="labels in another table")
    tables: dict[Argument, Name] = Field(
        default_factory=dict, description="further tables for src/features.py, by name: file, folder or glob"
    )
    csv: Csv = Field(default=Csv(), description="how CSV files, and numbers in text, are written")
    simulated: Simulated = Field(
        default=Simulated(), description="simulator: when labels arrive, and how many never do"
    )
    since: Instant | None = Field(default=None, description="start of the history; null: all there is")
    until: Instant = Field(description="exclusive end; `driftloop refresh` moves it")
    fingerprint: str | None = Field(default=None, description="written by `driftloop refresh`")

    @model_validator(mode="after")
    def _complete(self) -> Source:
        needed = {
            "files": {"path": "a file, folder or glob"},
            "command": {"command": "a shell command", "since": "a date or time"},
            "sql": {"url": "the URL of a database"},
        }
        for key, what in needed.get(self.kind, {}).items():
            if not getattr(self, key):
                msg = f"{key}: expected {what}, which kind {self.kind} needs, got {shown(getattr(self, key))}"
                raise ValueError(msg)
        if self.kind == "sql" and (self.table is None) == (self.query is None):
            msg = f"table: expected either a table or a query, got {'both' if self.table else 'neither'}"
            raise ValueError(msg)
        if self.labels and self.kind not in needed:
            msg = f"labels: expected null, since kind {self.kind} has its labels in the rows, got keys"
            raise ValueError(msg)
        if self.kind not in needed and (given := [name for name, value in self.csv if value is not None]):
            msg = f"csv.{given[0]}: expected null, since kind {self.kind} has no CSV of yours, got {shown(getattr(self.csv, given[0]))}"
            raise ValueError(msg)
        if self.kind != "simulator" and self.simulated != Simulated():
            said = f"label_days {self.simulated.label_days} and labels_lost {self.simulated.labels_lost:g}"
            msg = f"simulated: expected 0, since kind {self.kind} is not simulated, got {said}"
            raise ValueError(msg)
        if self.since and parse_instant(self.since) >= self.until_instant:
            msg = f"since: expected a date or time before until ({self.until}), got {shown(self.since)}"
            raise ValueError(msg)
        return self

    @property
    def until_instant(self) -> datetime:
        """Exclusive end of the data, in UTC."""
        return parse_instant(self.until)

    @property
    def is_simulated(self) -> bool:
        """Whether the rows are made up, which every text about them says."""
        return self.kind == "simulator"

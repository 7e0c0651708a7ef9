"""The section `data` of params.yaml: what the columns mean."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from driftloop.params.fields import Codes, Format, Name, Names, Section, Share, Zone

OWN = "driftloop:"  # what the names of our own columns begin with; see `core.columns`


def _ascending(ends: list[float]) -> list[float]:
    if ends[0] > ends[1]:
        msg = f"expected the smaller end first, got [{ends[0]:g}, {ends[1]:g}]"
        raise ValueError(msg)
    return ends


class Accepted(Section):
    """A change of one column that is normal, though production was not trained on it."""

    column: Name
    since: Annotated[date, Field(strict=False, description="its first day; usual is measured from then on")]
    categories: Names = Field(default_factory=list, description="new ones")
    range: Annotated[list[float], Field(min_length=2, max_length=2), AfterValidator(_ascending)] | None = Field(
        default=None, description="smallest and largest value"
    )
    missing: Share | None = Field(default=None, description="share of missing values")


class Data(Section):
    """What the columns mean."""

    timestamp: Name | Annotated[Names, Field(min_length=1)] = Field(
        description="column with the time of a row; several, such as date and time, are joined by a blank"
    )
    timestamp_format: Format | None = Field(
        default=None, description="strptime format, epoch_s, epoch_ms, epoch_us or epoch_ns; null: ISO 8601"
    )
    timezone: Zone = Field(default="UTC", description="for naive timestamps; cuts days")
    key: Names = Field(min_length=1, description="unique per row")
    target: Name
    target_unit: str = Field(default="", description="for texts")
    task: Literal["regression", "classification"] = "regression"
    label_delay_days: Annotated[int, Field(ge=0, le=36_500)] = Field(default=0, description="until labels are final")
    numerical: Names = Field(default_factory=list)
    categorical: Names = Field(default_factory=list)
    segments: Names = Field(default_factory=list, description="reported and guarded")
    missing: Codes | dict[Name, Codes] = Field(
        default_factory=list, description='codes for a missing value: for all columns, or by column, "*" for the others'
    )
    private: Names = Field(
        default_factory=list, description="values appear in no text; the model file keeps them coarse, see the manual"
    )
    accepted: list[Accepted] = Field(
        default_factory=list, description="changes of columns that are normal; `driftloop accept` adds them"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Data:
        if self.target in self.timestamps:
            msg = f"target: expected another column than timestamp, got {self.target}"
            raise ValueError(msg)
        if not self.features:
            msg = "numerical: expected at least one column here or in categorical, got none"
            raise ValueError(msg)
        known = {*self.timestamps, *self.key, self.target, *self.features}
        numerical, categorical = set(self.numerical), set(self.categorical)
        wrong = {
            "categorical: expected other columns than numerical": [n for n in self.categorical if n in numerical],
            "numerical: expected other columns than target and timestamp": self._not_features(self.numerical),
            "categorical: expected other columns than target and timestamp": self._not_features(self.categorical),
            "segments: expected columns that stand in categorical": [
                name for name in self.segments if name not in categorical
            ],
            "private: expected columns that are declared above": [name for name in self.private if name not in known],
            "accepted: expected columns of numerical or categorical": [
                each.column for each in self.accepted if each.column not in numerical | categorical
            ],
            "accepted: expected categories of a column in categorical": [
                each.column for each in self.accepted if each.categories and each.column in numerical
            ],
            "accepted: expected the range of a column in numerical": [
                each.column for each in self.accepted if each.range and each.column in categorical
            ],
            "accepted: expected no values of a private column": [
                each.column for each in self.accepted if each.column in self.private and (each.categories or each.range)
            ],
        }
        for expected, names in wrong.items():
            if names:
                msg = f"{expected}, got {', '.join(names)}"
                raise ValueError(msg)
        lowered = Counter(name.lower() for name in known)
        if alike := sorted(name for name in known if lowered[name.lower()] > 1):
            msg = f"expected column names that differ in more than upper and lower case, got {', '.join(alike)}"
            raise ValueError(msg)
        if taken := sorted(name for name in known if name.lower().startswith(OWN)):
            msg = f"expected column names that do not begin with {OWN}, got {', '.join(taken)}"
            raise ValueError(msg)
        return self

    def _not_features(self, names: list[str]) -> list[str]:
        """Find the target, and a timestamp; one of several columns that make up a timestamp, such as the hour, is an input."""
        return [name for name in names if name == self.target or self.timestamps == [name]]

    @property
    def timestamps(self) -> list[str]:
        """The columns that make up the time of a row."""
        return [self.timestamp] if isinstance(self.timestamp, str) else self.timestamp

    @property
    def features(self) -> list[str]:
        """Model inputs in declared order."""
        return [*self.numerical, *self.categorical]

    @property
    def accepted_missing(self) -> dict[str, float]:
        """The largest share of missing values that was accepted, by column."""
        shares: dict[str, float] = {}
        for each in self.accepted:
            shares[each.column] = max(shares.get(each.column, 0.0), each.missing or 0.0)
        return shares

    @property
    def accepted_since(self) -> dict[str, date]:
        """The first day of the newest accepted change, by column."""
        return {each.column: each.since for each in sorted(self.accepted, key=lambda one: one.since)}

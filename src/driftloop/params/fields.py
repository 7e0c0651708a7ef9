"""Kinds of values in params.yaml, and what all its sections have in common."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from driftloop.params.written import valid_format

YEARS = range(1900, 2200)  # with windows of at most a century, every date that is computed exists


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        msg = "expected a time zone such as UTC or Europe/Berlin"
        raise ValueError(msg)
    return name


def parse_instant(text: str) -> datetime:
    """Read an ISO 8601 date or time; without an offset it is UTC."""
    msg = 'expected a date or time such as "2025-03-31T00:00Z"'
    try:
        instant = datetime.fromisoformat(text)
        instant = instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise ValueError(msg) from exc
    if instant.year not in YEARS:
        msg += f" in the years {YEARS.start} to {YEARS.stop - 1}"
        raise ValueError(msg)
    return instant


def _valid_instant(text: str) -> str:
    parse_instant(text)
    return text


def _once(names: list[str]) -> list[str]:
    if twice := sorted(name for name, count in Counter(names).items() if count > 1):
        msg = f"expected each name once, got {', '.join(twice)} twice"
        raise ValueError(msg)
    return names


Positive = Annotated[int, Field(gt=0)]
Days = Annotated[int, Field(gt=0, le=36_500)]
Share = Annotated[float, Field(ge=0, lt=1)]
Name = Annotated[str, Field(min_length=1)]
Names = Annotated[list[Name], AfterValidator(_once), Field(json_schema_extra={"uniqueItems": True})]
Instant = Annotated[str, AfterValidator(_valid_instant), Field(examples=["2025-03-31T00:00Z"])]
Zone = Annotated[str, AfterValidator(_known_zone), Field(examples=["Europe/Berlin"])]
Format = Annotated[str, AfterValidator(valid_format), Field(examples=["%d/%m/%Y %H:%M"])]
Codes = list[int | float | str]


class Section(BaseModel):
    """Keys that are all known; values are taken as they are written and never change."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

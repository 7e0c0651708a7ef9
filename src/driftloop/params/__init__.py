"""params.yaml as one frozen value; unknown keys are refused."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from driftloop.errors import LoopError, ParamsError
from driftloop.foreign import files
from driftloop.params.problems import one_line, shown
from driftloop.params.written import (
    valid_decimal,
    valid_encoding,
    valid_format,
    valid_separator,
    valid_thousands,
)
from driftloop.params.yamltext import parse_yaml

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Params", "load_params", "parse_instant", "parse_params", "parse_yaml"]

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


def _with_offset(text: str, zone: ZoneInfo) -> str:
    instant = datetime.fromisoformat(text)
    return text if instant.tzinfo or zone.key == "UTC" else instant.replace(tzinfo=zone).isoformat()


def _valid_instant(text: str) -> str:
    parse_instant(text)
    return text


def _once(names: list[str]) -> list[str]:
    if twice := sorted(name for name, count in Counter(names).items() if count > 1):
        msg = f"expected each name once, got {', '.join(twice)} twice"
        raise ValueError(msg)
    return names


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    try:
        json.dumps(values, allow_nan=False)
    except (TypeError, ValueError) as exc:
        msg = "expected numbers, text, true, false, null, lists and keys, got something else, such as a date or .nan"
        raise ValueError(msg) from exc
    return values


MOST_STEPS = 26  # that are refitted: half a year of weeks, enough for every decision, and a bound on the cost

OWN = "driftloop:"  # what the names of our own columns begin with; see `core.names`

Positive = Annotated[int, Field(gt=0)]
Days = Annotated[int, Field(gt=0, le=36_500)]
Share = Annotated[float, Field(ge=0, lt=1)]
Name = Annotated[str, Field(min_length=1)]
Names = Annotated[list[Name], AfterValidator(_once), Field(json_schema_extra={"uniqueItems": True})]
Instant = Annotated[str, AfterValidator(_valid_instant), Field(examples=["2025-03-31T00:00Z"])]
Zone = Annotated[str, AfterValidator(_known_zone), Field(examples=["Europe/Berlin"])]
Format = Annotated[str, AfterValidator(valid_format), Field(examples=["%d/%m/%Y %H:%M"])]
Codes = list[int | float | str]


# Metrics with a loss per row; each stands in the table in core.judging.metrics too, which a test compares.
RegressionLoss = Literal["mae", "mse"]
ClassificationLoss = Literal["log_loss", "brier"]
LOSSES = {"regression": get_args(RegressionLoss), "classification": get_args(ClassificationLoss)}


SourceKind = Literal["simulator", "bike_sharing", "files", "command"]  # each is a module in driftloop.sources


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Labels(_Section):
    """Labels that live in a table of their own."""

    path: Name = Field(description="file, folder or glob")
    key: Names = Field(min_length=1, description="columns that join labels to rows; the newest row wins")


class Csv(_Section):
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


class Source(_Section):
    """Where rows come from."""

    kind: SourceKind
    path: str | None = Field(default=None, description="files: file, folder or glob; bike_sharing: hour.csv or zip")
    command: str | None = Field(default=None, description="writes Parquet to $OUT for [$FROM, $UNTIL)")
    labels: Labels | None = Field(default=None, description="labels in another table")
    csv: Csv = Field(default=Csv(), description="how CSV files, and numbers in text, are written")
    since: Instant | None = Field(default=None, description="start of the history; null: all there is")
    until: Instant = Field(description="exclusive end; `driftloop refresh` moves it")
    fingerprint: str | None = Field(default=None, description="written by `driftloop refresh`")

    @model_validator(mode="after")
    def _complete(self) -> Source:
        needed = {
            "files": {"path": "a file, folder or glob"},
            "command": {"command": "a shell command", "since": "a date or time"},
        }
        for key, what in needed.get(self.kind, {}).items():
            if not getattr(self, key):
                msg = f"{key}: expected {what}, which kind {self.kind} needs, got {shown(getattr(self, key))}"
                raise ValueError(msg)
        if self.labels and self.kind not in needed:
            msg = f"labels: expected null, since kind {self.kind} has its labels in the rows, got keys"
            raise ValueError(msg)
        if self.kind not in needed and (said := [name for name, value in self.csv if value is not None]):
            msg = f"csv.{said[0]}: expected null, since kind {self.kind} has no CSV of yours, got {shown(getattr(self.csv, said[0]))}"
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


class Data(_Section):
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


class Windows(_Section):
    """Lengths in days."""

    train_days: Days | Literal["all", "auto"] = Field(
        default="all", description="training window of the recipe; auto: chosen by evidence, at 4 times the refits"
    )
    judge_days: Days = Field(default=28, description="newest labelled days; the gate's window")
    current_days: Days = Field(default=7, description="newest days, labelled or not")
    reference_days: Days | Literal["all"] = Field(default="all", description="of production's training data")


class Monitor(_Section):
    """When to ask for attention."""

    policy: Literal["avoidable_loss", "loss", "evidently", "calendar"] = "avoidable_loss"
    step_days: Days = Field(default=7, description="days between refits")
    alert_at_days: Annotated[float, Field(gt=0)] = Field(default=8, description="normal days of error")
    calendar_days: Days = Field(default=91, description="policy calendar: days between retrainings")
    refit: bool = Field(default=True, description="false if training is dear: the loss test asks then")
    data_alarms_per_year: Annotated[float, Field(gt=0, le=26)] = Field(default=1, description="false ones, expected")
    quiet_days: Annotated[int, Field(ge=0, le=36_500)] = Field(
        default=28, description="of a column, after a data alarm"
    )


class Train(_Section):
    """The recipe."""

    estimator: Name = Field(
        description="dotted name of a scikit-learn compatible estimator", examples=["sklearn.linear_model.Ridge"]
    )
    params: Annotated[dict[str, Any], AfterValidator(_plain)] = Field(default_factory=dict)
    trusted: list[str] = Field(default_factory=list, description="your classes allowed in model files")
    max_rows: Positive = Field(default=1_000_000, description="deterministic sample")
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0


class Evaluate(_Section):
    """The gate."""

    metric: Literal[RegressionLoss, ClassificationLoss] = "mae"
    min_gain: Share = Field(default=0.01, description="share of production's loss")
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = Field(default=0.95, description="one-sided")
    max_segment_loss: Annotated[float, Field(ge=0)] = Field(default=0.05, description="share; worse blocks promotion")
    min_rows: Positive = Field(default=200, description="labelled rows the gate needs")


class Report(_Section):
    """What is rendered."""

    max_rows: Annotated[int, Field(ge=0)] = Field(default=10_000, description="Evidently's sample; 0: no report")
    pages: Literal["auto", "always", "never"] = Field(
        default="auto", description="publish on GitHub Pages; auto: of public repositories only"
    )


class Params(_Section):
    """Everything tunable."""

    model: str = Field(
        pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$", description="name in issues, tags, pages", examples=["bike-demand"]
    )
    source: Source
    data: Data
    windows: Windows = Windows()
    monitor: Monitor = Monitor()
    train: Train
    evaluate: Evaluate = Evaluate()
    report: Report = Report()

    @model_validator(mode="before")
    @classmethod
    def _local_times(cls, raw: Any) -> Any:
        """Take times without an offset for local ones, as `driftloop refresh` and the data itself do."""
        try:
            zone, source = ZoneInfo(raw["data"].get("timezone", "UTC")), raw["source"]
            local = {key: source[key] for key in ("since", "until") if isinstance(source.get(key), str)}
            return {**raw, "source": {**source, **{key: _with_offset(text, zone) for key, text in local.items()}}}
        except (AttributeError, KeyError, TypeError, ValueError, OSError):
            return raw  # which the fields themselves will refuse in words

    @model_validator(mode="after")
    def _metric_fits_task(self) -> Params:
        fitting = LOSSES[self.data.task]
        if self.evaluate.metric not in fitting:
            msg = f"evaluate.metric: expected {' or '.join(fitting)} for {self.data.task}, got {shown(self.evaluate.metric)}"
            raise ValueError(msg)
        if self.monitor.policy == "evidently" and self.report.max_rows == 0:
            msg = "report.max_rows: expected more than 0 for monitor.policy evidently, got 0"
            raise ValueError(msg)
        if self.windows.train_days == "auto" and not self.monitor.refit:
            msg = (
                "windows.train_days: expected a number or all with monitor.refit: false, got 'auto', which needs refits"
            )
            raise ValueError(msg)
        if self.windows.judge_days > MOST_STEPS * self.monitor.step_days:
            most = f"{MOST_STEPS} times monitor.step_days ({self.monitor.step_days})"
            msg = f"windows.judge_days: expected at most {most}, got {self.windows.judge_days}"
            raise ValueError(msg)
        if self.windows.judge_days < self.monitor.step_days:
            steps = self.monitor.step_days
            msg = f"windows.judge_days: expected at least monitor.step_days ({steps}), got {self.windows.judge_days}"
            raise ValueError(msg)
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The zone that cuts days."""
        return ZoneInfo(self.data.timezone)


def load_params(path: Path) -> Params:
    """Read and validate params.yaml.

    Raises
    ------
    ParamsError
        One line naming the key, what was expected and what was found.
    """
    try:
        text = files.read_bytes(path, where=path.name).decode("utf-8")
    except LoopError as exc:
        raise ParamsError(str(exc)) from exc
    except FileNotFoundError as exc:
        msg = f"{path.name}: not found; run driftloop in the folder that holds it"
        raise ParamsError(msg) from exc
    except OSError as exc:
        msg = f"{path.name}: cannot be read: {exc.strerror}"
        raise ParamsError(msg) from exc
    except UnicodeDecodeError as exc:
        msg = f"{path.name}: expected text in UTF-8, got other bytes; save the file as UTF-8"
        raise ParamsError(msg) from exc
    return parse_params(text, where=path.name)


def parse_params(text: str, *, where: str) -> Params:
    """Validate the text of params.yaml; raises as `load_params` does."""
    raw = parse_yaml(text, where=where)
    if not isinstance(raw, dict):
        msg = f"{where}: expected keys such as source and data, got {'an empty file' if raw is None else shown(raw)}"
        raise ParamsError(msg)
    try:
        return Params.model_validate(raw)
    except ValidationError as exc:
        raise ParamsError(one_line(where, raw, exc, Params.model_json_schema())) from exc

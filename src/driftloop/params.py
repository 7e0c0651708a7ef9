"""params.yaml as one frozen value; unknown keys are refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from driftloop.errors import ParamsError

if TYPE_CHECKING:
    from pathlib import Path

Positive = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0, lt=1)]
Name = Annotated[str, Field(min_length=1)]


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        msg = "expected a time zone such as UTC or Europe/Berlin"
        raise ValueError(msg)
    return name


def parse_instant(text: str) -> datetime:
    """Read an ISO 8601 date or time; without an offset it is UTC."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as exc:
        msg = 'expected a date or time such as "2025-03-31T00:00Z"'
        raise ValueError(msg) from exc
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def _valid_instant(text: str) -> str:
    parse_instant(text)
    return text


Instant = Annotated[str, AfterValidator(_valid_instant)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Labels(_Section):
    """Labels that live in a table of their own."""

    path: Name = Field(description="file, folder or glob")
    key: list[Name] = Field(min_length=1, description="columns that join labels to rows; the newest row wins")


class Source(_Section):
    """Where rows come from."""

    kind: Literal["simulator", "bike_sharing", "files", "command"]
    path: str | None = Field(default=None, description="files: file, folder or glob; bike_sharing: hour.csv or zip")
    command: str | None = Field(default=None, description="writes Parquet to $OUT for [$FROM, $UNTIL)")
    labels: Labels | None = Field(default=None, description="labels in another table")
    since: Instant | None = Field(default=None, description="start of the history; null: all there is")
    until: Instant = Field(description="exclusive end; `driftloop refresh` moves it")
    fingerprint: str | None = Field(default=None, description="written by `driftloop refresh`")

    @model_validator(mode="after")
    def _complete(self) -> Source:
        missing = {"files": ("path",), "command": ("command", "since")}.get(self.kind, ())
        for key in missing:
            if not getattr(self, key):
                msg = f"kind {self.kind} needs source.{key}"
                raise ValueError(msg)
        if self.labels and self.kind not in ("files", "command"):
            msg = f"kind {self.kind} has its labels in the rows; set labels to null"
            raise ValueError(msg)
        if self.since and parse_instant(self.since) >= self.until_instant:
            msg = "since must be earlier than until"
            raise ValueError(msg)
        return self

    @property
    def until_instant(self) -> datetime:
        """Exclusive end of the data, in UTC."""
        return parse_instant(self.until)


class Data(_Section):
    """What the columns mean."""

    timestamp: Name
    timezone: Annotated[str, AfterValidator(_known_zone)] = Field(
        default="UTC", description="for naive timestamps; cuts days"
    )
    key: list[Name] = Field(min_length=1, description="unique per row")
    target: Name
    target_unit: str = Field(default="", description="for texts")
    task: Literal["regression", "classification"] = "regression"
    label_delay_days: Annotated[int, Field(ge=0)] = Field(default=0, description="until labels are final")
    numerical: list[Name] = Field(default_factory=list)
    categorical: list[Name] = Field(default_factory=list)
    segments: list[Name] = Field(default_factory=list, description="reported and guarded")
    private: list[Name] = Field(default_factory=list, description="values appear in no report, page, issue or record")

    @model_validator(mode="after")
    def _consistent(self) -> Data:
        both = [*self.numerical, *self.categorical]
        if not both:
            msg = "numerical and categorical are both empty: a model needs at least one column"
            raise ValueError(msg)
        twice = sorted({name for name in both if both.count(name) > 1})
        if twice:
            msg = f"declared twice: {', '.join(twice)}"
            raise ValueError(msg)
        if self.target in both or self.timestamp in both:
            msg = f"{self.target} (target) and {self.timestamp} (timestamp) cannot be features"
            raise ValueError(msg)
        stray = [name for name in self.segments if name not in self.categorical]
        if stray:
            msg = f"segments must be categorical columns, {', '.join(stray)} is not"
            raise ValueError(msg)
        unknown = [name for name in self.private if name not in {*both, *self.key, self.target, self.timestamp}]
        if unknown:
            msg = f"private names columns that are not declared: {', '.join(unknown)}"
            raise ValueError(msg)
        reserved = sorted({name for name in {*both, *self.key, self.target, self.timestamp} if name.startswith("_")})
        if reserved:
            msg = f"column names that begin with an underscore are reserved: {', '.join(reserved)}"
            raise ValueError(msg)
        return self

    @property
    def features(self) -> list[str]:
        """Model inputs in declared order."""
        return [*self.numerical, *self.categorical]


class Windows(_Section):
    """Lengths in days."""

    train_days: Positive | Literal["all"] = Field(default="all", description="training window of the recipe")
    judge_days: Positive = Field(default=28, description="newest labelled days; the gate's window")
    current_days: Positive = Field(default=7, description="newest days, labelled or not")
    reference_days: Positive | Literal["all"] = Field(default="all", description="of production's training data")


class Monitor(_Section):
    """When to ask for attention."""

    policy: Literal["avoidable_loss", "loss", "evidently", "calendar"] = "avoidable_loss"
    step_days: Positive = Field(default=7, description="days between refits")
    alert_at_days: Annotated[float, Field(gt=0)] = Field(default=8, description="normal days of error")
    calendar_days: Positive = Field(default=91, description="policy calendar: days between retrainings")
    refit: bool = Field(default=True, description="false if training is dear: the loss test asks then")


class Train(_Section):
    """The recipe."""

    estimator: Name = Field(description="dotted name of a scikit-learn compatible estimator")
    params: dict[str, Any] = Field(default_factory=dict)
    trusted: list[str] = Field(default_factory=list, description="your classes allowed in model files")
    max_rows: Positive = Field(default=1_000_000, description="deterministic sample")
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0


class Evaluate(_Section):
    """The gate."""

    metric: Literal["mae", "mse", "log_loss", "brier"] = "mae"
    min_gain: Share = Field(default=0.01, description="share of production's loss")
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = Field(default=0.95, description="one-sided")
    max_segment_loss: Annotated[float, Field(ge=0)] = Field(default=0.05, description="share; worse blocks promotion")
    min_rows: Positive = Field(default=200, description="labelled rows the gate needs")


class Report(_Section):
    """What is rendered."""

    max_rows: Annotated[int, Field(ge=0)] = Field(default=10_000, description="Evidently's sample; 0: no report")


class Params(_Section):
    """Everything tunable."""

    model: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$", description="name in issues, tags, pages")]
    source: Source
    data: Data
    windows: Windows = Windows()
    monitor: Monitor = Monitor()
    train: Train
    evaluate: Evaluate = Evaluate()
    report: Report = Report()

    @model_validator(mode="after")
    def _metric_fits_task(self) -> Params:
        fitting = {"regression": ("mae", "mse"), "classification": ("log_loss", "brier")}[self.data.task]
        if self.evaluate.metric not in fitting:
            msg = f"evaluate.metric: expected {' or '.join(fitting)} for {self.data.task}, got {self.evaluate.metric}"
            raise ValueError(msg)
        if self.windows.judge_days < self.monitor.step_days:
            msg = "windows.judge_days must be at least monitor.step_days"
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
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        msg = f"{path.name}: not found; run driftloop in the folder that holds it"
        raise ParamsError(msg) from exc
    except (OSError, UnicodeDecodeError) as exc:
        msg = f"{path.name}: cannot be read ({exc.__class__.__name__})"
        raise ParamsError(msg) from exc
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        msg = f"{path.name}{where}: not valid YAML: {getattr(exc, 'problem', None) or 'syntax error'}"
        raise ParamsError(msg) from exc
    if not isinstance(raw, dict):
        msg = f"{path.name}: expected sections such as source: and data:, got {type(raw).__name__}"
        raise ParamsError(msg)
    try:
        return Params.model_validate(raw)
    except ValidationError as exc:
        raise ParamsError(_one_line(path.name, exc)) from exc


def _one_line(name: str, exc: ValidationError) -> str:
    """Word the first problem, and count the others."""
    problem = exc.errors(include_url=False)[0]
    where = ".".join(str(part) for part in problem["loc"] if not str(part).startswith(("function-", "constrained-")))
    text = problem["msg"].removeprefix("Value error, ")
    text = text[0].lower() + text[1:] if text[:1].isupper() and not text.startswith("I") else text
    match problem["type"]:
        case "extra_forbidden":
            line = f"{name}: {where}: unknown key; remove it or correct its spelling"
        case "missing":
            line = f"{name}: {where}: missing; add it"
        case _ if not where:
            line = f"{name}: {text}"
        case _:
            got = problem["input"]
            shown = "" if isinstance(got, dict | list | BaseModel) else f", got {got!r}"
            line = f"{name}: {where}: {text.replace('input should be', 'expected').replace('Input should be', 'expected')}{shown}"
    more = exc.error_count() - 1
    return line + (f" (and {more} more)" if more else "")

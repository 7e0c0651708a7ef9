"""params.yaml as one frozen value; unknown keys are refused."""

from __future__ import annotations

import json
import math
from datetime import date, datetime
from typing import Annotated, Any, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_validator

from driftloop.params.data import Data
from driftloop.params.engine import Engine
from driftloop.params.fields import Days, Name, Positive, Section, Share
from driftloop.params.problems import shown
from driftloop.params.source import Source

MOST_STEPS = 26  # that are refitted: half a year of weeks, enough for every decision, and a bound on the cost
REFIT_ROWS = 100_000  # enough to tell recipes apart, see benchmarks/README.md; and a forest of them takes a minute


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    try:
        json.dumps(values, allow_nan=False)
    except (TypeError, ValueError) as exc:
        msg = "expected numbers, text, true, false, null, lists and keys, got something else, such as a date or .nan"
        raise ValueError(msg) from exc
    return values


# Metrics with a loss per row; each stands in the table in core.judging.metrics too, which a test compares.
RegressionLoss = Literal["mae", "mse"]
ClassificationLoss = Literal["log_loss", "brier"]
LOSSES = {"regression": get_args(RegressionLoss), "classification": get_args(ClassificationLoss)}


def _longest_first(days: list[int | Literal["all"]]) -> list[int | Literal["all"]]:
    return sorted(set(days), key=lambda each: -math.inf if each == "all" else -each)


class Windows(Section):
    """Lengths in days."""

    train_days: Days | Literal["all", "auto"] = Field(
        default="auto", description="training window of the recipe; auto: the candidate with the least recent error"
    )
    candidates: Annotated[
        list[Days | Literal["all"]], Field(min_length=2, max_length=12), AfterValidator(_longest_first)
    ] = Field(default=["all", 365, 182, 91, 56, 28], description="training windows that auto chooses from")
    judge_days: Days | Literal["auto"] = Field(
        default="auto",
        description="newest labelled days, the gate's window; auto: those since the promotion, from 28 up to 91",
    )
    current_days: Days = Field(default=7, description="newest days, labelled or not")
    reference_days: Days | Literal["all"] = Field(default="all", description="of production's training data")


class Monitor(Section):
    """When to ask for attention."""

    policy: Literal["avoidable_loss", "loss", "evidently", "calendar"] = "avoidable_loss"
    step_days: Days = Field(default=7, description="days between refits")
    alert_at_days: Annotated[float, Field(gt=0)] = Field(default=8, description="normal days of error")
    calendar_days: Days = Field(default=91, description="policy calendar: days between retrainings")
    refit: bool = Field(default=True, description="false if training is dear: the loss test asks then")
    refit_rows: Positive = Field(default=REFIT_ROWS, description="rows that a refit learns from, of more a sample")
    data_alarms_per_year: Annotated[float, Field(gt=0, le=26)] = Field(default=1, description="false ones, expected")
    quiet_days: Annotated[int, Field(ge=0, le=36_500)] = Field(
        default=28, description="of a column, after a data alarm"
    )


class Train(Section):
    """The recipe."""

    estimator: Name = Field(
        description="dotted name of a scikit-learn compatible estimator", examples=["sklearn.linear_model.Ridge"]
    )
    params: Annotated[dict[str, Any], AfterValidator(_plain)] = Field(default_factory=dict)
    encoding: Literal["auto", "ordinal", "one_hot"] = Field(
        default="auto", description="how columns are given to the estimator; auto: as suits it"
    )
    trusted: list[str] = Field(default_factory=list, description="your classes allowed in model files")
    max_rows: Positive = Field(default=1_000_000, description="deterministic sample")
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0


class Evaluate(Section):
    """The gate."""

    metric: Literal[RegressionLoss, ClassificationLoss] = "mae"
    min_gain: Share = Field(default=0.01, description="share of production's loss")
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = Field(default=0.95, description="one-sided")
    max_segment_loss: Annotated[float, Field(ge=0)] = Field(default=0.05, description="share; worse blocks promotion")
    min_rows: Positive = Field(default=50, description="labelled rows the gate needs")


class Retrain(Section):
    """The standing approval: for how long one label allows refreshes."""

    standing_weeks: Annotated[int, Field(ge=1, le=52)] = Field(
        default=13, description="for which the label keep-fresh allows refreshes"
    )
    standing_merge: bool = Field(
        default=False,
        description="the loop merges, within an approval, what the gate promotes: nobody looks at it first",
    )
    standing_until: Annotated[date, Field(strict=False)] | None = Field(  # YAML has it as text
        default=None, description="end (exclusive) of the approval in force, a day of the data; written by the loop"
    )


class Report(Section):
    """What is rendered."""

    max_rows: Annotated[int, Field(ge=0)] = Field(default=10_000, description="Evidently's sample; 0: no report")
    pages: Literal["auto", "always", "never"] = Field(
        default="auto", description="publish on GitHub Pages; auto: of public repositories only"
    )
    min_bin_rows: Annotated[int, Field(ge=1)] = Field(default=5, description="the dashboard draws no bin of fewer rows")


def _with_offset(text: str, zone: ZoneInfo) -> str:
    instant = datetime.fromisoformat(text)
    return text if instant.tzinfo or zone.key == "UTC" else instant.replace(tzinfo=zone).isoformat()


class Params(Section):
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
    retrain: Retrain = Retrain()
    report: Report = Report()
    engine: Engine = Engine()

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
        given, step = self.windows.judge_days, self.monitor.step_days
        if given != "auto" and given > MOST_STEPS * step:
            msg = f"windows.judge_days: expected at most {MOST_STEPS} times monitor.step_days ({step}), got {given}"
            raise ValueError(msg)
        if given != "auto" and given < step:
            msg = f"windows.judge_days: expected at least monitor.step_days ({step}), got {given}"
            raise ValueError(msg)
        return self

    @property
    def least_judge_days(self) -> int:
        """Labelled days since a promotion that the gate needs, in which also the recent error is measured."""
        return _judge_days(self, 28)

    @property
    def most_judge_days(self) -> int:
        """Newest labelled days that the gate looks at, where production has not seen them."""
        return _judge_days(self, 91)

    @property
    def standing(self) -> bool:
        """Whether an approval covers the end of the data: then a candidate may be somewhat worse than production."""
        until = self.retrain.standing_until
        return until is not None and self.source.until_instant.astimezone(self.zone).date() < until

    @property
    def zone(self) -> ZoneInfo:
        """The zone that cuts days."""
        return ZoneInfo(self.data.timezone)


def _judge_days(params: Params, auto: int) -> int:
    given, step = params.windows.judge_days, params.monitor.step_days
    return min(max(auto, step), MOST_STEPS * step) if given == "auto" else given

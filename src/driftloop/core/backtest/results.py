"""What a backtest leaves in reports/, as values."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict

from driftloop.core.backtest.figures import Figures
from driftloop.core.backtest.recommendation import Recommendation
from driftloop.core.backtest.told import Told
from driftloop.core.windows import Window


class Retelling(BaseModel):
    """reports/replay.json.

    Attributes
    ----------
    model, simulated, metric, unit
        What it is about; the loss; the target's unit.
    window
        Days that were replayed, from the first production to the last final label.
    step_days
        Days from one run to the next.
    told
        All alerts, in order.
    questions, versions
        How many asked to retrain; new productions.
    error, below_never, above_always
        Mean loss under these settings; the shares by which it is below that of never retraining, and above that of
        retraining at every run.
    recommendation
        The settings that the replay recommends, and why.
    changes
        Whether params.yaml has others.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    simulated: bool
    metric: str
    unit: str
    window: Window
    step_days: int
    told: tuple[Told, ...]
    questions: int
    versions: int
    error: float
    below_never: float
    above_always: float
    recommendation: Recommendation
    changes: bool


class Untold(BaseModel):
    """Why nothing could be replayed, in one line."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    untold: str


class Compared(BaseModel):
    """reports/backtest.json, as far as the dashboard shows it.

    Attributes
    ----------
    model, metric
        What it is about; the loss.
    since, until
        First run; end (exclusive) of the labels.
    rules, recommendation
        Figures by rule, and the setting that they recommend.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    model: str
    metric: str
    since: date
    until: date
    rules: tuple[Figures, ...]
    recommendation: Recommendation

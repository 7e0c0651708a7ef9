"""The production model's card: what it is, what it was trained on, and how it was judged."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from driftloop.core.columns import DAY, PRODUCTION_LOSS
from driftloop.core.models.recipe import Choice, Recipe
from driftloop.core.windows import Window
from driftloop.errors import LoopError, ModelError
from driftloop.foreign import jsonfile

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from driftloop.params import Params


class JudgedDay(BaseModel):
    """Honest losses of one day, from the refits that were judged at the promotion.

    Attributes
    ----------
    day
        Local date.
    rows
        Scored rows.
    losses
        Sum over the rows, per metric.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    day: date
    rows: int
    losses: dict[str, float]


class Candidate(BaseModel):
    """A trained model that may become production.

    Attributes
    ----------
    model
        Its name: `model` in params.yaml.
    recipe
        How it was fitted.
    trained
        Window of its training rows; the end is the first day that it has not seen.
    rows
        Number of its training rows.
    reference
        The part of its training data that new data is compared with.
    sha256, data_sha256
        Of the model file and of the labelled rows.
    packages
        Versions of the packages that decide how the file is read.
    window
        How many days it was trained on, and why; None where the recipe fixes them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    recipe: Recipe
    trained: Window
    rows: int
    reference: Window
    sha256: str
    data_sha256: str
    packages: dict[str, str]
    window: Choice | None = None


class Card(BaseModel):
    """models/production/card.json.

    Attributes
    ----------
    version
        1, 2, …; 0 while there is no production model.
    normal_error
        Honest, out-of-sample mean loss per metric: of the same recipe on rows that it had not seen.
    judged
        The days behind `normal_error`.
    verdict
        What the gate said when it was promoted.
    restores
        The earlier version whose model file this is; 0 where it was trained for this one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = 0
    model: str | None = None
    recipe: Recipe | None = None
    trained: Window | None = None
    rows: int = 0
    reference: Window | None = None
    sha256: str | None = None
    data_sha256: str | None = None
    packages: dict[str, str] = {}
    window: Choice | None = None
    normal_error: dict[str, float] = {}
    judged: tuple[JudgedDay, ...] = ()
    verdict: dict[str, Any] | None = None
    restores: int = 0

    @property
    def trained_until(self) -> date | None:
        """First day that production has not seen; None without production."""
        return self.trained.until if self.trained else None


def read_card(content: Any, params: Params, *, where: str) -> Card:
    """Read a card; one that belongs to a model of another name counts as no production.

    Raises
    ------
    ModelError
        If it is not a card, or production predicts another target than params.yaml names.
    """
    try:
        jsonfile.read(content.encode() if isinstance(content, str) else content, where=where)
        card = Card.model_validate_json(content)
    except LoopError as exc:
        msg = f"{exc}; restore it with `git checkout -- {where}`"
        raise ModelError(msg) from exc
    except ValidationError as exc:
        problem = exc.errors(include_url=False)[0]
        key = ".".join(str(part) for part in problem["loc"]) or "file"
        what = "unknown key" if problem["type"] == "extra_forbidden" else problem["msg"].lower()
        msg = f"{where}: {key}: {what}; restore it with `git checkout -- {where}`"
        raise ModelError(msg) from exc
    if card.version and (card.recipe is None or card.trained is None or card.sha256 is None):
        msg = f"{where}: version {card.version} without recipe, trained or sha256; restore it from Git"
        raise ModelError(msg)
    if card.model != params.model:
        return Card()
    given, declared = card.recipe, params.data
    if given and (given.target, given.task) != (declared.target, declared.task):
        msg = (
            f"{where}: production predicts {given.target} ({given.task}), params.yaml declares {declared.target} "
            f"({declared.task}); give `model:` in params.yaml another name to begin anew"
        )
        raise ModelError(msg)
    return card


def honest_error(losses: pd.DataFrame, card: Card, metric: str, window: Window) -> tuple[float, int] | None:
    """Return production's mean loss over the window, on no row that it was trained on.

    Days that production has not seen are measured; of days that it has seen, the loss of the refits that were
    judged at its promotion stands in (the card keeps it).

    Parameters
    ----------
    losses
        `DAY` and `PRODUCTION_LOSS` of rows that production has not seen.
    card, metric
        Where the judged days are, and which loss to take.
    window
        Days to cover.

    Returns
    -------
    tuple of float and int, or None
        Mean loss and number of rows; None when nothing is known of any day.
    """
    unseen = window.of(losses)
    total, rows = float(unseen[PRODUCTION_LOSS].sum()), len(unseen)
    for day in card.judged:
        seen = card.trained_until is not None and day.day < card.trained_until
        if seen and window.since <= day.day < window.until and metric in day.losses:
            total, rows = total + day.losses[metric], rows + day.rows
    return (total / rows, rows) if rows else None


def judged_days(days: Sequence[date] | NDArray[Any] | pd.Series, losses: dict[str, Any]) -> tuple[JudgedDay, ...]:
    """Sum each metric's losses by day, in order of days."""
    import pandas as pd

    frame = pd.DataFrame({DAY: np.asarray(days), "rows": 1, **losses})
    sums = frame.groupby(DAY, sort=True).sum()
    return tuple(
        JudgedDay(day=day, rows=int(row["rows"]), losses={name: float(row[name]) for name in losses})
        for day, row in sums.iterrows()
    )

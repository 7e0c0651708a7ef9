"""The recipe, and the training window that was chosen for it, as values."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from driftloop.core.figures import percent

if TYPE_CHECKING:
    from driftloop.params import Params


class Choice(BaseModel):
    """A training window, and the evidence for it.

    Attributes
    ----------
    train_days
        In days, or "all".
    longest
        The longest candidate that it was compared with.
    saved
        Share of the loss of training on the longest that it saved, newer steps weighing more; None where nothing was
        compared.
    steps
        Number of steps that were compared.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    train_days: int | str
    longest: int | str = "all"
    saved: float | None = None
    steps: int = 0

    @property
    def reason(self) -> str:
        """What was chosen, and why."""
        what = _span(self.train_days)
        if self.saved is None:
            return f"{what}: no shorter window could be compared yet"
        if self.train_days == self.longest:
            return f"{what}: no shorter window made less error over {self.steps} steps"
        compared = f"{percent(self.saved)} less error than {_span(self.longest)} over {self.steps} steps"
        return f"{what}: {compared}, newer ones weighing more"


def _span(days: int | str) -> str:
    return "everything" if days == "all" else f"the last {days} days"


class Recipe(BaseModel):
    """All that decides how a model is fitted, apart from its rows.

    Attributes
    ----------
    estimator
        Dotted name of the class.
    params
        Its keyword arguments.
    numerical, categorical
        Columns in the order in which the model takes them.
    target, task
        The column to predict, and whether it holds numbers (regression) or names (classification).
    train_days
        Length of the training window in days, "all", or "auto": chosen anew at each cut, see `training_window`.
    seed
        For `random_state`, where the estimator has one.
    private
        Those of the columns and the target of which the model keeps no name and no exact number.
    encoding
        How the estimator is given the columns, see `preparing`; cards from before it could be chosen mean "one_hot".
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    estimator: str
    params: dict[str, Any]
    numerical: tuple[str, ...]
    categorical: tuple[str, ...]
    target: str
    task: str
    train_days: int | str
    seed: int
    private: tuple[str, ...] = ()
    encoding: str = "one_hot"

    @property
    def features(self) -> list[str]:
        """Columns in the order in which the model takes them."""
        return [*self.numerical, *self.categorical]

    def trained_since(self, until: date) -> date:
        """Return the first day that the recipe trains on when labels are known up to the day `until` (exclusive).

        A window "auto" has to be replaced by the one that was chosen; see `training_window.choose`.
        """
        return until - timedelta(days=self.train_days) if isinstance(self.train_days, int) else date.min


def recipe_of(params: Params) -> Recipe:
    """Read the recipe from the parameters."""
    return Recipe(
        estimator=params.train.estimator,
        params=params.train.params,
        numerical=tuple(params.data.numerical),
        categorical=tuple(params.data.categorical),
        target=params.data.target,
        task=params.data.task,
        train_days=params.windows.train_days,
        seed=params.train.seed,
        private=tuple(name for name in (*params.data.features, params.data.target) if name in params.data.private),
        encoding=params.train.encoding,
    )

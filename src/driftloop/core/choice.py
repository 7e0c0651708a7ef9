"""The training window that was chosen, as a value."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from driftloop.core.wording import percent


class Choice(BaseModel):
    """A training window, and what spoke for it.

    Attributes
    ----------
    train_days
        In days, or "all".
    saved
        Share of the loss of training on everything that it saved, newer steps weighing more; None where nothing was
        compared.
    steps
        Number of steps that were compared.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    train_days: int | str
    saved: float | None = None
    steps: int = 0

    @property
    def reason(self) -> str:
        """Say what was chosen, and why."""
        what = "everything" if self.train_days == "all" else f"the last {self.train_days} days"
        if self.saved is None:
            return f"{what}: no shorter window could be compared yet"
        if self.train_days == "all":
            return f"{what}: no shorter window made less error over {self.steps} steps"
        return f"{what}: {percent(self.saved)} less error than everything over {self.steps} steps, newer ones weighing more"

"""What the stage `alarms` hands to monitor and evaluate, as one value."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict

from driftloop.core.alarms.values import AlarmHistory


class Alarms(BaseModel):
    """data/prepared/alarms.json: data alarms, and the steps whose losses say nothing because their data was faulty.

    Attributes
    ----------
    history
        Data alarms of all days.
    faulty_steps
        First days of faulty steps, of the refits and of the holdout; see `scored.faulty_steps`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    history: AlarmHistory
    faulty_steps: tuple[date, ...]

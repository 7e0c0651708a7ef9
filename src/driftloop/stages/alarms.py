"""Profile, histogram and the steps of the refits → data/prepared/alarms.json: data alarms and faulty steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftloop.core.alarms.find import find_alarms
from driftloop.core.data.cumulated import CumulatedProfile
from driftloop.core.data.grid import Grid
from driftloop.core.judging.data_alarms import Alarms
from driftloop.core.judging.scored import faulty_steps, holdout, steps_of
from driftloop.store.files import (
    ALARMS,
    GRID,
    HISTOGRAM,
    LABELLED,
    PROFILE,
    REFITS,
    read_card,
    read_frame,
    read_value,
    write_json,
)

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from driftloop.params import Params


def run(params: Params, root: Path) -> None:
    """Find the data alarms of all days, and the steps whose data was faulty."""
    card, profile = read_card(root, params), read_frame(root / PROFILE)
    history = find_alarms(params, card, profile, read_frame(root / HISTOGRAM), read_value(root / GRID, Grid))
    faulty = faulty_steps(params, card, CumulatedProfile.of(profile), _steps(params, root), history.alarms)
    write_json(root / ALARMS, Alarms(history=history, faulty_steps=tuple(faulty)).model_dump(mode="json"))


def _steps(params: Params, root: Path) -> list[date]:
    """List the steps that monitor and evaluate look at."""
    steps = steps_of(params, read_frame(root / REFITS))
    if not params.monitor.refit:  # evaluate judges the candidate on a holdout, which begins on a day of its own
        steps += steps_of(params, holdout(params).of(read_frame(root / LABELLED)))
    return sorted(set(steps))

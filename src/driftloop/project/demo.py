"""The project that `driftloop init` makes without data: simulated bike rentals."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from driftloop.project.creating import History
from driftloop.project.rendering import Answers

if TYPE_CHECKING:
    from driftloop.project.requirement import Requirement

HISTORY = History(first=date(2025, 1, 6), until=date(2025, 4, 14))  # in between, much was planted
DATA = (
    "The data is simulated: see `source:` in `params.yaml`. For your own data, start again with "
    "`driftloop init DIR --from FILE`."
)


def answers(requirement: Requirement) -> Answers:
    """Take the templates as they are."""
    return Answers(model="city-bikes", requirement=requirement, data=DATA)

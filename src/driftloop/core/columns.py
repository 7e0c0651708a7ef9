"""The names of driftloop's own columns: all begin with a prefix that params.yaml refuses for a team's columns."""

from __future__ import annotations

from driftloop.params import OWN

TS = f"{OWN}ts"  # naive UTC; null where the timestamp cannot be read
ROW = f"{OWN}row"  # place in the source
DAY = f"{OWN}day"  # local date
STEP = f"{OWN}step"  # first day of the step that a row is scored in
INVALID = f"{OWN}invalid:"  # before a number's name: whether the value is no number
INFINITE = f"{OWN}infinite:"
BEFORE = f"{OWN}before:"  # before any name: the value in the row before
PLACE = f"{OWN}place"  # among the rows of one key, the newest first
SCORE = "prediction"  # of scores of a regression, where classes have their names
FIRST, LAST = f"{OWN}first", f"{OWN}last"  # whether a row is that of its series, in a part of the rows
COUNT = f"{OWN}count"  # of rows per name
PREDICTION = f"{OWN}prediction"  # of production, beside a team's columns
PROBABILITY = f"{OWN}probability:"  # before the name of a class


def loss_of(side: str, seed: int = 0) -> str:
    """Name the column of losses of `production`, `refit` or `candidate`.

    >>> loss_of("refit"), loss_of("refit", 2)
    ('driftloop:refit_loss', 'driftloop:refit_loss_2')
    """
    return f"{OWN}{side}_loss_{seed}" if seed else f"{OWN}{side}_loss"


def scores_of(side: str) -> str:
    """Return the prefix of the columns of scores."""
    return f"{OWN}{side}:"


PRODUCTION_LOSS, REFIT_LOSS = loss_of("production"), loss_of("refit")

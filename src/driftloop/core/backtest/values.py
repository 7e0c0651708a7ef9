"""Values of a replay: fits, the stream of rows, rules, and what each rule would have done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date  # noqa: TC003 - pydantic reads the annotations of Alert
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from driftloop.core.decision.statuses import Status  # noqa: TC001 - pydantic, too
from driftloop.core.judging.verdict import Outcome  # noqa: TC001 - pydantic, too

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from driftloop.core.data.finding import Finding
    from driftloop.core.decision.policy import Settings
    from driftloop.core.models.card import Card
    from driftloop.core.windows import Window

Losses: TypeAlias = NDArray[np.float64]
How = Literal["first", "asked", "standing", "merged", "new normal", "always"]


@dataclass(frozen=True)
class Fit:
    """The recipe fitted to labels known before `cut`, scored on the rows of `window`.

    Attributes
    ----------
    cut, window, seed
        First day whose label is not known; the rows to score; in addition to the recipe's own seed.
    """

    cut: date
    window: Window
    seed: int = 0


@dataclass(frozen=True)
class Stream:
    """What is replayed.

    Attributes
    ----------
    rows
        All labelled rows in order of time: `DAY` and the segment columns.
    losses
        Gives, for each fit, one loss per row of its window; None where those labels teach the estimator nothing.
    findings
        What rules and data alarms say of the newest data, for production's card and the end of the data.
    faulty
        The steps of scored rows whose data was broken as far as was known, for the same.
    seeded
        Whether another seed can give another model.
    """

    rows: pd.DataFrame
    losses: Callable[[Sequence[Fit]], Sequence[Losses | None]]
    findings: Callable[[Card, date], Sequence[Finding]] = lambda _card, _until: ()
    faulty: Callable[[Card, pd.DataFrame, date], Sequence[date]] = lambda _card, _scored, _until: ()
    seeded: bool = True


@dataclass(frozen=True)
class Rule:
    """One line of the comparison.

    Attributes
    ----------
    name
        For people.
    policy, settings
        See `policy.POLICIES`; "always" and "never" besides.
    standing_days
        For so long an answer allows refreshes, which are judged at each run; when that time is over, people are asked whether
        to go on. 0: an answer allows one retraining.
    from_start
        Whether people allow them on the first day, and wait for no alert.
    merged
        Whether the loop merges within an approval, a day later, what was compared with production, and nobody merges the
        rest; else people merge all that is proposed, after as many days as they need for an answer.
    gated
        Whether the gate judges; without it every answer is a promotion, to measure what the gate costs.
    """

    name: str
    policy: str
    settings: Settings
    standing_days: int = 0
    from_start: bool = False
    merged: bool = False
    gated: bool = True


@dataclass(frozen=True)
class Promotion:
    """From `live` on, production knows the labels before `cut`."""

    live: date
    cut: date
    how: How


@dataclass(frozen=True)
class Alert:
    """One alert, and what came of it.

    Attributes
    ----------
    day
        End of the data (exclusive) when it was raised.
    status
        Of the decision.
    reason
        Its first.
    answered
        Day of somebody's answer; None where nothing was asked, or the history ends before.
    outcome
        The gate's; None where nothing was asked of it.
    gain, gain_live
        Share of production's loss that retraining saves in four weeks: in those after the newest label that it knew,
        and in those after the answer, when it is live. None where the history ends before.
    """

    day: date
    status: Status
    reason: str
    answered: date | None = None
    outcome: Outcome | None = None
    gain: float | None = None
    gain_live: float | None = None


@dataclass(frozen=True)
class Replayed:
    """What one rule would have done.

    Attributes
    ----------
    rule
        Which.
    promotions
        In order; the first is the beginning.
    alerts
        In order.
    fits
        Number of fits that it looked at.
    allowed
        Days on which people gave an approval without an alert: at the start, or asked whether to go on.
    statuses
        Of each run that looked at the model, by its end of the data; the runs between an alert and its answer do not.
    """

    rule: Rule
    promotions: tuple[Promotion, ...]
    alerts: tuple[Alert, ...]
    fits: int
    allowed: tuple[date, ...] = ()
    statuses: tuple[tuple[date, Status], ...] = ()

"""What a person would have been told in a replay, how each alert ended, and what each new version saved."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from driftloop.core.decision.statuses import STATUSES, Status
from driftloop.core.judging.verdict import Outcome
from driftloop.core.windows import Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from driftloop.core.backtest.replay import Replay
    from driftloop.core.backtest.values import Alert, Promotion, Replayed

Ending = Literal["promoted", "recovered", "next alert", "open"]


class Saved(BaseModel):
    """The error of a new version, and what the version before it would have had on the same rows.

    Attributes
    ----------
    window
        From the day on which the new version went live until the next one did, or the last label.
    rows
        Number of labelled rows.
    error, error_before
        Mean losses of the new version and of the one before.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    window: Window
    rows: int
    error: float
    error_before: float

    @property
    def share(self) -> float | None:
        """Share of the loss that the new version saved; negative where it did not pay, None where there was no loss."""
        return 1 - self.error / self.error_before if self.error_before > 0 else None


class NewVersion(BaseModel):
    """A new production that followed an alert.

    Attributes
    ----------
    version
        Its number.
    live
        Day from which it served.
    asked
        Whether somebody was asked for a retraining; otherwise faulty data was taken for the new normal.
    saved
        None where no label is final yet since it went live.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int
    live: date
    asked: bool
    saved: Saved | None


class Told(BaseModel):
    """One alert.

    Attributes
    ----------
    day
        Of the run that raised it.
    status, headline
        Of the decision; what the alert says of it.
    answered, outcome
        Day of somebody's answer, and what the gate then said; None where nothing was asked, or the history ends before.
    versions
        The new productions that followed, before the next alert.
    ending, ended
        How and when it ended: by a new version, by itself, or because the next alert took its place. Day None: still open.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    day: date
    status: Status
    headline: str
    answered: date | None
    outcome: Outcome | None
    versions: tuple[NewVersion, ...]
    ending: Ending
    ended: date | None


def tell(replayed: Replayed, replay: Replay) -> tuple[Told, ...]:
    """List all alerts of one rule, in order."""
    versions = list(_versions(replayed, replay))
    nexts = {alert: following.day for alert, following in pairwise(replayed.alerts)}
    return tuple(_told(replayed, alert, nexts.get(alert), versions) for alert in replayed.alerts)


def headline(status: Status, policy: str) -> str:
    """Write what an alert says of a status: `outdated: retraining would have paid`."""
    texts = STATUSES[status]
    found = texts.by_policy if texts.by_policy and policy != "avoidable_loss" else texts.headline
    return f"{found.name}: {found.more.format(policy=policy)}" if found.more else found.name


def _told(replayed: Replayed, alert: Alert, following: date | None, versions: list[NewVersion]) -> Told:
    mine = tuple(each for each in versions if _follows(each, alert, following))
    ending, ended = _ending(replayed, alert, following, mine)
    return Told(
        day=alert.day,
        status=alert.status,
        headline=headline(alert.status, replayed.rule.policy),
        answered=alert.answered,
        outcome=alert.outcome,
        versions=mine,
        ending=ending,
        ended=ended,
    )


def _follows(version: NewVersion, alert: Alert, following: date | None) -> bool:
    """Say whether an alert led to a version; its answer may fall on the day of the next alert."""
    if version.asked:
        return version.live == alert.answered
    return alert.day <= version.live and (following is None or version.live < following)


def _ending(
    replayed: Replayed, alert: Alert, following: date | None, versions: tuple[NewVersion, ...]
) -> tuple[Ending, date | None]:
    if versions:
        return "promoted", versions[-1].live
    calm = (day for day, status in replayed.statuses if day > alert.day and not STATUSES[status].alerts)
    recovered = next(calm, None)
    if recovered and (following is None or recovered <= following):
        return "recovered", recovered
    return ("next alert", following) if following else ("open", None)


def _versions(replayed: Replayed, replay: Replay) -> Iterator[NewVersion]:
    """Number the promotions after the first, and compare each with the version before it for as long as it served."""
    lives = [promotion.live for promotion in replayed.promotions[2:]]
    ends = [*lives, replay.schedule.scored_until]
    pairs = zip(pairwise(replayed.promotions), ends, strict=False)  # no end is needed without a promotion
    for number, ((before, after), end) in enumerate(pairs, start=2):
        saved = _saved(replay, before, after, min(end, replay.schedule.scored_until))
        yield NewVersion(version=number, live=after.live, asked=after.how == "asked", saved=saved)


def _saved(replay: Replay, before: Promotion, after: Promotion, end: date) -> Saved | None:
    window = Window(since=after.live, until=max(end, after.live))
    if not window.days:
        return None
    old, new = replay.table.paired(before.cut, after.cut, window)
    if not len(old):
        return None
    return Saved(window=window, rows=len(old), error=float(new.mean()), error_before=float(old.mean()))

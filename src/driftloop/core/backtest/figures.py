"""The figures of each rule over a replay."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict

from driftloop.core.backtest.values import Alert, Rule
from driftloop.core.columns import DAY
from driftloop.core.decision.policy import Settings, policy_of
from driftloop.core.windows import Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from driftloop.core.backtest.replay import Replay
    from driftloop.core.backtest.values import Losses, Replayed
    from driftloop.params import Params

YEAR_DAYS = 365.25
USEFUL_GAIN = 0.03
NOTICED_DAYS = 182  # an alert later than this is about something else
THRESHOLDS = (2.0, 4.0, 8.0, 16.0)
CALENDARS = (28, 91)
FEW_THRESHOLDS = (4.0, 8.0, 16.0)


class KnownEvent(BaseModel):
    """An event that is known to have happened.

    Attributes
    ----------
    day
        Its first.
    what
        For people.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    day: date
    what: str


class Figures(BaseModel):
    """One rule's figures.

    Attributes
    ----------
    name, policy, alert_at_days, calendar_days, standing_days, from_start, merged, train_days
        Which rule.
    loss
        Mean loss of whatever was production.
    above_always
        Share by which it is above that of retraining at every run without asking.
    below_never
        Share by which it is below that of never retraining.
    alerts, alerts_a_year
        That asked to retrain, and questions whether to go on with an approval.
    actions_a_year
        What people did: labels that they set, and merges.
    degraded_a_year, data_a_year
        Alerts that asked to look at a model whose error is up, or at broken data.
    promotions_a_year
        New productions, however they came about.
    refused
        Answers after which the gate kept production.
    useful, useful_live
        Share of these alerts for which retraining saves 3 % or more in four weeks: those after the newest label that
        it knew, and those after the answer. None without alerts whose four weeks are over.
    fits
        That it looked at.
    delays
        Days from each known event to the first alert of any kind after it; None where none came in half a year.
    log
        All alerts, in order.
    steps
        Mean loss per step, oldest first, by its first day; None where it has no rows.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    policy: str
    alert_at_days: float
    calendar_days: int
    standing_days: int
    from_start: bool = False
    merged: bool = False
    train_days: int | str
    loss: float
    above_always: float
    below_never: float
    alerts: int
    alerts_a_year: float
    actions_a_year: float
    degraded_a_year: float
    data_a_year: float
    promotions_a_year: float
    refused: int
    useful: float | None
    useful_live: float | None
    fits: int
    delays: dict[str, int | None]
    log: tuple[Alert, ...]
    steps: dict[date, float | None]


def rules(params: Params) -> list[Rule]:
    """List the rules that are compared: the two ends, then what lies between them, and what params.yaml says."""
    own = own_rules(params)[-1].settings

    def settings(alert_at: float = own.alert_at_days, calendar: int = own.calendar_days) -> Settings:
        return Settings(alert_at_days=alert_at, calendar_days=calendar)

    thresholds = sorted({*THRESHOLDS, float(own.alert_at_days)})
    calendars = sorted({*CALENDARS, own.calendar_days})
    return [
        Rule("always", "always", own),
        Rule("never", "never", own),
        *(Rule(f"calendar, {days} days", "calendar", settings(calendar=days)) for days in calendars),
        Rule("loss", "loss", own),
        *(Rule(f"avoidable loss, {most:g} days", "avoidable_loss", settings(most)) for most in thresholds),
        *kept_fresh(params),
    ]


def kept_fresh(params: Params) -> list[Rule]:
    """List the rules with a standing approval, given as the answer to an alert and on the first day; see `Rule.merged`."""
    merged, days = params.retrain.standing_merge, 7 * params.retrain.standing_weeks
    by = ", the loop merges" if merged else ""
    own = Settings.of(params)
    return [
        Rule(f"keep-fresh{when}{by}", "avoidable_loss", own, days, from_start=bool(when), merged=merged)
        for when in ("", " from the first day")
    ]


def own_rules(params: Params) -> list[Rule]:
    """List the two ends, and what params.yaml says."""
    own = Settings.of(params)
    return [Rule(name, name, own) for name in ("always", "never", policy_of(params))]


def is_own(rule: Rule, params: Params) -> bool:
    """Say whether a rule is what params.yaml says."""
    return (rule.policy, rule.settings, rule.standing_days) == (policy_of(params), Settings.of(params), 0)


def few_rules(params: Params) -> list[Rule]:
    """List what a recommendation needs at least: the two ends, what params.yaml says, a few thresholds, and keep-fresh.

    Keep-fresh retrains at most runs, as "always" does, and so needs few fits of its own. Calendars and the lowest threshold ask so often that they double the number of fits. Without refits there is no avoidable
    loss to go by.
    """
    ends, own = own_rules(params)[:2], own_rules(params)[-1]
    near = [rule for rule in rules(params)[2:] if rule.policy == "avoidable_loss" and not rule.standing_days]
    few = [rule for rule in near if rule.settings.alert_at_days in FEW_THRESHOLDS and not is_own(rule, params)]
    return [*ends, own, *([*few, *kept_fresh(params)] if params.monitor.refit else ())]


def rules_beside(params: Params, window: int | str) -> list[Rule]:
    """List what is compared with the other kind of training window."""
    own = own_rules(params)[-1].settings
    short = [Rule("always", "always", own), *own_rules(params)[1:], *kept_fresh(params)]
    return [replace(rule, name=f"window {window}: {rule.name}") for rule in short]


def figures(
    replayed: Sequence[Replayed],
    replay: Replay,
    *,
    train_days: int | str,
    events: Sequence[KnownEvent],
    ends: tuple[float, float] | None = None,
) -> list[Figures]:
    """Sum up what rules would have done, over the days from the first run to the last label.

    Parameters
    ----------
    replayed, replay
        Of one training window.
    train_days
        That window.
    events
        What is known to have happened.
    ends
        Mean loss of retraining at every run, and of never retraining; None where they are the first two rules.
    """
    window = Window(since=replay.schedule.runs[0], until=replay.schedule.scored_until)
    served = [replay.table.served(one, window) for one in replayed]
    least, most = ends or (float(served[0].mean()), float(served[1].mean()))
    return [
        _line(one, replay, losses, window, train_days=train_days, least=least, most=most, events=events)
        for one, losses in zip(replayed, served, strict=True)
    ]


def _line(
    replayed: Replayed,
    replay: Replay,
    served: Losses,
    window: Window,
    *,
    train_days: int | str,
    least: float,
    most: float,
    events: Sequence[KnownEvent],
) -> Figures:
    years = window.days / YEAR_DAYS
    rule, loss = replayed.rule, float(served.mean())
    asked = [alert for alert in replayed.alerts if alert.status == "outdated"]
    degraded = sum(alert.status == "degraded" for alert in replayed.alerts)
    return Figures(
        name=rule.name,
        policy=rule.policy,
        alert_at_days=rule.settings.alert_at_days,
        calendar_days=rule.settings.calendar_days,
        standing_days=rule.standing_days,
        from_start=rule.from_start,
        merged=rule.merged,
        train_days=train_days,
        loss=loss,
        above_always=loss / least - 1 if least else 0.0,
        below_never=1 - loss / most if most else 0.0,
        alerts=len(asked) + len(replayed.allowed),
        alerts_a_year=(len(asked) + len(replayed.allowed)) / years,
        actions_a_year=_actions(replayed, asked) / years,
        degraded_a_year=degraded / years,
        data_a_year=(len(replayed.alerts) - len(asked) - degraded) / years,
        promotions_a_year=(len(replayed.promotions) - 1) / years,
        refused=sum(alert.outcome not in (None, "promote") for alert in asked),
        useful=_useful(alert.gain for alert in asked),
        useful_live=_useful(alert.gain_live for alert in asked),
        fits=replayed.fits,
        delays={event.what: _noticed(replayed, event) for event in events},
        log=replayed.alerts,
        steps=_steps(replay, served, window),
    )


def _actions(replayed: Replayed, asked: Sequence[Alert]) -> int:
    """Count the labels and merges of people; within an approval the loop may merge."""
    labels = sum(alert.answered is not None for alert in asked) + len(replayed.allowed)
    return labels + sum(promotion.how in ("asked", "standing") for promotion in replayed.promotions)


def _useful(gains: Iterable[float | None]) -> float | None:
    known = [gain for gain in gains if gain is not None]
    return sum(gain >= USEFUL_GAIN for gain in known) / len(known) if known else None


def _noticed(replayed: Replayed, event: KnownEvent) -> int | None:
    days = [(alert.day - event.day).days for alert in replayed.alerts if alert.day > event.day]
    return min((number for number in days if number <= NOTICED_DAYS), default=None)


def _steps(replay: Replay, served: Losses, window: Window) -> dict[date, float | None]:
    found: dict[date, float | None] = {}
    days = window.of(replay.stream.rows)[DAY].to_numpy()
    since = window.since
    while since < window.until:
        until = since + timedelta(days=replay.params.monitor.step_days)
        part = served[(days >= since) & (days < until)]
        found[since] = float(np.mean(part)) if len(part) else None
        since = until
    return found

"""What you would have been told: one replay under the project's own settings, for `driftloop init` and `driftloop backtest`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftloop.backtest import run as replaying
from driftloop.core.backtest import figures
from driftloop.core.backtest.results import Retelling, Untold
from driftloop.core.backtest.schedule import ShortHistoryError
from driftloop.core.decision.policy import policy_of
from driftloop.core.windows import Window
from driftloop.store.files import REPLAY, write_json

if TYPE_CHECKING:
    from pathlib import Path

    from driftloop.backtest.run import Backtest, Options
    from driftloop.params import Params


def retell(params: Params, root: Path, options: Options) -> Retelling | Untold:
    """Replay what params.yaml says, with just enough other settings beside it to recommend one.

    A history that is too short is an answer here, not an error: a fresh project often has one.
    """
    if policy_of(params) == "evidently":
        return without_replay()
    try:
        return of(replaying.run(params, root, options, rules=figures.few_rules(params)), params)
    except ShortHistoryError as exc:
        return too_short(exc)


def without_replay() -> Untold:
    """Say that the policy cannot be replayed."""
    return Untold(untold="The policy evidently cannot be replayed, since the past has no drift shares.")


def too_short(error: ShortHistoryError) -> Untold:
    """Say how much is missing."""
    if error.missing_days is None:
        return Untold(untold=f"The history is too short for a replay: {str(error).removeprefix('backtest: ')}.")
    days, verb = ("1 more day", "is") if error.missing_days == 1 else (f"{error.missing_days} more days", "are")
    return Untold(
        untold=f"The history is too short for a replay: {days} of data {verb} needed. Then run `driftloop backtest`."
    )


def of(done: Backtest, params: Params) -> Retelling | Untold:
    """Take it from a backtest."""
    if done.told is None or done.own is None:
        return without_replay()
    own, advice = done.own, done.recommendation
    present = params.monitor.model_dump() | {"policy": policy_of(params)}
    return Retelling(
        model=params.model,
        simulated=params.source.is_simulated,
        metric=params.evaluate.metric,
        unit=params.data.target_unit,
        window=Window(since=done.schedule.runs[0], until=done.schedule.scored_until),
        step_days=params.monitor.step_days,
        told=done.told,
        questions=own.alerts,
        versions=sum(len(each.versions) for each in done.told),
        error=own.loss,
        below_never=own.below_never,
        above_always=own.above_always,
        recommendation=advice,
        changes=any(present[key] != value for key, value in advice.monitor.items()),
    )


def write(found: Retelling | Untold, root: Path) -> None:
    """Write reports/replay.json."""
    write_json(root / REPLAY, found.model_dump(mode="json"))

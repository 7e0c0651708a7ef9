"""Replay the history of a source under several rules, and write down what each would have cost."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from driftloop.backtest import frontier
from driftloop.backtest.history import History
from driftloop.core.backtest import figures
from driftloop.core.backtest.figures import Figures, KnownEvent
from driftloop.core.backtest.recommendation import recommend
from driftloop.core.backtest.told import tell
from driftloop.core.columns import DAY
from driftloop.errors import ParamsError
from driftloop.progress import track
from driftloop.store import fits
from driftloop.store.files import BACKTEST, CACHE, METRICS, REPORTS, SRC, write_json, write_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from driftloop.core.backtest.recommendation import Recommendation
    from driftloop.core.backtest.schedule import Schedule
    from driftloop.core.backtest.told import Told
    from driftloop.core.backtest.values import Rule
    from driftloop.params import Params

FRONTIER = REPORTS / "backtest.svg"


@dataclass(frozen=True)
class Options:
    """What to replay.

    Attributes
    ----------
    answer_days
        From an alert to its answer.
    first_days
        That the first production is trained on; None: a third of the history, at most a year.
    since, until
        Part of the history; None: all of it.
    alerts_a_year
        That people will answer, for the recommendation.
    quick
        Whether to leave out the other training window: everything beside "auto", and "auto" beside a fixed one.
    jobs
        Processes; −1: one per processor. A cluster takes as many as it has.
    """

    answer_days: int = 3
    first_days: int | None = None
    since: date | None = None
    until: date | None = None
    alerts_a_year: float = 6
    quick: bool = False
    jobs: int = -1


@dataclass(frozen=True)
class Backtest:
    """The result of a backtest.

    Attributes
    ----------
    schedule
        Which runs were replayed.
    rows
        Number of labelled rows.
    lines, recommendation
        Figures by rule; the setting that they recommend.
    fits, seconds
        Number of fits, and how long it took to make or read them.
    own, told
        The figures of what params.yaml says, and its alerts; None where that was not replayed.
    """

    schedule: Schedule
    rows: int
    lines: tuple[Figures, ...]
    recommendation: Recommendation
    fits: int
    seconds: float
    own: Figures | None
    told: tuple[Told, ...] | None


def run(params: Params, root: Path, options: Options, *, rules: Sequence[Rule] | None = None) -> Backtest:
    """Replay all rules on one history.

    Raises
    ------
    ParamsError
        If a rule asks by Evidently's drift share, which no replay has.
    ShortHistoryError
        If the history is too short, or its first part teaches the estimator nothing.
    """
    begun = time.monotonic()
    if any(rule.policy == "evidently" for rule in rules or ()):
        msg = (
            "params.yaml: monitor.policy: expected avoidable_loss, loss or calendar to replay, got evidently, whose "
            "drift shares the past does not have; `driftloop backtest` compares the others"
        )
        raise ParamsError(msg)
    history = History(
        params,
        root / CACHE / "backtest",
        since=options.since,
        until=options.until,
        first_days=options.first_days,
        src=root / SRC,
    )
    workers = fits.workers(params.engine, root, count=options.jobs)
    lines: list[Figures] = []
    own, told = None, None
    for window, compared in _families(params, options, rules):
        replay = history.replay(window, answer_days=options.answer_days, workers=workers)
        replayed = [replay.under(rule) for rule in track(compared, "Replaying")]
        found = figures.figures(
            replayed,
            replay,
            train_days=window,
            ends=(lines[0].loss, lines[1].loss) if lines else None,
            events=known_events(params, history.schedule),
        )
        for line, one in zip(found, replayed, strict=True):
            if own is None and figures.is_own(one.rule, params):
                own, told = line, tell(one, replay)
        lines += found
    return Backtest(
        schedule=history.schedule,
        rows=int((history.labelled[DAY] < history.schedule.scored_until).sum()),
        lines=tuple(lines),
        recommendation=recommend(lines, params, alerts_a_year=options.alerts_a_year),
        fits=history.fits,
        seconds=time.monotonic() - begun,
        own=own,
        told=told,
    )


def _families(
    params: Params, options: Options, rules: Sequence[Rule] | None
) -> Iterator[tuple[int | str, Sequence[Rule]]]:
    """List the training windows, each with the rules to compare under it."""
    window = params.windows.train_days
    yield window, figures.rules(params) if rules is None else rules
    if rules is None and not options.quick and params.monitor.refit:
        other = "all" if window == "auto" else "auto"
        yield other, figures.rules_beside(params, other)


def known_events(params: Params, schedule: Schedule) -> list[KnownEvent]:
    """List the changes that simulated data contains during the replay."""
    if not params.source.is_simulated:
        return []
    from driftloop.sources.planted import EVENTS

    found = [KnownEvent(day=event.since.astimezone(params.zone).date(), what=event.note) for event in EVENTS]
    return [event for event in found if schedule.runs[0] <= event.day < schedule.scored_until]


def measure(params: Params, root: Path) -> None:
    """Replay what params.yaml says alone, and write its numbers for `dvc metrics` and `dvc exp show`."""
    done = run(params, root, Options(), rules=figures.own_rules(params))
    line = done.lines[-1]
    numbers = {
        "loss": line.loss,
        "above_always": line.above_always,
        "below_never": line.below_never,
        "alerts_a_year": line.alerts_a_year,
        "actions_a_year": line.actions_a_year,
        "degraded_a_year": line.degraded_a_year,
        "data_a_year": line.data_a_year,
        "promotions_a_year": line.promotions_a_year,
        "useful": line.useful,
        "useful_live": line.useful_live,
    }
    write_json(
        root / METRICS / "backtest.json", {name: number for name, number in numbers.items() if number is not None}
    )


def write(done: Backtest, params: Params, root: Path) -> None:
    """Write reports/backtest.json and the picture."""
    write_json(root / BACKTEST, shown(done, params))
    write_text(root / FRONTIER, frontier.svg(done.lines, unit=params.data.target_unit, metric=params.evaluate.metric))


def shown(done: Backtest, params: Params) -> dict[str, Any]:
    """Return a backtest as data."""
    return {
        "model": params.model,
        "metric": params.evaluate.metric,
        "unit": params.data.target_unit,
        "first_cut": done.schedule.first_cut.isoformat(),
        "since": done.schedule.runs[0].isoformat(),
        "until": done.schedule.scored_until.isoformat(),
        "runs": len(done.schedule.runs),
        "rows": done.rows,
        "fits": done.fits,
        "seconds": round(done.seconds, 1),
        "rules": [line.model_dump(mode="json") for line in done.lines],
        "recommendation": done.recommendation.model_dump(mode="json"),
    }


def parse_day(text: str | None, option: str) -> date | None:
    """Read a date of the command line."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as exc:
        msg = f"{option}: expected a date such as 2025-03-31, got {text!r}"
        raise ParamsError(msg) from exc

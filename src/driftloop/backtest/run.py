"""Replay the history of a source under several rules, and write down what each would have cost."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from driftloop.backtest import frontier, history
from driftloop.backtest.fits import Fitted
from driftloop.core.backtest import figures
from driftloop.core.backtest import schedule as timelines
from driftloop.core.backtest.figures import Figures, KnownEvent
from driftloop.core.backtest.recommendation import recommend
from driftloop.core.backtest.replay import Replay
from driftloop.core.backtest.values import Stream
from driftloop.core.columns import DAY
from driftloop.core.models import estimator
from driftloop.core.models.recipe import recipe_of
from driftloop.core.windows import Window, end_day
from driftloop.errors import DataError, ParamsError
from driftloop.progress import track
from driftloop.store.files import CACHE, METRICS, REPORTS, write_json, write_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from driftloop.core.backtest.recommendation import Recommendation
    from driftloop.core.backtest.schedule import Schedule
    from driftloop.core.backtest.values import Rule
    from driftloop.params import Params

BACKTEST = REPORTS / "backtest.json"
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
        Whether to leave out the training window "auto", which takes five times the fits.
    jobs
        Processes; −1: one per processor.
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
    """What came of it.

    Attributes
    ----------
    timeline
        Which runs were replayed.
    rows
        Number of labelled rows.
    lines, recommendation
        Figures by rule; the setting that they speak for.
    fits, seconds
        Number of fits, and how long it took to make or read them.
    """

    timeline: Schedule
    rows: int
    lines: tuple[Figures, ...]
    recommendation: Recommendation
    fits: int
    seconds: float


def run(params: Params, root: Path, options: Options, *, rules: Sequence[Rule] | None = None) -> Backtest:
    """Replay all rules on one history.

    Raises
    ------
    ParamsError
        If a rule asks by Evidently's drift share, which no replay has.
    DataError
        If the history is too short, or its first part teaches the estimator nothing.
    """
    begun = time.monotonic()
    if any(rule.policy == "evidently" for rule in rules or ()):
        msg = (
            "params.yaml: monitor.policy: expected avoidable_loss, loss or calendar to replay, got evidently, whose "
            "drift shares the past does not have; `driftloop backtest` compares the others"
        )
        raise ParamsError(msg)
    past = Past(params, root, options)
    lines: list[Figures] = []
    for window, compared in _families(params, options, rules):
        replay = past.replay(window)
        courses = [replay.course(rule) for rule in track(compared, "Replaying")]
        lines += figures.figures(
            courses,
            replay,
            train_days=window,
            ends=(lines[0].loss, lines[1].loss) if lines else None,
            events=known_events(params, past.timeline),
        )
    return Backtest(
        timeline=past.timeline,
        rows=int((past.labelled[DAY] < past.timeline.scored_until).sum()),
        lines=tuple(lines),
        recommendation=recommend(lines, params, alerts_a_year=options.alerts_a_year),
        fits=past.fits,
        seconds=time.monotonic() - begun,
    )


class Past:
    """The history of a source, to be replayed with one training window after the other.

    Attributes
    ----------
    labelled
        Rows with labels, in order of time.
    timeline
        The runs.
    fits
        Number of fits that were made or read.
    """

    def __init__(self, params: Params, root: Path, options: Options) -> None:
        """Collect the source, and lay out the runs.

        Raises
        ------
        DataError
            If the history is too short.
        """
        self.params, self.options, self.folder, self.fits = params, options, root / CACHE / "backtest", 0
        self.history = history.History(params, history.raw(params, self.folder))
        until = min(options.until or date.max, end_day(params.source.until_instant, params.zone))
        rows = self.history.labelled(params.train.max_rows)
        kept = Window(since=options.since or date.min, until=until).of(rows)
        self.labelled = kept.reset_index(drop=True)
        if self.labelled.empty:
            msg = "backtest: expected rows with labels, got none; `driftloop refresh` moves source.until"
            raise DataError(msg)
        first = self.labelled[DAY].iloc[0]
        self.timeline = timelines.plan(params, first=first, until=until, first_days=options.first_days)

    def replay(self, window: int | str) -> Replay:
        """Make what rules share with a training window: the fits at all runs, on all processors at once.

        Raises
        ------
        DataError
            If the first part of the history teaches the estimator nothing.
        """
        recipe = recipe_of(self.params).model_copy(update={"train_days": window})
        fitted = Fitted(self.params, recipe, self.labelled, folder=self.folder / "fits", jobs=self.options.jobs)
        stream = Stream(
            rows=self.labelled[[DAY, *self.params.data.segments]],
            losses=fitted.losses,
            findings=self.history.findings,
            faulty=self.history.faulty,
            seeded=estimator.is_seeded(recipe),
        )
        replay = Replay(self.params, stream, self.timeline, answer_days=self.options.answer_days)
        cuts = {run - self.timeline.delay for run in self.timeline.runs}
        asked = sorted(cuts | {cut - self.timeline.delay for cut in cuts})
        known = dict(zip(asked, replay.table.know(asked), strict=True))
        self.fits += fitted.made
        if not known[self.timeline.first_cut]:
            what = f"the rows before {self.timeline.first_cut} teach {recipe.estimator} nothing"
            msg = f"backtest: expected a first production, but {what}; give more days by --first-days"
            raise DataError(msg)
        return replay


def _families(
    params: Params, options: Options, rules: Sequence[Rule] | None
) -> Iterator[tuple[int | str, Sequence[Rule]]]:
    """Give the training windows and what is compared with each."""
    window = params.windows.train_days
    yield window, figures.rules(params) if rules is None else rules
    if rules is None and window != "auto" and not options.quick:
        yield "auto", figures.rules_auto(params)


def known_events(params: Params, timeline: Schedule) -> list[KnownEvent]:
    """Give what was planted into simulated data during the replay."""
    if not params.source.is_simulated:
        return []
    from driftloop.sources.simulator import EVENTS

    found = [KnownEvent(day=event.since.astimezone(params.zone).date(), what=event.note) for event in EVENTS]
    return [event for event in found if timeline.runs[0] <= event.day < timeline.scored_until]


def measure(params: Params, root: Path) -> None:
    """Replay what params.yaml says alone, and write its numbers for `dvc metrics` and `dvc exp show`."""
    done = run(params, root, Options(), rules=figures.own_rules(params))
    line = done.lines[-1]
    numbers = {
        "loss": line.loss,
        "above_always": line.above_always,
        "below_never": line.below_never,
        "alerts_a_year": line.alerts_a_year,
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
    """Give a backtest as data."""
    return {
        "model": params.model,
        "metric": params.evaluate.metric,
        "unit": params.data.target_unit,
        "first_cut": done.timeline.first_cut.isoformat(),
        "since": done.timeline.runs[0].isoformat(),
        "until": done.timeline.scored_until.isoformat(),
        "runs": len(done.timeline.runs),
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

"""The history of a source, for the backtest: rows with labels, the runs over them, and what the data rules say at any time."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from datetime import date, timedelta
from typing import TYPE_CHECKING

from driftloop import engine, sources
from driftloop.backtest.fits import Fitted
from driftloop.core.alarms.find import find_alarms
from driftloop.core.backtest import schedule
from driftloop.core.backtest.replay import Replay
from driftloop.core.backtest.schedule import ShortHistoryError
from driftloop.core.backtest.values import Stream
from driftloop.core.columns import DAY, STEP
from driftloop.core.data import census, histogram, quality
from driftloop.core.data import profile as profiles
from driftloop.core.data.cumulated import CumulatedProfile
from driftloop.core.data.declared import columns_of
from driftloop.core.data.inspection import Inspection
from driftloop.core.data.lasting import lasting
from driftloop.core.decision.decide import alarm_findings
from driftloop.core.judging import scored as judged
from driftloop.core.judging.labelled import Labelled
from driftloop.core.models import estimator
from driftloop.core.models.card import Card
from driftloop.core.models.recipe import recipe_of
from driftloop.core.windows import Window, end_day, last_days
from driftloop.sources.features import MODULE
from driftloop.store.files import digest, replacing_folder
from driftloop.store.imports import closure
from driftloop.store.rows import frame_of, tables

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from driftloop.core.alarms.values import AlarmHistory
    from driftloop.core.data.finding import Finding
    from driftloop.core.data.grid import Grid
    from driftloop.core.data.profile import Known
    from driftloop.params import Params
    from driftloop.store import fits

    Later = tuple[tuple[str, frozenset[str]], ...]  # names that became normal after a reference, by column


def raw(params: Params, folder: Path, src: Path | None = None) -> Path:
    """Collect the source into `folder`, unless it looks as it did the last time; return where its rows are."""
    asked = {
        "source": {**params.source.model_dump(mode="json"), "fingerprint": sources.fingerprint(params)},
        "data": params.data.model_dump(mode="json"),
    }
    if src and (own := closure({MODULE}, (src,))):
        asked["src"] = {name: digest(path) for name, path in sorted(own.items())}
    name = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]
    out = folder / f"raw-{name}"
    if not out.exists():
        for old in folder.glob("raw-*"):
            shutil.rmtree(old)
        with replacing_folder(out) as temporary:
            sources.collect(params, temporary, cache=folder.parent / "downloads", say=_say, src=src)
    return out


class History:
    """All rows of a source, to be replayed with one training window after the other.

    Attributes
    ----------
    labelled
        Rows with labels, in order of time.
    schedule
        The runs.
    fits
        Number of fits that were made or read.
    """

    def __init__(
        self,
        params: Params,
        folder: Path,
        *,
        since: date | None = None,
        until: date | None = None,
        first_days: int | None = None,
        src: Path | None = None,
    ) -> None:
        """Collect the source into a database of this process, and lay out the runs.

        Parameters
        ----------
        params, folder
            Whose source; where rows and fits are remembered.
        since, until
            The part of the history to replay; None: all of it.
        first_days
            Days that the first production is trained on; None: see `schedule.plan`.
        src
            The folder of the project's own code, for its features; None: there is none.

        Raises
        ------
        ShortHistoryError
            If the history is too short.
        """
        # What was accepted later was not known then.
        params = params.model_copy(update={"data": params.data.model_copy(update={"accepted": []})})
        self.params, self.columns, self.folder, self.fits = params, columns_of(params, Card()), folder, 0
        collected = raw(params, folder, src)
        with engine.translated(collected):
            con = engine.connect(spill=folder / "spill", settings=params.engine)
            self.rows = con.create_table("rows", tables(con, collected, self.columns, params).rows, temp=True)
        self._census = census.take(self.rows, self.columns)
        self._references: dict[date, Known] = {}
        self._lasting: dict[tuple[date, date], Later] = {}
        self._profiles: dict[tuple[date, Later], pd.DataFrame] = {}
        self._cumulated: dict[tuple[date, Later], CumulatedProfile] = {}
        self._grid: Grid | None = None
        self._histograms: dict[Later, tuple[pd.DataFrame, Grid]] = {}
        self._alarms: dict[tuple[date, date, Later], AlarmHistory] = {}
        self._steps: dict[tuple[date, date, Later], bool] = {}
        self._found: dict[tuple[date, date], list[Finding]] = {}
        end = min(until or date.max, end_day(params.source.until_instant, params.zone))
        self.labelled = self._labelled(Window(since=since or date.min, until=end))
        if self.labelled.empty:
            msg = "backtest: expected rows with labels, got none; `driftloop refresh` moves source.until"
            raise ShortHistoryError(msg)
        first = self.labelled[DAY].iloc[0]
        self.schedule = schedule.plan(params, first=first, until=end, first_days=first_days)

    def replay(self, train_days: int | str, *, answer_days: int, workers: fits.Workers) -> Replay:
        """Make what the rules share with one training window: the fits at all runs, at once.

        Parameters
        ----------
        train_days
            Length of the training window.
        answer_days
            Days from an alert to its answer.
        workers
            Who makes the fits.

        Raises
        ------
        ShortHistoryError
            If the first part of the history teaches the estimator nothing.
        """
        recipe = recipe_of(self.params).model_copy(update={"train_days": train_days})
        fitted = Fitted(self.params, recipe, Labelled(self.labelled), folder=self.folder / "fits", workers=workers)
        stream = Stream(
            rows=self.labelled[[DAY, *self.params.data.segments]],
            losses=fitted.losses,
            findings=self.findings,
            faulty=self.faulty,
            seeded=estimator.is_seeded(recipe),
        )
        replay = Replay(self.params, stream, self.schedule, answer_days=answer_days)
        cuts = {run - self.schedule.delay for run in self.schedule.runs}
        asked = sorted(cuts | {cut - self.schedule.delay for cut in cuts})
        known = dict(zip(asked, replay.table.know(asked), strict=True))
        self.fits += fitted.made
        if not known[self.schedule.first_cut]:
            what = f"the rows before {self.schedule.first_cut} teach {recipe.estimator} nothing"
            msg = f"backtest: expected a first production, but {what}; give more days by --first-days"
            raise ShortHistoryError(msg)
        return replay

    def findings(self, card: Card, until: date) -> list[Finding]:
        """Return what rules and data alarms say of the newest days when data ends at `until`."""
        reference = card.reference
        if reference is None:
            return []
        rules = self._rules(reference, until)
        active = self._alarms_of(card, reference, until).active(until - timedelta(days=1))
        return [*rules, *alarm_findings(active, rules)]

    def faulty(self, card: Card, scored: pd.DataFrame, until: date) -> list[date]:
        """List the steps whose data was broken, as far as was known when data ended at `until`; see `scored.faulty_steps`."""
        reference = card.reference
        if reference is None:
            return []
        told = [each for each in self._alarms_of(card, reference, until).alarms if each.found < until]

        later = self._later(reference, until)

        def breaks_rule(window: Window) -> bool:
            key = reference.until, window.since, later
            if key not in self._steps:
                evidence = Inspection(self._cumulate(reference, later), self.columns, window, reference)
                self._steps[key] = judged.has_fault(evidence)
            return self._steps[key]

        return judged.faulty_among(scored[STEP].unique(), self.params.monitor.step_days, told, breaks_rule)

    def _rules(self, reference: Window, until: date) -> list[Finding]:
        if (key := (reference.until, until)) not in self._found:
            evidence = Inspection(
                profile=self._cumulate(reference, self._later(reference, until)),
                columns=self.columns,
                window=last_days(until, self.params.windows.current_days),
                reference=reference,
            )
            labelled = last_days(judged.labelled_until(schedule.at(self.params, until)), self.params.monitor.step_days)
            self._found[key] = [*quality.check(evidence), *quality.missing_labels(evidence.at(labelled))]
        return self._found[key]

    def _labelled(self, window: Window) -> pd.DataFrame:
        """Return the rows of a window that have a label, in order of time; of all rows, at most `train.max_rows` are drawn."""
        rows = self.rows.filter(self.rows[self.columns.target].notnull())
        return window.of(frame_of(rows, self.columns, self.params.train.max_rows)).reset_index(drop=True)

    def _known(self, reference: Window) -> Known:
        if reference.until not in self._references:
            self._references[reference.until] = profiles.known(self._census, self.columns, reference.until)
        return self._references[reference.until]

    def _later(self, reference: Window, until: date) -> Later:
        """Return the names that had become normal after the reference when data ended at `until`."""
        if (key := (reference.until, until)) not in self._lasting:
            found = lasting(self._census, self._known(reference).names, since=reference.until, until=until)
            self._lasting[key] = tuple(sorted(found.items()))
        return self._lasting[key]

    def _profile(self, reference: Window, later: Later) -> pd.DataFrame:
        """Count per day what the quality rules need, against what was known at the end of the reference."""
        if (key := (reference.until, later)) not in self._profiles:
            known = self._known(reference).with_later(dict(later))
            profile = profiles.daily(self.rows, self.columns, known)
            self._profiles[key] = profiles.with_fresh(profile, self.rows, known)
        return self._profiles[key]

    def _cumulate(self, reference: Window, later: Later) -> CumulatedProfile:
        """Sum up the profile, as the quality rules take it."""
        if (key := (reference.until, later)) not in self._cumulated:
            self._cumulated[key] = CumulatedProfile.of(self._profile(reference, later))
        return self._cumulated[key]

    def _alarms_of(self, card: Card, reference: Window, until: date) -> AlarmHistory:
        """Find the data alarms under one production; those of a day do not depend on later days."""
        later = self._later(reference, until)
        if (key := (reference.until, card.trained_until or reference.until, later)) not in self._alarms:
            profile, (counts, grid) = self._profile(reference, later), self._count(reference, later)
            self._alarms[key] = find_alarms(self.params, card, profile, counts, grid)
        return self._alarms[key]

    def _count(self, reference: Window, later: Later) -> tuple[pd.DataFrame, Grid]:
        """Count rows per day and bin; all productions share the bins of the first, which fit the later ones well enough."""
        if self._grid is None:
            ranges = self._known(reference).ranges
            self._grid = histogram.grid(self.rows, self.columns, reference, ranges, self._census)
        if later not in self._histograms:
            grid = self._grid.with_later(dict(later))
            self._histograms[later] = histogram.daily(self.rows, grid), grid
        return self._histograms[later]


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")

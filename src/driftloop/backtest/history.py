"""The whole history of a source, for the backtest: rows with labels, and what the quality rules say at any time."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import ibis

from driftloop import sources
from driftloop.core import alarms
from driftloop.core.backtest.schedule import at
from driftloop.core.columns import STEP
from driftloop.core.data import histogram, quality
from driftloop.core.data import profile as profiles
from driftloop.core.data.cumulated import CumulatedProfile
from driftloop.core.data.schema import columns_of
from driftloop.core.decision.decide import alarm_findings
from driftloop.core.judging import scored as judged
from driftloop.core.models.card import Card
from driftloop.core.windows import Window, last_days
from driftloop.duckdb_errors import translated
from driftloop.stages.prepare import frame_of, tables
from driftloop.store.files import replacing_folder

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    import pandas as pd

    from driftloop.core.alarms.values import AlarmHistory
    from driftloop.core.data.grid import Grid
    from driftloop.core.data.quality import Finding
    from driftloop.params import Params


def raw(params: Params, folder: Path) -> Path:
    """Collect the source into `folder`, unless it looks as it did the last time; give where its rows are."""
    asked = {
        "source": {**params.source.model_dump(mode="json"), "fingerprint": sources.fingerprint(params)},
        "data": params.data.model_dump(mode="json"),
    }
    name = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]
    out = folder / f"raw-{name}"
    if not out.exists():
        for old in folder.glob("raw-*"):
            shutil.rmtree(old)
        with replacing_folder(out) as temporary:
            sources.collect(params, temporary, cache=folder.parent / "downloads", say=_say)
    return out


class History:
    """All rows of a source, in a database of this process."""

    def __init__(self, params: Params, raw: Path) -> None:
        """Read the rows that `raw` gave."""
        self.params, self.columns = params, columns_of(params, Card())
        with translated(raw):
            con = ibis.duckdb.connect()
            self.rows = con.create_table("rows", tables(con, raw, self.columns, params).rows, temp=True)
        self.profiles: dict[date, pd.DataFrame] = {}
        self.summed: dict[date, CumulatedProfile] = {}
        self.counted: tuple[pd.DataFrame, Grid] | None = None
        self.alarms: dict[tuple[date, date], AlarmHistory] = {}
        self.steps: dict[tuple[date, date], bool] = {}
        self.found: dict[tuple[date, date], list[Finding]] = {}

    def labelled(self, most: int) -> pd.DataFrame:
        """Give at most so many rows with a label, in order of time."""
        rows = self.rows.filter(self.rows[self.columns.target].notnull())
        return frame_of(rows, self.columns, most)

    def profile(self, reference: Window) -> pd.DataFrame:
        """Count per day what the quality rules need, against what was known at the end of the reference."""
        if reference.until not in self.profiles:
            known = profiles.known(self.rows, self.columns, reference.until)
            self.profiles[reference.until] = profiles.daily(self.rows, self.columns, known)
        return self.profiles[reference.until]

    def totals(self, reference: Window) -> CumulatedProfile:
        """Give the profile as the quality rules take it."""
        if reference.until not in self.summed:
            self.summed[reference.until] = CumulatedProfile.of(self.profile(reference))
        return self.summed[reference.until]

    def states(self, card: Card, reference: Window) -> AlarmHistory:
        """Give the data alarms under one production; those of a day do not depend on later ones."""
        if (key := (reference.until, card.trained_until or reference.until)) not in self.alarms:
            profile, (counts, grid) = self.profile(reference), self.histogram(reference)
            self.alarms[key] = alarms.find_alarms(self.params, card, profile, counts, grid)
        return self.alarms[key]

    def histogram(self, reference: Window) -> tuple[pd.DataFrame, Grid]:
        """Count per day and bin; the bins are those of the first production, which later ones resemble."""
        if self.counted is None:
            ranges = profiles.known(self.rows, self.columns, reference.until).ranges
            grid = histogram.grid(self.rows, self.columns, reference, ranges)
            self.counted = histogram.daily(self.rows, grid), grid
        return self.counted

    def findings(self, card: Card, until: date) -> list[Finding]:
        """Give what rules and data alarms say of the newest days when data ends at `until`."""
        reference = card.reference
        if reference is None:
            return []
        rules = self._rules(reference, until)
        active = self.states(card, reference).active(until - timedelta(days=1))
        return [*rules, *alarm_findings(active, rules)]

    def _rules(self, reference: Window, until: date) -> list[Finding]:
        if (key := (reference.until, until)) not in self.found:
            evidence = quality.Inspection(
                profile=self.totals(reference),
                columns=self.columns,
                window=last_days(until, self.params.windows.current_days),
                reference=reference,
            )
            labelled = last_days(judged.labelled_until(at(self.params, until)), self.params.monitor.step_days)
            self.found[key] = [*quality.check(evidence), *quality.missing_labels(evidence.at(labelled))]
        return self.found[key]

    def faulty(self, card: Card, scored: pd.DataFrame, until: date) -> list[date]:
        """List the steps whose data was broken, as far as was known when data ended at `until`; see `scored.faulty_steps`."""
        reference = card.reference
        if reference is None:
            return []
        steps, days = list(scored[STEP].unique()), timedelta(days=self.params.monitor.step_days)
        for step in steps:
            if (reference.until, step) not in self.steps:
                window = Window(since=step, until=step + days)
                evidence = quality.Inspection(self.totals(reference), self.columns, window, reference)
                self.steps[reference.until, step] = judged.has_fault(evidence)
        told = [each for each in self.states(card, reference).alarms if each.kind == "fault" and each.found < until]
        return [
            step
            for step in steps
            if self.steps[reference.until, step] or any(each.touches(step, step + days) for each in told)
        ]


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")

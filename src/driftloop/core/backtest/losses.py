"""Losses of every fit on every later day; production and the weekly refits are both rows of this table.

A fit depends only on its cut (it knows the labels before that day), so all rules of a replay share the table.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from driftloop.core.backtest.values import Fit
from driftloop.core.columns import DAY, PRODUCTION_LOSS, REFIT_LOSS, STEP, loss_of
from driftloop.core.judging import refits
from driftloop.core.judging.scored import judge_days
from driftloop.core.models.card import Card, judged_days
from driftloop.core.models.recipe import recipe_of
from driftloop.core.windows import Window, day_numbers, last_days

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import NDArray

    from driftloop.core.backtest.schedule import Schedule
    from driftloop.core.backtest.values import Losses, Replayed, Stream
    from driftloop.params import Params

USEFUL_DAYS = 28


class LossTable:
    """Losses of fits on the rows of one stream; see `Stream.losses` for where they come from.

    Attributes
    ----------
    asked
        The fits that were looked at.
    """

    def __init__(self, params: Params, stream: Stream, schedule: Schedule) -> None:
        """Store what all fits share."""
        self.params, self.stream, self.schedule = params, stream, schedule
        self.days = day_numbers(stream.rows[DAY])
        self.end = stream.rows[DAY].iloc[-1] + timedelta(days=1)  # and not the last label: fits serve any delay
        self.judge_days = judge_days(params, stream.rows)
        self.asked: set[Fit] = set()

    def know(self, cuts: Sequence[date]) -> list[bool]:
        """Have fits made, all at once; say which of these cuts teach the estimator anything."""
        return [losses is not None for losses in self._losses([self._fit(cut) for cut in cuts])]

    def card(self, version: int, cut: date) -> Card:
        """Write the card of a production that knows the labels before `cut`, with the error of the refits before it."""
        first = self.stream.rows[DAY].iloc[0]
        trained, days = Window(since=first, until=cut), self.params.windows.reference_days
        metric, steps = str(self.params.evaluate.metric), self._plan(None, cut)
        scored = [
            (self.stream.rows[DAY].iloc[self._place(step.window.since) : self._place(step.window.until)], losses)
            for step, losses in zip(steps, self._refitted(steps), strict=True)
            if losses is not None and len(losses)
        ]
        honest = {metric: np.concatenate([losses for _, losses in scored])} if scored else {}
        return Card(
            version=version,
            model=self.params.model,
            recipe=recipe_of(self.params),
            trained=trained,
            reference=trained if days == "all" else last_days(cut, min(days, trained.days)),
            sha256="",
            normal_error={name: float(losses.mean()) for name, losses in honest.items()},
            judged=judged_days(pd.concat([days for days, _ in scored]), honest) if scored else (),
        )

    def scored(self, cut: date, until: date, *, seeds: int = 1) -> pd.DataFrame:
        """Return what the stage `refit` would write when data ends at `until` and production knows the labels before `cut`.

        Parameters
        ----------
        cut, until
            Days.
        seeds
            Refits of the judged steps, by further seeds; no more than the recipe has use for.
        """
        steps = self._plan(cut, until - self.schedule.delay)
        production, refitted = self._whole(cut), self._refitted(steps)
        known = [
            (step, refit)
            for step, refit in zip(steps, refitted, strict=True)
            if production is not None and refit is not None and len(refit)
        ]
        ends = [(self._place(step.window.since), self._place(step.window.until)) for step, _ in known]
        at = np.concatenate([np.arange(a, b) for a, b in ends]) if ends else np.empty(0, dtype=int)
        columns: dict[str, NDArray[Any]] = {
            STEP: np.repeat(np.array([step.window.since for step, _ in known], dtype=object), [b - a for a, b in ends]),
            PRODUCTION_LOSS: production[at - self._place(cut)] if production is not None else np.empty(0),
            REFIT_LOSS: np.concatenate([refit for _, refit in known]) if known else np.empty(0),
        }
        for seed in range(1, seeds if self.stream.seeded else 1):
            columns[loss_of("refit", seed)] = self._by_seed([step for step, _ in known], seed)
        return self.stream.rows.iloc[at].reset_index(drop=True).assign(**columns)

    def _by_seed(self, steps: Sequence[refits.Step], seed: int) -> Losses:
        """Return the losses of refits by another seed; NaN where a step has none."""
        asked = {step: Fit(step.known_until, step.window, seed) for step in steps if step.seeded}
        found = dict(zip(asked, self._losses(list(asked.values())), strict=True))
        parts = []
        for step in steps:
            rows = self._place(step.window.until) - self._place(step.window.since)
            losses = found.get(step)
            parts.append(np.full(rows, np.nan) if losses is None else losses)
        return np.concatenate(parts) if parts else np.empty(0)

    def served(self, replayed: Replayed, window: Window) -> Losses:
        """Return the loss of whatever was production, per row of a window."""
        ends = [*(promotion.live for promotion in replayed.promotions[1:]), window.until]
        parts = []
        for promotion, end in zip(replayed.promotions, ends, strict=True):
            part = Window(since=max(promotion.live, window.since), until=min(end, window.until))
            losses = self._within(promotion.cut, part) if part.days else None
            if losses is not None:
                parts.append(losses)
        return np.concatenate(parts) if parts else np.empty(0)

    def gain(self, before: date, after: date, *, since: date) -> float | None:
        """Return the share of the loss that the later cut saves in the four weeks from `since`; None if they are not over yet."""
        window = Window(since=since, until=since + timedelta(days=USEFUL_DAYS))
        if window.until > self.schedule.scored_until:
            return None
        old, new = self.paired(before, after, window)
        return float(1 - new.sum() / old.sum()) if old.sum() > 0 else None

    def paired(self, before: date, after: date, window: Window) -> tuple[Losses, Losses]:
        """Give the losses of two cuts on the same rows of a window; none where one of them was never fitted."""
        old, new = self._within(before, window), self._within(after, window)
        return (np.empty(0), np.empty(0)) if old is None or new is None else (old, new)

    def _plan(self, trained_until: date | None, labelled_until: date) -> list[refits.Step]:
        return refits.plan(
            trained_until=trained_until,
            labelled_until=labelled_until,
            step_days=self.params.monitor.step_days,
            recent_days=self.params.least_judge_days,
            judge_days=self.judge_days,
            label_delay_days=self.schedule.delay.days,
        )

    def _refitted(self, steps: Sequence[refits.Step]) -> list[Losses | None]:
        """Return the losses of each step's refit on its rows."""
        self._losses([self._fit(step.known_until) for step in steps])
        return [self._within(step.known_until, step.window) for step in steps]

    def _within(self, cut: date, window: Window) -> Losses | None:
        """Return the losses of one fit in a window after its cut."""
        losses, begin = self._whole(cut), self._place(cut)
        return None if losses is None else losses[self._place(window.since) - begin : self._place(window.until) - begin]

    def _whole(self, cut: date) -> Losses | None:
        return self._losses([self._fit(cut)])[0]

    def _fit(self, cut: date) -> Fit:
        return Fit(cut, Window(since=cut, until=self.end))

    def _losses(self, fits: Sequence[Fit]) -> Sequence[Losses | None]:
        """Ask the stream, and remember what was asked."""
        self.asked.update(fits)
        return self.stream.losses(fits)

    def _place(self, day: date) -> int:
        """Find the first row of a day or after."""
        return int(np.searchsorted(self.days, day_numbers([day])[0]))

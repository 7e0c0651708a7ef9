"""The loop on its own history: run by run it monitors, alerts, is answered, judges and promotes.

Every fit is a function of its cut (labels known before that day), so production at any time and the weekly refits are
rows of one table of losses, and all policies share them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from driftloop.core import gate, refits
from driftloop.core.decision import evidence_of
from driftloop.core.diagnosis import diagnose
from driftloop.core.measure import measure
from driftloop.core.production import Card
from driftloop.core.recipe import recipe_of
from driftloop.core.windows import Window, day_numbers, newest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from driftloop.core.diagnosis import Diagnosis
    from driftloop.core.finding import Finding
    from driftloop.core.policy import Evidence, Settings
    from driftloop.core.timeline import Timeline
    from driftloop.params import Params

Losses: TypeAlias = NDArray[np.float64]
How = Literal["first", "asked", "standing", "new normal", "always"]


@dataclass(frozen=True)
class Fit:
    """The recipe fitted to labels known before `cut`, scored on the rows of `window`."""

    cut: date
    window: Window
    seed: int = 0


@dataclass(frozen=True)
class Stream:
    """What is replayed.

    Attributes
    ----------
    rows
        All labelled rows in order of time: `_day` and the segment columns.
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
        For so long after a promotion that somebody asked for, production is refreshed at each run without asking.
    gated
        Whether the gate judges; without it every answer is a promotion, to measure what the gate costs.
    """

    name: str
    policy: str
    settings: Settings
    standing_days: int = 0
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
        Day of the answer; None where none was due before the end.
    outcome
        The gate's; None where nothing was asked of it.
    gain, gain_live
        Share of production's loss that retraining saves in four weeks: in those after the newest label that it knew,
        and in those after the answer, when it is live. None where the history ends before.
    """

    day: date
    status: str
    reason: str
    answered: date | None = None
    outcome: str | None = None
    gain: float | None = None
    gain_live: float | None = None


@dataclass(frozen=True)
class Course:
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
    """

    rule: Rule
    promotions: tuple[Promotion, ...]
    alerts: tuple[Alert, ...]
    fits: int


USEFUL_DAYS = 28


@dataclass
class _State:
    """Where a replay stands."""

    card: Card
    cut: date
    promotions: list[Promotion]
    alerts: list[Alert] = field(default_factory=list)
    due: date | None = None  # answer to the newest alert
    refused: tuple[date, float] | None = None  # when, and the waiting then
    standing_until: date | None = None
    status: str = "healthy"
    faulty_since: date | None = None


class Replay:
    """Replays rules on one stream."""

    def __init__(self, params: Params, stream: Stream, timeline: Timeline, *, answer_days: int) -> None:
        """Take what all rules share."""
        self.params, self.stream, self.timeline, self.answer_days = params, stream, timeline, answer_days
        self.days = day_numbers(stream.rows["_day"])
        self.step_days = params.monitor.step_days
        self.asked: set[Fit] = set()

    def course(self, rule: Rule) -> Course:
        """Replay one rule."""
        self.asked = set()
        first = Promotion(live=self.timeline.runs[0], cut=self.timeline.first_cut, how="first")
        if rule.policy == "never":
            self.losses([self._whole(first.cut)])
            return Course(rule, (first,), (), len(self.asked))
        if rule.policy == "always":
            return self._always(rule, first)
        state = _State(card=self._card(1, first.cut), cut=first.cut, promotions=[first])
        for until in self.timeline.runs[1:]:
            self._run(rule, state, until)
        return Course(rule, tuple(state.promotions), tuple(state.alerts), len(self.asked))

    def _always(self, rule: Rule, first: Promotion) -> Course:
        cuts = [until - self.timeline.delay for until in self.timeline.runs]
        found = self.losses([self._whole(cut) for cut in cuts])
        later = [
            Promotion(live=until, cut=cut, how="always")
            for until, cut, losses in zip(self.timeline.runs[1:], cuts[1:], found[1:], strict=True)
            if losses is not None
        ]
        return Course(rule, (first, *later), (), len(self.asked))

    def _run(self, rule: Rule, state: _State, until: date) -> None:
        """Let one run of the loop see the data before the day `until`."""
        if state.due is not None:
            if state.due > until:
                return
            self._answer(rule, state, until)
        findings = self._findings(state, until)
        evidence = self._evidence(state, until)
        found = diagnose(evidence, findings, policy=rule.policy, settings=rule.settings)
        if found.status in ("data fault", "insufficient data"):
            self._fault(state, found, until)
        elif state.standing_until and until < state.standing_until:
            state.faulty_since, state.status = None, "healthy"
            self._promote(state, live=until, cut=until - self.timeline.delay, how="standing")
        else:
            state.faulty_since = None
            self._act(rule, state, found, evidence, until)
        if state.due is not None and state.due <= until:
            self._answer(rule, state, until)

    def _act(self, rule: Rule, state: _State, found: Diagnosis, evidence: Evidence, until: date) -> None:
        """Raise an alert, unless people know already."""
        before, state.status = state.status, found.status
        if state.refused and self._recovered(rule, evidence):
            state.refused = None
        if found.status == "degraded" and before != "degraded":
            state.alerts.append(Alert(day=until, status=found.status, reason=found.reasons[0]))
        if found.status != "outdated" or (state.refused and self._quiet(rule, state.refused, evidence, until)):
            return
        state.alerts.append(Alert(day=until, status=found.status, reason=found.reasons[0]))
        first = refits.comparable_from(
            trained_until=state.cut,
            step_days=self.step_days,
            judge_days=self.params.windows.judge_days,
            label_delay_days=self.timeline.delay.days,
            refit=True,
        )
        answer = until + timedelta(days=self.answer_days)
        state.due = max(answer, first) if rule.gated else answer

    def _recovered(self, rule: Rule, evidence: Evidence) -> bool:
        waiting = evidence.waiting
        return rule.policy == "avoidable_loss" and (waiting is None or waiting.days < rule.settings.alert_at_days)

    def _quiet(self, rule: Rule, refused: tuple[date, float], evidence: Evidence, until: date) -> bool:
        """Say whether people who just saw a retraining refused are left alone."""
        day, waited = refused
        if rule.policy == "avoidable_loss" and evidence.waiting:
            return evidence.waiting.days < waited + rule.settings.alert_at_days
        rest = rule.settings.calendar_days if rule.policy == "calendar" else self.params.windows.judge_days
        return until < day + timedelta(days=rest)

    def _answer(self, rule: Rule, state: _State, until: date) -> None:
        """Retrain on what the newest run before the answer knew, judge, and promote or not."""
        due = state.due or until
        state.due = None
        run = max(run for run in self.timeline.runs if run <= due)
        cut = run - self.timeline.delay
        verdict = self._verdict(state, run) if rule.gated else "promote"
        state.alerts[-1] = replace(
            state.alerts[-1],
            answered=due,
            outcome=verdict,
            gain=self._gain(state.cut, cut, since=cut),
            gain_live=self._gain(state.cut, cut, since=due),
        )
        if verdict == "promote":
            self._promote(state, live=due, cut=cut, how="asked")
            state.standing_until = due + timedelta(days=rule.standing_days)
            return
        evidence = self._evidence(state, run)
        state.refused = (run, evidence.waiting.days if evidence.waiting else 0.0)

    def _fault(self, state: _State, found: Diagnosis, until: date) -> None:
        """Tell of broken data once; what has been so for a judge window is taken for the new normal."""
        if state.status != found.status:
            state.alerts.append(Alert(day=until, status=found.status, reason=found.reasons[0]))
        state.status = found.status
        state.faulty_since = state.faulty_since or until
        if found.status == "data fault" and (until - state.faulty_since).days >= self.params.windows.judge_days:
            self._promote(state, live=until, cut=until - self.timeline.delay, how="new normal")
            state.faulty_since = None

    def _promote(self, state: _State, *, live: date, cut: date, how: How) -> None:
        if cut <= state.cut or self.losses([self._whole(cut)])[0] is None:
            return
        state.card, state.cut, state.refused = self._card(state.card.version + 1, cut), cut, None
        state.promotions.append(Promotion(live=live, cut=cut, how=how))

    def _verdict(self, state: _State, until: date) -> str:
        """Ask the gate about the steps that it judges when data ends at `until`."""
        scored = self.scored(state.cut, until, seeds=refits.SEEDS if self.stream.seeded else 1)
        evaluate, days = self.params.evaluate, self.params.windows.judge_days
        judged = refits.newest_steps(
            scored,
            refits.judged_steps(days, self.step_days),
            labelled_until=until - self.timeline.delay,
            step_days=self.step_days,
        )
        verdict = gate.judge(
            judged,
            min_gain=evaluate.min_gain,
            confidence=evaluate.confidence,
            min_rows=evaluate.min_rows,
            max_segment_loss=evaluate.max_segment_loss,
            segments=self.params.data.segments,
        )
        faults = [finding.text for finding in self._findings(state, until)]
        faults += [f"data fault in the judged step from {day}" for day in self.stream.faulty(state.card, judged, until)]
        return gate.vetoed(verdict, faults).outcome

    def _findings(self, state: _State, until: date) -> list[Finding]:
        return list(self.stream.findings(state.card, until))

    def _evidence(self, state: _State, until: date) -> Evidence:
        params = at(self.params, until)
        scored = self.scored(state.cut, until)
        measured = measure(params, state.card, scored, self.stream.faulty(state.card, scored, until))
        return evidence_of(measured, drift_share=None, trained_until=state.cut, until=until)

    def _card(self, version: int, cut: date) -> Card:
        """Write the card of a production that knows the labels before `cut`, with the error of the refits before it."""
        first = self.stream.rows["_day"].iloc[0]
        trained, days = Window(since=first, until=cut), self.params.windows.reference_days
        steps = refits.plan(
            trained_until=None,
            labelled_until=cut,
            step_days=self.step_days,
            judge_days=self.params.windows.judge_days,
            label_delay_days=self.timeline.delay.days,
        )
        honest = [loss for loss in self._refitted(steps) if loss is not None]
        found = np.concatenate(honest) if honest else np.empty(0)
        return Card(
            version=version,
            model=self.params.model,
            recipe=recipe_of(self.params),
            trained=trained,
            reference=trained if days == "all" else newest(cut, min(days, trained.days)),
            sha256="",
            normal_error={self.params.evaluate.metric: float(found.mean())} if len(found) else {},
        )

    def scored(self, cut: date, until: date, *, seeds: int = 1) -> pd.DataFrame:
        """Give what the stage `refit` would write when data ends at `until` and production knows the labels before `cut`.

        Parameters
        ----------
        cut, until
            Days.
        seeds
            Refits of the judged steps, by further seeds.
        """
        steps = refits.plan(
            trained_until=cut,
            labelled_until=until - self.timeline.delay,
            step_days=self.step_days,
            judge_days=self.params.windows.judge_days,
            label_delay_days=self.timeline.delay.days,
        )
        production = self.losses([self._whole(cut)])[0]
        refitted = self._refitted(steps)
        extra = [Fit(s.known_until, s.window, seed) for s in steps if s.judged for seed in range(1, seeds)]
        by_seed = dict(zip(extra, self.losses(extra), strict=True))
        parts = [self.stream.rows.head(0).assign(step=None, production_loss=0.0, refit_loss=0.0)]
        begin = self._place(cut)
        for step, refit in zip(steps, refitted, strict=True):
            a, b = self._place(step.window.since), self._place(step.window.until)
            if refit is None or production is None or a == b:
                continue
            part = self.stream.rows.iloc[a:b].assign(
                step=step.window.since, production_loss=production[a - begin : b - begin], refit_loss=refit
            )
            if step.judged:
                others = {s: by_seed[Fit(step.known_until, step.window, s)] for s in range(1, seeds)}
                part = part.assign(**{f"refit_loss_{s}": loss for s, loss in others.items() if loss is not None})
            parts.append(part)
        return pd.concat(parts[1:], ignore_index=True) if len(parts) > 1 else parts[0]

    def _refitted(self, steps: Sequence[refits.Step]) -> list[Losses | None]:
        """Give the losses of each step's refit on its rows."""
        cuts = [step.known_until for step in steps]
        found = self.losses([self._whole(cut) for cut in cuts])
        return [
            None
            if losses is None
            else losses[
                self._place(step.window.since) - self._place(cut) : self._place(step.window.until) - self._place(cut)
            ]
            for step, cut, losses in zip(steps, cuts, found, strict=True)
        ]

    def losses(self, fits: Sequence[Fit]) -> Sequence[Losses | None]:
        """Ask the stream, and remember what was asked."""
        self.asked.update(fits)
        return self.stream.losses(fits)

    def served(self, course: Course, window: Window) -> Losses:
        """Give the loss of whatever was production, per row of a window."""
        cuts = [promotion.cut for promotion in course.promotions]
        found = self.stream.losses([self._whole(cut) for cut in cuts])
        ends = [*(promotion.live for promotion in course.promotions[1:]), window.until]
        parts = []
        for promotion, losses, end in zip(course.promotions, found, ends, strict=True):
            since, until = max(promotion.live, window.since), min(end, window.until)
            if losses is not None and since < until:
                begin = self._place(promotion.cut)
                parts.append(losses[self._place(since) - begin : self._place(until) - begin])
        return np.concatenate(parts) if parts else np.empty(0)

    def _gain(self, before: date, after: date, *, since: date) -> float | None:
        """Give the share of the loss that retraining saves in the four weeks from `since` on."""
        until = since + timedelta(days=USEFUL_DAYS)
        if until > self.timeline.scored_until:
            return None
        old, new = self.losses([self._whole(before), self._whole(after)])
        if old is None or new is None:
            return None
        a, b = self._place(since), self._place(until)
        was = old[a - self._place(before) : b - self._place(before)].sum()
        now = new[a - self._place(after) : b - self._place(after)].sum()
        return float(1 - now / was) if was > 0 else None

    def _whole(self, cut: date) -> Fit:
        return Fit(cut, Window(since=cut, until=self.timeline.scored_until))

    def _place(self, day: date) -> int:
        """Find the first row of a day or after."""
        return int(np.searchsorted(self.days, day_numbers([day])[0]))


def at(params: Params, until: date) -> Params:
    """Give the parameters as they were when data ended at the local midnight before `until`."""
    instant = datetime.combine(until, time(), tzinfo=params.zone).isoformat()
    return params.model_copy(update={"source": params.source.model_copy(update={"until": instant})})

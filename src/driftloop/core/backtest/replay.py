"""The loop on its own history: run by run it monitors, alerts, is answered, judges and promotes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from driftloop.core.backtest.losses import LossTable
from driftloop.core.backtest.schedule import at
from driftloop.core.backtest.values import Alert, Promotion, Replayed
from driftloop.core.decision.approval import Approval, ends, rests
from driftloop.core.decision.diagnosis import diagnose
from driftloop.core.decision.evidence import gather
from driftloop.core.decision.statuses import STATUSES
from driftloop.core.decision.thresholds import waited_enough
from driftloop.core.judging import gate, refits
from driftloop.core.judging.scored import judged_rows
from driftloop.core.windows import LASTING_DAYS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from driftloop.core.backtest.schedule import Schedule
    from driftloop.core.backtest.values import How, Rule, Stream
    from driftloop.core.decision.diagnosis import Diagnosis
    from driftloop.core.decision.evidence import Evidence
    from driftloop.core.decision.statuses import Status
    from driftloop.core.judging.verdict import Outcome, Verdict
    from driftloop.core.models.card import Card
    from driftloop.params import Params

MERGED_AFTER = timedelta(days=1)  # by the next run of Monitor, which is daily, however seldom refits are made


@dataclass
class _State:
    """Where a replay stands."""

    card: Card
    cut: date
    promotions: list[Promotion]
    alerts: list[Alert] = field(default_factory=list)
    statuses: list[tuple[date, Status]] = field(default_factory=list)
    due: date | None = None  # answer to the newest alert
    refused: tuple[date, float] | None = None  # when, and the waiting then
    approval: Approval | None = None
    asked: bool = False  # whether to go on with an approval
    allowed: list[date] = field(default_factory=list)
    status: Status = "healthy"
    faulty_since: date | None = None


class Replay:
    """Replays rules on one stream."""

    def __init__(self, params: Params, stream: Stream, schedule: Schedule, *, answer_days: int) -> None:
        """Store what all rules share."""
        self.params, self.stream, self.schedule, self.answer_days = params, stream, schedule, answer_days
        self.table = LossTable(params, stream, schedule)

    def under(self, rule: Rule) -> Replayed:
        """Replay one rule."""
        self.table.asked.clear()
        first = Promotion(live=self.schedule.runs[0], cut=self.schedule.first_cut, how="first")
        if rule.policy == "never":
            self.table.know([first.cut])
            return self._replayed(rule, [first])
        if rule.policy == "always":
            return self._always(rule, first)
        state = _State(card=self.table.card(1, first.cut), cut=first.cut, promotions=[first])
        if rule.from_start:
            self._allow(rule, state, self.schedule.runs[0])
        for until in self.schedule.runs[1:]:
            self._run(rule, state, until)
        return replace(
            self._replayed(rule, state.promotions),
            alerts=tuple(state.alerts),
            allowed=tuple(state.allowed),
            statuses=tuple(state.statuses),
        )

    def _replayed(self, rule: Rule, promotions: Sequence[Promotion]) -> Replayed:
        return Replayed(rule, tuple(promotions), (), len(self.table.asked))

    def _always(self, rule: Rule, first: Promotion) -> Replayed:
        cuts = [until - self.schedule.delay for until in self.schedule.runs]
        later = [
            Promotion(live=until, cut=cut, how="always")
            for until, cut, known in zip(self.schedule.runs, cuts, self.table.know(cuts), strict=True)
            if known
        ]
        return self._replayed(rule, [first, *(one for one in later if one.cut > first.cut)])

    def _run(self, rule: Rule, state: _State, until: date) -> None:
        """Let one run of the loop see the data before the day `until`."""
        if state.due is not None:
            if state.due > until:
                return
            self._answer(rule, state, until)
        found, evidence = self._diagnosis(rule, state, until)
        state.statuses.append((until, found.status))
        self._end(rule, state, found, until)
        if rests(found.status):
            self._fault(state, found, until)
        elif state.approval:
            state.faulty_since, state.status = None, "healthy"
            self._refresh(rule, state, until)
        else:
            state.faulty_since = None
            self._act(rule, state, found, evidence, until)
        if state.due is not None and state.due <= until:
            self._answer(rule, state, until)

    def _end(self, rule: Rule, state: _State, found: Diagnosis, until: date) -> None:
        """End the approval where something ends it; people are asked whether to go on once nothing else is wrong, and do.

        At the end of the history they are not: that would serve no day that is scored.
        """
        if state.approval and ends(state.approval, until, found.status, state.card.version):
            state.approval, state.asked = None, True
        if state.asked and not STATUSES[found.status].alerts and until < self.schedule.scored_until:
            state.asked = False
            self._allow(rule, state, until)

    def _allow(self, rule: Rule, state: _State, until: date) -> None:
        """Give an approval where there is no alert to answer."""
        state.allowed.append(until)
        state.approval = self._approved(rule, state, until)

    def _approved(self, rule: Rule, state: _State, since: date) -> Approval:
        return Approval(
            by="", since=since, until=since + timedelta(days=rule.standing_days), version=state.card.version
        )

    def _refresh(self, rule: Rule, state: _State, until: date) -> None:
        """Promote within an approval, unless the gate objects; what the loop is to merge was compared with production."""
        verdict, cut = self._verdict(state, until), until - self.schedule.delay
        if rule.merged and verdict.is_mergeable:
            self._promote(state, live=until + MERGED_AFTER, cut=cut, how="merged")
        if not rule.merged and verdict.outcome == "promote":
            self._promote(state, live=until + timedelta(days=self.answer_days), cut=cut, how="standing")

    def _diagnosis(self, rule: Rule, state: _State, until: date) -> tuple[Diagnosis, Evidence]:
        """Diagnose the model; refits by other seeds are made only if the first one would ask to retrain."""
        findings = self.stream.findings(state.card, until)
        for seeds in (1, refits.SEEDS):
            evidence = self._evidence(state, until, seeds=seeds)
            found = diagnose(evidence, findings, policy=rule.policy, settings=rule.settings)
            if found.status != "outdated":
                break
        return found, evidence

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
        answer = until + timedelta(days=self.answer_days)
        state.due = max(answer, gate.comparable_from(self.params, state.cut)) if rule.gated else answer

    def _recovered(self, rule: Rule, evidence: Evidence) -> bool:
        days = evidence.waiting.days if evidence.waiting else None
        return rule.policy == "avoidable_loss" and not waited_enough(days, rule.settings.alert_at_days)

    def _quiet(self, rule: Rule, refused: tuple[date, float], evidence: Evidence, until: date) -> bool:
        """Whether alerts are held back because a retraining was refused a short time ago."""
        day, waited = refused
        if rule.policy == "avoidable_loss" and evidence.waiting:
            return evidence.waiting.days < waited + rule.settings.alert_at_days
        rest = rule.settings.calendar_days if rule.policy == "calendar" else self.params.least_judge_days
        return until < day + timedelta(days=rest)

    def _answer(self, rule: Rule, state: _State, until: date) -> None:
        """Retrain on what the newest run before the answer knew, judge, and promote or not."""
        due = state.due or until
        state.due = None
        run = max(run for run in self.schedule.runs if run <= due)
        cut = run - self.schedule.delay
        verdict: Outcome = self._verdict(state, run).outcome if rule.gated else "promote"
        state.alerts[-1] = replace(
            state.alerts[-1],
            answered=due,
            outcome=verdict,
            gain=self.table.gain(state.cut, cut, since=cut),
            gain_live=self.table.gain(state.cut, cut, since=due),
        )
        if verdict == "promote":
            self._promote(state, live=due, cut=cut, how="asked")
            if rule.standing_days:
                state.approval, state.asked = self._approved(rule, state, run), False
            return
        evidence = self._evidence(state, run)
        state.refused = (run, evidence.waiting.days if evidence.waiting else 0.0)

    def _fault(self, state: _State, found: Diagnosis, until: date) -> None:
        """Report broken data once; what does not become normal by itself is answered when other things do, see `LASTING_DAYS`."""
        if state.status != found.status:
            state.alerts.append(Alert(day=until, status=found.status, reason=found.reasons[0]))
        state.status = found.status
        state.faulty_since = state.faulty_since or until
        if found.status == "data fault" and (until - state.faulty_since).days >= LASTING_DAYS:
            self._promote(state, live=until, cut=until - self.schedule.delay, how="new normal")
            state.faulty_since = None

    def _promote(self, state: _State, *, live: date, cut: date, how: How) -> None:
        if cut <= state.cut or not all(self.table.know([cut])):
            return
        state.card, state.cut, state.refused = self.table.card(state.card.version + 1, cut), cut, None
        state.promotions.append(Promotion(live=live, cut=cut, how=how))

    def _verdict(self, state: _State, until: date) -> Verdict:
        """Ask the gate about the steps that it judges when data ends at `until`."""
        params = at(self.params, until, standing_until=state.approval.until if state.approval else None)
        scored = self.table.scored(state.cut, until, seeds=1 if state.approval else refits.SEEDS)
        judged, faulty = judged_rows(params, scored, self.stream.faulty(state.card, scored, until))
        findings = [finding.text for finding in self.stream.findings(state.card, until)]
        return gate.verdict(params, state.card, judged, faulty=faulty, findings=findings)

    def _evidence(self, state: _State, until: date, *, seeds: int = 1) -> Evidence:
        params = at(self.params, until)
        scored = self.table.scored(state.cut, until, seeds=seeds)
        return gather(params, state.card, scored, self.stream.faulty(state.card, scored, until))

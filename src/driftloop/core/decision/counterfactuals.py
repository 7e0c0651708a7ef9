"""What would have changed an answer: the smallest change of one number of the evidence with which the same rules say something else.

Nothing here knows a rule or a threshold: the diagnosis and the gate are asked again with one number changed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from driftloop.core.decision.diagnosis import diagnose
from driftloop.core.decision.evidence import Evidence
from driftloop.core.decision.policy import Settings
from driftloop.core.intervals import Interval
from driftloop.core.judging import comparing, gate
from driftloop.core.judging.refits import Waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from driftloop.core.decision.diagnosis import Diagnosis
    from driftloop.core.decision.values import Decision
    from driftloop.core.judging.verdict import Verdict

CELLS = 64  # a number is looked at in so many places on either side before the place of a flip is bisected
HALVINGS = 50
DIGITS = 9  # a threshold of 8 is found as 7.999999999…
MOST = 10  # times what is usual: no number is looked for beyond


@dataclass(frozen=True)
class Flip:
    """A change of the evidence with which the answer is another one.

    Attributes
    ----------
    name
        What changes: a number (`waiting`, `error`, `drift`, `age`, `gain`, `low`), or what falls away (`findings`, `refusal`,
        `alarms`, `faults`, `segments`).
    answer
        The other answer: a status, or an outcome of the gate.
    now, then
        The number as it was, and where the answer changes; None for what falls away.
    reached
        Whether the answer is the other one at `then` itself, or only beyond.
    change
        Size of the change as a share of the number, or of what it is measured by where the number is 0.
    without
        What else has to fall away; empty if nothing.
    """

    name: str
    answer: str
    now: float | None = None
    then: float | None = None
    reached: bool = True
    change: float = float("inf")
    without: str = ""


class Number(NamedTuple):
    """A number of some evidence.

    Attributes
    ----------
    now, least, most
        Its value, and the sane ones.
    scale
        What a change is measured by where the value is 0.
    given
        Returns the evidence with another value.
    """

    now: float
    least: float
    most: float
    scale: float
    given: Callable[[float], Known | Judged]


@dataclass(frozen=True)
class Known:
    """All that a diagnosis was made from, as a decision keeps it."""

    evidence: Evidence
    decision: Decision
    settings: Settings

    @classmethod
    def of(cls, decision: Decision) -> Known:
        """Put the evidence together again; rows are not kept, and no rule of the diagnosis looks at them."""
        waiting = decision.waiting_days
        # Older decisions say only whether error was up.
        up = Interval(estimate=0, low=1.0 if decision.error_up else None, high=None, level=0)
        evidence = Evidence(
            until=decision.until,
            trained_until=decision.trained_until or (decision.until if decision.version else None),
            sound=pd.DataFrame(),
            judged=pd.DataFrame(),
            error=decision.error,
            normal_error=decision.normal_error,
            rise=decision.rise or up,
            with_faults=decision.with_faults,
            waiting=None if waiting is None else Waiting(waiting, decision.since, 0.0, ()),
            recent_gain=decision.recent_gain,
            refusal=decision.refusal,
            drift=decision.drift,
        )
        return cls(evidence, decision, Settings(decision.alert_at_days, decision.calendar_days or 0))

    @property
    def diagnosis(self) -> Diagnosis:
        """What the rules say of it."""
        given = self.decision
        return diagnose(self.evidence, given.findings, policy=given.policy, settings=self.settings, alarms=given.alarms)

    @property
    def answer(self) -> str:
        """The status."""
        return self.diagnosis.status

    def without(self) -> Mapping[str, Known]:
        """Return what is left where one kind of evidence that there is falls away."""
        empty = {"findings": (), "alarms": ()}
        there = {name: self._told(**{name: none}) for name, none in empty.items() if getattr(self.decision, name)}
        return there | ({"refusal": self._with(refusal=None)} if self.evidence.refusal else {})

    def numbers(self) -> Mapping[str, Number]:
        """Return the numbers that were measured."""
        evidence, settings = self.evidence, self.settings
        found = {}
        if (waiting := evidence.waiting) is not None:
            most = MOST * max(settings.alert_at_days, waiting.days)
            found["waiting"] = Number(waiting.days, 0, most, settings.alert_at_days, self._with_waiting)
        if (error := evidence.error) is not None and (normal := evidence.normal_error) and self.decision.rise:
            found["error"] = Number(error.estimate, 0, MOST * max(error.estimate, normal), normal, self._with_error)
        if (share := evidence.drift.share) is not None:
            found["drift"] = Number(share, 0, 1, 1, self._with_drift)
        if (trained := self.decision.trained_until) is not None and settings.calendar_days:
            age = (evidence.until - trained).days
            most = MOST * max(settings.calendar_days, age)
            found["age"] = Number(age, 0, most, settings.calendar_days, self._with_age)
        return found

    def _with(self, **changes: object) -> Known:
        return replace(self, evidence=replace(self.evidence, **changes))  # type: ignore[arg-type]

    def _told(self, **changes: object) -> Known:
        return replace(self, decision=self.decision.model_copy(update=changes))

    def _with_waiting(self, days: float) -> Known:
        return self._with(waiting=replace(self.evidence.waiting, days=days) if self.evidence.waiting else None)

    def _with_error(self, estimate: float) -> Known:
        """Move the error, as certain as it was, and with it what it exceeds."""
        error, rise = self.evidence.error, self.evidence.rise
        by = estimate - error.estimate if error else 0.0
        return self._with(error=_moved(error, by), rise=_moved(rise, by))

    def _with_drift(self, share: float) -> Known:
        return self._with(drift=self.evidence.drift.model_copy(update={"share": share}))

    def _with_age(self, days: float) -> Known:
        return self._with(trained_until=self.evidence.until - timedelta(days=int(days)))


@dataclass(frozen=True)
class Judged:
    """What the gate measured; `standing` is whether an approval is in force."""

    verdict: Verdict
    gain: Interval
    needed: float
    standing: bool

    @property
    def answer(self) -> str:
        """The outcome."""
        weighed = comparing.weigh(self.gain, self.needed, self.verdict.segments, standing=self.standing)
        return gate.vetoed(self.verdict.model_copy(update={"outcome": weighed.outcome}), self.verdict.faults).outcome

    def without(self) -> Mapping[str, Judged]:
        """Return what is left where faults or the objections of segments fall away."""
        parts = self.verdict.segments
        found = {"faults": self._told(faults=())} if self.verdict.faults else {}
        if any(part.blocks for part in parts):
            calm = tuple(part.model_copy(update={"blocks": False}) for part in parts)
            found["segments"] = self._told(segments=calm)
        return found

    def numbers(self) -> Mapping[str, Number]:
        """Return the gain, and how certain it is."""
        estimate, low, needed = self.gain.estimate, self.gain.low, self.needed
        found = {"gain": Number(estimate, -1, 1, needed, lambda share: self._gain(_moved(self.gain, share - estimate)))}
        if low is not None:
            certain = Number(
                low, -1, estimate, needed, lambda end: self._gain(self.gain.model_copy(update={"low": end}))
            )
            found["low"] = certain
        return found

    def _told(self, **changes: object) -> Judged:
        return replace(self, verdict=self.verdict.model_copy(update=changes))

    def _gain(self, gain: Interval | None) -> Judged:
        return replace(self, gain=gain) if gain else self


def of_decision(decision: Decision) -> tuple[Flip, ...]:
    """List what would have led to another status, the smallest change first; what has no size comes last.

    A number changes while all others stay. Where no single change leads anywhere, one number may change together with what
    falls away: waiting that costs more asks for a retraining only if the gate would not refuse it.
    """
    return _flips(Known.of(decision))


def of_verdict(verdict: Verdict, *, standing: bool) -> tuple[Flip, ...]:
    """List what would have led to another outcome of the gate, as `of_decision` does; nothing where it did not compare.

    Parameters
    ----------
    verdict
        The gate's.
    standing
        Whether an approval is in force.
    """
    if verdict.gain is None or verdict.needed is None or verdict.outcome not in ("promote", "keep production"):
        return ()
    return _flips(Judged(verdict, verdict.gain, verdict.needed, standing))


def _flips(known: Known | Judged) -> tuple[Flip, ...]:
    answer, rest = known.answer, known.without()
    found = [*_of_numbers(known, answer)]
    found += [Flip(name, other.answer) for name, other in rest.items() if other.answer != answer]
    single = {flip.answer for flip in found}
    for name, other in rest.items():
        if other.answer == answer:
            both = _of_numbers(other, answer)
            found += [replace(flip, without=name) for flip in both if flip.answer not in single]
    return tuple(sorted(found, key=lambda flip: (bool(flip.without), flip.change)))


def _of_numbers(known: Known | Judged, answer: str) -> Iterator[Flip]:
    for name, number in known.numbers().items():
        for end in (number.least, number.most):
            if flip := _nearest(name, number, end, answer):
                yield flip


def _nearest(name: str, number: Number, end: float, answer: str) -> Flip | None:
    """Find where the answer changes first between a number's value and an end of its range."""
    places = [number.now + (end - number.now) * cell / CELLS for cell in range(CELLS + 1)]
    cell = next((pair for pair in pairwise(places) if number.given(pair[1]).answer != answer), None)
    if cell is None:
        return None
    same, other = cell
    for _ in range(HALVINGS):
        middle = (same + other) / 2
        same, other = (middle, other) if number.given(middle).answer == answer else (same, middle)
    then = round(other, DIGITS) + 0.0  # and never -0
    return Flip(
        name=name,
        answer=number.given(other).answer,
        now=number.now,
        then=then,
        reached=number.given(then).answer != answer,
        change=abs(then - number.now) / (abs(number.now) or number.scale or 1.0),
    )


def _moved(interval: Interval | None, by: float) -> Interval | None:
    if interval is None:
        return None
    low, high = (None if end is None else end + by for end in (interval.low, interval.high))
    return interval.model_copy(update={"estimate": interval.estimate + by, "low": low, "high": high})

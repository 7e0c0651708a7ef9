"""What would have changed an answer: found by asking the rules themselves, and proved by asking them again."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from decisions import make_decision, make_finding

from driftloop.core.decision import counterfactuals
from driftloop.core.decision.counterfactuals import Flip, Known
from driftloop.core.decision.values import Drift
from driftloop.core.intervals import Interval
from driftloop.core.judging.verdict import Segment, Verdict

if TYPE_CHECKING:
    from driftloop.core.decision.values import Decision

SCARCE = make_finding(text="3 of 168 usual rows").model_copy(update={"kind": "too few"})
BLOCKING = Segment(column="hour", value="8", rows=40, production=1, refit=1.2, gain=-0.2, blocks=True)


def decided(status: str = "healthy", **over: Any) -> Decision:
    """An error of 33 where 30 is normal: it exceeds 1.1 times normal by 0, and counts as up where that is certain."""
    given = {
        "error": Interval(estimate=33, low=30, high=36, level=0.9),
        "normal_error": 30,
        "error_up": False,
        "rise": Interval(estimate=0, low=-4, high=4, level=0.994),
        "waiting_days": 6.4,
        "trained_until": date(2025, 1, 14),
        "calendar_days": 91,
    }
    return make_decision(status, **(given | over))


def judged(low: float = -0.003, **over: Any) -> Verdict:
    gain = Interval(estimate=0.02, low=low, high=0.05, level=0.9)
    return Verdict(**({"outcome": "keep production", "reasons": (), "gain": gain, "needed": 0.01, "rows": 672} | over))


def told(flips: tuple[Flip, ...]) -> list[tuple[str, float | None, bool, str, str]]:
    return [(flip.name, flip.then, flip.reached, flip.answer, flip.without) for flip in flips]


@pytest.mark.parametrize(
    ("decision", "flips"),
    [
        (decided(), [("error", 37, False, "degraded", ""), ("waiting", 8, True, "outdated", "")]),
        (decided("outdated", waiting_days=9.0), [("waiting", 8, False, "healthy", "")]),
        (
            decided("degraded", error_up=True, rise=Interval(estimate=5, low=1, high=9, level=0.994)),
            [("error", 32, True, "healthy", ""), ("waiting", 8, True, "outdated", "")],
        ),
        (
            decided("data fault", findings=(make_finding(),), waiting_days=9.0),
            [("findings", None, True, "outdated", "")],
        ),
        (decided("insufficient data", findings=(SCARCE,)), [("findings", None, True, "healthy", "")]),
        (decided(waiting_days=9.0, refusal="too little"), [("error", 37, False, "degraded", ""), ("refusal", None, True, "outdated", "")]),
        (
            decided(refusal="too little"),
            [("error", 37, False, "degraded", ""), ("waiting", 8, True, "outdated", "refusal")],
        ),
        (decided(policy="calendar"), [("age", 91, True, "outdated", ""), ("error", 37, False, "degraded", "")]),
        (
            decided(policy="evidently", drift=Drift(share=0.45, drifted=4, columns=9)),
            [("drift", 0.5, True, "outdated", ""), ("error", 37, False, "degraded", "")],
        ),
        (decided("no production", version=0, trained_until=None, error=None, waiting_days=None), []),
    ],
)  # fmt: skip
def test_of_decision__finds_where_the_rules_say_something_else_the_smallest_change_first(
    decision: Decision, flips: list[tuple[str, float | None, bool, str, str]]
) -> None:
    assert Known.of(decision).answer == decision.status
    assert told(counterfactuals.of_decision(decision)) == flips


def test_of_decision__changes_the_answer_there_and_not_a_little_before() -> None:
    known = Known.of(decided())
    for flip in counterfactuals.of_decision(decided()):
        number = known.numbers()[flip.name]
        assert flip.then is not None
        before, beyond = (number.now + (flip.then - number.now) * share for share in (0.9999, 1.0001))
        assert (number.given(before).answer, number.given(beyond).answer) == ("healthy", flip.answer)
        assert flip.change == pytest.approx(abs(flip.then - number.now) / number.now)


def test_of_decision__of_a_version_that_kept_less_knows_the_status_and_leaves_out_the_number() -> None:
    old = decided("degraded", error_up=True, rise=None)
    assert Known.of(old).answer == "degraded"
    assert [flip.name for flip in counterfactuals.of_decision(old)] == ["waiting"]


@pytest.mark.parametrize(
    ("verdict", "standing", "flips"),
    [
        (judged(), False, [("gain", 0.023, False, "promote", ""), ("low", 0.0, False, "promote", "")]),
        (
            judged(0.015, outcome="promote"),
            False,
            [("gain", 0.01, False, "keep production", ""), ("low", 0.0, True, "keep production", "")],
        ),
        (judged(0.01, faults=("x is stuck",)), False, [("faults", None, True, "promote", "")]),
        (judged(0.01, segments=(BLOCKING,)), False, [("segments", None, True, "promote", "")]),
        (judged(outcome="promote"), True, [("gain", -0.1, True, "keep production", "")]),
        (judged(outcome="not enough data", gain=None), False, []),
    ],
)
def test_of_verdict__asks_the_gate_again(
    verdict: Verdict,
    standing: bool,  # noqa: FBT001 pytest gives it by name
    flips: list[tuple[str, float | None, bool, str, str]],
) -> None:
    assert told(counterfactuals.of_verdict(verdict, standing=standing)) == flips

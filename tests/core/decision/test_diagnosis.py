"""The order in which the kinds of evidence speak."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from factories import START

from driftloop.core.alarms.values import Alarm
from driftloop.core.data.finding import Finding
from driftloop.core.decision.diagnosis import Diagnosis, diagnose
from driftloop.core.decision.evidence import Evidence
from driftloop.core.decision.policy import POLICIES, Settings
from driftloop.core.decision.statuses import STATUSES
from driftloop.core.decision.values import Drift
from driftloop.core.intervals import Interval
from driftloop.core.judging.refits import Waiting

if TYPE_CHECKING:
    from driftloop.core.decision.statuses import Status

SCARCE = Finding(rule="too-few-rows", column="", kind="too few", rows=3, of=3, text="3 rows in 7 days")
FAULT = Finding(rule="stuck", column="x", kind="fault", rows=24, of=168, text="x repeats")
NONE = pd.DataFrame()
WITHOUT_PRODUCTION = Evidence(until=START, trained_until=None, sound=NONE, judged=NONE)
UP, NORMAL = 1.5, 0.8  # lower bounds of the error, of 1


def make_evidence(
    *, days: float = 0.0, error: float = NORMAL, age: int = 10, drift: float = 0.0, refusal: str | None = None
) -> Evidence:
    return Evidence(
        error=Interval(estimate=error + 0.1, low=error, high=error + 0.2, level=0.9),
        normal_error=1.0,
        rise=Interval(estimate=error - 1.0, low=error - 1.1, high=error - 0.9, level=0.994),
        waiting=Waiting(days=days, since=START if days else None, saved=0.0, history=()),
        recent_gain=Interval(estimate=0.14, low=0.05, high=0.23, level=0.9),
        refusal=refusal,
        drift=Drift(share=drift),
        trained_until=START,
        sound=NONE,
        judged=NONE,
        until=START + timedelta(days=age),
    )


def diagnosed(
    evidence: Evidence,
    *findings: Finding,
    policy: str = "avoidable_loss",
    alarms: tuple[Alarm, ...] = (),
) -> Diagnosis:
    settings = Settings(alert_at_days=8, calendar_days=91)
    return diagnose(evidence, findings, policy=policy, settings=settings, alarms=alarms)


def make_alarm(**over: Any) -> Alarm:
    given: dict[str, Any] = {
        "kind": "shape", "column": "x", "statistic": "shape", "since": START, "found": START, "until": None,
        "now": 1.9, "usual": 0.0, "years": 10, "number": True, "rows": 168,
    }  # fmt: skip
    return Alarm.model_validate(given | over)


@pytest.mark.parametrize(
    ("evidence", "findings", "status", "first"),
    [
        (WITHOUT_PRODUCTION, [SCARCE, FAULT], "no production", "there is no production model yet"),
        (WITHOUT_PRODUCTION, [], "no production", "there is no production model yet"),
        (make_evidence(days=20, error=UP), [FAULT, SCARCE], "insufficient data", SCARCE.text),
        (make_evidence(days=20, error=UP), [FAULT], "data fault", FAULT.text),
        (make_evidence(days=20, error=UP), [], "outdated", "keeping production has cost 20.0 normal days"),
        (make_evidence(days=20, error=NORMAL), [], "outdated", "keeping production has cost 20.0 normal days"),
        (make_evidence(days=7.9, error=UP), [], "degraded", "error is 60 % above normal"),
        (make_evidence(days=7.9, error=NORMAL), [], "healthy", "waiting has cost 7.9 normal days of error"),
        (make_evidence(days=9, error=UP, refusal="not certain"), [], "degraded", "error is 60 % above normal"),
        (
            make_evidence(days=9, refusal="not certain"),
            [],
            "healthy",
            "waiting has cost 9.0 normal days of error (alert",
        ),
    ],
)
def test_diagnose__order(evidence: Evidence, findings: list[Finding], status: Status, first: str) -> None:
    found = diagnosed(evidence, *findings)
    assert found.status == status
    assert found.reasons[0].startswith(first)


@pytest.mark.parametrize(
    ("policy", "evidence", "status"),
    [
        ("avoidable_loss", make_evidence(error=UP, age=100, drift=1.0), "degraded"),
        ("loss", make_evidence(error=UP), "outdated"),
        ("loss", make_evidence(days=20), "healthy"),
        ("evidently", make_evidence(drift=0.5), "outdated"),
        ("evidently", make_evidence(days=20, error=UP, age=100), "degraded"),
        ("calendar", make_evidence(age=91), "outdated"),
        ("calendar", make_evidence(days=20, age=90), "healthy"),
    ],
)
def test_diagnose__each_policy_looks_at_its_own(policy: str, evidence: Evidence, status: Status) -> None:
    assert diagnosed(evidence, policy=policy).status == status


@pytest.mark.parametrize(
    ("evidence", "status"),
    [
        (make_evidence(), "watch"),
        (make_evidence(days=20), "outdated"),
        (make_evidence(error=UP), "degraded"),
    ],
)
def test_diagnose__inputs_that_moved_hide_no_evidence_on_losses(evidence: Evidence, status: Status) -> None:
    assert diagnosed(evidence, alarms=(make_alarm(),)).status == status
    assert diagnosed(evidence, make_alarm().harmful, alarms=(make_alarm(),)).status == "data fault"


def test_diagnose__watch_says_what_moved_and_since_when() -> None:
    found = diagnosed(make_evidence(days=1), alarms=(make_alarm(),))
    assert found.since == START
    assert found.reasons == (
        (
            "x lies 1.9 standard deviations from where it was, since 6 Jan 2025; a week like that was expected less than "
            "once in 10 years"
        ),
        "waiting has cost 1.0 normal days of error",
    )
    assert not STATUSES["watch"].alerts


def test_diagnose__a_data_alarm_on_a_fault_says_it_in_plain_words() -> None:
    alarm = make_alarm(kind="fault", statistic="null", now=0.12, usual=0.004, years=1.0)
    found = diagnosed(make_evidence(days=20), alarm.finding, alarms=(alarm,))
    assert (found.status, found.since) == ("data fault", START)
    assert found.reasons == (
        (
            "x is missing in 12 % of the rows, usual are 0 %, since 6 Jan 2025; a week like that was expected less than "
            "once a year"
        ),
    )


@pytest.mark.parametrize("policy", POLICIES)
def test_diagnose__a_fault_silences_every_policy(policy: str) -> None:
    evidence = make_evidence(days=20, error=UP, age=100, drift=1.0)
    assert diagnosed(evidence, policy=policy).status == "outdated"
    assert diagnosed(evidence, FAULT, policy=policy).status == "data fault"


def test_diagnose__names_all_faults() -> None:
    other = FAULT.model_copy(update={"text": "x is infinite"})
    assert diagnosed(make_evidence(), FAULT, other).reasons == (FAULT.text, other.text)
    assert diagnosed(make_evidence(), FAULT, SCARCE).reasons == (SCARCE.text, FAULT.text)


def test_diagnose__outdated_says_since_when_and_what_it_would_have_saved() -> None:
    found = diagnosed(make_evidence(days=20))
    assert found.since == START
    assert (
        found.reasons[1] == "refitted at each step it would have made 14.0 % less error (90 % interval 5.0 to 23.0 %)"
    )
    assert diagnosed(make_evidence(days=20, age=91), policy="calendar").since is None


def test_diagnose__nothing_measured_is_healthy() -> None:
    unknown = Evidence(trained_until=START, until=START, sound=NONE, judged=NONE)
    assert diagnosed(unknown).status == "healthy"
    assert diagnosed(unknown).reasons == ("no labels yet that production has not seen",)

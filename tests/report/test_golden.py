"""Every text as a whole, in a file to read and review: `pytest tests/report/test_golden.py --rewrite-golden` writes them.

The situations are made up, and each is told in all the texts that would tell it.
"""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from comparisons import make_comparison
from decisions import make_decision, make_finding
from facts import NOW, make_clock, make_facts, make_hosted
from proposals import make_card, make_proposal, make_verdict
from rich.console import Console
from sites import BUILT, make_compared, make_overview

from driftloop import publication
from driftloop.acceptance import wording as accepting
from driftloop.alerting import wording
from driftloop.alerting.wording import Links
from driftloop.backtest import telling
from driftloop.backtest.retelling import too_short
from driftloop.comparison.wording import Difference, text
from driftloop.core.alarms.values import Alarm
from driftloop.core.backtest import told
from driftloop.core.backtest.results import Retelling
from driftloop.core.backtest.schedule import ShortHistoryError
from driftloop.core.decision.acceptance import Acceptance, Row
from driftloop.core.decision.approval import Approval, End
from driftloop.core.decision.statuses import STATUSES
from driftloop.core.decision.values import Blame, BlamedInput, BlamedSegment, Inputs, Pattern, WithFaults
from driftloop.core.intervals import Interval
from driftloop.core.judging import gate
from driftloop.core.judging.verdict import Report
from driftloop.core.overview.values import Segment
from driftloop.core.windows import Window
from driftloop.doctor.checks import examine
from driftloop.doctor.facts import Schedule, Unread
from driftloop.github.values import Repository
from driftloop.params.data import Accepted
from driftloop.report import examination, headline, release_notes
from driftloop.report import versions as lives
from driftloop.report.dashboard import page
from driftloop.report.dashboard.backtest import Results
from driftloop.report.dashboard.facts import facts
from driftloop.report.dashboard.versions import Change, Known, versions
from driftloop.report.explanation import explanation
from driftloop.report.screen import screen
from driftloop.retraining.brought import Brought
from driftloop.retraining.wording import answer, merging, pull_request, restoring, standing
from driftloop.watching import failing

if TYPE_CHECKING:
    from collections.abc import Callable

    from driftloop.core.backtest.results import Untold
    from driftloop.core.decision.statuses import Status
    from driftloop.core.decision.values import Decision
    from driftloop.core.overview.values import Overview
    from driftloop.report.examination import Examination
    from driftloop.retraining.wording.proposal import Proposal

PUBLICATIONS: tuple[tuple[publication.Setting, Repository], ...] = (
    ("auto", Repository(private=False, has_pages=True)),
    ("auto", Repository(private=True, has_pages=True)),
    ("auto", Repository(private=False, has_pages=False)),
    ("always", Repository(private=True, has_pages=True)),
    ("never", Repository(private=False, has_pages=True)),
)
APPROVAL = Approval.given("ann", date(2025, 4, 14), 13, 1)
DAYS_OF_BOTH = Window(since=date(2025, 3, 17), until=date(2025, 5, 12))
ENDS: tuple[tuple[End, str, int, Brought | None], ...] = (
    ("time", "healthy", 4, Brought(first=1, versions=2, gain=0.163, days=DAYS_OF_BOTH)),
    ("label", "outdated", 2, Brought(first=1, versions=1, gain=-0.021, days=DAYS_OF_BOTH)),
    ("degraded", "degraded", 1, None),
)
NOT_WORSE = {"standing": True, "gain": Interval(estimate=-0.004, low=-0.013, high=0.006, level=0.9)}
NOT_COMPARED: dict[str, Any] = {
    "standing": True,
    "gain": None,
    "judged": None,
    "rows": 0,
    "segments": (),
    "reasons": (gate.UNCOMPARED,),
}
GOLDEN = Path(__file__).parent / "golden"
LINKS = Links(run="https://github.com/acme/bikes/actions/runs/7", dashboard="https://acme.github.io", commit="c" * 40)
NOTHING: dict[str, Any] = dict.fromkeys(
    ("judged", "error", "normal_error", "refit_error", "waiting_days", "recent_gain")
)
UNMEASURED: dict[str, Any] = {**NOTHING, "version": 2, "normal_error": 70.6, "rows": 0}
UNSEEN = ("no labels yet that production has not seen",)
UNSOUND = ("all newest labels that production has not seen are of days with faulty data",)
HIGH = Interval(estimate=90.5, low=80, high=101, level=0.9)
FAULTY = WithFaults(error=HIGH, judged=Window(since=date(2025, 3, 10), until=date(2025, 4, 7)), rows=672, steps=4)
FEW = Interval(estimate=0.02, low=-0.01, high=0.05, level=0.9)
MOVED = Alarm(kind="shape", column="temp", statistic="shape", since=date(2025, 4, 1), found=date(2025, 4, 8), until=None,
              now=1.4, usual=0.0, years=2.0, number=True, rows=168)  # fmt: skip
BLAME = Blame(
    since=date(2025, 3, 3),
    inputs=(
        BlamedInput(name="a_b", since=date(2025, 3, 4), level=2.31, importance=0.4, place=2),
        BlamedInput(name="temp", since=date(2025, 2, 28), level=1.2, importance=0.05, place=4),
    ),
    segments=(BlamedSegment(name="workingday = 1", share=0.84, usual=0.62, since=date(2025, 3, 3)),),
)
RUNS = "https://github.com/acme/bikes/actions/runs/"
FAILED = [
    failing.Run(failed=True, time=datetime(2025, 4, day, 5, 31, tzinfo=UTC), job="measure", url=f"{RUNS}{day}")
    for day in (3, 4, 5)
]
UNSEEN_BY_MONITOR = make_hosted(may_propose=Unread("needs a token of somebody who administers the repository"))
ILL: dict[str, Any] = {
    "columns": ("humidity is missing",),
    "clock": make_clock(until=NOW + timedelta(days=3)),
    "pipeline": "stage refit would run",
    "changed": ("params.yaml", "src/features.py"),
    "hosted": make_hosted(
        {"has_issues": False, "has_pages": False, "fork": True},
        may_propose=False,
        labels=frozenset({"model-alert"}),
        schedule=Schedule("disabled_inactivity"),
        branch_protected=Unread("needs `contents: read`"),
    ),
}
DAYS = "day,date,production,refit\n" + "".join(f"{n + 1},2025-03-{10 + n},{80 + n}.5,{70 + n}.25\n" for n in range(5))
REFUSED: dict[str, Any] = {"outcome": "keep production", "gain": FEW,
                           "reasons": ("2.0 % less error is not certain enough; the lower end must exceed 1.0 %",)}  # fmt: skip
FAULT = "temperature lies far outside its range in 94 of 168 rows (a change of unit?)"
MORE = ("humidity is missing in 12 of 168 rows, at most 0 % before",)

ACCEPTANCE = Acceptance(
    entries=tuple(Accepted(column=name, since=date(2025, 4, 7)) for name in ("unit", "temperature", "humidity")),
    rows=(
        Row("unit", "new-category", date(2025, 4, 7), "'A', 'B', 'C'", "also 'F'", "40 of 168"),
        Row("temperature", "out-of-range", date(2025, 4, 7), "-8 to 36.2", "also 41 to 95.4", "94 of 168"),
        Row("humidity", "unusual-null", date(2025, 4, 2), "as before 2 Apr 2025: 0.0 %", "as since 2 Apr 2025: 12.0 %", "20 of 168"),
    ),
    left=("windspeed is not a number in 9 of 168 rows, such as '0,9811'",),
)  # fmt: skip
DECISIONS: dict[str, Decision] = {
    "outdated": make_decision(
        simulated=True,
        waiting_error=9_040.0,
        pattern=Pattern(bias=-54.2, worst="workingday = 1", worst_error=100.99),
        inputs=Inputs(shifted=("temp", "a_b"), columns=9),
        comparable_from=date(2025, 5, 5),
        blame=BLAME,
    ),
    "outdated-wholly": make_decision(refit_error=31.5, unit="", metric="log_loss", step_days=5),
    "outdated-normal": make_decision(error=Interval(estimate=32, low=29, high=35, level=0.9), refit_error=27.1),
    "outdated-calendar": make_decision(
        policy="calendar",
        reasons=("95 days since production's last label",),
        recent_gain=Interval(estimate=-0.05, low=-0.08, high=-0.02, level=0.9),
        refit_error=88.9,
    ),
    "outdated-unlabelled": make_decision(
        **{"policy": "calendar", "reasons": ("95 days since production's last label",), **NOTHING}
    ),
    "degraded": make_decision(
        "degraded",
        recent_gain=FEW,
        refit_error=82.9,
        refusal="2.0 % less error is not certain enough",
        blame=BLAME.model_copy(update={"inputs": ()}),
    ),
    "data-fault": make_decision(
        "data fault",
        findings=[make_finding("temperature", FAULT), make_finding("humidity", MORE[0])],
        reasons=(FAULT, *MORE),
    ),
    "data-fault-measured": make_decision(
        "data fault",
        error=Interval(estimate=31.0, low=29.0, high=33.0, level=0.9),
        error_up=False,
        with_faults=FAULTY.model_copy(update={"steps": 1}),
    ),
    "data-fault-alone": make_decision(
        "data fault", error=Interval(estimate=31.0, low=29.0, high=33.0, level=0.9), error_up=False
    ),
    "insufficient-data": make_decision("insufficient data", **NOTHING),
    "insufficient-data-measured": make_decision(
        "insufficient data", findings=[make_finding(text="12 of 168 usual rows")]
    ),
    "healthy": make_decision(
        "healthy",
        error=Interval(estimate=32, low=29, high=35, level=0.9),
        refit_error=31.5,
        recent_gain=FEW,
        waiting_days=1.0,
    ),
    "healthy-unmeasured": make_decision("healthy", reasons=UNSEEN, **UNMEASURED),
    "healthy-after-faults": make_decision("healthy", reasons=UNSOUND, **UNMEASURED, with_faults=FAULTY),
    "watch": make_decision(
        "watch", reasons=(MOVED.text,), alarms=(MOVED,), inputs=Inputs(shifted=("temp",), columns=9)
    ),
    "watch-unmeasured": make_decision("watch", reasons=(MOVED.text, *UNSEEN), alarms=(MOVED,), **UNMEASURED),
    "no-production": make_decision("no production", **{**NOTHING, "version": 0, "rows": 0}),
}
SEGMENTS = [
    Segment(column="workingday", value="1", rows=480, production=96.1, refit=82.0, normal=30.2, share=0.84, usual=0.62),
    Segment(column="workingday", value="0", rows=192, production=52.4, refit=50.0, normal=33.0, share=0.16, usual=0.38),
]
CARDS = {"before": make_card(1, normal_error={"mae": 31.08}), "after": make_card(2, normal_error={"mae": 58.7})}
METRICS = (
    Difference("metrics/production.json", "mae", 84.62, 70.63),
    Difference("metrics/production.json", "version", 1, 2),
    Difference("metrics/monitor.json", "rows", 672, 0),
    Difference("metrics/monitor.json", "alert", 1, 0),
    Difference("metrics/monitor.json", "measured_error", 84.62, None),
    Difference("metrics/evaluate.json", "promote", 1, 0),
    Difference("metrics/evaluate.json", "gain", 0.124, None),
    Difference("metrics/evaluate.json", "refit.mae", 70.6, None),
    Difference("metrics/data.json", "rows", 9482, 9482),
    Difference("metrics/own.json", "cost", None, 12.5),
)

KEPT: dict[str, Any] = {"rise": Interval(estimate=-2.2, low=-5.1, high=0.7, level=0.994), "trained_until": date(2025, 1, 6),
                        "calendar_days": 91, "error_up": False}  # fmt: skip
RISEN: dict[str, Any] = {**KEPT, "rise": Interval(estimate=50.4, low=41.0, high=59.8, level=0.994), "error_up": True}


def proposal(**over: Any) -> Proposal:
    verdict = make_verdict(**over.pop("verdict", {}))
    made = make_proposal(verdict, days=DAYS, run_url=LINKS.run, dashboard=LINKS.dashboard, **CARDS)
    figures = {"production": {**made.report.production, "mape": 0.362}, "refit": {**made.report.refit, "mape": 0.3}}
    return replace(made, report=made.report.model_copy(update=figures), **over)


def not_compared() -> Proposal:
    found = proposal(verdict=NOT_COMPARED)
    return replace(
        found, approval=APPROVAL, days="", report=found.report.model_copy(update={"production": {}, "refit": {}})
    )


def refused(**verdict: Any) -> Proposal:
    return proposal(verdict=REFUSED | verdict, after=None)


def faulty(fault: str = FAULT) -> Proposal:
    reasons = (f"the data is faulty: {fault}", *REFUSED["reasons"])
    return refused(reasons=reasons, faults=(fault, *MORE))


def report(outcome: str = "promote", **over: Any) -> Report:
    given = {"production": 84.62, "refit": 76.31, "outcome": outcome, "rows": 1672} | over
    made = {"production_version": 1, "candidate_sha256": "a" * 64, "until": date(2025, 4, 14), "rule": {}}
    return Report.model_validate({"verdict": make_verdict(**given), **made})


def explained(decision: Decision, found: Report | None) -> str:
    return explanation(decision, found, standing=False, source="monitor-7-1 · 14 Apr 2025 · commit cccccccccccc")


def titled(title: str, body: str) -> str:
    return f"# {title}\n\n{body}"


def retold(**over: Any) -> Retelling:
    """Eight months with an alert of each kind, and each way in which one ends."""
    saved = {
        "window": {"since": "2024-09-26", "until": "2025-01-20"},
        "rows": 2784,
        "error": 41.3,
        "error_before": 43.7,
    }
    worse = saved | {"window": {"since": "2025-01-20", "until": "2025-03-31"}, "error": 44.9, "error_before": 43.7}
    second = {"version": 2, "live": "2024-09-26", "asked": True, "saved": saved}
    third = {"version": 3, "live": "2025-01-20", "asked": False, "saved": worse}
    fourth = {"version": 4, "live": "2025-03-31", "asked": True, "saved": None}
    alerts = [
        told_of("2024-09-02", "degraded", ending="next alert", ended="2024-09-23"),
        told_of("2024-09-23", "outdated", "2024-09-26", "promote", [second], ending="promoted", ended="2024-09-26"),
        told_of("2024-11-04", "insufficient data", ending="recovered", ended="2024-11-18"),
        told_of("2024-12-23", "data fault", versions=[third], ending="promoted", ended="2025-01-20"),
        told_of("2025-02-17", "outdated", "2025-02-20", "keep production", ending="next alert", ended="2025-03-24"),
        told_of("2025-03-24", "outdated", "2025-03-31", "promote", [fourth], ending="promoted", ended="2025-03-31"),
        told_of("2025-04-07", "outdated", ending="open"),
    ]  # fmt: skip
    given = {
        "model": "bikes", "simulated": False, "metric": "mae", "unit": "rentals/hour", "step_days": 7, "told": alerts,
        "window": {"since": "2024-08-05", "until": "2025-03-31"}, "questions": 4, "versions": 3, "error": 43.1,
        "below_never": 0.023, "above_always": 0.045, "changes": True,
        "recommendation": {"monitor": {"policy": "avoidable_loss", "alert_at_days": 4.0},
                           "reason": "the smallest error for at most 6 alerts a year: mean error 42.9 rentals/hour"},
    }  # fmt: skip
    return Retelling.model_validate(given | over)


def told_of(day: str, status: Status, answered: str | None = None, outcome: str | None = None, versions: Any = (), *,
            ending: str, ended: str | None = None) -> dict[str, Any]:  # fmt: skip
    words = told.headline(status, "avoidable_loss")
    return {"day": day, "status": status, "headline": words, "answered": answered, "outcome": outcome, "versions": versions,
            "ending": ending, "ended": ended}  # fmt: skip


EXPLAINED: dict[str, tuple[Decision, Report | None]] = {
    "outdated": (
        DECISIONS["outdated"].model_copy(update=RISEN),
        report(gain=FEW.model_copy(update={"low": 0.004}), needed=0.01),
    ),
    "healthy": (DECISIONS["healthy"].model_copy(update=KEPT), None),
    "held-back": (
        DECISIONS["degraded"].model_copy(update={**RISEN, "waiting_days": 6.4}),
        report(**REFUSED, needed=0.01),
    ),
    "data-fault": (DECISIONS["data-fault"].model_copy(update=RISEN), faulty().report),
    "older": (DECISIONS["degraded"].model_copy(update={"status": "watch"}), None),
    "no-production": (DECISIONS["no-production"], None),
}


def shown(found: Retelling | Untold) -> str:
    out = io.StringIO()
    telling.show(found, Console(file=out, width=120))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


TOO_FEW: dict[str, Any] = {
    "outcome": "not enough data", "rows": 64,
    "reasons": ("64 labelled rows to compare on, 200 are needed (evaluate.min_rows)",),
}  # fmt: skip


def back(**over: Any) -> Proposal:
    """Version 2 comes back after version 4, which was better."""
    worse = {"outcome": "keep production", "gain": Interval(estimate=-0.103, low=-0.2, high=-0.031, level=0.9)}
    before = make_card(4, normal_error={"mae": 31.2}, trained=Window(since=date(2024, 1, 1), until=date(2025, 4, 7)))
    after = make_card(5, restores=2, sha256="ef" * 32, normal_error={"mae": 33.4},
                      trained=Window(since=date(2024, 1, 1), until=date(2025, 2, 3)))  # fmt: skip
    found = proposal(verdict={"fresh": False, "segments": (), **worse, **over}, before=before, after=after)
    swapped = {"production": found.report.refit, "refit": found.report.production}
    report = found.report.model_copy(update=swapped)
    return replace(found, report=report, issue=0, branch="rollback/v2", faults=("holiday is empty in 7 of 7 days",))


def lives_shown(width: int) -> str:
    """Three versions, the last of which is the first one again."""
    trained = Window(since=date(2023, 12, 30), until=date(2025, 4, 7)).model_dump(mode="json")
    verdict = make_verdict().model_dump(mode="json")
    cards = (
        make_card(1, normal_error={"mae": 58.71}),
        make_card(2, sha256="b" * 64, normal_error={"mae": 31.2}, verdict=verdict, trained=trained),
        make_card(3, normal_error={"mae": 58.71}, restores=1, verdict=verdict | {"gain": back().report.verdict.gain}),
    )
    changes = [
        Change(
            f"{place:040x}", BUILT + timedelta(days=100 * place), Known.of(card.model_dump(mode="json")),
            pull=13 * place, issue=12 if card.version == 2 else 0, by="Annabella Longname-Smith", merge=True,
        )
        for place, card in enumerate(cards)
    ]  # fmt: skip
    console = Console(width=width, file=io.StringIO(), highlight=False)
    now = BUILT + timedelta(days=301)
    console.print(lives.table(versions([], changes), console, now=now, metric="mae", unit="rentals/hour"))
    return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())  # type: ignore[attr-defined]


TEXTS: dict[str, Callable[[], str]] = {
    **{f"screen-{name}.txt": lambda made=made: screen(made, None) for name, made in DECISIONS.items()},  # type: ignore[misc]
    "screen-promote.txt": lambda: screen(DECISIONS["outdated"], report()),
    "screen-keep-production.txt": lambda: screen(DECISIONS["data-fault"], faulty().report),
    "screen-on-actions.txt": lambda: screen(DECISIONS["outdated"], report(), advise=False),
    **{
        f"alert-{name}.md": lambda made=made: titled(wording.alert_title(made), wording.alert(made, LINKS))  # type: ignore[misc]
        for name, made in DECISIONS.items()
        if made.alert
    },
    "pull-request-new-normal.md": lambda: titled(
        accepting.title("bikes", ACCEPTANCE), accepting.body(ACCEPTANCE, 1, "ann")
    ),
    "new-normal.md": lambda: "\n\n".join(
        [
            accepting.proposed(ACCEPTANCE, 2, "ann"),
            accepting.by_hand(ACCEPTANCE, "https://github.com/acme/bikes/compare/main...x", "ann"),
            accepting.withdrawn(2),
            accepting.forbidden("bob"),
            accepting.nothing(replace(ACCEPTANCE, entries=())),
            accepting.nothing(Acceptance()),
            accepting.UNKNOWN,
            accepting.unwritable("params.yaml: data.accepted: cannot be extended as it is written"),
        ]
    ),
    "accept.txt": lambda: accepting.screen(ACCEPTANCE),
    "snoozed.md": lambda: "\n\n".join(
        [wording.snoozed("ann", date(2025, 4, 21)), wording.not_snoozed("bob"), *map(wording.woken, wording.WOKEN)]
    ),
    **{f"explain-{name}.txt": lambda made=made, found=found: explained(made, found) for name, (made, found) in EXPLAINED.items()},  # type: ignore[misc]
    "alert-without-links.md": lambda: wording.alert(DECISIONS["insufficient-data"], Links()),
    "updates.md": lambda: "\n\n".join(
        [
            wording.changed(DECISIONS["degraded"]),
            wording.joined(DECISIONS["data-fault"].findings),
            wording.grown(DECISIONS["outdated"]),
            wording.worse(DECISIONS["degraded"]),
            wording.double(1),
        ]
    ),
    "recovered.md": lambda: "\n\n".join(
        wording.recovered(DECISIONS[name]) for name in ("healthy", "watch", "healthy-unmeasured", "watch-unmeasured")
    ),
    "summary-monitor.md": lambda: "\n\n".join(
        wording.paragraph(made, "opened [#1](https://github.com/acme/bikes/issues/1)" if made.alert else "did nothing")
        for made in DECISIONS.values()
    ),
    "summary-train.md": lambda: "\n\n".join(answer.verdict(each.report) for each in (proposal(), refused(), faulty())),
    "summary-release.md": lambda: release_notes.summary("bikes v2", "https://github.com/acme/bikes/releases/tag/bikes@v2.0.0"),
    "summary-pages.md": lambda: "\n\n".join(
        publication.decide(setting, lambda seen=seen: seen).why  # type: ignore[misc]
        for setting, seen in PUBLICATIONS
    ),
    "pull-request.md": lambda: titled(pull_request.title(proposal()), pull_request.body(proposal())),
    "pull-request-judged-model.md": lambda: pull_request.body(proposal(verdict={"fresh": False})),
    "pull-request-rollback.md": lambda: "\n\n---\n\n".join(
        titled(restoring.title(each), restoring.body(each)) for each in (back(), back(gain=None, **TOO_FEW))
    ),
    "rollback-by-hand.md": lambda: restoring.by_hand(back(), "https://github.com/acme/bikes/compare/main...x"),
    "versions.txt": lambda: "\n\n".join(lives_shown(width) for width in (100, 60)),
    "pull-request-by-hand.md": lambda: pull_request.lead(proposal()),
    "check-run.md": lambda: f"{pull_request.check_title(proposal())}\n\n{pull_request.check_summary(proposal())}",
    "answer-proposed.md": lambda: answer.proposed(proposal(), 2),
    "answer-by-hand.md": lambda: answer.by_hand(proposal(), "https://github.com/acme/bikes/compare/main...x"),
    "answer-again.md": lambda: answer.again(replace(proposal(), base="b" * 40), "d" * 40),
    "answer-kept-fresh.md": lambda: answer.refusal(replace(refused(), approval=APPROVAL)),
    "kept-fresh.md": lambda: "\n\n".join(standing.given(APPROVAL, merges=merges) for merges in (False, True)),
    "kept-fresh-ended.md": lambda: "\n\n".join(
        standing.ended(APPROVAL, end, DECISIONS[name].model_copy(update={"version": version}), 13, found)
        for end, name, version, found in ENDS
    ),
    "pull-request-kept-fresh.md": lambda: pull_request.body(replace(proposal(verdict=NOT_WORSE), approval=APPROVAL)),
    "pull-request-kept-fresh-not-compared.md": lambda: titled(
        pull_request.title(not_compared()), pull_request.body(not_compared())
    ),
    "pull-request-by-loop.md": lambda: pull_request.body(replace(proposal(), approval=APPROVAL, merges=True)),
    "answer-by-loop.md": lambda: "\n\n".join(
        [
            answer.proposed(replace(proposal(), approval=APPROVAL, merges=True), 2),
            merging.merged(2, 2, APPROVAL),
            merging.refused(2, 'GitHub, acme/bikes, merge of #2: 405 Required status check "tests" is expected.'),
            merging.message("bikes: v1 → v2, 14.7 % less error", APPROVAL),
        ]
    ),
    "answer-not-better.md": lambda: answer.refusal(refused()),
    "answer-fault.md": lambda: answer.refusal(faulty()),
    "answer-fault-in-judged.md": lambda: answer.refusal(faulty("data fault in the judged step from 31 Mar 2025")),
    "answer-not-comparable.md": lambda: answer.refusal(
        proposal(
            verdict={"outcome": "not comparable yet", "comparable_from": date(2025, 5, 5), "judged": None, "segments": (),
                     "reasons": ("production has seen most of these rows; comparable when data reaches 5 May 2025",)},
            after=None,
        )
    ),
    "answer-not-enough-data.md": lambda: answer.refusal(
        proposal(
            verdict={"outcome": "not enough data", "judged": None, "gain": None, "segments": (),
                     "reasons": ("64 labelled rows to compare on, 200 are needed (evaluate.min_rows)",)},
            after=None,
        )
    ),
    "comment-same-data.md": lambda: text(make_comparison(metrics=METRICS)),
    "comment-data-moved.md": lambda: text(make_comparison(metrics=METRICS, moved=True)),
    "comment-on-proposal.md": lambda: text(make_comparison(metrics=METRICS, moved=True), evidence=False),
    "release.md": lambda: release_notes.notes(
        make_card(2, verdict={"outcome": "promote", "reasons": ["14.7 % less error"]}),
        replaced=1,
        subject="Merge pull request #2 from acme/retrain/issue-1",
    ),
    "told.txt": lambda: shown(retold()),
    "told-worse.txt": lambda: shown(retold(unit="[bold]", metric="mse", below_never=-0.012, above_always=-0.001, step_days=1)),
    "told-nothing.txt": lambda: shown(
        retold(told=[], questions=0, versions=0, below_never=0, changes=False, simulated=True)
    ),
    "told-short.txt": lambda: shown(too_short(ShortHistoryError("", missing_days=23))),
    "told-unlabelled.txt": lambda: shown(too_short(ShortHistoryError("backtest: expected rows with labels, got none"))),
    "monitoring-fails.md": lambda: "\n\n".join(
        [titled(failing.title(FAILED), failing.body(FAILED).partition("\n")[2]), failing.over(f"{RUNS}9"), failing.over("")]
    ),
    "doctor-screen.txt": lambda: examined(examine(make_facts(**ILL))),
    "doctor-well.txt": lambda: examined(examine(make_facts())),
    "doctor-summary.md": lambda: "\n\n---\n\n".join(
        examination.markdown(examine(made)) for made in (make_facts(**ILL), make_facts(), make_facts(hosted=UNSEEN_BY_MONITOR))
    ),
    "doctor-page.txt": lambda: dashboard(DECISIONS["healthy"], examination=examine(make_facts(**ILL))),
    "page-headlines.txt": lambda: "\n".join(f"bikes {headline.for_title(made)}" for made in DECISIONS.values()),
    "page-outdated.txt": lambda: dashboard(DECISIONS["outdated"], overview=make_overview(inputs=1, days=21, steps=3)),
    "page-degraded-with-backtest.txt": lambda: dashboard(
        DECISIONS["degraded"],
        overview=make_overview(inputs=1, days=21, steps=3, segments=SEGMENTS),
        results=Results(retold=retold(), compared=make_compared()),
    ),
    "page-healthy-unmeasured.txt": lambda: dashboard(DECISIONS["healthy-unmeasured"]),
    "page-healthy-after-faults.txt": lambda: dashboard(DECISIONS["healthy-after-faults"]),
}  # fmt: skip


def examined(found: Examination) -> str:
    """The screen of `driftloop doctor`."""
    out = io.StringIO()
    examination.show(found, Console(file=out, width=110))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def dashboard(decision: Decision, overview: Overview | None = None, **over: Any) -> str:
    """The words of the page."""
    given: dict[str, Any] = {
        "report": None,
        "card": make_card(1),
        "records": [],
        "built": BUILT,
        "rendered": True,
    } | over
    found = facts(decision, overview=overview, **given)
    told = re.sub(r"<head>.*?</head>|<path[^>]*>|<[^>]+>", " ", page.render(found), flags=re.DOTALL)
    lines = (" ".join(unescape(line).split()) for line in told.splitlines())
    return "\n".join(line for line in lines if line)


@pytest.mark.parametrize("name", TEXTS)
def test_text__is_as_reviewed(name: str, request: pytest.FixtureRequest) -> None:
    file, said = GOLDEN / name, TEXTS[name]().replace("\u200b", "") + "\n"
    if request.config.getoption("--rewrite-golden"):
        file.write_text(said, encoding="utf-8")
    assert said == file.read_text("utf-8")


def test_golden_files__all_belong_to_a_text() -> None:
    assert {file.name for file in GOLDEN.iterdir()} == set(TEXTS)


def test_situations__cover_each_status() -> None:
    assert {made.status for made in DECISIONS.values()} == set(STATUSES)


@pytest.mark.parametrize("name", TEXTS)
def test_text__has_one_form_of_dates_no_placeholder_and_no_promise(name: str) -> None:
    said = (GOLDEN / name).read_text("utf-8")
    commands = (
        "source.until",
        "driftloop refresh --until",
        "driftloop approve --until",
        "snooze until",
    )  # what is pasted or compared stays as it is written there
    prose = "\n".join(line for line in said.splitlines() if not any(command in line for command in commands))
    for wrong in ("2025-", "normal ?", "not there", "would pay", "−100.0 %", "nan", "unknown", "None"):
        assert wrong not in prose

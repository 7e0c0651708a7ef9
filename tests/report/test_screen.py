"""One screen: what each decision and each verdict looks like to a person."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from driftloop.core.data.finding import Finding
from driftloop.core.decision.statuses import STATUSES, Status
from driftloop.core.decision.values import Decision, Drift, Inputs
from driftloop.core.intervals import Interval
from driftloop.core.judging.outcomes import OUTCOMES
from driftloop.core.judging.verdict import Outcome, Report, Verdict
from driftloop.core.windows import Window
from driftloop.report.headline import for_screen
from driftloop.report.screen import screen

JUDGED = Window(since=date(2025, 3, 10), until=date(2025, 4, 7))
GAIN = Interval(estimate=0.098, low=0.075, high=0.121, level=0.9)
FAULT = Finding(rule="stuck", column="x", kind="fault", rows=168, of=168, text="x stands still in 168 of 168 rows")


def make_decision(**over: Any) -> Decision:
    given: dict[str, Any] = {
        "status": "healthy",
        "alert": False,
        "since": None,
        "reasons": ("waiting has cost 1.0 normal days of error",),
        "advice": "nothing to do",
        "model": "bikes",
        "version": 3,
        "simulated": False,
        "unit": "rentals/hour",
        "metric": "mae",
        "policy": "avoidable_loss",
        "zone": "UTC",
        "until": date(2025, 4, 14),
        "labelled_until": date(2025, 4, 7),
        "judged": JUDGED,
        "rows": 672,
        "error": Interval(estimate=84.62, low=80.0, high=90.0, level=0.9),
        "normal_error": 31.08,
        "waiting_days": 8.44,
        "alert_at_days": 8,
        "step_days": 7,
        "recent_gain": GAIN,
    }
    return Decision.model_validate(given | over)


def make_report(outcome: Outcome = "promote", **over: Any) -> Report:
    verdict = {"outcome": outcome, "reasons": ("so it is",), "rows": 1672, "production": 84.62, "refit": 76.31}
    given = {"production_version": 3, "candidate_sha256": "a" * 64, "until": date(2025, 4, 14), "rule": {}}
    return Report.model_validate({"verdict": Verdict.model_validate(verdict), **given, **over})


def lines(decision: Decision, report: Report | None = None) -> list[str]:
    return screen(decision, report).splitlines()


def named(name: str, decision: Decision, report: Report | None = None) -> str:
    """Find what stands behind a name in the first column."""
    return next((line[12:] for line in lines(decision, report) if line.startswith(f"  {name} ")), "")


@pytest.mark.parametrize("status", STATUSES)
def test_screen__has_a_headline_for_each_status(status: Status) -> None:
    said = lines(make_decision(status=status))
    assert said[2] == for_screen(make_decision(status=status))
    assert said[2].startswith(status.upper())


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_screen__has_words_for_each_verdict(outcome: Outcome) -> None:
    said = lines(make_decision(), make_report(outcome))
    place = said.index(f"CANDIDATE: {OUTCOMES[outcome].screen}")
    assert said[place + 1].endswith("so it is")


@pytest.mark.parametrize("simulated", [True, False])
def test_screen__says_that_data_is_simulated_when_it_is(simulated: bool) -> None:  # noqa: FBT001
    assert ("SIMULATED" in lines(make_decision(simulated=simulated))[0]) is simulated


@pytest.mark.parametrize(
    ("version", "status", "report", "step"),
    [
        (3, "outdated", make_report("promote"), "Next  driftloop promote "),
        (3, "healthy", make_report("promote"), "Next  driftloop promote "),
        (3, "outdated", make_report("keep production"), "Next  driftloop site "),
        (3, "outdated", make_report("promote", production_version=2), "Next  dvc repro "),
        (3, "outdated", make_report("promote", until=date(2025, 4, 7)), "Next  dvc repro "),
        (3, "outdated", None, "Next  dvc repro "),
        (3, "data fault", make_report("keep production"), "Next  reports/quality.json "),
        (
            0,
            "no production",
            make_report("not comparable yet", production_version=0),
            "Next  driftloop promote --first ",
        ),
        (0, "no production", None, "Next  dvc repro "),
        (
            0,
            "no production",
            make_report("not enough data", production_version=0, candidate_sha256=None),
            "Next  driftloop site ",
        ),
    ],
)
def test_screen__names_the_next_step(version: int, status: Status, report: Report | None, step: str) -> None:
    drift = Drift(share=0.5, drifted=4, columns=8)
    said = lines(make_decision(version=version, status=status, drift=drift), report)
    assert next(line for line in said if line.startswith("Next")).startswith(step)
    assert sum(line.startswith("Next") for line in said) == 1


def test_screen__keeps_a_verdict_about_another_production_or_older_data_to_itself() -> None:
    for report in (make_report(production_version=2), make_report(until=date(2025, 4, 7))):
        said = screen(make_decision(), report)
        assert "CANDIDATE" not in said
        assert "promote" not in said


def test_screen__without_production_says_so() -> None:
    unknown = dict.fromkeys(("judged", "error", "normal_error", "waiting_days", "recent_gain"))
    said = lines(make_decision(status="no production", version=0, rows=0, **unknown), None)
    assert said[0].startswith("bikes (no model) · rows to")
    assert said[2:4] == ["NO PRODUCTION MODEL YET", "  Data      no fault found"]
    assert said[4] == ""


def test_screen__lists_every_finding() -> None:
    second = FAULT.model_copy(update={"text": "z is missing"})
    said = lines(make_decision(status="data fault", findings=(FAULT, second)))
    place = said.index("  Data      x stands still in 168 of 168 rows")
    assert said[place + 1] == "            z is missing"


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ("avoidable_loss", "2 of 9 columns shifted (humidity, wind): no reason to retrain by itself"),
        ("evidently", "4 of 9 columns shifted by Evidently's rule"),
    ],
)
def test_screen__shows_drift_beside_the_decision(policy: str, said: str) -> None:
    drift, inputs = Drift(share=4 / 9, drifted=4, columns=9), Inputs(shifted=("humidity", "wind"), columns=9)
    assert named("Inputs", make_decision(policy=policy, drift=drift, inputs=inputs)) == said
    assert named("Inputs", make_decision(policy=policy)) == ""


def test_screen__says_when_no_input_is_shifted() -> None:
    said = named("Inputs", make_decision(inputs=Inputs(columns=9)))
    assert said == "none of 9 columns shifted beyond what is usual for it"


def test_screen__says_how_much_history_the_data_alarms_need() -> None:
    said = lines(make_decision(status="healthy", alarms_from=date(2025, 6, 9), alarms_weeks=8))
    place = said.index("  Data      no fault found")
    assert said[place + 1].strip() == (
        "data alarms by its own history from 9 Jun 2025: 8 more weeks of history are needed"
    )


@pytest.mark.parametrize(
    ("metric", "unit", "said"),
    [
        ("mae", "rentals/hour", "84.6 rentals/hour,"),
        ("mse", "rentals/hour", "84.6 mse,"),
        ("log_loss", "", "84.6 log_loss,"),
    ],
)
def test_screen__gives_the_unit_only_to_what_has_it(metric: str, unit: str, said: str) -> None:
    assert named("Error", make_decision(metric=metric, unit=unit)).startswith(said)


@pytest.mark.parametrize(
    ("value", "shown"), [(0.1234, "0.123"), (9.999, "10"), (10.04, "10.0"), (12345.6, "12,345.6"), (0.0, "0")]
)
def test_screen__rounds_figures(value: float, shown: str) -> None:
    error = Interval(estimate=value, low=None, high=None, level=0.9)
    assert named("Error", make_decision(error=error)).startswith(f"{shown} rentals/hour, ")


def test_screen__says_what_was_lost_when_refits_were_worse() -> None:
    worse = Interval(estimate=-0.05, low=-0.08, high=-0.02, level=0.9)
    assert (
        named("Refitted", make_decision(recent_gain=worse)) == "weekly: 5.0 % more error (90 % interval 2.0 to 8.0 %)"
    )


def test_screen__shows_warnings() -> None:
    assert named("Warning", make_decision(warnings=("no page",))) == "no page"


@pytest.mark.parametrize(("over", "said"), [({}, True), ({"waiting_days": 7.9}, False), ({"policy": "loss"}, False)])
def test_screen__says_why_nobody_is_asked(over: dict[str, Any], *, said: bool) -> None:
    found = screen(make_decision(refusal="it is not certain", **over), None)
    assert ("nobody is asked, since a retrained model would be refused now: it is not certain" in found) == said


def test_screen__says_what_is_normal_where_nothing_was_measured() -> None:
    unseen = make_decision(version=2, error=None, judged=None, normal_error=70.6)
    assert lines(unseen)[2] == "NOT MEASURED YET: no usable labels that v2 has not seen"
    assert named("Error", unseen) == "not measured yet; normal 70.6 rentals/hour"
    assert named("Error", make_decision(error=None, judged=None, normal_error=None)) == "not measured yet"


def test_screen__on_the_page_of_a_run_names_no_command() -> None:
    assert "Next" not in screen(make_decision(), make_report(), advise=False)


def test_screen__words_of_strangers_steer_neither_terminal_nor_runner() -> None:
    words = "x\n::error title=a::b\u202e\x1b[31m\n##[group]\ud800```"
    finding = FAULT.model_copy(update={"text": words})
    decision = make_decision(
        unit=words, findings=(finding, finding.model_copy(update={"text": words[2:]})), warnings=(words,)
    )
    said = screen(decision, make_report())
    assert "\u202e" not in said
    assert "\x1b" not in said
    assert "##[" not in said
    assert not [line for line in said.splitlines() if line.lstrip().startswith("::")]
    assert said.encode("utf-8")

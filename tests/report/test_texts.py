"""What people read in an alert."""

from __future__ import annotations

from datetime import date
from typing import Any, get_args

import pytest
from decisions import make_decision, make_finding

from driftloop.core.diagnosis import Inputs, Pattern, Status
from driftloop.core.intervals import Interval
from driftloop.report import texts
from driftloop.report.texts import Links

LINKS = Links(run="https://github.com/acme/bikes/actions/runs/7", dashboard="https://acme.github.io", commit="c" * 40)


def said(status: str = "outdated", **over: Any) -> str:
    return texts.alert(make_decision(status, **over), LINKS)


def test_alert__outdated_says_what_since_when_and_what_to_do() -> None:
    pattern = Pattern(bias=-54.2, worst="workingday = 1", worst_error=100.99)
    inputs = Inputs(shifted=("temp", "a_b"), columns=9)
    assert said(pattern=pattern, inputs=inputs, comparable_from=date(2025, 5, 5)) == (
        "Refitted weekly, it would have made **9.8 % less error** (90 % interval 7.5 to 12.1 %) over the 28 labelled "
        "days to 6 Apr 2025. Measured, not a forecast.\n\n"
        "| rentals/hour | v1 | normal for v1 | refitted weekly |\n| --- | --- | --- | --- |\n"
        "| mean absolute error | 84.6 | 31.1 | 76.3 |\n\n"
        "- **Cost of waiting:** 8.4 normal days of error since 17 Feb 2025. Alert at 8.\n"
        "- **Pattern:** predicts 54.2 too few rentals/hour; worst where workingday = 1 (error 101.0).\n"
        "- **Data:** no fault found.\n"
        "- **Inputs:** 2 of 9 columns shifted (temp, a_b): no reason to retrain by itself.\n"
        "- **Unknown:** labels after 6 Apr 2025; data after 13 Apr 2025.\n"
        "- **Retraining can first be judged** when data reaches 5 May 2025.\n\n"
        "**Do:** set the label `retrain-model` (write access). You get a pull request, or a comment saying why not. "
        "Nothing changes until you merge.\n\n"
        "This issue closes by itself when it is over. Close it to hear of it again only when it has got worse.\n\n"
        "[Dashboard](https://acme.github.io) · [run](https://github.com/acme/bikes/actions/runs/7) · "
        "`git checkout cccccccccccc && driftloop refresh --until 2025-04-14 && dvc repro monitor`"
    )


@pytest.mark.parametrize(
    ("status", "begins", "do"),
    [
        ("degraded", "**Error is 172 % above normal.**", "**Do:** investigate"),
        ("data fault", "**X stands still in 168 of 168 rows.**", "Do not retrain"),
        ("insufficient data", "**12 of 168 usual rows.**", "**Do:** wait for data"),
    ],
)
def test_alert__says_what_to_do(status: str, begins: str, do: str) -> None:
    text = said(status)
    assert text.startswith(begins)
    assert do in text
    assert "retrain-model" not in text


def test_alert__without_figures_leaves_them_out() -> None:
    nothing = dict.fromkeys(("judged", "error", "normal_error", "refit_error", "waiting_days", "recent_gain"))
    text = texts.alert(make_decision("insufficient data", **nothing), Links())
    assert "| ---" not in text
    assert "Cost of waiting" not in text
    assert text.endswith("\n\n`driftloop refresh --until 2025-04-14 && dvc repro monitor`")


def test_alert__by_another_policy_does_not_promise_a_gain() -> None:
    worse = Interval(estimate=-0.05, low=-0.08, high=-0.02, level=0.9)
    decision = make_decision(policy="calendar", reasons=("95 days since production's last label",), recent_gain=worse)
    assert texts.alert_title(decision) == "bikes v1 is outdated by the policy calendar"
    text = texts.alert(decision, LINKS)
    assert text.startswith(
        "**95 days since production's last label.** Refitted weekly, it would have made **5.0 % more"
    )
    assert "Alert at" not in text


@pytest.mark.parametrize(
    ("over", "said"),
    [
        (
            {"waiting_error": 6547.0},
            "since 17 Feb 2025; refits would have erred by about 6,500 less in all (rentals/hour, summed over rows). Alert",
        ),
        (
            {"waiting_error": 0.123, "unit": ""},
            "; refits would have erred by about 0.12 less in all (summed over rows).",
        ),
        ({"waiting_error": None, "metric": "mse"}, "since 17 Feb 2025. Alert at 8."),
    ],
)
def test_alert__tells_the_cost_in_the_unit_of_the_target_where_it_has_it(over: dict[str, Any], said: str) -> None:
    assert "- **Cost of waiting:** 8.4 normal days of error" in texts.alert(make_decision(**over), LINKS)
    assert said in texts.alert(make_decision(**over), LINKS)


@pytest.mark.parametrize("status", get_args(Status))
@pytest.mark.parametrize("simulated", [True, False])
def test_texts__say_that_data_is_simulated_when_it_is(status: str, simulated: bool) -> None:  # noqa: FBT001
    decision = make_decision(status, simulated=simulated)
    for text in (texts.alert_title(decision), texts.alert(decision, LINKS), texts.paragraph(decision, "did nothing")):
        assert ("simulated data" in text.lower()) is simulated


@pytest.mark.parametrize("metric", ["mse", "log_loss", "brier"])
def test_alert__gives_the_unit_only_to_what_has_it(metric: str) -> None:
    text = said(metric=metric)
    assert (
        f"|  | v1 | normal for v1 | refitted weekly |\n| --- | --- | --- | --- |\n| {texts.METRICS[metric]} |" in text
    )


def test_alert__names_other_steps_than_weeks() -> None:
    assert "Refitted every 5 days, it" in said(step_days=5)


def test_alert__lists_findings_up_to_a_number() -> None:
    two = said("data fault", findings=[make_finding("x", "x is bad"), make_finding("y", "y is bad")])
    assert "- **Data:** 2 findings.\n  - x is bad\n  - y is bad\n- **Unknown" in two
    many = said("data fault", findings=[make_finding(f"{n}", f"{n} is bad") for n in range(20)])
    assert "14 is bad\n  - and 5 more, in `reports/quality.json`" in many


def test_title__keeps_to_the_limit() -> None:
    assert len(texts.alert_title(make_decision(model="m" * 300, policy="p" * 300))) == 256
    assert texts.alert_title(make_decision("no production", version=0)) == "bikes has no production model yet"


def test_paragraph__sums_a_run_up() -> None:
    assert texts.paragraph(make_decision(), "opened #1") == (
        "**bikes v1 is outdated: retraining would pay.** Keeping production has cost 8.4 normal days of error since "
        "2025-02-17 (alert at 8). Data to 13 Apr 2025. Opened #1."
    )


def test_alert__says_why_retraining_is_not_asked_for() -> None:
    text = said("degraded", refusal="3.0 % less error is not certain enough")
    assert "Alert at 8.\n- **Retraining would be refused now:** 3.0 % less error is not certain enough.\n" in text
    assert "refused" not in said(refusal=None)

"""What people read in an alert."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from decisions import make_decision, make_finding

from driftloop.alerting import wording
from driftloop.alerting.wording import Links
from driftloop.core.decision.statuses import Status

LINKS = Links(run="https://github.com/acme/bikes/actions/runs/7", dashboard="https://acme.github.io", commit="c" * 40)


def said(status: str = "outdated", **over: Any) -> str:
    return wording.alert(make_decision(status, **over), LINKS)


@pytest.mark.parametrize("status", get_args(Status))
@pytest.mark.parametrize("simulated", [True, False])
def test_texts__say_that_data_is_simulated_when_it_is(status: str, simulated: bool) -> None:  # noqa: FBT001
    decision = make_decision(status, simulated=simulated)
    for text in (
        wording.alert_title(decision),
        wording.alert(decision, LINKS),
        wording.paragraph(decision, "did nothing"),
    ):
        assert ("simulated data" in text.lower()) is simulated


def test_alert__lists_findings_up_to_a_number() -> None:
    two = said("data fault", findings=[make_finding("x", "x is bad"), make_finding("y", "y is bad")])
    assert "- **Data:** 2 findings.\n  - x is bad\n  - y is bad\n- **Unknown" in two
    many = said("data fault", findings=[make_finding(f"{n}", f"{n} is bad") for n in range(20)])
    assert "14 is bad\n  - and 5 more, in `reports/quality.json`" in many


def test_title__keeps_to_the_limit() -> None:
    assert len(wording.alert_title(make_decision(model="m" * 300, policy="p" * 300))) == 256
    assert wording.alert_title(make_decision("no production", version=0)) == "bikes has no production model yet"


@pytest.mark.parametrize(
    ("refit", "said"),
    [
        (84.0, "would hardly have helped: look for what changed."),
        (76.3, "would have undone about a fifth of the rise: look for what else changed."),
        (58.0, "would have undone about half of the rise: look for what else changed."),
        (44.0, "would have undone about three quarters of the rise. Measured"),
        (31.5, "would have undone the whole rise."),
        (90.0, "would not have helped: look for what changed."),
    ],
)
def test_alert__says_how_much_of_the_rise_refits_took_back(refit: float, said: str) -> None:
    assert f"So retraining {said}" in wording.alert(make_decision(refit_error=refit), LINKS)


@pytest.mark.parametrize("metric", ["mse", "log_loss", "brier"])
def test_alert__gives_the_unit_only_to_what_has_it(metric: str) -> None:
    assert "rentals" not in wording.alert(make_decision(metric=metric), LINKS)


@pytest.mark.parametrize("up", [True, False])
def test_alert__of_a_fault_says_whether_error_was_up_before_it(*, up: bool) -> None:
    text = wording.alert(make_decision("data fault", error_up=up), LINKS)
    assert ("Error was up already before the fault" in text) is up


@pytest.mark.parametrize("status", ["healthy", "watch"])
def test_texts__call_nobody_healthy_whose_error_was_not_measured(status: str) -> None:
    decision = make_decision(status, version=2, error=None, judged=None, normal_error=70.6)
    for text in (
        wording.alert_title(decision),
        wording.recovered(decision),
        wording.paragraph(decision, "did nothing"),
    ):
        assert "is not measured yet" in text
        assert "healthy" not in text
        assert "Recovered" not in text

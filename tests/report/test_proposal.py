"""What people read on GitHub about a retraining."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from driftloop.core.diagnosis import Decision
from driftloop.core.gate import Report, Segment, Verdict
from driftloop.core.intervals import Interval
from driftloop.core.production import Card
from driftloop.core.recipe import Recipe
from driftloop.core.windows import Window
from driftloop.report import proposal as texts
from driftloop.report.proposal import Proposal
from driftloop.report.texts import LONGEST

DAY = date(2025, 4, 14)
JUDGED = Window(since=date(2025, 3, 10), until=date(2025, 4, 7))
GAIN = Interval(estimate=0.147, low=0.049, high=0.244, level=0.9)


def make_verdict(**over: Any) -> Verdict:
    parts = [Segment(column="workingday", value=value, rows=300, production=10.1, refit=refit, gain=gain, blocks=False)
             for value, refit, gain in (("0", 9.3, 0.08), ("1", 8.0, 0.2))]  # fmt: skip
    given = {"outcome": "promote", "reasons": ("14.7 % less error",), "judged": JUDGED, "rows": 670, "gain": GAIN,
             "needed": 0.01, "production": 68.8, "refit": 58.7, "segments": tuple(parts)}  # fmt: skip
    return Verdict.model_validate({**given, **over})


def make_card(version: int, **over: Any) -> Card:
    recipe = Recipe(estimator="Tree", params={}, numerical=("x",), categorical=(), target="y", task="regression",
                    train_days="all", seed=0)  # fmt: skip
    given = {"version": version, "model": "bikes", "recipe": recipe, "sha256": "ab" * 32, "data_sha256": "cd" * 32,
             "rows": 9482, "trained": Window(since=date(2024, 1, 1), until=date(2025, 4, 7)),
             "packages": {"numpy": "2.4.6"}}  # fmt: skip
    return Card.model_validate({**given, **over})


def make_proposal(verdict: Verdict | None = None, **over: Any) -> Proposal:
    verdict = verdict or make_verdict()
    decision = Decision(
        status="outdated", alert=True, since=None, reasons=("x",), advice="x", model="bikes", version=1, simulated=False,
        unit="rentals/hour", metric="mae", policy="avoidable_loss", zone="UTC", until=DAY,
        labelled_until=date(2025, 4, 7), step_days=7, alert_at_days=8,
    )  # fmt: skip
    report = Report(
        verdict=verdict, production_version=1, until=DAY, rule={}, candidate_sha256="ab" * 32,
        production={"mae": 68.8, "bias": -67.3, "r2": 0.35}, refit={"mae": 58.7, "bias": -56.8, "r2": 0.52},
    )  # fmt: skip
    made = Proposal(
        issue=12, branch="retrain/issue-12", base="f" * 40, decision=decision, report=report, before=make_card(1),
        after=make_card(2), label_delay_days=7, main={"production: mae": 81.8, "monitor: old": 1.0},
        data={"production: mae": 68.8}, promote={"production: mae": 58.7, "production: rows": 670},
        params=[("source.until", "2025-03-03T00:00Z", "2025-04-14T00:00Z")],
    )  # fmt: skip
    return replace(made, **over)


def test_title__says_what_and_how_much() -> None:
    assert texts.title(make_proposal()) == "bikes: v1 → v2, 14.7 % less error"


def test_body__begins_with_the_verdict_and_its_interval() -> None:
    assert texts.body(make_proposal()).startswith(
        "**Better.** Error falls 14.7 % (90 % interval 4.9 to 24.4 %; needed: lower end above 1.0 %) on 670 rows that "
        "neither side had seen. Closes #12."
    )


@pytest.mark.parametrize(
    "row",
    [
        "| MAE, rentals/hour | 68.8 | 58.7 | −14.7 % | better |",
        "| bias, rentals/hour | −67.3 | −56.8 | nearer 0 | better |",
        "| R² | 0.35 | 0.52 | +0.17 | better |",
        "| production: mae | 81.8 | 58.7 | −28.2 % | better |",
        "| production: rows | not on main | 670.0 |  |  |",
        "On main only: monitor: old.",
        "(data moved 42 days too, so this compares two things at once)",
        "Segments: 2 of 2 better; least: workingday = 0, 10.1 → 9.3",
        "**Still wrong:** predicts 56.8 too few rentals/hour.",
        "the same recipe trained to 6 Apr 2025 (9,482 rows)",
        "`git revert`",
        "abababababab",
    ],
)
def test_body__tells(row: str) -> None:
    assert row in texts.body(make_proposal())


def test_body__says_what_of_the_recipe_differs() -> None:
    other = make_card(1).recipe
    assert other
    changed = make_card(2, recipe=other.model_copy(update={"seed": 5}))
    assert "| seed | 0 | 5 |" in texts.body(make_proposal(after=changed))


def test_body__where_the_judged_model_ships_says_so() -> None:
    said = texts.body(make_proposal(make_verdict(fresh=False)))
    assert "the very model that was judged" in said
    assert "refitted weekly" not in said


def test_body__draws_the_error_of_each_day() -> None:
    days = "day,date,production,refit\n1,2025-03-10,5,4\n2,2025-03-11,6,3\n"
    assert 'x-axis "day, from 2025-03-10" 1 --> 2' in texts.body(make_proposal(days=days))


@pytest.mark.parametrize("days", ["", "x", "day,date,production,refit\n1,```,1,2\n", "day,date,x\n1,2025-01-01,1\n"])
def test_body__without_days_to_draw_draws_nothing(days: str) -> None:
    assert "mermaid" not in texts.body(make_proposal(days=days))


HOSTILE = "</details> @acme/all fixes #1 closes GH-2 fixes https://github.com/acme/bikes/issues/3 `x` | <!-- driftloop"


def test_body__values_from_the_data_stay_values() -> None:
    part = Segment(column="c", value=HOSTILE, rows=3, production=1, refit=2, gain=-1, blocks=True)
    for said in (
        texts.body(make_proposal(make_verdict(segments=(part,)))),
        texts.refusal(make_proposal(make_verdict(segments=(part,), outcome="keep production", reasons=(HOSTILE,)))),
    ):
        assert said.count("</details>") == said.count("<details>")
        assert "@acme" not in said
        assert "<!--" not in said
        assert not re.search(r"(?:fixes|closes) (?:#\d|GH-|https://)", said)


def test_body__is_never_too_long_and_keeps_what_matters() -> None:
    names = {f"m{number}: mae": float(number) for number in range(9000)}
    later = {name: value + 1 for name, value in names.items()}
    said = texts.body(make_proposal(main=names, data=names, promote=later))
    assert len(said) <= LONGEST
    assert "Closes #12" in said
    assert "**You merge**" in said
    assert "a section was cut" in said


def test_fit__what_has_no_rank_is_cut_at_the_end() -> None:
    assert len(texts.fit([("x" * 70_000, 0)])) <= LONGEST


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ({"outcome": "keep production", "reasons": ("2.0 % less error is not certain enough",)}, "Not better"),
        ({"outcome": "keep production", "faults": ("x",)}, "fix the data"),
        ({"outcome": "not comparable yet", "comparable_from": DAY}, "when data reaches 14 Apr 2025"),
        ({"outcome": "not enough data", "judged": None, "gain": None}, "wait for labels"),
    ],
)
def test_refusal__says_why_and_what_to_do(over: dict[str, Any], said: str) -> None:
    found = texts.refusal(make_proposal(make_verdict(**over), after=None))
    assert said in found
    assert "production stays" in found
    assert "Closes" not in found


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        ("production: mae", 10.0, 12.0, ("+20.0 %", "worse")),
        ("accuracy", 0.5, 0.4, ("−0.1", "worse")),
        ("bias", 1.0, -2.0, ("farther from 0", "worse")),
        ("rows", 1, 3, ("+2", "")),
        ("mae", 0.0, 1.0, ("+1", "worse")),
        ("mae", 1.0, 1.0, ("0", "same")),
    ],
)
def test_change__knows_which_way_is_better(name: str, old: float, new: float, expected: tuple[str, str]) -> None:
    assert texts.change(name, old, new) == expected

"""What people read in the pull request of a new model."""

from __future__ import annotations

import pytest
from proposals import make_card, make_proposal, make_verdict

from driftloop.report import pull_request
from driftloop.report.markdown import LONGEST, SECTION_CUT


def test_title__says_what_and_how_much() -> None:
    assert pull_request.title(make_proposal()) == "bikes: v1 → v2, 14.7 % less error"


def test_body__begins_with_the_verdict_and_its_interval() -> None:
    assert pull_request.body(make_proposal()).startswith(
        "**Better.** Error falls 14.7 % (90 % interval 4.9 to 24.4 %; needed: lower end above 1.0 %) on 670 rows that "
        "neither side had seen. Closes #12."
    )


@pytest.mark.parametrize(
    "row",
    [
        "| MAE, rentals/hour | 68.8 | 58.7 | −14.7 % | better |",
        "| bias, rentals/hour | −67.3 | −56.8 | nearer 0 | better |",
        "| R² | 0.35 | 0.52 | +0.17 | better |",
        "| production: mae | 81.8 | 58.7 | −28.2 % |\n",
        "| production: rows | not there | 670 |  |  |",
        "| monitor: old | 1 | not there |  |\n",
        "(data moved 42 days too, so this compares two things at once)",
        "Segments: 2 of 2 better; least: workingday = 0, 10.1 → 9.3",
        "**Still wrong:** predicts 56.8 too few rentals/hour.",
        "the same recipe trained to 6 Apr 2025 (9,482 rows)",
        "`git revert`",
        "abababababab",
    ],
)
def test_body__tells(row: str) -> None:
    assert row in pull_request.body(make_proposal())


def test_body__says_what_of_the_recipe_differs() -> None:
    other = make_card(1).recipe
    assert other
    changed = make_card(2, recipe=other.model_copy(update={"seed": 5}))
    assert "| seed | 0 | 5 |" in pull_request.body(make_proposal(after=changed))


def test_body__where_the_judged_model_ships_says_so() -> None:
    said = pull_request.body(make_proposal(make_verdict(fresh=False)))
    assert "the very model that was judged" in said
    assert "refitted weekly" not in said


def test_body__draws_the_error_of_each_day() -> None:
    days = "day,date,production,refit\n1,2025-03-10,5,4\n2,2025-03-11,6,3\n"
    assert 'x-axis "day, from 2025-03-10" 1 --> 2' in pull_request.body(make_proposal(days=days))


@pytest.mark.parametrize("days", ["", "x", "day,date,production,refit\n1,```,1,2\n", "day,date,x\n1,2025-01-01,1\n"])
def test_body__without_days_to_draw_draws_nothing(days: str) -> None:
    assert "mermaid" not in pull_request.body(make_proposal(days=days))


def test_body__is_never_too_long_and_keeps_what_matters() -> None:
    days = "".join(f"{place},2025-03-10,{place}.5,{place}.25\n" for place in range(9000))
    said = pull_request.body(make_proposal(days=f"day,date,production,refit\n{days}"))
    assert len(said) <= LONGEST
    assert "Closes #12" in said
    assert "**You merge**" in said
    assert SECTION_CUT in said
    assert "mermaid" not in said

"""What people read in the pull request of a new model."""

from __future__ import annotations

import pytest
from proposals import make_card, make_proposal

from driftloop.report.markdown import LONGEST, SECTION_CUT
from driftloop.retraining.wording import pull_request


def test_body__says_what_of_the_recipe_differs() -> None:
    other = make_card(1).recipe
    assert other
    changed = make_card(2, recipe=other.model_copy(update={"seed": 5}))
    assert "| seed | 0 | 5 |" in pull_request.body(make_proposal(after=changed))


@pytest.mark.parametrize(
    "days",
    [
        "",
        "x",
        "day,date,production,refit\n1,```,1,2\n",
        "day,date,x\n1,2025-01-01,1\n",
        "day,date,production,refit\n1,2025-03-10,5,4\n2,2025-03-11,nan,3\n3,2025-03-12,inf,3\n4,2025-03-13,4,3\n",
    ],
)
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

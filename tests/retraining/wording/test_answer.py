"""What people read on the alert on which they asked for retraining."""

from __future__ import annotations

from typing import Any

import pytest
from proposals import DAY, make_proposal, make_verdict

from driftloop.retraining.wording import answer


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
    found = answer.refusal(make_proposal(make_verdict(**over), after=None))
    assert said in found
    assert "production stays" in found
    assert "Closes" not in found

"""What the decision carries beside its status."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest
from factories import START, make_params
from profiles import make_rows, states

from driftloop.core.columns import DAY
from driftloop.core.decision.decide import decide
from driftloop.core.decision.evidence import Evidence
from driftloop.core.judging.refits import Waiting
from driftloop.core.models.card import Card

if TYPE_CHECKING:
    from datetime import date


@pytest.mark.parametrize(
    ("metric", "since", "expected"), [("mae", START, 120.0), ("mae", None, None), ("mse", START, None)]
)
def test_decide__gives_the_cost_in_the_targets_unit_where_the_loss_has_it(
    metric: str, since: date | None, expected: float | None
) -> None:
    waiting = Waiting(days=5.0 if since else 0.0, since=since, saved=120.0 if since else 0.0, history=())
    none = pd.DataFrame({DAY: []})
    evidence = Evidence(until=START, trained_until=None, sound=none, judged=none, waiting=waiting)
    decision = decide(make_params(evaluate={"metric": metric}), Card(), evidence, [], states=states(make_rows(3)))
    assert decision.waiting_error == expected

"""What the decision carries beside its status."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from factories import START, make_params
from profiles import make_rows, states

from driftloop.core.columns import DAY
from driftloop.core.decision.decide import decide
from driftloop.core.decision.evidence import Evidence
from driftloop.core.judging.refits import Waiting
from driftloop.core.models.card import Card


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


def test_decide__knows_labels_up_to_their_delay_before_the_end() -> None:
    params = make_params(source={"until": "2025-03-03T00:00Z"}, data={"label_delay_days": 7})
    none = pd.DataFrame({DAY: []})
    evidence = Evidence(until=date(2025, 3, 3), trained_until=None, sound=none, judged=none)
    decision = decide(params, Card(), evidence, [], states=states(make_rows(3)))
    assert (decision.until, decision.labelled_until) == (date(2025, 3, 3), date(2025, 2, 24))

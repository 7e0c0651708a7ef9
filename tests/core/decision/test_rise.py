"""Since when a loss is higher."""

from __future__ import annotations

from datetime import timedelta

import pytest
from factories import START, make_losses

from driftloop.core.columns import DAY, PRODUCTION_LOSS, STEP
from driftloop.core.decision import rise


@pytest.mark.parametrize("week", [1, 4, 8])
def test_since__is_the_step_with_which_it_rose(week: int) -> None:
    scored = make_losses(70)
    late = scored[STEP] >= START + timedelta(weeks=week)
    scored[PRODUCTION_LOSS] *= 1 + 0.5 * late
    assert rise.since(scored) == START + timedelta(weeks=week)


def test_since__one_bad_step_does_not_hide_it() -> None:
    scored = make_losses(70)
    scored[PRODUCTION_LOSS] *= 1 + 0.6 * (scored[STEP] >= START + timedelta(weeks=5))
    scored.loc[scored[STEP] == START + timedelta(weeks=2), PRODUCTION_LOSS] *= 1.5
    assert rise.since(scored) == START + timedelta(weeks=5)


def test_since__is_unknown_without_a_rise_and_without_a_week_on_either_side() -> None:
    scored = make_losses(14)
    fallen = scored.assign(**{PRODUCTION_LOSS: 1.0 + (scored[STEP] == START)})
    assert rise.since(fallen) is None
    assert rise.since(scored[scored[DAY] < START + timedelta(days=10)]) is None
    assert rise.since(scored.head(0)) is None
    assert rise.since(scored.drop(columns=STEP)) is None

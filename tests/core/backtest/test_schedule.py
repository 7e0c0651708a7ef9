"""When the loop would have run."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from factories import START, make_params
from hypothesis import given, settings
from hypothesis import strategies as st

from driftloop.core.backtest.schedule import plan
from driftloop.errors import DataError


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(260, 2000), st.integers(0, 40), st.integers(2, 28), st.integers(0, 6))
def test_plan__steps_lie_on_the_calendar(days: int, delay: int, step: int, shift: int) -> None:
    params = make_params(data={"label_delay_days": delay}, monitor={"step_days": step})
    first = START + timedelta(days=shift)
    found = plan(params, first=first, until=first + timedelta(days=days))
    assert (found.first_cut - date(1970, 1, 5)).days % step == 0
    assert found.runs[0] == found.first_cut + timedelta(days=delay)
    assert all((b - a).days == step for a, b in pairwise(found.runs))
    assert 0 <= (first + timedelta(days=days) - found.runs[-1]).days < step
    assert found.scored_until == first + timedelta(days=days - delay)


def test_plan__a_third_of_the_history_at_most_a_year() -> None:
    params = make_params()
    assert plan(params, first=START, until=START + timedelta(days=300)).first_cut == date(2025, 4, 21)
    assert plan(params, first=START, until=START + timedelta(days=3000)).first_cut == START + timedelta(days=371)
    assert plan(params, first=START, until=START + timedelta(days=300), first_days=70).first_cut == date(2025, 3, 17)


def test_plan__a_short_history_says_from_when_on() -> None:
    params = make_params(data={"label_delay_days": 7})
    with pytest.raises(DataError, match=r"expected data until 2025-04-21 or later.*got data until 2025-04-20"):
        plan(params, first=START, until=date(2025, 4, 20))
    assert len(plan(params, first=START, until=date(2025, 4, 21)).runs) == 6

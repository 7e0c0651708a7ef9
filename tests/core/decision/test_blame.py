"""What is blamed for a rise of the error: planted causes are found, and little is named where there is none."""

from __future__ import annotations

from datetime import timedelta

import pytest
from causes import make_case
from factories import START, make_losses

from driftloop.core.columns import PRODUCTION_LOSS, STEP
from driftloop.core.decision import segments
from driftloop.core.decision.blame import weight
from driftloop.core.decision.values import Blame


@pytest.mark.parametrize("seed", range(10))
def test_blame__a_planted_input_is_among_the_first_two(seed: int) -> None:
    case = make_case(seed, "input")
    assert case.planted in [each.name for each in case.found.inputs[:2]]
    blamed = next(each for each in case.found.inputs if each.name == case.planted)
    assert abs((blamed.since - case.rose).days) <= 14
    assert case.found.segments == ()


@pytest.mark.parametrize("seed", range(5))
def test_blame__a_planted_segment_is_the_first(seed: int) -> None:
    case = make_case(seed, "segment")
    first = case.found.segments[0]
    assert first.name == case.planted
    assert first.share > 0.8 > first.usual
    assert first.since is not None
    assert abs((first.since - case.rose).days) <= 7


def test_blame__names_nothing_where_all_errors_rise_alike() -> None:
    for seed in range(2):
        found = make_case(seed, "alike").found
        assert found.since is not None
        assert (found.inputs, found.segments) == ((), ())


def test_blame__is_silent_while_the_error_is_not_up() -> None:
    assert make_case(0, "nothing").found == Blame()


def test_weight__neither_movement_nor_importance_alone_puts_an_input_first() -> None:
    both = weight(2.0, 0.5)
    assert both > weight(9.0, 0.0)
    assert both > weight(0.0, 5.0)
    assert weight(1.0, None) > weight(0.0, None) > 0


def test_rises__another_mix_of_rows_is_no_rise_of_a_segment() -> None:
    scored = make_losses(56, noise=0)
    scored["c"] = "a"
    scored.loc[::4, "c"] = "b"
    late = scored[STEP] >= START + timedelta(weeks=4)
    scored.loc[late.to_numpy() & (scored.index % 2 == 0), "c"] = "b"
    found = segments.rises(scored[late], scored[~late], ["c"], fewest=5, confidence=0.95)
    assert {each.value: each.certain for each in found} == {"a": False, "b": False}


def test_rises__a_segment_that_is_new_or_has_a_handful_of_rows_is_left_out() -> None:
    scored = make_losses(56).assign(c="a", only="x")
    late = (scored[STEP] >= START + timedelta(weeks=4)).to_numpy()
    scored.loc[scored.index % 3 == 0, "c"] = "b"
    scored.loc[late & (scored.index % 3 == 1), "c"] = "new"
    scored.loc[[1, 2, 800, 801], "c"] = "few"
    scored[PRODUCTION_LOSS] *= 1 + late
    found = segments.rises(scored[late], scored[~late], ["c", "only"], fewest=5, confidence=0.95)
    assert sorted(str(each.value) for each in found) == ["a", "b"]

"""Every outcome of the gate has its texts."""

from __future__ import annotations

from typing import get_args

from driftloop.core.judging.outcomes import OUTCOMES
from driftloop.core.judging.verdict import Outcome


def test_outcomes__have_one_entry_each() -> None:
    assert list(OUTCOMES) == list(get_args(Outcome))


def test_outcomes__have_whole_texts() -> None:
    for outcome, texts in OUTCOMES.items():
        assert texts.answer.endswith("."), outcome
        assert texts.to_do.format(when="x").endswith("."), outcome

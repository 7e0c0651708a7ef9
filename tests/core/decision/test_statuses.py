"""Every status has its texts."""

from __future__ import annotations

from typing import get_args

from driftloop.core.decision.statuses import STATUSES, Status


def test_statuses__have_one_entry_each() -> None:
    assert list(STATUSES) == list(get_args(Status))


def test_statuses__have_whole_texts() -> None:
    for status, texts in STATUSES.items():
        assert texts.meaning.endswith("."), status
        assert not texts.advice.endswith("."), status
        assert bool(texts.to_do) == texts.alerts, status


def test_statuses__alert_where_somebody_has_to_act() -> None:
    alerts = [status for status, texts in STATUSES.items() if texts.alerts]
    assert alerts == ["outdated", "degraded", "data fault", "insufficient data"]

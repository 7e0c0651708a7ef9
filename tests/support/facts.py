"""Facts for the checks of `driftloop doctor`: all is well, unless a test says otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from factories import make_params

from driftloop.alerting.labels import LOOKS
from driftloop.doctor.facts import Clock, Facts, Hosted, Remote, Schedule, Sizes, Store
from driftloop.github.values import Repository

NOW = datetime(2025, 4, 14, 6, 0, tzinfo=UTC)


def make_clock(**over: Any) -> Clock:
    until = datetime(2025, 4, 14, tzinfo=UTC)
    return replace(Clock(replayed=False, until=until, newest=until - timedelta(hours=1)), **over)


def make_hosted(repository: dict[str, Any] | None = None, **over: Any) -> Hosted:
    given: dict[str, Any] = {
        "repository": Repository(**{"private": False, "has_pages": True, **(repository or {})}),
        "actions_on": True,
        "may_propose": True,
        "pages_from": "workflow",
        "labels": frozenset(map(str, LOOKS)),
        "schedule": Schedule("active", NOW - timedelta(days=90), NOW - timedelta(minutes=40)),
        "branch_protected": False,
    }
    return Hosted(**given | over)


def make_facts(**over: Any) -> Facts:
    given: dict[str, Any] = {
        "now": NOW,
        "params": make_params(),
        "columns": (),
        "clock": make_clock(),
        "lock": "",
        "pipeline": "",
        "changed": (),
        "remote": Remote(),
        "store": Store(""),
        "sizes": Sizes(repository=12_400_000, model=700_000, records=300_000),
        "crons": ("23 5 * * *",),
        "committed": NOW - timedelta(days=3),
        "hosted": make_hosted(),
    }
    return Facts(**given | over)

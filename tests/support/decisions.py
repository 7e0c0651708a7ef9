"""Decisions for tests, by status."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from driftloop.core.data.finding import Finding
from driftloop.core.decision.statuses import STATUSES
from driftloop.core.decision.values import Decision
from driftloop.core.intervals import Interval
from driftloop.core.windows import Window

HOSTILE = "a | `b`\n$(touch pwned) --> <img src=x> <!-- driftloop:state {} --> @ann #1 [x](y) *z*"
CLOSING = (
    "fixes GH-1 closes #2 resolves acme/bikes#3 fix: https://github.com/acme/bikes/issues/4 @acme/all </details> `x`"
)
REASONS = {
    "healthy": "waiting has cost 1.0 normal days of error",
    "outdated": "keeping production has cost 8.4 normal days of error since 17 Feb 2025 (alert at 8)",
    "degraded": "error is 172 % above normal",
    "data fault": "x stands still in 168 of 168 rows",
    "insufficient data": "12 of 168 usual rows",
    "no production": "there is no production model yet",
}


def referring(text: str) -> list[str]:
    """Find what GitHub would act on in a text or title that holds HOSTILE or CLOSING: mentions, references, addresses."""
    return re.findall(r"@\w+|\bGH-\d|#[1-4]\b|https?://github\.com/acme/bikes/issues|www\.", text, re.IGNORECASE)


def alive(text: str) -> list[str]:
    """Find that in Markdown, or a tag that is none of ours."""
    return referring(text) + re.findall(r"<(?!/?details>|/?summary>).*", text)


def make_finding(column: str = "x", text: str = "x stands still in 168 of 168 rows") -> Finding:
    return Finding(rule="stuck", column=column, kind="fault", rows=168, of=168, text=text)


def make_decision(status: str = "outdated", **over: Any) -> Decision:
    """Give a decision about model `bikes`, v1."""
    texts = STATUSES[status]  # type: ignore[index]
    given: dict[str, Any] = {
        "status": status,
        "alert": texts.alerts,
        "since": date(2025, 2, 17) if status == "outdated" else None,
        "reasons": (REASONS.get(status, status),),
        "advice": texts.advice,
        "model": "bikes",
        "version": 1,
        "simulated": False,
        "unit": "rentals/hour",
        "metric": "mae",
        "policy": "avoidable_loss",
        "zone": "UTC",
        "until": date(2025, 4, 14),
        "labelled_until": date(2025, 4, 7),
        "step_days": 7,
        "judged": Window(since=date(2025, 3, 10), until=date(2025, 4, 7)),
        "rows": 672,
        "error": Interval(estimate=84.62, low=71.5, high=97.7, level=0.9),
        "normal_error": 31.08,
        "error_up": True,
        "refit_error": 76.3,
        "waiting_days": 8.44,
        "alert_at_days": 8,
        "recent_gain": Interval(estimate=0.098, low=0.075, high=0.121, level=0.9),
    }
    if status == "data fault":
        given["findings"] = (make_finding(),)
    return Decision.model_validate(given | over)

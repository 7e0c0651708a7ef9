"""A history of a model for its dashboard: an overview and records of made-up runs, in any number."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from decisions import make_decision
from proposals import make_card, make_verdict

from driftloop.core.backtest.results import Compared
from driftloop.core.overview.histograms import encoded
from driftloop.core.overview.inputs import periods, weeks
from driftloop.core.overview.values import Input, Overview, Segment, StepError
from driftloop.core.windows import Window
from driftloop.report.dashboard.facts import Facts, facts
from driftloop.store.files import CARD, DECISION, EVIDENTLY, OVERVIEW, write_json, write_text

if TYPE_CHECKING:
    from pathlib import Path

UNTIL = date(2025, 4, 14)
BUILT = datetime(2025, 4, 14, 5, 30, tzinfo=UTC)
REPOSITORY = "https://github.com/acme/bikes"
BINS = 16


def make_steps(count: int, *, until: date = date(2025, 4, 7), waiting: float = 0.7) -> tuple[StepError, ...]:
    found = []
    for place in range(count):
        since = until - timedelta(weeks=count - place)
        error = 31 + 8 * np.sin(place / 3) + 2.2 * max(0, place - count // 2)
        window = Window(since=since, until=since + timedelta(days=7))
        found.append(
            StepError(
                window=window,
                rows=168,
                production=error,
                refit=0.9 * error,
                waiting=waiting * max(0, place - count // 2),
                faulty=place == 3,
            )
        )
    return tuple(found)


def make_input(name: str, place: int, count: int, cut: int, **over: Any) -> Input:
    """An input that was unusual for three weeks in a year, and, where `place` is even, is now."""
    levels = [round(0.3 + 0.2 * np.sin(place + week / 5), 3) for week in range(count)]
    for week in range(count):
        if (week + 7 * place) % 52 < 3:
            levels[week] = 1.1 + 0.6 * ((week + place) % 3)
    if place % 2 == 0 and levels:
        levels[-1] = 1.4
    centre = np.array([7 + 2 * np.sin(place + period / 4) for period in range(cut + 1)])[:, None]
    rows = np.exp(-((np.arange(BINS) - centre) ** 2) / 8)
    shares = rows / rows.sum(axis=1, keepdims=True)
    top = float(shares.max())
    texts = encoded(shares, top)
    given = {
        "name": name,
        "number": True,
        "importance": round(1 / (1 + place), 4),
        "levels": levels,
        "missing": [0.01 * (week % 40 < 2) for week in range(count)],
        "bins": [f"{5 * each} to {5 * each + 5}" for each in range(BINS)],
        "shares": texts[:-1],
        "usual": texts[-1],
        "top": top,
    }
    return Input.model_validate(given | over)


def make_overview(inputs: int = 6, days: int = 400, steps: int = 14, **over: Any) -> Overview:
    first = UNTIL - timedelta(days=days)
    count, cut = len(weeks(first, UNTIL)), periods(first, UNTIL)
    given: dict[str, Any] = {
        "until": UNTIL,
        "version": 1,
        "low": 25.0,
        "high": 38.0,
        "steps": make_steps(steps),
        "weeks": weeks(first, UNTIL),
        "periods": cut,
        "inputs": [make_input(f"input_{place}", place, count, len(cut)) for place in range(inputs)],
        "segments": [
            Segment(column="workingday", value=value, rows=300, production=60.0, refit=55.0) for value in "01"
        ],
    }
    return Overview.model_validate(given | over)


def make_record(
    time: datetime, kind: str = "monitor", *, failed: bool = False, number: int = 1, **decision: Any
) -> dict[str, Any]:
    """A record as `records.collect` makes it, as far as the page reads it."""
    until = time.date()
    made = make_decision(
        **{"status": "healthy", "until": until, "labelled_until": until - timedelta(days=7), **decision}
    )
    verdict = make_verdict() if kind in ("retrain", "propose") else None
    return {
        "format": 2,
        "kind": kind,
        "outcome": "failed" if failed else "ok",
        "time": time.isoformat(),
        "model": made.model,
        "until": until.isoformat(),
        "revision": f"{number:040x}",
        "links": {"run": f"{REPOSITORY}/actions/runs/{number}", "commit": f"{REPOSITORY}/commit/{number:040x}"},
        "decision": None if failed else made.model_dump(mode="json"),
        "verdict": {"verdict": verdict.model_dump(mode="json")} if verdict else None,
        "steps": [step.model_dump(mode="json") for step in make_steps(4, until=until - timedelta(days=7))],
        "models": {
            "production": {
                "version": made.version,
                "sha256": "ab" * 32,
                "trained": {"since": "2024-01-01", "until": "2025-01-06"},
                "rows": 9482,
                "normal_error": {"mae": 31.1},
            }
        },
    }


def make_records(count: int) -> list[dict[str, Any]]:
    """So many daily runs up to the end of the data: fine, then an alert, a retraining and version 2 every half year."""
    found = []
    for place in range(count):
        time = BUILT - timedelta(days=count - 1 - place)
        version, status = 1 + place // 180, "outdated" if place % 180 > 150 else "healthy"
        kind = "promote" if place and place % 180 == 0 else "retrain" if place % 180 == 170 else "monitor"
        found.append(make_record(time, kind, failed=place % 97 == 96, number=place + 1, version=version, status=status))
    return found


def make_rule(name: str, loss: float, alerts: float = 0.0, **over: Any) -> dict[str, Any]:
    """The figures of one rule, as reports/backtest.json has them."""
    policy = "avoidable_loss" if name.startswith(("avoidable", "keep")) else name.partition(",")[0]
    return {
        "name": name, "policy": policy, "alert_at_days": 8.0, "calendar_days": 28, "standing_days": 0, "train_days": "all",
        "loss": loss, "above_always": loss / 45 - 1, "below_never": 1 - loss / 50, "alerts": 2, "alerts_a_year": alerts,
        "actions_a_year": 2 * alerts, "degraded_a_year": 0.0, "data_a_year": 0.0, "promotions_a_year": alerts,
        "refused": 0, "useful": 1.0, "useful_live": 1.0, "fits": 9, "delays": {}, "log": [], "steps": {},
    } | over  # fmt: skip


def make_compared(**over: Any) -> Compared:
    """A backtest of the model of `make_decision`."""
    rules = [
        make_rule("always", 45.0),
        make_rule("never", 50.0),
        make_rule("calendar, 28 days", 48.0, 13.3),
        make_rule("avoidable loss, 8 days", 47.96, 2.4),
        make_rule("avoidable loss, 16 days", 49.2, 1.2, alert_at_days=16.0),
        make_rule("keep-fresh", 46.9, 3.6, standing_days=91),
    ]
    given: dict[str, Any] = {
        "model": "bikes", "metric": "mae", "since": "2024-06-10", "until": "2025-04-07", "rules": rules,
        "recommendation": {"monitor": {"policy": "avoidable_loss", "alert_at_days": 8.0}, "reason": "the smallest error"},
    }  # fmt: skip
    return Compared.model_validate(given | over)


def make_facts(decision: dict[str, Any] | None = None, **over: Any) -> Facts:
    given: dict[str, Any] = {
        "report": None,
        "card": make_card(1),
        "overview": make_overview(),
        "records": [],
        "built": BUILT,
        "rendered": True,
    }
    return facts(make_decision(**(decision or {})), **(given | over))


def fill(root: Path, overview: Overview | None = None, **decision: Any) -> Path:
    """Leave what a run leaves, as far as the page is made of it."""
    write_json(root / DECISION, make_decision(**decision).model_dump(mode="json"))
    write_json(root / CARD, make_card(1).model_dump(mode="json"))
    if overview is not None:
        write_json(root / OVERVIEW, overview.model_dump(mode="json"))
    write_text(root / EVIDENTLY / "index.html", "<!doctype html><title>Evidently</title><p>report</p>")
    return root

"""Proposals for tests: version 2 of `bikes`, 14.7 % better."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from driftloop.core.decision.values import Decision
from driftloop.core.intervals import Interval
from driftloop.core.judging.verdict import Report, Segment, Verdict
from driftloop.core.models.card import Card
from driftloop.core.models.recipe import Recipe
from driftloop.core.windows import Window
from driftloop.retraining.wording.proposal import Proposal

DAY = date(2025, 4, 14)
JUDGED = Window(since=date(2025, 3, 10), until=date(2025, 4, 7))
GAIN = Interval(estimate=0.147, low=0.049, high=0.244, level=0.9)


def make_verdict(**over: Any) -> Verdict:
    parts = [Segment(column="workingday", value=value, rows=300, production=10.1, refit=refit, gain=gain, blocks=False)
             for value, refit, gain in (("0", 9.3, 0.08), ("1", 8.0, 0.2))]  # fmt: skip
    given = {"outcome": "promote", "reasons": ("14.7 % less error",), "judged": JUDGED, "rows": 670, "gain": GAIN,
             "needed": 0.01, "production": 68.8, "refit": 58.7, "segments": tuple(parts)}  # fmt: skip
    return Verdict.model_validate({**given, **over})


def make_card(version: int, **over: Any) -> Card:
    recipe = Recipe(estimator="Tree", params={}, numerical=("x",), categorical=(), target="y", task="regression",
                    train_days="all", seed=0)  # fmt: skip
    given = {"version": version, "model": "bikes", "recipe": recipe, "sha256": "ab" * 32, "data_sha256": "cd" * 32,
             "rows": 9482, "trained": Window(since=date(2024, 1, 1), until=date(2025, 4, 7)),
             "packages": {"numpy": "2.4.6"}}  # fmt: skip
    return Card.model_validate({**given, **over})


def make_proposal(verdict: Verdict | None = None, **over: Any) -> Proposal:
    verdict = verdict or make_verdict()
    decision = Decision(
        status="outdated", alert=True, since=None, reasons=("x",), advice="x", model="bikes", version=1, simulated=False,
        unit="rentals/hour", metric="mae", policy="avoidable_loss", zone="UTC", until=DAY,
        labelled_until=date(2025, 4, 7), step_days=7, alert_at_days=8,
    )  # fmt: skip
    report = Report(
        verdict=verdict, production_version=1, until=DAY, rule={}, candidate_sha256="ab" * 32,
        production={"mae": 68.8, "bias": -67.3, "r2": 0.35}, refit={"mae": 58.7, "bias": -56.8, "r2": 0.52},
    )  # fmt: skip
    made = Proposal(
        issue=12, branch="retrain/issue-12", base="f" * 40, decision=decision, report=report, before=make_card(1),
        after=make_card(2), label_delay_days=7, main={"production: mae": 81.8, "monitor: old": 1.0},
        promote={"production: mae": 58.7, "production: rows": 670},
        params=[("source.until", "2025-03-03T00:00Z", "2025-04-14T00:00Z")],
    )  # fmt: skip
    return replace(made, **over)

"""Comparisons for tests: what a pull request changes."""

from __future__ import annotations

from typing import Any

from driftloop.comparison.wording import Comparison, Difference


def make_comparison(head: str = "b" * 40, **over: Any) -> Comparison:
    given: dict[str, Any] = {
        "base": "main",
        "base_sha": "a" * 40,
        "head_sha": head,
        "metrics": (Difference("metrics/production.json", "mae", 84.62, 76.3),),
        "params": (Difference("params.yaml", "train.seed", 0, 1),),
        "moved": False,
    }
    return Comparison(**given | over)

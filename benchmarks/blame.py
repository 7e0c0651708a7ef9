"""How often what was planted is among the first two that are blamed, and how often something is blamed without a cause.

uv run python benchmarks/blame.py [200]     so many seeded cases of each kind
"""

from __future__ import annotations

import os
import platform
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests/support")]

from causes import CAUSES, Case, make_case  # noqa: E402

FIRST = 2  # of those that are blamed


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {count} cases of each kind\n"
    )
    print(
        "| planted | error found to be up | planted one first | among the first two | an input named that was not planted | a segment | days off, median |"
    )
    print("|---|---|---|---|---|---|---|")
    with ProcessPoolExecutor() as pool:
        for cause in CAUSES:
            print(_row(cause, list(pool.map(partial(make_case, cause=cause), range(count), chunksize=5))))


def _row(cause: str, cases: list[Case]) -> str:
    named = [_named(case, cause) for case in cases]
    planted = cause in ("input", "segment")
    first, two = (
        sum(case.planted in names[:most] for case, names in zip(cases, named, strict=True)) / len(cases)
        for most in (1, FIRST)
    )
    up = sum(case.found.since is not None for case in cases)
    others = sum(any(each.name != case.planted for each in case.found.inputs) for case in cases)
    segments = sum(any(each.name != case.planted for each in case.found.segments) for case in cases)
    off = [abs((case.found.since - case.rose).days) for case in cases if case.found.since]
    cells = (
        cause,
        f"{up / len(cases):.0%}",
        f"{first:.1%}" if planted else "",
        f"{two:.1%}" if planted else "",
        f"{others / len(cases):.1%}",
        f"{segments / len(cases):.1%}",
        f"{median(off):.0f}" if off else "",
    )
    return f"| {' | '.join(cells)} |"


def _named(case: Case, cause: str) -> list[str]:
    return [each.name for each in (case.found.segments if cause == "segment" else case.found.inputs)]


if __name__ == "__main__":
    main()

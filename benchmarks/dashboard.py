"""Size of the dashboard and time to build it, for made-up histories; `--check` fails beyond the budget.

uv run python benchmarks/dashboard.py
"""

from __future__ import annotations

import gzip
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests/support")]

from sites import BUILT, fill, make_overview, make_records  # noqa: E402

from driftloop.report import site  # noqa: E402

# Runs, columns, days of data → seconds, kB, kB compressed that it may take; Evidently's report aside.
CASES = {(3, 8, 400): (5.0, 100, 40), (1_000, 60, 1_000): (5.0, 600, 150), (1_000, 300, 1_000): (10.0, 1_200, 300)}


def main() -> None:
    fine = True
    for (runs, columns, days), (most_seconds, most_raw, most_packed) in CASES.items():
        with TemporaryDirectory() as folder:
            root = fill(Path(folder), make_overview(columns, days=days, steps=26))
            records = make_records(runs)
            start = time.perf_counter()
            out = site.build(root, root / "_site", built=BUILT, records=records).parent
            seconds = time.perf_counter() - start
            contents = [path.read_bytes() for path in out.iterdir() if path.is_file()]
        raw, packed = sum(map(len, contents)) / 1e3, sum(len(gzip.compress(each)) for each in contents) / 1e3
        fine &= seconds <= most_seconds and raw <= most_raw and packed <= most_packed
        print(f"{runs:5,} runs x {columns:3} columns: {seconds:.2f} s, {raw:,.0f} kB, {packed:,.0f} kB gzipped")
    if "--check" in sys.argv and not fine:
        sys.exit("beyond the budget")


if __name__ == "__main__":
    main()

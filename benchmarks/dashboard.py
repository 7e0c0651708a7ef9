"""Size of the dashboard, time to build it, and time until it is shown and usable, for made-up histories.

uv run python benchmarks/dashboard.py             `--check` fails beyond the budget; the browser is left out where there is none
"""

from __future__ import annotations

import gzip
import shutil
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests/support")]

from sites import BUILT, fill, make_compared, make_overview, make_records  # noqa: E402

from driftloop.report import site  # noqa: E402
from driftloop.store.files import BACKTEST, write_json  # noqa: E402

# Runs, columns, days of data → seconds, kB, kB compressed that it may take; Evidently's report aside.
CASES = {(3, 8, 400): (5.0, 100, 40), (1_000, 60, 1_000): (5.0, 600, 150), (1_000, 300, 1_000): (10.0, 1_200, 300)}


FIRST_PAINT, SLOWED = 1.0, 4  # seconds; times


def painted(page: Path) -> tuple[float, float] | None:
    """Seconds until something is painted, and until the script has run, on a slow processor; None without Chromium."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        return None
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        tab = browser.new_page()
        tab.context.new_cdp_session(tab).send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
        tab.goto(page.as_uri())
        tab.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
        found = tab.evaluate(
            "[performance.getEntriesByName('first-contentful-paint')[0].startTime,"
            " performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd]"
        )
        browser.close()
    return found[0] / 1000, found[1] / 1000


def main() -> None:
    fine = True
    for (runs, columns, days), (most_seconds, most_raw, most_packed) in CASES.items():
        with TemporaryDirectory() as folder:
            root = fill(Path(folder), make_overview(columns, days=days, steps=26))
            write_json(root / BACKTEST, make_compared().model_dump(mode="json"))
            records = make_records(runs)
            start = time.perf_counter()
            out = site.build(root, root / "_site", built=BUILT, records=records).parent
            seconds = time.perf_counter() - start
            contents = [path.read_bytes() for path in out.iterdir() if path.is_file()]
            shown = painted(out / "index.html")
        raw, packed = sum(map(len, contents)) / 1e3, sum(len(gzip.compress(each)) for each in contents) / 1e3
        fine &= (
            seconds <= most_seconds and raw <= most_raw and packed <= most_packed and (shown or (0,))[0] < FIRST_PAINT
        )
        print(f"{runs:5,} runs x {columns:3} columns: {seconds:.2f} s, {raw:,.0f} kB, {packed:,.0f} kB gzipped")
        if shown:
            print(
                f"      first paint after {shown[0]:.2f} s, script done after {shown[1]:.2f} s, processor slowed {SLOWED} times"
            )
    if "--check" in sys.argv and not fine:
        sys.exit("beyond the budget")


if __name__ == "__main__":
    main()

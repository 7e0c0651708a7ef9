"""Pictures of the dashboard for the README, from `_site`: `make screenshots`, then look at them.

uv run python benchmarks/screenshots.py     after `make repro`, with Chromium on the PATH
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "_site/index.html"
PICTURES = {"dashboard-wide.png": (1180, 980, "light"), "dashboard-phone.png": (390, 844, "dark")}
MOST_BYTES = 300_000


def main() -> None:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None or not PAGE.is_file():
        sys.exit("expected Chromium on the PATH and _site/index.html; run `make repro` first")
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, (width, height, scheme) in PICTURES.items():
            context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
            page = context.new_page()
            page.goto(PAGE.as_uri())
            picture = ROOT / "docs" / name
            page.screenshot(path=picture)
            if picture.stat().st_size > MOST_BYTES:
                sys.exit(f"{picture}: larger than {MOST_BYTES:,} bytes")
            print(picture.relative_to(ROOT))
        browser.close()


if __name__ == "__main__":
    main()

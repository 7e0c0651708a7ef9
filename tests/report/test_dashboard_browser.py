"""The dashboard as people meet it: in a real browser, from a file, in light and dark, on a phone and on a wide screen."""

from __future__ import annotations

import shutil
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from decisions import HOSTILE
from sites import BUILT, fill, make_input, make_overview, make_record, make_records, make_steps

from driftloop.core.intervals import Interval
from driftloop.report import site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the PATH: apt-get install chromium")

PHONE, WIDE = (390, 844), (1280, 900)
NOTHING: dict[str, Any] = dict.fromkeys(
    ("judged", "error", "normal_error", "refit_error", "waiting_days", "recent_gain")
)
LONG = "a_column_with_a_very_long_name_" * 7
STATES: dict[str, dict[str, Any]] = {
    "no production yet": {"overview": make_overview(steps=0, version=0), "decision": {"status": "no production", "version": 0, **NOTHING}},
    "no records": {"overview": make_overview(), "decision": {}},
    "one run": {"overview": make_overview(steps=1, days=30), "records": make_records(1), "decision": {"status": "healthy"}},
    "insufficient data": {"overview": None, "decision": {"status": "insufficient data", **NOTHING}},
    "data fault": {"overview": make_overview(), "records": make_records(30), "decision": {"status": "data fault"}},
    "failed run": {"overview": make_overview(), "records": [*make_records(9), make_record(BUILT + timedelta(hours=1), failed=True, number=99)], "decision": {}},
    "labels that stopped": {"overview": make_overview(steps=4).model_copy(update={"steps": make_overview(steps=9).steps[:4]}), "decision": {}},
    "failed before it measured": {"overview": None, "records": [*make_records(9), make_record(BUILT + timedelta(hours=1), failed=True, number=99) | {"failed_in": "measure"}], "decision": {}},
    "classification": {"overview": make_overview(), "records": make_records(30), "decision": {"metric": "log_loss", "unit": "", "error": Interval(estimate=0.412, low=0.38, high=0.44, level=0.9), "normal_error": 0.371}},
    "rows once a day": {"overview": make_overview(inputs=3, days=900).model_copy(update={"steps": tuple(step.model_copy(update={"rows": 7}) for step in make_steps(26)), "periods": (), "inputs": tuple(make_input(name, place, 128, 0, bins=(), shares=(), usual="") for place, name in enumerate(("price", "weekday", "promotion")))}), "records": make_records(30), "decision": {"status": "watch"}},
    "versions taken back": {"overview": make_overview(), "records": [make_record(BUILT - timedelta(days=9 - day), kind, version=version, number=day) | {"by": HOSTILE} for day, (kind, version) in enumerate((("monitor", 1), ("retrain", 1), ("promote", 2), ("monitor", 2), ("promote", 1), ("monitor", 1)))], "decision": {}},
    "strange names": {"overview": make_overview(inputs=0).model_copy(update={"inputs": tuple(make_input(name, place, 57, 57) for place, name in enumerate((LONG, "عمود من اليمين", "🚲 bikes", HOSTILE)))}), "decision": {"model": LONG[:60]}},
    "100 columns": {"overview": make_overview(inputs=100, days=200), "decision": {}},
    "a long history": {"overview": make_overview(inputs=20, days=1000, steps=26), "records": make_records(60), "decision": {}},
}  # fmt: skip
LARGEST = (
    "100 columns",
    "a long history",
)  # more of what the other states have; `test_dashboard_size.py` looks at their size
LARGE = pytest.mark.extended
COLOURS = ["color-contrast", "link-in-text-block"]  # axe's rules that look at them


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as running:
        launched = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """Build a page and open it; afterwards nothing may have been said on the console or asked of anybody."""
    heard: list[str] = []
    opened = []

    def open_page(
        state: dict[str, Any],
        *,
        size: tuple[int, int] = WIDE,
        scheme: Any = "light",
        script: bool = True,
        later: timedelta = timedelta(),
    ) -> Page:
        root = fill(tmp_path, state["overview"], **state["decision"])
        first = site.build(root, root / "_site", built=BUILT, records=state.get("records", []))
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,
            java_script_enabled=script,
            reduced_motion="reduce",
        )
        opened.append(context)
        page = context.new_page()
        page.clock.set_fixed_time(BUILT + later)
        page.on("console", lambda message: heard.append(message.text))
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.on(
            "request", lambda asked: heard.append(asked.url) if not asked.url.startswith(("file:", "data:")) else None
        )
        page.goto(first.as_uri())
        return page

    yield open_page
    for context in opened:
        context.close()
    assert heard == []


@pytest.mark.parametrize("state", [pytest.param(state, marks=LARGE if state in LARGEST else ()) for state in STATES])
def test_page__every_state_is_accessible_and_fits(show: Callable[..., Page], state: str) -> None:
    """Colours do not depend on the size, nor sizes on colours, so each is looked at once; only the stylesheet knows them."""
    from axe_playwright_python.sync_playwright import Axe

    asked = {"preload": False, "resultTypes": ["violations"]}  # it would ask for the stylesheet, which the page refuses

    page = show(STATES[state], size=PHONE)
    if page.locator("details.input").count():
        page.locator("details.input").first.locator("summary").first.click()
    assert overflow(page) <= 0
    assert violations(Axe().run(page, options=asked).response) == []
    page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    page.emulate_media(color_scheme="dark")
    assert overflow(page) <= 0
    assert violations(page.evaluate("asked => axe.run(asked)", asked | {"runOnly": COLOURS})) == []


def test_page__what_a_phone_hides_is_accessible_too(show: Callable[..., Page]) -> None:
    from axe_playwright_python.sync_playwright import Axe

    assert violations(Axe().run(show(STATES["failed run"]), options={"preload": False}).response) == []


def overflow(page: Page) -> int:
    """Return by how many pixels a page is wider than its window."""
    wider: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wider


def violations(found: Any) -> list[str]:
    """List what axe found, with the first element that it concerns."""
    return [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in found["violations"]]


def test_page__without_a_script_everything_is_there(show: Callable[..., Page]) -> None:
    page = show({**STATES["a long history"], "records": make_records(1000)}, script=False)
    assert page.locator("#chart svg.error path.production").is_visible()
    page.locator("#input-0 > summary").click()
    assert page.locator("#input-0 .pair").is_visible()
    page.locator("#input-0 .figures > summary").click()
    assert page.locator("#input-0 .short").is_visible()
    assert page.locator("#runs tbody tr").count() > 365
    assert not page.locator("#filters").is_visible()


def test_page__first_screen_of_a_phone_has_it_all(show: Callable[..., Page]) -> None:
    page = show(STATES["no records"], size=PHONE)
    box = page.locator(".counts").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= PHONE[1]


def test_age__turns_the_headline_grey(show: Callable[..., Page]) -> None:
    state = STATES["no records"]
    fresh = show(state, later=timedelta(hours=47))
    assert not fresh.locator("#stale").is_visible()
    assert fresh.locator("#age").inner_text() == " (47 hours ago)"
    colour = fresh.locator("h1").evaluate("each => getComputedStyle(each).color")
    old = show(state, later=timedelta(hours=49))
    assert (
        "out of date: the last run was 2 days ago, and one is due every 24 hours" in old.locator("#stale").inner_text()
    )
    assert old.locator("h1").evaluate("each => getComputedStyle(each).color") != colour


def test_chart__is_read_out_by_mouse_and_by_keyboard(show: Callable[..., Page]) -> None:
    page = show(STATES["no records"])
    output, chart = page.locator("#chart .readout"), page.locator("#chart svg.error")
    assert output.inner_text() == ""
    chart.hover(position={"x": 5, "y": 50})
    first = output.inner_text()
    assert first.startswith("30 Dec 2024 to 5 Jan 2025: production 31.0 rentals/hour, refit 27.9")
    chart.focus()
    page.keyboard.press("End")
    assert output.inner_text().startswith("31 Mar to 6 Apr 2025")
    page.keyboard.press("ArrowLeft")
    assert output.inner_text().startswith("24 to 30 Mar 2025") or output.inner_text().startswith(
        "24 Mar to 30 Mar 2025"
    )
    page.keyboard.press("Home")
    assert output.inner_text() == first


def test_chart__shows_a_range(show: Callable[..., Page]) -> None:
    page = show(STATES["no records"])
    page.get_by_role("button", name="8 weeks").click()
    left = float(page.locator("#chart svg.error .plot").get_attribute("viewBox").split()[0])  # type: ignore[union-attr]
    assert left == pytest.approx(1000 * (1 - 56 / 105))
    assert page.get_by_role("button", name="8 weeks").get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="all").click()
    assert page.locator("#chart svg.error .plot").get_attribute("viewBox") == "0 0 1000 188"


def test_runs__are_filtered_by_kind_and_outcome(show: Callable[..., Page]) -> None:
    page = show({"overview": make_overview(), "records": make_records(200), "decision": {}})
    page.get_by_label("Kind").select_option("retrain")
    assert page.locator("#filters output").inner_text() == "1 runs"
    page.get_by_label("Kind").select_option("")
    page.get_by_label("Outcome").select_option("failed")
    assert page.locator("#runs tbody tr:visible").count() == 2
    assert set(page.locator("#runs tbody tr:visible td:nth-child(3)").all_inner_texts()) == {"failed"}


def test_input__two_periods_are_compared(show: Callable[..., Page]) -> None:
    page = show(STATES["no records"])
    page.locator("#input-0 > summary").click()
    bars = page.locator("#input-0 path.now")
    before = bars.get_attribute("d")
    picker = page.locator("#input-0 .pick-now")
    picker.focus()
    page.keyboard.press("ArrowLeft")
    assert bars.get_attribute("d") != before
    assert page.locator("#input-0 .now-name").inner_text() == "31 Mar to 6 Apr 2025"
    page.keyboard.press("ArrowRight")
    assert page.locator("#input-0 .now-name").inner_text() == "newest week"
    page.locator("#input-0 .pick-then").fill("0")
    assert page.locator("#input-0 .then-name").inner_text() != "what it is compared with"
    page.locator("#input-0 .pair").hover(position={"x": 200, "y": 50})
    assert "%" in page.locator("#input-0 .dist .readout").inner_text()


def test_heat_map__leads_to_input_and_week(show: Callable[..., Page]) -> None:
    page = show(STATES["no records"])
    strip = page.locator("#heat a[href='#input-2'] .strip")
    box = strip.bounding_box()
    assert box is not None
    strip.click(position={"x": box["width"] - 1.5 * box["width"] / 57, "y": 5})
    assert page.locator("#input-2 .open").is_visible()
    assert page.locator("#input-2 .now-name").inner_text() == "31 Mar to 6 Apr 2025"


def test_page__hostile_text_is_inert(show: Callable[..., Page]) -> None:
    page = show(STATES["strange names"])
    assert page.locator("img").count() == 0
    assert page.locator("summary .name").filter(has_text="<img src=x>").count() == 1

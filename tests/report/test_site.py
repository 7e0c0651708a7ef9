"""The pages: what stands on them, that nothing in them comes alive, and when they are published."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from decisions import HOSTILE, REASONS, make_decision

from driftloop.errors import LoopError
from driftloop.report import site
from driftloop.store.files import DECISION, EVIDENTLY, write_json, write_text

if TYPE_CHECKING:
    from pathlib import Path


class Page(HTMLParser):
    """What a browser would see: tags and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str | None] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_json(tmp_path / DECISION, make_decision().model_dump(mode="json"))
    write_text(tmp_path / EVIDENTLY / "index.html", "<p>report</p>")
    return tmp_path


def test_build__shows_decision_and_report(root: Path) -> None:
    first = site.build(root, root / "_site")
    page = Page(first.read_text("utf-8"))
    assert "bikes v1 is outdated: retraining would have paid" in page.text
    assert REASONS["outdated"] in page.text
    assert "Data to 13 Apr 2025, labels to 6 Apr 2025 (UTC)" in page.text
    (link,) = page.links
    assert link
    assert (first.parent / link).read_text("utf-8") == "<p>report</p>"


def test_build__twice_replaces_the_first(root: Path) -> None:
    site.build(root, root / "_site")
    (root / EVIDENTLY / "index.html").unlink()
    page = Page(site.build(root, root / "_site").read_text("utf-8"))
    assert page.links == []
    assert "not rendered" in page.text
    assert [path.name for path in (root / "_site").iterdir()] == ["index.html"]


def test_build__leaves_a_foreign_folder_alone(root: Path) -> None:
    write_text(root / "mine/diary.txt", "x")
    write_text(root / "mine/index.html", "x")
    with pytest.raises(LoopError, match="expected a new folder or an earlier site"):
        site.build(root, root / "mine")
    assert (root / "mine/diary.txt").exists()


def test_index__text_stays_text() -> None:
    page = Page(site.index(make_decision(reasons=(HOSTILE,), model=HOSTILE, simulated=True), rendered=True))
    assert "img" not in page.tags
    assert HOSTILE.splitlines()[1] in page.text
    assert "SIMULATED DATA" in page.text

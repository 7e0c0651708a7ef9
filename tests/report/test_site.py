"""The pages: what stands on them, that nothing in them comes alive, and when they are published."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from decisions import HOSTILE, REASONS
from sites import BUILT, fill, make_compared, make_input, make_overview, make_record, make_records

from driftloop.core.decision.approval import Approval
from driftloop.errors import LoopError
from driftloop.report import site
from driftloop.report.dashboard import history
from driftloop.store.files import BACKTEST, DECISION, EVIDENTLY, METRICS, OVERVIEW, REPLAY, write_json, write_text

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
    return fill(tmp_path, make_overview())


def build(root: Path, **over: Any) -> Path:
    return site.build(root, root / "_site", **{"built": BUILT, **over})


def test_build__shows_decision_and_report(root: Path) -> None:
    first = build(root)
    page = Page(first.read_text("utf-8"))
    assert "bikes v1 is outdated: retraining would have paid" in " ".join(page.text.split())
    assert REASONS["outdated"].removeprefix("keeping") in page.text
    assert "Data to 13 Apr 2025, labels to 6 Apr 2025 (UTC)" in page.text
    assert "As of 14 Apr 2025, 05:30 UTC" in page.text
    assert "evidently/index.html" in page.links
    assert "report" in (first.parent / "evidently/index.html").read_text("utf-8")


def test_build__every_link_within_leads_somewhere(root: Path) -> None:
    first = build(root)
    text = first.read_text("utf-8")
    for link in filter(None, Page(text).links):
        if link.startswith("#"):
            assert f'id="{link[1:]}"' in text
        elif not link.startswith(("data:", "https:")):
            assert (first.parent / link).is_file()


def test_build__twice_replaces_the_first(root: Path) -> None:
    build(root)
    (root / EVIDENTLY / "index.html").unlink()
    page = Page(build(root).read_text("utf-8"))
    assert "evidently/index.html" not in page.links
    assert "Evidently’s report was not rendered" in page.text
    assert sorted(path.name for path in (root / "_site").iterdir()) == [
        "badge.svg", "dashboard.css", "dashboard.js", "feed.xml", "history.json", "index.html",
    ]  # fmt: skip


def test_build__leaves_a_foreign_folder_alone(root: Path) -> None:
    write_text(root / "mine/diary.txt", "x")
    write_text(root / "mine/index.html", "x")
    with pytest.raises(LoopError, match="expected a new folder or an earlier site"):
        site.build(root, root / "mine", built=BUILT)
    assert (root / "mine/diary.txt").exists()


def test_build__an_overview_of_other_data_does_not_count(root: Path) -> None:
    write_json(root / OVERVIEW, make_overview(version=2).model_dump(mode="json"))
    text = build(root).read_text("utf-8")
    assert "input_0" not in text
    assert "the last run left no overview" in text


def test_build__a_broken_overview_is_none(root: Path) -> None:
    write_text(root / OVERVIEW, "{")
    assert "the last run left no overview" in build(root).read_text("utf-8")


def test_build__the_last_run_failed(root: Path) -> None:
    records = [make_record(BUILT - timedelta(days=1)), make_record(BUILT, failed=True, number=2)]
    text = Page(build(root, records=records).read_text("utf-8"))
    assert "The last run failed" in text.text
    assert "https://github.com/acme/bikes/actions/runs/2" in text.links


def test_build__a_run_that_failed_before_it_decided_shows_what_the_records_know(root: Path) -> None:
    for path in (DECISION, OVERVIEW):
        (root / path).unlink()
    with pytest.raises(LoopError, match="not found"):
        build(root, records=[make_record(BUILT, failed=True)])
    failed = make_record(BUILT, failed=True, number=2) | {"failed_in": "measure"}
    page = Page(
        build(root, records=[make_record(BUILT - timedelta(days=1), status="watch"), failed]).read_text("utf-8")
    )
    said = " ".join(page.text.split())
    assert "The last run failed in the job measure (monitor, 14 Apr 2025, 05:30 UTC): what went wrong" in said
    assert "bikes v1 is healthy: inputs moved, error did not" in said
    assert "https://github.com/acme/bikes/actions/runs/2" in page.links
    assert "svg" in page.tags  # the errors of the steps that are recorded


def test_build__a_run_that_failed_elsewhere_than_on_actions_has_no_link(root: Path) -> None:
    failed = make_record(BUILT, failed=True) | {"links": {}}
    assert "The last run failed" in Page(build(root, records=[failed]).read_text("utf-8")).text


def test_build__text_stays_text(root: Path) -> None:
    hostile = [make_input(HOSTILE, 0, 57, 57, bins=[HOSTILE] * 16)]
    fill(
        root,
        make_overview(inputs=0).model_copy(update={"inputs": tuple(hostile)}),
        reasons=(HOSTILE,),
        model=HOSTILE,
        simulated=True,
    )
    record = make_record(BUILT, model=HOSTILE) | {
        "kind": HOSTILE,
        "links": {"run": "javascript:alert(1)", HOSTILE: HOSTILE},
    }
    page = Page(build(root, records=[record]).read_text("utf-8"))
    assert "img" not in page.tags
    assert page.tags.count("script") == 1
    assert HOSTILE.splitlines()[1] in page.text
    assert "SIMULATED DATA" in page.text
    assert not [link for link in page.links if link and "javascript" in link]


def test_build__asks_nobody_and_has_nothing_inline(root: Path) -> None:
    """The policy of the page would stop both; here is what it would stop."""
    text = build(root, records=make_records(40)).read_text("utf-8")
    assert "default-src 'none'" in text
    assert not re.findall(r"<style|\sstyle=|\son\w+=|<script(?! src=\"dashboard.js\" defer></script>)", text)
    assert not re.findall(r"(?:src|<link[^>]*href)=\"https?:", text)


def test_build__the_same_for_machines(root: Path) -> None:
    build(root, records=make_records(200))
    told = json.loads((root / "_site/history.json").read_text("utf-8"))
    assert (told["format"], told["model"], told["decision"]["status"]) == (1, "bikes", "outdated")
    assert len(told["runs"]) == 200
    feed = ET.fromstring((root / "_site/feed.xml").read_text("utf-8"))
    titles = [each.text for each in feed.iter("{http://www.w3.org/2005/Atom}title")]
    assert titles[0] == "bikes: decisions"
    assert "bikes: promote" in titles
    badge = ET.fromstring((root / "_site/badge.svg").read_text("utf-8"))
    assert "".join(badge.itertext()).endswith("outdated · 14 Apr 2025")


def test_build__leads_to_where_it_is_done(root: Path) -> None:
    record = make_record(BUILT, status="outdated")
    assert any(
        link and "label%3Amodel-alert" in link for link in Page(build(root, records=[record]).read_text("utf-8")).links
    )
    record["links"]["issue"] = "https://github.com/acme/bikes/issues/12"
    text = build(root, records=[record]).read_text("utf-8")
    assert '<a href="https://github.com/acme/bikes/issues/12">Open the alert</a>' in text
    record["links"]["pull request"] = "https://github.com/acme/bikes/pull/13"
    assert '<a href="https://github.com/acme/bikes/pull/13">Open the pull request</a>' in build(
        root, records=[record]
    ).read_text("utf-8")


def test_alerts__are_the_days_on_which_one_became_true() -> None:
    states = ["healthy", "outdated", "outdated", "healthy", "degraded"]
    records = [
        make_record(BUILT - timedelta(days=9 - place), status=state, number=place) for place, state in enumerate(states)
    ]
    records.insert(2, make_record(BUILT - timedelta(days=8, hours=-1), failed=True, number=9))
    assert history.alerts(history.runs(records, "bikes")) == [date(2025, 4, 5), date(2025, 4, 8)]


def test_build__no_more_than_a_year_of_daily_runs(root: Path) -> None:
    build(root, records=make_records(1000))
    told = json.loads((root / "_site/history.json").read_text("utf-8"))
    assert len(told["runs"]) < 366 + 130


def test_build__steps_of_earlier_versions_stay(root: Path) -> None:
    early = make_record(BUILT - timedelta(weeks=20), version=1)
    build(root, records=[early, make_record(BUILT)])
    steps = json.loads((root / "_site/history.json").read_text("utf-8"))["steps"]
    assert len(steps) == 14 + 4
    assert steps == sorted(steps, key=lambda step: step["window"]["since"])


def test_build__says_who_asked_who_merged_and_what_ended_a_version(root: Path) -> None:
    issue, pull = "https://github.com/acme/bikes/issues/12", "https://github.com/acme/bikes/pull/13"
    asked = make_record(BUILT - timedelta(days=3), "retrain", number=2) | {"by": "ann"}
    asked["links"] |= {"issue": issue, "pull request": pull}
    merged = make_record(BUILT - timedelta(days=2), "promote", number=3, version=2) | {"by": "bob"}
    records = [make_record(BUILT - timedelta(days=9)), asked, merged, make_record(BUILT, number=4, version=2)]
    page = Page(build(root, records=records).read_text("utf-8"))
    said = " ".join(page.text.split())
    assert "v1 in production from 5 Apr 2025 to 12 Apr 2025: replaced by v2" in said
    assert "v2 in production since 12 Apr 2025" in said
    assert "Asked for by ann, alert" in said
    assert "Merged by bob, pull request, commit, release run" in said
    assert said.count("Asked for by not known") == said.count("Merged by not known") == 1  # of v1
    assert page.links.count(pull) >= 2  # also at: how to go back
    by_loop = merged | {"by": "github-actions[bot]", "approval": approval_of("ann")}
    page = Page(build(root, records=[*records[:2], by_loop, records[3]]).read_text("utf-8"))
    assert "Merged by the loop, approved by ann, pull request" in " ".join(page.text.split())


def test_build__shows_backtests_of_this_model_and_metric_alone(root: Path) -> None:
    assert "What other settings would have cost" not in build(root).read_text("utf-8")
    write_json(root / METRICS / "backtest.json", {"below_never": 0.03, "above_always": 0.064, "alerts_a_year": 2.43})
    said = " ".join(Page(build(root).read_text("utf-8")).text.split())
    assert "with 2.4 questions a year: error 3.0 % lower than never retraining, 6.4 % above retraining at" in said
    write_json(root / BACKTEST, make_compared().model_dump(mode="json"))
    page = Page(build(root).read_text("utf-8"))
    assert "avoidable loss, 8 days, as now" in " ".join(page.text.split())
    assert "Error against alerts a year; the table has its figures" in (root / "_site/index.html").read_text("utf-8")
    for other in ({"model": "cars"}, {"metric": "mse"}):
        write_json(root / BACKTEST, make_compared(**other).model_dump(mode="json"))
        assert "avoidable loss, 8 days" not in build(root).read_text("utf-8")


def test_build__a_backtest_that_cannot_be_read_is_none(root: Path) -> None:
    for path in (BACKTEST, REPLAY, METRICS / "backtest.json"):
        write_text(root / path, "[")
    assert "What other settings would have cost" not in build(root).read_text("utf-8")


def test_build__what_moved_links_to_its_place(root: Path) -> None:
    blame = {
        "since": "2025-03-03",
        "inputs": [{"name": HOSTILE, "since": "2025-03-03", "level": 1.2, "importance": 0.1, "place": 2},
                   {"name": "input_1", "since": "2025-03-03", "level": 2.5, "importance": 0.4, "place": 1}],
        "segments": [{"name": HOSTILE, "share": 0.8, "usual": 0.5, "since": None}],
    }  # fmt: skip
    fill(root, make_overview(), blame=blame)
    page = Page(build(root).read_text("utf-8"))
    assert "#input-1" in page.links
    assert "#segments" in page.links
    assert "img" not in page.tags
    fill(root, make_overview(), blame={"since": "2025-03-03"})
    assert "No input that matters was beyond its limit then" in build(root).read_text("utf-8")


def approval_of(who: str) -> dict[str, Any]:
    return Approval.given(who, BUILT.date(), 13, 1).model_dump(mode="json")


def test_build__says_whose_approval_is_in_force_and_nothing_when_it_is_over(root: Path) -> None:
    given, over = make_record(BUILT, number=1) | {"approval": approval_of("ann")}, make_record(BUILT, number=3)
    released = make_record(BUILT + timedelta(hours=1), "promote", number=2)  # which knows of no approval
    said = Page(build(root, records=[given, released]).read_text("utf-8")).text
    assert "Kept fresh: approved by ann for data to 13 Jul 2025." in " ".join(said.split())
    ended = over | {"time": (BUILT + timedelta(hours=2)).isoformat()}
    failed = make_record(BUILT + timedelta(hours=3), failed=True, number=4)
    assert "Kept fresh" not in Page(build(root, records=[given, released, ended, failed]).read_text("utf-8")).text


def test_build_all__lists_models_with_their_state_and_gives_each_a_page(root: Path, tmp_path: Path) -> None:
    """One that this run has measured, one that only its records know, and one that nobody has measured yet."""
    elsewhere = tmp_path / "elsewhere"
    known = make_records(3)
    for record in known:
        record["model"] = record["decision"]["model"] = "churn"
    overview = make_overview().model_dump(mode="json")
    projects = [
        site.Project("bikes", root),
        site.Project("churn", elsewhere, known, overview=overview),
        site.Project("new", elsewhere),
    ]
    for _ in range(2):  # an earlier one is replaced
        first = site.build_all(projects, tmp_path / "_site", built=BUILT)
    page = Page(first.read_text("utf-8"))
    assert [link for link in page.links if link and link.endswith(".html")] == ["bikes/index.html", "churn/index.html"]
    rows = " ".join(page.text.split())
    assert "bikes v1outdated: retraining would have paid13 Apr 2025" in rows
    assert "churn v1healthy" in rows
    assert "newnot measured yet" in rows
    assert (tmp_path / "_site/bikes/evidently/index.html").is_file()
    assert "healthy" in (tmp_path / "_site/churn/index.html").read_text("utf-8")
    assert not (tmp_path / "_site/new").exists()
    (tmp_path / "_site/mine").mkdir()
    (tmp_path / "_site/mine/x").write_text("x")
    with pytest.raises(LoopError, match="expected a new folder or an earlier site"):
        site.build_all(projects, tmp_path / "_site", built=BUILT)

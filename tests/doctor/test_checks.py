"""Each check: what it calls well, what would stop the loop, and what to do then."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from facts import NOW, make_clock, make_facts, make_hosted

from driftloop.doctor.checks import CHECKS, examine
from driftloop.doctor.facts import Remote, Schedule, Sizes, Store, Unread
from driftloop.doctor.schedule import longest_gap
from driftloop.foreign import MIB

DAY = timedelta(days=1)


def scheduled(days: float, state: str = "active", **over: Any) -> dict[str, Any]:
    return {"hosted": make_hosted(schedule=Schedule(state, NOW - 90 * DAY, NOW - days * DAY)), **over}


def test_examine__of_a_healthy_loop_finds_nothing() -> None:
    found = examine(make_facts())
    assert {each.state for each in found.results} == {"ok"}
    assert [each.check for each in found.results] == [check.name for check in CHECKS]
    assert found.verdict == "Nothing stops the loop."


@pytest.mark.parametrize(
    ("check", "state", "words", "over"),
    [
        ("params.yaml", "wrong", "model: expected", {"params": "params.yaml: model: expected text"}),
        ("columns", "warning", "temp is missing", {"columns": ("temp is missing",)}),
        ("clock of the data", "wrong", "--until now", {"clock": make_clock(until=NOW + DAY)}),
        ("clock of the data", "ok", "measured to", {"clock": make_clock(until=NOW + timedelta(minutes=9))}),
        ("clock of the data", "warning", "still delivers", {"clock": make_clock(newest=NOW - 9 * DAY)}),
        ("clock of the data", "warning", "measured only to 14 Mar 2025", {"clock": make_clock(until=NOW - 30 * DAY, newest=None)}),
        # A promotion of a month ago is in params.yaml; the runs since then are in the records.
        ("clock of the data", "ok", "measured to 13 Apr 2025",
         {"clock": make_clock(until=NOW - 30 * DAY, newest=None, measured=NOW - timedelta(hours=6))}),
        ("clock of the data", "ok", "moves by steps", {"clock": make_clock(replayed=True, until=NOW - 900 * DAY, newest=None)}),
        ("driftloop.lock", "wrong", "numpy 1", {"lock": "not what is installed: numpy 1 → 2"}),
        ("dvc.lock", "warning", "dvc repro", {"pipeline": "stage refit would run"}),
        ("uncommitted changes", "warning", "a, b, c and 1 more", {"changed": ("a", "b", "c", "d")}),
        ("Git remote", "wrong", "git remote add", {"remote": Remote(not_reached="fatal")}),
        ("Git remote", "warning", "write access", {"remote": Remote(not_writable="403")}),
        ("DVC remote", "ok", "store can be read", {"store": Store("store")}),
        ("DVC remote", "warning", "dvc push", {"store": Store("store", ("data/raw",))}),
        ("sizes", "wrong", "GitHub refuses", {"sizes": Sizes(model=101 * MIB)}),
        ("sizes", "warning", "above 50 MB", {"sizes": Sizes(model=51 * MIB)}),
        ("sizes", "warning", "DVC remote", {"sizes": Sizes(repository=1100 * MIB)}),
        ("sizes", "warning", "delete old folders", {"sizes": Sizes(records=300 * MIB)}),
        ("GitHub", "wrong", "GITHUB_TOKEN", {"hosted": "GitHub: 401 Bad credentials"}),
        ("GitHub", "wrong", "Unarchive", {"hosted": make_hosted({"archived": True})}),
        ("GitHub", "warning", "Use this template", {"hosted": make_hosted({"fork": True})}),
        ("issues", "wrong", "Settings → General", {"hosted": make_hosted({"has_issues": False})}),
        ("Actions", "wrong", "Settings → Actions", {"hosted": make_hosted(actions_on=False)}),
        ("pull requests", "warning", "Allow GitHub Actions", {"hosted": make_hosted(may_propose=False)}),
        ("Pages", "warning", "Source: GitHub Actions", {"hosted": make_hosted({"has_pages": False}, pages_from=None)}),
        ("Pages", "warning", "from a branch", {"hosted": make_hosted(pages_from="legacy")}),
        ("Pages", "ok", "report.pages is auto", {"hosted": make_hosted({"private": True, "has_pages": False})}),
        ("labels", "warning", "driftloop setup", {"hosted": make_hosted(labels=frozenset({"Model-Alert"}))}),
        ("schedule", "wrong", "push .github/workflows", {"hosted": make_hosted(schedule=Schedule(None))}),
        ("schedule", "wrong", "60 days without activity", scheduled(9, "disabled_inactivity")),
        ("schedule", "wrong", "gh workflow enable", scheduled(0, "disabled_manually")),
        ("schedule", "wrong", "ran last on 10 Apr 2025", scheduled(4)),
        ("schedule", "ok", "ran last on 10 Apr 2025", scheduled(4, crons=("0 5 * * 1",))),
        ("schedule", "wrong", "never run", {"hosted": make_hosted(schedule=Schedule("active", NOW - 9 * DAY))}),
        ("schedule", "ok", "not run yet", {"hosted": make_hosted(schedule=Schedule("active", NOW - DAY))}),
        ("schedule", "warning", "by hand only", {"crons": ()}),
        ("schedule", "warning", "newest commit is 50 days old", {"committed": NOW - 50 * DAY}),
        ("branch driftloop", "warning", "protected", {"hosted": make_hosted(branch_protected=True)}),
    ],
)  # fmt: skip
def test_check__says_what_is_wrong_and_what_to_do(check: str, state: str, words: str, over: dict[str, Any]) -> None:
    (result,) = [each for each in examine(make_facts(**over)).results if each.check == check]
    assert result.state == state
    assert words in f"{result.text} {result.remedy}"
    assert state == "ok" or result.remedy or check in ("params.yaml", "driftloop.lock")  # whose text has it


def test_check__of_a_private_repository_fears_no_idle_days() -> None:
    found = examine(make_facts(committed=NOW - 50 * DAY, hosted=make_hosted({"private": True})))
    assert not found.troubles


def test_examine__names_what_a_token_may_not_read_and_asks_the_rest() -> None:
    hosted = make_hosted(may_propose=Unread("takes an administrator"), pages_from=Unread("takes an administrator"))
    found = examine(make_facts(hosted=hosted))
    assert found.unread == "Could not be read: pull requests."
    assert not found.troubles


def test_examine__without_github_still_looks_at_what_is_here() -> None:
    found = examine(make_facts(hosted=Unread("GITHUB_TOKEN is not set")))
    assert [each.check for each in found.results if each.state == "not readable"] == ["GitHub"]
    assert {"params.yaml", "Git remote", "sizes"} <= {each.check for each in found.results}
    assert "schedule" not in {each.check for each in found.results}


@pytest.mark.parametrize(
    ("crons", "days"),
    [
        (["23 5 * * *"], 1), (["*/30 * * * *"], 1), (["0 5 * * 1"], 7), (["0 5 * * SUN,3"], 4), (["0 5 * * 7"], 7),
        (["0 5 1 * *"], 31), (["0 5 1,15 * *"], 17), (["0 5 1 */3 *"], 92), (["0 0 1 jan *"], 366), (["0 5 1 * 1"], 7),
        (["0 5 * * 1", "0 5 * * 4"], 4), (["0 5 30 2 *"], None), (["daily"], None), (["0 5 x * *"], None), ([], None),
    ],
)  # fmt: skip
def test_longest_gap__by_the_days_of_all_lines(crons: list[str], days: int | None) -> None:
    assert longest_gap(crons, date(2023, 6, 1)) == days

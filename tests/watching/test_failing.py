"""One issue says that monitoring itself fails, from the second failed run in a row to the next good one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from driftloop.alerting.labels import Label
from driftloop.nothing import Nothing
from driftloop.watching import failing

if TYPE_CHECKING:
    from adapter import Site

    from driftloop.githubstub import Issue

PAGE = "https://github.com/acme/bikes/actions/runs/"
START = datetime(2025, 4, 1, 5, 23, tzinfo=UTC)


def record(run: int, outcome: str = "failed", *, attempt: int = 1, **over: Any) -> dict[str, Any]:
    time = START + timedelta(days=run, minutes=attempt)
    made = {"kind": "monitor", "outcome": outcome, "time": time.isoformat(), "failed_in": "measure",
            "run": {"id": str(run), "attempt": str(attempt)}, "links": {"run": f"{PAGE}{run}"}}  # fmt: skip
    return made | over


def run(site: Site, *records: dict[str, Any]) -> list[str]:
    """What a job does after these runs."""
    hub = site.hub()
    return [failing.act(hub, each) for each in failing.plan(failing.runs(records), failing.ours(hub), f"{PAGE}99")]


def issue(site: Site, number: int = 1) -> Issue:
    return site.repo.issues[number]


def test_plan__tells_of_the_second_failed_run_and_not_of_the_first() -> None:
    assert failing.plan([], [], "") == (Nothing("no two monitoring runs in a row have failed"),)
    assert isinstance(failing.plan(failing.runs([record(1)]), [], "")[0], Nothing)
    assert isinstance(failing.plan(failing.runs([record(1, "ok"), record(2)]), [], "")[0], Nothing)
    (told,) = failing.plan(failing.runs([record(1, "ok"), record(2), record(3)]), [], "")
    assert isinstance(told, failing.Open)


def test_runs__counts_a_run_that_is_tried_again_once() -> None:
    assert isinstance(failing.plan(failing.runs([record(1), record(1, attempt=2)]), [], "")[0], Nothing)
    known = failing.runs([record(1), record(2), record(1, "ok", attempt=2)])
    assert failing.failing(known) == []


def test_runs__passes_over_what_is_no_monitoring_run_and_takes_no_address_of_a_stranger() -> None:
    hostile = record(2, links={"run": "https://evil.example/](x)"}, failed_in="a](http://x)")
    (only,) = failing.runs([{}, record(1, kind="retrain"), {"kind": "monitor"}, record(3, time="soon"), hostile])
    assert (only.url, only.job) == ("", "")


def test_act__opens_one_issue_updates_it_quietly_and_closes_it_with_one_sentence(site: Site) -> None:
    assert run(site, record(1), record(2)) == ["opened #1"]
    assert issue(site).title == "Monitoring itself fails since 2 Apr 2025"
    assert issue(site).labels == [Label.MONITOR]
    assert run(site, record(1), record(2)) == ["did nothing: #1 says so already"]
    site.stand.at().get_issue(1).remove_from_labels(Label.MONITOR)
    assert run(site, record(1), record(2), record(3)) == ["updated #1"]
    assert "The last 3 runs of Monitor have failed" in (issue(site).body or "")
    assert (issue(site).labels, site.repo.comments) == ([Label.MONITOR], {})
    for _ in range(2):
        run(site, record(1), record(2), record(3), record(4, "ok"))
    assert (issue(site).state, len(site.repo.issues)) == ("closed", 1)
    (comment,) = site.repo.comments.values()
    assert comment.body.endswith(f"**Monitoring works again:** [this run]({PAGE}99) ended well.")
    assert run(site, record(4, "ok"), record(5), record(6)) == ["opened #2"]  # another time, another issue


def test_act__stays_silent_where_a_person_closed_it_until_a_run_has_ended_well(site: Site) -> None:
    run(site, record(1), record(2))
    site.stand.at().get_issue(1).edit(state="closed")
    (said,) = run(site, record(1), record(2), record(3))
    assert said == "did nothing: #1 was closed by hand, and no run has ended well since"
    assert run(site, record(3), record(4, "ok"), record(5), record(6)) == ["opened #2"]


def test_ours__is_no_issue_of_a_stranger(site: Site) -> None:
    (made,) = failing.plan(failing.runs([record(1), record(2)]), [], "")
    assert isinstance(made, failing.Open)
    site.stand.at(site.stand.world.token("eve")).create_issue(made.title, body=made.body, labels=[str(Label.MONITOR)])
    assert run(site, record(1), record(2)) == ["opened #2"]


@pytest.mark.parametrize("known", [[], [record(1)]])
def test_plan__closes_nothing_before_a_good_run(site: Site, known: list[dict[str, Any]]) -> None:
    run(site, record(1), record(2))
    assert run(site, *known) == ["did nothing: no two monitoring runs in a row have failed"]
    assert issue(site).state == "open"


def test_act__models_of_two_folders_have_an_issue_each(site: Site) -> None:
    hub, failed = site.hub(), failing.runs([record(1), record(2)])
    for folder in ("models-of/churn", ""):
        (action,) = failing.plan(failed, failing.ours(hub, folder), f"{PAGE}99", folder)
        failing.act(hub, action)
    assert [issue(site, number).title.partition(" since")[0] for number in (1, 2)] == [
        "Monitoring of models-of/churn itself fails",
        "Monitoring itself fails",
    ]
    assert "*Actions → Monitor → Run workflow* with the folder models-of/churn." in (issue(site).body or "")
    worked = failing.plan(failing.runs([record(3, "ok")]), failing.ours(hub, "models-of/churn"), "", "models-of/churn")
    assert [failing.act(hub, each) for each in worked] == ["closed #1"]
    assert [issue(site, number).state for number in (1, 2)] == ["closed", "open"]

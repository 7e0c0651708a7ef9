"""The label snooze, on the stand-in for GitHub: who may silence an alert, until when, and what wakes it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from decisions import make_decision, make_finding

from driftloop.alerting import act, snooze
from driftloop.alerting.labels import Label
from driftloop.alerting.wording import Links
from driftloop.core.intervals import Interval
from driftloop.errors import GitHubError
from driftloop.githubstub import ERROR

if TYPE_CHECKING:
    from adapter import Site

    from driftloop.core.decision.values import Decision

DAY = date(2025, 4, 14)
FAULT = make_decision("data fault")
MORE = make_decision("data fault", findings=(make_finding(), make_finding("y")), until=DAY + timedelta(days=1))


def monitor(site: Site, decision: Decision) -> str:
    return "; ".join(each.text for each in act.run(site.hub(), decision, Links()))


def label(site: Site, by: str = "ann") -> str:
    """Somebody sets the label, and the workflow answers."""
    site.stand.at().get_issue(1).add_to_labels(Label.SNOOZE)
    event = {"label": {"name": Label.SNOOZE}, "issue": {"number": 1}, "sender": {"login": by}}
    hub = site.hub()
    runtime = replace(_runtime(site), event_name="issues", event=event)
    return snooze.act(hub, snooze.plan(hub, runtime, 1, "bikes"))


def _runtime(site: Site) -> Any:
    from driftloop.github.runtime import Runtime, Token

    return Runtime("acme/bikes", site.stand.server.url, "https://github.com", Token(site.stand.ann.value))


def says(site: Site, text: str, by: str = "ann") -> None:
    site.stand.at(site.stand.world.token(by)).get_issue(1).create_comment(text)


def comments(site: Site) -> list[str]:
    """What the loop has said, without hidden lines."""
    bodies = [each.body for each in site.repo.comments.values() if each.author.login == "github-actions[bot]"]
    return ["\n".join(line for line in body.splitlines() if not line.startswith("<!--")) for body in bodies]


@pytest.fixture
def alerted(site: Site) -> Site:
    monitor(site, FAULT)
    return site


def test_snooze__silences_what_is_new_for_a_week_of_data_and_then_tells_it(alerted: Site) -> None:
    assert label(alerted) == label(alerted) == "the snooze of #1 is in force until 2025-04-21"
    assert [said.split(":")[0] for said in comments(alerted)] == ["**Snoozed** by ann"]
    assert monitor(alerted, MORE) == "updated #1; the snooze of #1 is in force until 2025-04-21"
    assert len(comments(alerted)) == 1
    assert monitor(alerted, MORE.model_copy(update={"until": DAY + timedelta(days=7)})).endswith("over (time)")
    assert comments(alerted) == ["**No longer snoozed:** the time is over.", "New: x stands still in 168 of 168 rows."]
    assert Label.SNOOZE not in alerted.repo.issues[1].labels


def test_snooze__follows_the_newest_date_by_somebody_who_may_write(alerted: Site) -> None:
    says(alerted, "Please snooze until 2025-06-01, we are on holiday")
    says(alerted, "snooze until 2025-02-31")
    says(alerted, "snooze until 2026-01-01", by="eve")
    assert label(alerted).endswith("2025-06-01")
    says(alerted, "Rather:\nSnooze until 2025-05-01.")
    assert monitor(alerted, MORE).endswith("in force until 2025-05-01")
    assert "before the data reaches 1 May 2025" in comments(alerted)[0]


def test_snooze__is_refused_to_those_who_may_not_write_and_has_no_effect(alerted: Site) -> None:
    for _ in range(2):
        assert "ted has no write access" in label(alerted, by="ted")
    assert [said.split(":")[0] for said in comments(alerted)] == ["**Not snoozed"]
    assert monitor(alerted, MORE) == "updated #1 and commented"


def test_snooze__pasted_by_a_stranger_counts_for_nothing(alerted: Site) -> None:
    alerted.stand.at().get_issue(1).add_to_labels(Label.SNOOZE)
    given = snooze.Snooze(by="ann", since=DAY, until=date(2030, 1, 1))
    says(alerted, f"<!-- driftloop:snooze 1 {given.model_dump_json()} -->", by="eve")
    assert monitor(alerted, MORE) == "updated #1 and commented"


def test_snooze__ends_when_the_label_is_taken_off_and_can_be_set_again(alerted: Site) -> None:
    label(alerted)
    alerted.stand.at().get_issue(1).remove_from_labels(Label.SNOOZE)
    assert monitor(alerted, MORE) == "updated #1 and commented; the snooze of #1 is over (label)"
    assert monitor(alerted, MORE) == "did nothing: #1 says so already"
    label(alerted)
    assert [said.split(":")[0] for said in comments(alerted)] == ["**No longer snoozed", "New", "**Snoozed** by ann"]


DEGRADED = make_decision("degraded")
NEXT: dict[str, Any] = {"until": DAY + timedelta(days=1)}
RISEN = {"error": Interval(estimate=130, low=120, high=140, level=0.9)}


@pytest.mark.parametrize(
    ("first", "worse", "told"),
    [
        (FAULT, DEGRADED.model_copy(update=NEXT), "Now: **bikes v1 is degraded"),
        (DEGRADED, DEGRADED.model_copy(update={**NEXT, **RISEN}), "Error has risen further."),
        (FAULT, make_decision("healthy", **NEXT), "Recovered: bikes v1 is healthy."),
    ],
)
def test_snooze__ends_when_it_is_clearly_worse_or_over(site: Site, first: Decision, worse: Decision, told: str) -> None:
    monitor(site, first)
    label(site)
    monitor(site, worse)
    ended, news = comments(site)
    assert ended.startswith("**No longer snoozed:**")
    assert news.startswith(told)


def test_snooze__goes_on_where_it_is_a_little_worse(site: Site) -> None:
    grown = make_decision(waiting_days=17.0, **NEXT)
    monitor(site, make_decision(waiting_days=8.5))
    label(site)
    assert "in force" in monitor(site, grown.model_copy(update={"waiting_days": 12.0}))
    assert "over (worse)" in monitor(site, grown)


def test_snooze__whose_end_broke_off_is_ended_by_the_next_run(alerted: Site) -> None:
    """At each call in turn: what people read afterwards is the same."""
    label(alerted)
    worse = make_decision("degraded", until=DAY + timedelta(days=1))
    for place in range(1, 20):
        server = alerted.stand.server
        for more in range(place, place + 9):  # longer than it is tried again
            server.faults.at(len(server.calls) + more, ERROR)
        try:
            monitor(alerted, worse)
        except GitHubError:
            server.faults.clear()
            continue
        break
    server.faults.clear()
    monitor(alerted, worse)
    assert [said.split(":")[0] for said in comments(alerted)] == ["**No longer snoozed", "Now"]


def test_snooze__asks_nothing_of_issues_that_are_not_its_own_or_not_open(alerted: Site) -> None:
    alerted.stand.at().create_issue("Another", labels=[str(Label.SNOOZE)])
    hub, runtime = alerted.hub(), replace(_runtime(alerted), event={"sender": {"login": "ann"}})
    assert "not an alert" in snooze.worded(snooze.plan(hub, runtime, 2, "bikes"))
    assert "does not carry" in snooze.worded(snooze.plan(hub, runtime, 1, "bikes"))
    alerted.stand.at().get_issue(1).edit(state="closed", labels=[str(Label.ALERT), str(Label.SNOOZE)])
    assert "is closed" in snooze.worded(snooze.plan(hub, runtime, 1, "bikes"))

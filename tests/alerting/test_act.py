"""The alert, on the stand-in for GitHub: what is there afterwards, whatever happened on the way."""

from __future__ import annotations

import itertools
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from decisions import HOSTILE, make_decision, make_finding
from faults import FAULTS

from driftloop.alerting import act, memory
from driftloop.alerting.labels import LOOKS, Label
from driftloop.alerting.wording import Links
from driftloop.core.intervals import Interval
from driftloop.errors import GitHubError
from driftloop.github.hub import Hub
from driftloop.github.runtime import Runtime, Token

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapter import Site

    from driftloop.core.decision.values import Decision
    from driftloop.githubstub import Issue, Repository

BOT = "github-actions[bot]"
LINKS = Links(run="https://github.com/acme/bikes/actions/runs/7", commit="c" * 40)
HEALTHY, OUTDATED, DEGRADED, FAULT = map(make_decision, ("healthy", "outdated", "degraded", "data fault"))


class KilledError(BaseException):
    """The job was killed."""


def run(site: Site, *decisions: Decision, name: str = "acme/bikes", links: Links = LINKS) -> list[str]:
    """One monitor run after the other; gives what the last one says it did."""
    done: list[act.Done] = []
    for decision in decisions:
        done = act.run(site.hub(name=name), decision, links)
    return [each.text for each in done]


def issues(site: Site) -> list[Issue]:
    return list(site.repo.issues.values())


def only(site: Site) -> Issue:
    (found,) = issues(site)
    return found


def comments(site: Site, number: int = 1) -> list[str]:
    """What people read in comments, without hidden lines."""
    bodies = [each.body for each in site.repo.comments.values() if each.number == number]
    return ["\n".join(line for line in body.splitlines() if not line.startswith("<!--")) for body in bodies]


def by_hand(site: Site, number: int, **change: Any) -> None:
    site.stand.at().get_issue(number).edit(**change)


# Opening


def test_run__opens_one_issue(site: Site) -> None:
    assert run(site, OUTDATED) == ["opened #1"]
    found = only(site)
    assert (found.title, found.state) == ("bikes v1 is outdated: retraining would have paid", "open")
    assert found.labels == [Label.ALERT]
    assert found.author.login == BOT
    assert (found.body or "").startswith("<!-- driftloop:alert bikes -->\n<!-- driftloop:state {")
    assert set(site.repo.labels) == set(LOOKS)
    assert comments(site) == []


def test_run__twice_changes_nothing(site: Site) -> None:
    run(site, OUTDATED)
    events, before = len(site.stand.world.events), only(site).body
    assert run(site, OUTDATED) == ["did nothing: #1 says so already"]
    assert len(site.stand.world.events) == events
    assert only(site).body == before


@pytest.mark.parametrize("status", ["healthy", "watch", "no production"])
def test_run__without_need_does_nothing(site: Site, status: str) -> None:
    assert run(site, make_decision(status)) == ["did nothing: there is nothing to tell"]
    assert issues(site) == []
    assert site.repo.labels == {}


def test_run__keeps_one_issue_per_model(site: Site) -> None:
    run(site, OUTDATED, make_decision(model="bikes-2"), OUTDATED, make_decision("healthy", model="bikes-2"))
    assert [each.state for each in issues(site)] == ["open", "closed"]


def test_run__finds_its_issue_on_any_page(site: Site) -> None:
    stand = site.stand.at()
    stand.create_label(Label.ALERT, "d93f0b")
    for place in range(120):
        stand.create_issue(f"Another {place}", labels=[str(Label.ALERT)])
    run(site, OUTDATED, OUTDATED, HEALTHY, HEALTHY)
    assert [each.number for each in issues(site) if each.author.login == BOT] == [121]
    assert site.repo.issues[121].state == "closed"


def label_off(site: Site, *, everywhere: bool = False) -> None:
    site.stand.at().get_issue(1).remove_from_labels(Label.ALERT)
    if everywhere:
        site.stand.at().get_label(Label.ALERT).delete()


@pytest.mark.parametrize("everywhere", [False, True])
def test_run__finds_its_issue_without_the_label_and_puts_that_back(site: Site, *, everywhere: bool) -> None:
    run(site, OUTDATED)
    label_off(site, everywhere=everywhere)
    assert run(site, OUTDATED) == ["updated #1 and put its label back"]
    assert only(site).labels == [Label.ALERT]
    assert site.repo.labels[Label.ALERT].color == LOOKS[Label.ALERT].color
    assert run(site, OUTDATED) == ["did nothing: #1 says so already"]
    assert comments(site) == []


def test_run__closes_its_issue_without_the_label(site: Site) -> None:
    run(site, OUTDATED)
    label_off(site)
    assert run(site, HEALTHY) == ["closed #1"]


def test_run__leaves_an_alert_of_another_model_to_a_person(site: Site) -> None:
    run(site, make_decision(model="old-bikes"))
    body = only(site).body
    said = "left #1 alone: it is about another model, old-bikes; close it if there is none of that name"
    assert run(site, OUTDATED) == ["opened #2", said]
    assert run(site, HEALTHY) == ["closed #2", said]
    known = [each.text for each in act.run(site.hub(), HEALTHY, LINKS, beside={"old-bikes"})]
    assert known == ["did nothing: there is nothing to tell"]  # a model beside it looks after its own
    assert (issues(site)[0].state, issues(site)[0].body, comments(site)) == ("open", body, [])
    by_hand(site, 1, state="closed")
    assert run(site, HEALTHY) == ["did nothing: there is nothing to tell"]


# Keeping it true


def test_run__brings_the_text_up_to_date_without_a_word(site: Site) -> None:
    run(site, OUTDATED)
    assert run(site, make_decision(waiting_days=9.1, until=date(2025, 4, 21))) == ["updated #1"]
    assert "9.1 normal days" in (only(site).body or "")
    assert comments(site) == []


def test_run__tells_when_the_status_changes(site: Site) -> None:
    assert run(site, OUTDATED, FAULT) == ["updated #1 and commented"]
    assert only(site).title == "bikes v1 gets faulty data: fix the data, do not retrain"
    assert comments(site) == [
        "Now: **bikes v1 gets faulty data: fix the data, do not retrain**. X stands still in 168 of 168 rows."
    ]
    run(site, FAULT)
    assert len(comments(site)) == 1


def test_run__tells_each_change_also_back_and_forth(site: Site) -> None:
    run(site, FAULT, DEGRADED, FAULT, DEGRADED)
    assert [text.split("**")[1].split(" ", 2)[2] for text in comments(site)] == [
        "is degraded: error is up, investigate",
        "gets faulty data: fix the data, do not retrain",
        "is degraded: error is up, investigate",
    ]


def test_run__tells_of_another_version(site: Site) -> None:
    run(site, OUTDATED, make_decision(version=2))
    assert len(comments(site)) == 1
    assert only(site).title.startswith("bikes v2 ")


def test_run__tells_of_waiting_that_has_grown_by_as_much_again(site: Site) -> None:
    run(site, *(make_decision(waiting_days=8.5 + 2 * week) for week in range(9)))
    assert comments(site) == [
        f"Waiting has now cost as much error as {cost} normal days bring." for cost in ("16.5", "24.5")
    ]


def test_run__tells_of_error_that_has_risen_by_half(site: Site) -> None:
    errors = [Interval(estimate=value, low=None, high=None, level=0.9) for value in (50, 60, 74, 76, 100, 115)]
    run(site, *(make_decision("degraded", error=error) for error in errors))
    assert comments(site) == [
        f"Error has risen further. Mean absolute error is {error} times normal (31.1)."
        for error in ("76.0 rentals/hour, 2.4", "115.0 rentals/hour, 3.7")
    ]


def test_run__tells_of_new_faults_once(site: Site) -> None:
    x, y = make_finding("x", "x stands still"), make_finding("y", "y is missing")
    run(site, *(make_decision("data fault", findings=found) for found in ([x], [x, y], [y], [x], [x, y])))
    assert comments(site) == ["New: y is missing."]


def test_run__restores_a_text_that_was_edited(site: Site) -> None:
    run(site, OUTDATED)
    before = only(site).body or ""
    by_hand(site, 1, title="Nothing", body=before.replace("\n", "\r\n") + "\r\nAll is well.")
    run(site, OUTDATED)
    assert (only(site).title, only(site).body) == ("bikes v1 is outdated: retraining would have paid", before)
    assert comments(site) == []


@pytest.mark.parametrize(
    "state", ["", '{"status": 1}', '{"status": "outdated", "version": "x"}', "{", '{"waiting": "much"}', "null"]
)
def test_run__survives_a_state_that_was_edited(site: Site, state: str) -> None:
    run(site, OUTDATED)
    by_hand(site, 1, body=f"{memory.marker('bikes')}\n<!-- driftloop:state {state} -->\ntext")
    run(site, OUTDATED, OUTDATED)
    assert len(comments(site)) == 1
    by_hand(site, 1, body=memory.marker("bikes"))
    run(site, HEALTHY)
    assert only(site).state == "closed"


# Old runs that are repeated


LATER = date(2025, 4, 21)


@pytest.mark.parametrize("now", [HEALTHY, FAULT], ids=["closed", "open"])
def test_run__of_older_data_never_turns_the_alert_back(site: Site, now: Decision) -> None:
    run(site, OUTDATED, now.model_copy(update={"until": LATER}))
    before = [(each.state, each.title, each.body) for each in issues(site)], comments(site)
    (said,) = run(site, OUTDATED)
    assert said.startswith(
        "did nothing: #1 knows newer data, to 20 Apr 2025; this run has data to 13 Apr 2025. To replay"
    )
    assert ([(each.state, each.title, each.body) for each in issues(site)], comments(site)) == before


def test_run__knows_until_when_it_has_seen_also_where_there_was_nothing_to_tell(site: Site) -> None:
    run(site, OUTDATED, OUTDATED.model_copy(update={"until": LATER}))
    assert comments(site) == []
    assert run(site, HEALTHY)[0].startswith("did nothing: #1 knows newer data")
    assert only(site).state == "open"


def test_run__of_older_data_is_taken_where_a_person_deletes_what_the_alert_knows(site: Site) -> None:
    """Replayed data can be replayed to an earlier day, by who means it."""
    run(site, OUTDATED.model_copy(update={"until": LATER}))
    lines = (only(site).body or "").splitlines()
    by_hand(site, 1, body="\n".join([lines[0], *lines[2:]]))
    assert run(site, OUTDATED) == ["updated #1 and commented"]
    assert "13 Apr 2025" in (only(site).body or "")


def test_run__of_a_newer_version_begins_anew_wherever_its_data_ends(site: Site) -> None:
    """After a promotion replayed data goes on from there."""
    run(site, OUTDATED.model_copy(update={"until": LATER}))
    by_hand(site, 1, state="closed")
    assert run(site, make_decision(version=2)) == ["opened #2"]


# Recovery


def test_run__closes_with_a_word_on_recovery(site: Site) -> None:
    assert run(site, OUTDATED, make_decision("healthy", version=2)) == ["closed #1"]
    assert (only(site).state, only(site).state_reason) == ("closed", "completed")
    error = "Mean absolute error is 84.6 rentals/hour, 2.7 times normal (31.1)."
    assert comments(site) == [f"Recovered: bikes v2 is healthy. {error} Data to 13 Apr 2025. Closing."]
    assert run(site, HEALTHY) == ["did nothing: there is nothing to tell"]


def test_run__opens_another_issue_after_a_recovery(site: Site) -> None:
    run(site, OUTDATED, HEALTHY, OUTDATED)
    assert [each.state for each in issues(site)] == ["closed", "open"]


def test_run__leaves_an_issue_that_a_person_opened_again_after_recovery(site: Site) -> None:
    run(site, OUTDATED, HEALTHY)
    by_hand(site, 1, state="open")
    assert run(site, HEALTHY) == ["did nothing: #1 was opened again by hand, and waits for a person"]
    assert only(site).state == "open"
    run(site, OUTDATED)
    assert len(comments(site)) == 2
    run(site, HEALTHY)
    assert only(site).state == "closed"
    assert len(comments(site)) == 3


# A person closes the alert: not now


def closed_by_hand(site: Site, decision: Decision) -> None:
    run(site, decision)
    by_hand(site, 1, state="closed", state_reason="not_planned")


def test_run__respects_an_alert_that_a_person_closed(site: Site) -> None:
    closed_by_hand(site, OUTDATED)
    worse = make_decision(waiting_days=16.3)
    assert run(site, OUTDATED, worse) == ["did nothing: #1 was closed by hand, and nothing new has happened since"]
    assert only(site).state == "closed"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (OUTDATED, make_decision(waiting_days=16.5)),
        (OUTDATED, FAULT),
        (OUTDATED, make_decision(version=2)),
        (FAULT, make_decision("data fault", findings=[make_finding("y")])),
    ],
    ids=["grown", "status", "version", "fault"],
)
def test_run__tells_again_when_it_is_another_trouble(site: Site, before: Decision, after: Decision) -> None:
    closed_by_hand(site, before)
    run(site, after, after)
    assert [each.state for each in issues(site)] == ["closed", "open"]


@pytest.mark.parametrize("decision", [OUTDATED, FAULT], ids=["outdated", "fault"])
def test_run__tells_again_when_it_comes_back_after_a_recovery(site: Site, decision: Decision) -> None:
    closed_by_hand(site, decision)
    assert run(site, HEALTHY) == ["#1 stays closed"]
    assert run(site, HEALTHY) == ["did nothing: there is nothing to tell"]
    assert comments(site) == []
    run(site, decision)
    assert [each.state for each in issues(site)] == ["closed", "open"]


def test_run__goes_on_with_an_alert_that_was_closed_and_opened_again_by_hand(site: Site) -> None:
    closed_by_hand(site, OUTDATED)
    by_hand(site, 1, state="open")
    run(site, make_decision(waiting_days=9.0), HEALTHY)
    assert only(site).state == "closed"


# Strangers


@pytest.mark.parametrize("decision", [OUTDATED, HEALTHY], ids=["outdated", "healthy"])
def test_run__leaves_a_strangers_marker_alone(site: Site, decision: Decision) -> None:
    run(site, OUTDATED)
    body = only(site).body
    stand = site.stand.at(site.stand.world.token("eve"))
    stand.create_issue("bikes v1 is outdated: retraining would have paid", body=body or "")
    site.stand.at().get_issue(2).add_to_labels(Label.ALERT)
    run(site, decision)
    theirs = site.repo.issues[2]
    assert (theirs.state, theirs.body, comments(site, 2)) == ("open", body, [])
    assert [each.number for each in memory.find(site.hub(), "bikes")] == [1]


def test_run__leaves_a_strangers_comment_alone(site: Site) -> None:
    run(site, OUTDATED)
    site.stand.at(site.stand.world.token("eve")).get_issue(1).create_comment("<!-- driftloop:told 1 -->\nmine")
    run(site, FAULT)
    assert [each.author.login for each in site.repo.comments.values()] == ["eve", BOT]
    assert comments(site)[0] == "mine"


def test_run__shows_hostile_content_as_it_is(site: Site) -> None:
    found = make_finding(HOSTILE, HOSTILE)
    hostile = make_decision("data fault", findings=[found], reasons=[HOSTILE], unit=HOSTILE, warnings=[HOSTILE])
    run(site, hostile, hostile)
    body = only(site).body or ""
    assert body.count("<!--") == body.count("-->") == 2
    assert "<img" not in body
    assert "@ann" not in body
    assert "#1" not in body
    state = memory.read_memory(body)
    assert state is not None
    assert state.status == "data fault"
    run(site, OUTDATED, hostile)
    assert "@ann" not in "".join(comments(site))
    assert len(issues(site)) == 1


def test_run__never_writes_more_than_github_takes(site: Site) -> None:
    long = [make_finding(f"{place}" * 900, "|*" * 40_000) for place in range(300)]
    text = "*@a" * 50_000
    given = {"findings": long, "reasons": [text], "warnings": [text] * 50, "unit": text}
    run(site, make_decision("data fault", **given), OUTDATED, make_decision("data fault", **given))
    assert len(only(site).body or "") <= 65_536
    assert "and 285 more, in `reports/quality.json`" in (only(site).body or "")
    assert all(len(each.body) <= 65_536 for each in site.repo.comments.values())
    run(site, HEALTHY)
    assert only(site).state == "closed"


# More than one


def second(site: Site) -> None:
    """A rival opened one too."""
    run(site, OUTDATED)
    first = only(site)
    site.hub().open_issue(first.title, first.body or "", [Label.ALERT], find=lambda: None)


@pytest.mark.parametrize("decision", [OUTDATED, HEALTHY], ids=["outdated", "healthy"])
def test_run__keeps_the_oldest_of_two(site: Site, decision: Decision) -> None:
    second(site)
    run(site, decision, decision)
    state = "open" if decision is OUTDATED else "closed"
    assert [each.state for each in issues(site)] == [state, "closed"]
    assert issues(site)[1].state_reason == "not_planned"
    assert comments(site, 2) == ["Opened twice; #1 is the alert. Closing this one."]


def test_run__does_not_take_a_double_for_one_that_a_person_closed(site: Site) -> None:
    second(site)
    run(site, OUTDATED, HEALTHY, OUTDATED)
    assert [each.state for each in issues(site)] == ["closed", "closed", "open"]


def test_run__remembers_the_snooze_beside_a_double(site: Site) -> None:
    second(site)
    run(site, OUTDATED)
    by_hand(site, 1, state="closed")
    run(site, OUTDATED)
    assert [each.state for each in issues(site)] == ["closed", "closed"]


def test_run__at_once_leaves_one_open(site: Site) -> None:
    hubs = [site.hub() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda hub: act.run(hub, OUTDATED, LINKS), hubs))
    run(site, OUTDATED)
    assert [each.state for each in issues(site)].count("open") == 1
    assert issues(site)[0].state == "open"


# Permissions


def test_run__says_which_permission_is_missing(site: Site) -> None:
    poor = site.stand.actions(contents="write")
    with pytest.raises(GitHubError, match="the token lacks a permission: expected issues: write"):
        act.run(site.hub(poor), OUTDATED, LINKS)
    assert issues(site) == []


# Faults

STORIES: dict[str, Sequence[Decision]] = {
    "open": [OUTDATED],
    "update": [OUTDATED, make_decision(waiting_days=9)],
    "change": [OUTDATED, FAULT],
    "close": [OUTDATED, HEALTHY],
}


@dataclass
class Bench:
    """Repositories to break, all alike."""

    site: Site
    number: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def repository(self, story: Sequence[Decision]) -> Repository:
        """All of a story but its last decision."""
        made = self.site.stand.world.repository(f"acme/bench-{next(self.number)}")
        run(self.site, *story[:-1], name=made.name)
        return made

    def drop(self, repo: Repository) -> None:
        """The stand-in looks at every repository at every call."""
        del self.site.stand.world.repositories[repo.name]
        shutil.rmtree(repo.git.path)


def dying(site: Site, repo: Repository) -> Hub:
    """Our adapter, whose job is killed where it would wait."""

    def die(_: float) -> None:
        raise KilledError

    token = site.stand.world.actions_token(repo, issues="write")
    runtime = Runtime(repo.name, site.stand.server.url, "https://github.com", Token(token.value))
    site.open.append(Hub(runtime, sleep=die, timeout=5).__enter__())
    return site.open[-1]


def state(repo: Repository) -> dict[str, Any]:
    """All that a person could see."""
    return {
        "labels": [(each.name, each.color, each.description) for each in repo.labels.values()],
        "issues": [
            (each.title, each.body, each.state, each.state_reason, each.labels) for each in repo.issues.values()
        ],
        "comments": [(each.number, each.author.login, each.body) for each in repo.comments.values()],
    }


@pytest.mark.extended
@pytest.mark.parametrize("name", STORIES)
@pytest.mark.parametrize("kinds", [["lost"], [kind for kind in FAULTS if kind != "lost"]], ids=" ".join)
def test_run__after_a_fault_at_any_call_leaves_what_it_leaves_without(site: Site, name: str, kinds: list[str]) -> None:
    """Once the job goes on after the fault, and once it is killed by it and started again.

    Faults before a write take turns: `github/test_faults` has every kind at every call of every write.
    """
    turns = itertools.cycle(FAULTS[kind] for kind in kinds)
    bench, server = Bench(site), site.stand.server
    story = STORIES[name]
    clean = bench.repository(story)
    start = len(server.calls)
    run(site, story[-1], name=clean.name)
    calls, expected = len(server.calls) - start, state(clean)
    bench.drop(clean)
    for place, killed in itertools.product(range(1, calls + 1), (False, True)):
        broken, fault = bench.repository(story), next(turns)
        at = len(server.calls) + place
        server.faults.at(at, fault)
        if killed:
            with pytest.raises(KilledError):
                act.run(dying(site, broken), story[-1], LINKS)
        else:
            run(site, story[-1], name=broken.name)
        assert server.calls[at - 1].fault == fault.kind
        run(site, story[-1], name=broken.name)
        assert state(broken) == expected, (place, fault, killed)
        bench.drop(broken)

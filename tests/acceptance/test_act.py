"""The label new-normal, on the stand-in for GitHub and with the real git: one pull request, or one sentence."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from decisions import HOSTILE, alive, make_decision, make_finding
from factories import make_params

from driftloop.acceptance import act
from driftloop.alerting import act as alerting
from driftloop.alerting.labels import Label
from driftloop.alerting.wording import Links
from driftloop.core.data.finding import Change, Finding
from driftloop.errors import GitHubError, LoopError
from driftloop.git import Git
from driftloop.github.runtime import Runtime, Token
from driftloop.githubstub import ERROR
from driftloop.params import parse_params

if TYPE_CHECKING:
    from pathlib import Path

    from adapter import Site

    from driftloop.core.decision.values import Decision

CHANGE = Change(since=date(2025, 4, 7), usual="'a', 'b'", categories=("F",))
NEW = Finding(
    rule="new-category", column="c", kind="fault", rows=40, of=168, text="c has a new category", change=CHANGE
)
ENTRY = '    - {column: "c", since: "2025-04-07", categories: ["F"]}'
BRANCH = "accept/issue-1"


class Loop:
    """A repository with an alert, and what the job of the label does."""

    def __init__(self, site: Site, tmp: Path) -> None:
        self.site, self.repo = site, site.repo
        given = make_params(source={"until": "2025-04-14T00:00Z"}).model_dump(mode="json", exclude_unset=True)
        text = yaml.safe_dump(given, sort_keys=False).replace("data:\n", "data:  # columns\n")
        site.stand.clone.push("main", **{"params.yaml": text})
        site.stand.clone.run("clone", "--quiet", f"file://{self.repo.git.path}", str(tmp / "job"))
        self.git = Git(tmp / "job", sleep=lambda _: None)

    def monitor(self, *findings: Finding, time: str = "2025-04-14T05:00:00+00:00", **over: Any) -> None:
        """Alert, and record the run."""
        decision = make_decision("data fault", findings=findings)
        alerting.run(self.site.hub(), decision, Links())
        self.record(decision, time=time, **over)

    def record(self, decided: Decision, **over: Any) -> None:
        made = {
            "format": 2,
            "kind": "monitor",
            "outcome": "ok",
            "model": "bikes",
            "decision": decided.model_dump(mode="json"),
        }
        path = f"records/2025-04-14/monitor-{len(self.repo.git.refs())}-{over['time'][:10]}.json"
        self.git.write_to_branch("driftloop", {path: json.dumps(made | over).encode()}, "record")

    def label(self, by: str = "ann") -> str:
        self.site.stand.at().get_issue(1).add_to_labels(Label.NEW_NORMAL)
        return self.answer(by)

    def unlabel(self) -> str:
        self.site.stand.at().get_issue(1).remove_from_labels(Label.NEW_NORMAL)
        return self.answer()

    def answer(self, by: str = "ann", number: int = 1) -> str:
        event = {"label": {"name": Label.NEW_NORMAL}, "issue": {"number": number}, "sender": {"login": by}}
        url, token = self.site.stand.server.url, Token(self.site.stand.ann.value)
        runtime = Runtime("acme/bikes", url, "https://github.com", token, event_name="issues", event=event)
        hub = self.site.hub()
        return act.act(hub, self.git, act.plan(hub, self.git, runtime, number, "bikes"))

    @property
    def comments(self) -> list[str]:
        """What the loop has said, without hidden lines."""
        return ["\n".join(each.body.splitlines()[1:]) for each in self.repo.comments.values()]

    @property
    def params(self) -> str:
        return self.repo.git.run("show", f"{BRANCH}:params.yaml")

    def pulls(self) -> list[tuple[int, str]]:
        return [(each.number, each.state) for each in self.repo.pulls]


@pytest.fixture
def loop(site: Site, tmp_path: Path) -> Loop:
    made = Loop(site, tmp_path)
    made.monitor(NEW, make_finding("x"))
    return made


def test_label__opens_one_pull_request_that_changes_params_alone(loop: Loop) -> None:
    assert loop.label() == loop.label() == loop.label("max") == "proposed in #2: bikes: accept a new normal of c"
    assert loop.pulls() == [(2, "open")]
    (told,) = loop.comments
    assert told.startswith("**New normal:** once merged, #2 accepts the change of c, as max asked; ")
    base = loop.repo.git.run("show", "main:params.yaml").splitlines()
    assert [line for line in loop.params.splitlines() if line not in base] == ["  accepted:", ENTRY]
    assert parse_params(loop.params, where="").data.accepted[0].categories == ["F"]
    assert loop.repo.git.run("diff", "--name-only", "main", BRANCH).split() == ["params.yaml"]
    body = loop.repo.issues[2].body or ""
    assert "| c | new-category | 7 Apr 2025 | 'a', 'b' | also 'F' | 40 of 168 |" in body
    assert "- x stands still in 168 of 168 rows" in body


def test_label__taken_off_closes_the_pull_request_and_set_again_opens_another(loop: Loop) -> None:
    loop.label()
    assert loop.unlabel() == "closed #2"
    assert loop.comments == ["**Taken back:** the label `new-normal` was taken off, so #2 is closed."]
    assert loop.answer() == "nothing to accept: #1 does not carry new-normal"
    loop.label()
    assert loop.pulls() == [(2, "closed"), (3, "open")]
    assert loop.comments[0].startswith("**New normal:** once merged, #3 ")


def test_label__taken_off_after_the_merge_changes_nothing(loop: Loop) -> None:
    loop.label()
    loop.site.stand.at().get_pull(2).merge()
    assert ENTRY in loop.repo.git.run("show", "main:params.yaml")
    assert loop.unlabel() == "nothing to accept: #1 does not carry new-normal"
    assert "this can not: x stands still" in loop.label()


def test_label__of_newer_data_replaces_what_was_proposed(loop: Loop) -> None:
    loop.label()
    more = CHANGE.model_copy(update={"categories": ("F", "G")})
    loop.monitor(NEW.model_copy(update={"change": more}), time="2025-04-15T05:00:00+00:00")
    loop.record(make_decision("data fault"), time="2025-04-16T05:00:00+00:00", outcome="failed")
    loop.record(make_decision("data fault"), time="2025-04-16T05:00:00+00:00", model="another")
    loop.label()
    assert loop.pulls() == [(2, "open")]
    assert '["F", "G"]' in loop.params


def test_label__by_somebody_who_may_not_write_is_refused_in_one_sentence(loop: Loop) -> None:
    for _ in range(2):
        assert "ted has no write access" in loop.label("ted")
    (told,) = loop.comments
    assert told == (
        "**Not accepted:** ted has no write access, so a maintainer has to take the label `new-normal` off and set it again."
    )
    assert loop.pulls() == []


@pytest.mark.parametrize(
    ("findings", "said"),
    [
        ((make_finding("x"), make_finding("y")), "a data alarm can be, and this can not: x stands still in 168 of 168 rows, and 1 more."),
        ((), "the newest run of Monitor names no change of a column that is not accepted already."),
    ],
)  # fmt: skip
def test_label__where_nothing_can_be_accepted_says_so(site: Site, tmp_path: Path, findings: Any, said: str) -> None:
    loop = Loop(site, tmp_path)
    loop.monitor(*findings)
    loop.label()
    assert loop.comments[0].endswith(said)


def test_label__where_no_run_is_known_or_it_cannot_be_read(site: Site, tmp_path: Path) -> None:
    loop = Loop(site, tmp_path)
    alerting.run(site.hub(), make_decision("data fault"), Links())
    assert "no run of Monitor on this model is recorded" in loop.label()
    loop.monitor(NEW, decision={"status": "fine"})
    assert "no run of Monitor on this model is recorded" in loop.label()


def test_label__on_an_issue_of_somebody_else_or_a_closed_one_does_nothing(loop: Loop) -> None:
    loop.site.stand.at().create_issue("Mine", labels=[str(Label.NEW_NORMAL)])
    assert "not an alert of bikes" in loop.answer(number=2)
    loop.site.stand.at().get_issue(1).edit(state="closed")
    assert loop.label() == "nothing to accept: #1 is closed, so there is no change to accept"
    assert (loop.comments, loop.pulls()) == ([], [])


def test_label__pushes_over_no_commit_of_somebody_else(loop: Loop) -> None:
    loop.label()
    clone = loop.site.stand.clone
    clone.run("fetch", "--quiet", "origin", BRANCH)
    theirs = clone.push(BRANCH, "less", f"origin/{BRANCH}", **{"b.txt": "x"})
    loop.monitor(NEW.model_copy(update={"rows": 41, "change": CHANGE.model_copy(update={"categories": ("F", "G")})}),
                 time="2025-04-15T05:00:00+00:00")  # fmt: skip
    with pytest.raises(LoopError, match=r"holds commits of ann@example\.org"):
        loop.label()
    assert loop.repo.git.refs()[f"refs/heads/{BRANCH}"] == theirs


def test_label__where_actions_may_not_open_pull_requests_gives_a_link(loop: Loop) -> None:
    loop.repo.actions_may_propose = False
    assert loop.label().startswith(
        f"pushed {BRANCH}; a person has to open https://github.com/acme/bikes/compare/main..."
    )
    assert loop.comments[0].startswith(
        "**New normal:** Actions may not create pull requests here, so ann has to [open the one]("
    )


def test_label__that_broke_off_is_answered_by_the_next_run(loop: Loop) -> None:
    """At each call in turn, set and taken off: what people read afterwards is the same."""
    server, issue = loop.site.stand.server, loop.site.stand.at().get_issue(1)
    for change in (issue.add_to_labels, issue.remove_from_labels):
        change(Label.NEW_NORMAL)
        for place in range(1, 20):
            for more in range(place, place + 9):  # longer than it is tried again
                server.faults.at(len(server.calls) + more, ERROR)
            try:
                loop.answer()
            except GitHubError:
                server.faults.clear()
                continue
            break
        server.faults.clear()
        loop.answer()
        assert len(loop.comments) == 1
    assert loop.pulls() == [(2, "closed")]
    assert loop.comments[0].startswith("**Taken back:**")


def test_body__shows_nothing_of_the_data_alive(loop: Loop) -> None:
    hostile = CHANGE.model_copy(update={"categories": ("@ann <b>#1",), "usual": HOSTILE})
    loop.monitor(
        NEW.model_copy(update={"change": hostile}), make_finding("x", HOSTILE), time="2025-04-15T05:00:00+00:00"
    )
    loop.label()
    assert alive((loop.repo.issues[2].body or "").replace("on #1", "").replace("off #1", "")) == []
    assert parse_params(loop.params, where="").data.accepted[0].categories == ["@ann <b>#1"]

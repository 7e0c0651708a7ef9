"""A standing approval: who gives it, what it covers, and what it leaves on GitHub."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from itertools import product
from typing import TYPE_CHECKING, Any

import handed
import pytest
import yaml
from faults import FAULTS

from driftloop.alerting.labels import Label
from driftloop.core.decision.approval import Approval
from driftloop.errors import GitHubError, LoopError
from driftloop.github.values import Comment
from driftloop.githubstub import ERROR
from driftloop.nothing import Nothing
from driftloop.params import edit, parse_params
from driftloop.retraining import failure, standing, train
from driftloop.retraining.train import Refused, Request

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from handed import Bench, Made

pytestmark = pytest.mark.slow
BOT = "github-actions[bot]"
GIVEN = Approval(by="ann", since=date(2025, 4, 14), until=date(2025, 7, 14), version=1)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return handed.made(tmp_path_factory)


@pytest.fixture
def bench(made: Made, tmp_path: Path) -> Iterator[Bench]:
    for found in handed.bench(made, tmp_path):
        use(found)
        yield found


def use(bench: Bench) -> None:
    """Ann keeps the alert's model fresh, and does not ask to retrain it once."""
    issue = bench.site.stand.at(name=bench.repo.name).get_issue(1)
    issue.remove_from_labels(Label.RETRAIN)
    issue.add_to_labels(Label.KEEP_FRESH)
    bench.runtime = bench.event(label={"name": Label.KEEP_FRESH})
    bench.site.stand.server.calls.clear()


def by_itself(bench: Bench) -> None:
    """Let the loop ask, as Monitor does."""
    bench.runtime = replace(bench.runtime, event_name="workflow_dispatch", event={"sender": {"login": BOT}})


def comments(bench: Bench, of: int = 1) -> list[str]:
    return [each.body for each in bench.repo.comments.values() if each.number == of]


# Who gives it


def test_plan__a_maintainers_label_asks_for_an_approval(bench: Bench) -> None:
    assert train.plan(bench.hub, bench.runtime, 1, handed.MODEL) == Request(1, "ann", keep_fresh=True)


@pytest.mark.parametrize("who", ["eve", "ted"])
def test_plan__a_label_by_somebody_without_write_access_is_refused(bench: Bench, who: str) -> None:
    action = train.plan(bench.hub, bench.event(label={"name": "keep-fresh"}, sender={"login": who}), 1, handed.MODEL)
    assert isinstance(action, Refused)
    assert "A maintainer has to take `keep-fresh` off and set it again." in action.why


def test_plan__the_loop_itself_gives_no_approval(bench: Bench) -> None:
    by_itself(bench)
    action = train.plan(bench.hub, bench.runtime, 1, handed.MODEL)
    assert isinstance(action, Refused)
    assert "has no write access" in action.why


def test_plan__the_loop_asks_within_the_approval_in_force_on_a_closed_alert_too(bench: Bench) -> None:
    standing.give(bench.hub, 1, GIVEN)
    bench.repo.issues[1].state = "closed"
    by_itself(bench)
    expected = Request(1, "ann", keep_fresh=True, approval=GIVEN)
    assert train.plan(bench.hub, bench.runtime, 1, handed.MODEL) == expected
    bench.hub.remove_label(1, Label.KEEP_FRESH)
    assert isinstance(train.plan(bench.hub, bench.runtime, 1, handed.MODEL), Nothing)


def test_plan__an_approval_that_has_ended_covers_nothing(bench: Bench) -> None:
    standing.give(bench.hub, 1, GIVEN)
    standing.end(bench.hub, 1, "over")
    bench.site.stand.at().get_issue(1).add_to_labels(Label.KEEP_FRESH)
    by_itself(bench)
    assert isinstance(train.plan(bench.hub, bench.runtime, 1, handed.MODEL), Refused)


def test_plan__an_approval_that_a_stranger_has_pasted_covers_nothing(bench: Bench) -> None:
    body = f"<!-- driftloop:keep-fresh 1 {GIVEN.model_dump_json()} -->\ntext"
    bench.site.stand.at(bench.site.stand.world.token("eve")).get_issue(1).create_comment(body)
    assert standing.read(bench.hub, 1).in_force is None
    by_itself(bench)
    assert isinstance(train.plan(bench.hub, bench.runtime, 1, handed.MODEL), Refused)


def test_plan__retrain_model_beside_it_asks_for_one_retraining(bench: Bench) -> None:
    standing.give(bench.hub, 1, GIVEN)
    bench.site.stand.at().get_issue(1).add_to_labels(Label.RETRAIN)
    runtime = bench.event(label={"name": Label.RETRAIN})
    assert train.plan(bench.hub, runtime, 1, handed.MODEL) == Request(1, "ann")


# What it says


def test_act__writes_the_end_of_the_approval_before_the_pipeline_runs(bench: Bench, tmp_path: Path) -> None:
    seen: list[Any] = []

    def look(root: Path) -> None:
        seen.append(yaml.safe_load((root / "params.yaml").read_text())["retrain"]["standing_until"])
        msg = "enough"
        raise LoopError(msg)

    for request in (
        Request(1, "ann", keep_fresh=True),
        Request(1, "ann", keep_fresh=True, approval=GIVEN),
        Request(1, "ann"),
    ):
        with pytest.raises(LoopError, match="enough"):
            train.act(
                bench.job.root, bench.job, request, tmp_path / "out", until="2025-05-12", now=handed.NOW, repro=look
            )
        bench.job.run("checkout", "--quiet", "--", ".")
    assert seen == ["2025-08-11", "2025-07-14", None]  # 13 weeks on; of the one in force; none


def test_propose__writes_the_approval_down_and_opens_one_pull_request(bench: Bench, made: Made, tmp_path: Path) -> None:
    folder = handed.covered(made, "better", tmp_path / "h")
    bench.propose(folder)
    (pull,) = bench.repo.pulls
    said, answer = comments(bench)
    assert standing.read(bench.hub, 1).given == (GIVEN,)
    assert said.splitlines()[1].startswith(
        "**Kept fresh** from v1 on, approved by ann: data from 14 Apr 2025 to 13 Jul 2025."
    )
    assert f"**Proposed in #{pull.number}.**" in answer
    assert "**Kept fresh:** approved by ann for data to 13 Jul 2025." in (pull.body or "")
    assert "retrain.standing_until" in (pull.body or "")
    before = bench.state()
    bench.propose(folder)
    assert bench.state() == before


def test_propose__within_an_approval_replaces_the_open_pull_request(bench: Bench, made: Made, tmp_path: Path) -> None:
    bench.propose(handed.covered(made, "better", tmp_path / "h"))
    (first,) = bench.repo.pulls
    assert first.pull
    head = first.pull.head_sha
    (bench.job.root / "NEWS").write_text("new on main")
    bench.job.run("add", "NEWS")
    bench.job.run("commit", "--quiet", "-m", "news")
    bench.job.run("push", "--quiet", "origin", "HEAD:main")
    newer = handed.covered(made, "better", tmp_path / "newer")
    manifest = json.loads((newer / "manifest.json").read_text())
    (newer / "manifest.json").write_text(json.dumps({**manifest, "base": bench.job.head()}))
    by_itself(bench)
    assert isinstance(train.plan(bench.hub, bench.runtime, 1, handed.MODEL), Request)
    bench.propose(newer)
    (second,) = bench.repo.pulls
    assert second.number == first.number
    assert second.pull
    assert second.pull.head_sha == bench.repo.git.resolve("retrain/issue-1") != head
    assert len(comments(bench)) == 2


@pytest.mark.parametrize("until", [None, "2025-07-21", "2035-01-01"])
def test_propose__a_hand_over_that_extends_the_approval_is_refused(
    bench: Bench, made: Made, tmp_path: Path, until: str | None
) -> None:
    before = bench.state()
    with pytest.raises(LoopError, match=r"retrain\.standing_until: expected 2025-07-14, as GitHub has it, got"):
        bench.propose(handed.covered(made, "better", tmp_path / "h", until))
    assert bench.state() == before


def test_propose__without_the_label_an_approval_is_refused(bench: Bench, made: Made, tmp_path: Path) -> None:
    bench.site.stand.at().get_issue(1).add_to_labels(Label.RETRAIN)
    bench.runtime = bench.event()
    with pytest.raises(LoopError, match=r"retrain\.standing_until: expected null, as GitHub has it, got 2025-07-14"):
        bench.propose(handed.covered(made, "better", tmp_path / "h"))


def test_propose__a_refusal_is_told_at_first_and_not_again(bench: Bench, made: Made, tmp_path: Path) -> None:
    folder = handed.covered(made, "worse", tmp_path / "h", "2025-05-12")
    bench.propose(folder)
    assert len(comments(bench)) == 2
    assert "the loop tries again with newer data" in comments(bench)[1]
    assert sorted(bench.repo.issues[1].labels) == [Label.KEEP_FRESH, Label.ALERT]
    by_itself(bench)
    before = bench.state()
    assert bench.propose(folder) == "told nobody, as #1 is kept fresh: not proposed"
    assert bench.state() == before


@pytest.mark.extended
@pytest.mark.parametrize("name", ["better", "worse"])
def test_propose__given_up_at_any_write_is_completed_by_the_next(
    bench: Bench, made: Made, tmp_path: Path, name: str
) -> None:
    """At a read nothing is left that a write which was not done would not leave; `test_propose` has faults at those too."""
    folder = handed.covered(made, name, tmp_path / "h", {"better": "2025-07-14", "worse": "2025-05-12"}[name])
    server = bench.site.stand.server
    bench.propose(folder)
    writes, expected = [place for place, call in enumerate(server.calls, 1) if call.method != "GET"], bench.state()
    assert writes
    for place, kind in product(writes, ("lost", "500")):
        bench.fresh(f"{name}-{place}-{kind}")
        use(bench)
        server.faults.at(place, FAULTS[kind])
        for more in range(1, 9):
            server.faults.at(place + more, ERROR)
        with pytest.raises(GitHubError, match="no answer from GitHub"):
            bench.propose(folder)
        server.faults.clear()
        bench.propose(folder)
        assert bench.state() == expected, (place, kind)


# State


def comment(body: str, author: str = BOT) -> Comment:
    return Comment(1, body, author, "")


def line(place: int, approval: Approval = GIVEN) -> str:
    return f"<!-- driftloop:keep-fresh {place} {approval.model_dump_json()} -->\ntext"


def test_state__the_newest_counts_unless_it_has_ended() -> None:
    later = GIVEN.model_copy(update={"by": "bob"})
    ended = comment("<!-- driftloop:keep-fresh-ended 1 -->\ntext")
    assert standing.state([comment(line(1))], BOT).in_force == GIVEN
    assert standing.state([comment(line(1)), ended], BOT).in_force is None
    assert standing.state([comment(line(1)), ended, comment(line(2, later))], BOT).in_force == later
    assert (
        standing.state([comment(line(1), "eve"), comment("<!-- driftloop:keep-fresh 1 {} -->")], BOT).in_force is None
    )


def test_give__again_while_it_is_in_force_renews_it_and_after_its_end_is_another_one(bench: Bench) -> None:
    later = Approval.given("bob", date(2025, 5, 12), 13, 2)
    standing.give(bench.hub, 1, GIVEN)
    standing.give(bench.hub, 1, later)
    assert standing.read(bench.hub, 1).given == (later,)
    standing.end(bench.hub, 1, "over")
    standing.give(bench.hub, 1, later)  # the very same days
    assert standing.read(bench.hub, 1) == standing.State((later, later), frozenset({1}))
    assert len(comments(bench)) == 3


def test_failure__is_told_on_a_closed_alert_that_is_kept_fresh(bench: Bench) -> None:
    bench.repo.issues[1].state = "closed"
    assert failure.tell(bench.hub, 1, handed.MODEL, "") == "commented on #1: the run failed"
    bench.hub.remove_label(1, Label.KEEP_FRESH)
    assert failure.tell(bench.hub, 1, handed.MODEL, "").startswith("nothing to tell")


def test_with_approval__gives_an_older_file_its_section() -> None:
    text = "model: m  # name\n"
    assert edit.with_approval(text, None) == text
    assert edit.with_approval(text, GIVEN.until) == (
        'model: m  # name\nretrain:\n  standing_until: "2025-07-14"  # written by the loop\n'
    )
    assert edit.with_approval(edit.with_approval(text, GIVEN.until), None).endswith(
        "standing_until: null          # written by the loop\n"
    )


def test_with_approval__is_what_the_parameters_then_say(bench: Bench) -> None:
    text = (bench.job.root / "params.yaml").read_text()
    assert parse_params(edit.with_approval(text, GIVEN.until), where="p").retrain.standing_until == GIVEN.until

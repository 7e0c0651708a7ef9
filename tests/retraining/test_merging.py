"""What the loop merges by itself within a standing approval, and what it leaves to people."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import cycle
from typing import TYPE_CHECKING, Any

import handed
import pytest
from decisions import make_decision
from faults import FAULTS
from hub import Clone

from driftloop import records
from driftloop.alerting.labels import Label
from driftloop.core.decision.approval import Approval
from driftloop.errors import GitHubError, LoopError
from driftloop.github.values import Check
from driftloop.githubstub import ERROR, observe_pushes
from driftloop.lineage import tag_of
from driftloop.nothing import Nothing
from driftloop.retraining import merging, standing
from driftloop.retraining.merging import Merge, Proposed, Release

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from handed import Bench, Made

    from driftloop.githubstub.records import Pull

pytestmark = pytest.mark.slow
DECISION = make_decision("outdated").model_copy(update={"model": handed.MODEL, "version": 1})
RELEASE = {"id": 6, "name": "Release", "path": ".github/workflows/release.yml", "state": "active"}
GATE = Check("driftloop gate", "success", ours=True)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return handed.made(tmp_path_factory)


@pytest.fixture
def bench(made: Made, tmp_path: Path) -> Iterator[Bench]:
    """A better model, proposed within an approval that ann has given."""
    folder = handed.covered(made, "better", tmp_path / "h")
    for found in handed.bench(made, tmp_path):
        ready(found, folder)
        yield found


def ready(bench: Bench, folder: Path) -> None:
    issue = bench.site.stand.at(name=bench.repo.name).get_issue(1)
    issue.remove_from_labels(Label.RETRAIN)
    issue.add_to_labels(Label.KEEP_FRESH)
    bench.runtime = bench.event(label={"name": Label.KEEP_FRESH})
    bench.repo.workflows.append(dict(RELEASE))
    bench.propose(folder)
    observe_pushes(bench.site.stand.world)
    bench.site.stand.world.events.clear()
    bench.site.stand.server.calls.clear()


def approval(bench: Bench) -> Approval:
    found = standing.read(bench.hub, 1).in_force
    assert found
    return found


def plan(bench: Bench, prove: Callable[[Path], None] = lambda _: None, **over: Any) -> merging.Action:
    decision = DECISION.model_copy(update=over)
    return merging.plan(bench.hub, bench.job, 1, approval(bench), decision, prove=prove)


def merge(bench: Bench, **over: Any) -> str:
    action = plan(bench, **over)
    return action.reason if isinstance(action, Nothing) else merging.act(bench.hub, action)


def pull_of(bench: Bench) -> Pull:
    (found,) = bench.repo.pulls
    assert found.pull
    return found.pull


def dispatched(bench: Bench) -> list[Any]:
    return [event.payload["inputs"] for event in bench.site.stand.world.events if event.name == "workflow_dispatch"]


def test_run__merges_says_so_and_starts_the_release(bench: Bench) -> None:
    head = pull_of(bench).head_sha
    assert plan(bench) == Merge(1, approval(bench), bench.hub.pull(2), 2)
    assert merge(bench) == "merged #2 within the approval by ann, and started release.yml"
    pull = pull_of(bench)
    assert (pull.merged_by.login if pull.merged_by else "", pull.head_sha) == ("github-actions[bot]", head)
    assert bench.repo.issues[1].state == "closed"
    assert [records.approval(inputs["approval"]) for inputs in dispatched(bench)] == [approval(bench)]
    subject, _, text = bench.repo.git.run("log", "-1", "--format=%B", "main").partition("\n")
    assert subject == "Merge pull request #2 from acme/retrain/issue-1"  # as `lineage` reads it
    assert "Merged by the loop within the standing approval by ann" in text
    said = [each.body for each in bench.repo.comments.values() if "v2 is production" in each.body]
    assert len(said) == 1
    assert "**v2 is production: #2 was merged by the loop** within the approval by ann" in said[0]


def test_run__after_a_merge_starts_the_release_until_it_is_there(bench: Bench) -> None:
    merge(bench)
    assert isinstance(plan(bench, version=2), Release)
    bench.hub.create_release(tag_of("small", 2), target=bench.job.fetch("main"), name="small v2", body="")
    assert merge(bench, version=2) == "#2 is merged, and v2 is released"


def test_act__of_a_model_in_a_folder_starts_the_release_of_that_one(bench: Bench) -> None:
    release = Release(1, approval(bench), bench.hub.pull(2), 2, folder="models-of/churn")
    bench.repo.workflows[-1]["inputs"] = ["approval", "folder"]
    merging.act(bench.hub, release)
    assert [inputs["folder"] for inputs in dispatched(bench)] == ["models-of/churn"]


def test_run__after_a_merge_by_somebody_does_nothing(bench: Bench) -> None:
    bench.site.stand.at().get_pull(2).merge()
    assert merge(bench, version=2) == "#2 was merged by somebody, which starts the release"


def test_run__where_merge_commits_are_not_allowed_squashes(bench: Bench) -> None:
    bench.repo.allow_merge_commit = False
    assert merge(bench).startswith("merged #2")
    assert bench.repo.git.run("log", "-1", "--format=%s", "main").strip().endswith(" (#2)")


def test_run__that_a_rule_of_the_branch_forbids_is_said_on_the_alert(bench: Bench) -> None:
    bench.repo.required_checks = ("tests",)
    for _ in range(2):
        assert 'Required status check "tests" is expected' in merge(bench)
        assert dispatched(bench) == []
    (said,) = [each.body for each in bench.repo.comments.values() if "not merged" in each.body]
    assert said.splitlines()[1].startswith("**Proposed in #2, and not merged by the loop:**")


def test_run__never_merges_a_commit_that_was_pushed_meanwhile(bench: Bench) -> None:
    action = plan(bench)
    assert isinstance(action, Merge)
    push(bench, "retrain/issue-1")
    assert "Head branch was modified" in merging.act(bench.hub, action)
    assert pull_of(bench).merged_at is None


def push(bench: Bench, branch: str, path: str = "extra.txt") -> None:
    """Let somebody push a commit."""
    clone = Clone(bench.job.root)
    clone.run("fetch", "--quiet", "origin", branch)
    clone.run("checkout", "--quiet", "--detach", "FETCH_HEAD")
    (clone.root / path).write_text("{}")
    clone.run("add", "--all")
    clone.run("commit", "--quiet", "-m", "mine")
    clone.run("push", "--quiet", "origin", f"HEAD:refs/heads/{branch}")
    observe_pushes(bench.site.stand.world)


def report(bench: Bench, state: str) -> None:
    bench.site.stand.at(name=bench.repo.name).get_commit(pull_of(bench).head_sha).create_status(state, context="ci")


def test_run__leaves_to_people_what_they_object_to_and_merges_when_that_is_over(bench: Bench) -> None:
    given, pull = approval(bench), pull_of(bench)
    pull.draft = True
    assert merge(bench) == "#2 is a draft"
    pull.draft = False
    for state, why in (("failure", "has failed checks: ci"), ("pending", "has checks that are not done: ci")):
        report(bench, state)
        assert merge(bench) == f"#2 {why}"
    report(bench, "success")
    pull.reviews += [("ann", "CHANGES_REQUESTED"), ("ann", "COMMENTED")]
    assert merge(bench) == "#2 has changes requested by ann"
    pull.reviews.append(("ann", "APPROVED"))
    standing.give(bench.hub, 1, given.model_copy(update={"until": given.until.replace(year=2026)}))
    assert merge(bench) == "#2 was not made within the approval that is in force"
    standing.give(bench.hub, 1, given)
    bench.site.stand.at().get_pull(2).edit(state="closed")
    assert merge(bench) == "#2 was closed"
    bench.site.stand.at().get_pull(2).edit(state="open")
    assert dispatched(bench) == []
    push(bench, "main", "README.txt")  # which has nothing to do with it
    assert merge(bench).startswith("merged #2")


def test_run__leaves_commits_of_others_to_people(bench: Bench) -> None:
    push(bench, "main", "models/production/card.json")
    assert merge(bench) == "#2 would be v2, production is v0, and this run has looked at v1"
    push(bench, "retrain/issue-1")
    assert merge(bench) == "#2 has commits that the loop has not proposed"


def test_run__what_does_not_follow_from_main_any_more_is_left(bench: Bench) -> None:
    def stale(root: Path) -> None:
        assert json.loads((root / "models/production/card.json").read_text())["version"] == 2
        msg = "stage train would run"
        raise LoopError(msg)

    assert merge(bench, prove=stale) == "#2 does not follow from the default branch any more: stage train would run"


def test_run__in_a_shallow_clone_fetches_what_it_needs(bench: Bench, tmp_path: Path) -> None:
    push(bench, "main", "README.txt")
    Clone(tmp_path).run("clone", "--quiet", "--depth=1", f"file://{bench.repo.git.path}", "shallow")
    bench.job = replace(bench.job, root=tmp_path / "shallow")
    assert merge(bench).startswith("merged #2")


@pytest.mark.extended
def test_run__given_up_at_any_call_is_completed_by_the_next(bench: Bench, made: Made, tmp_path: Path) -> None:
    """The second run has the data of the first, or finds the merge done; a release that is started twice is one."""
    folder = handed.covered(made, "better", tmp_path / "again")
    server, turns = bench.site.stand.server, cycle(FAULTS[kind] for kind in ("lost", "500"))
    bench.fresh("merge-0")  # the others are copies of the first repository
    ready(bench, folder)
    merge(bench)
    calls, expected = len(server.calls), bench.state()["comments"]
    for place in range(1, calls + 1):
        bench.fresh(f"merge-{place}")
        ready(bench, folder)
        server.faults.at(place, next(turns))
        for more in range(1, 9):
            server.faults.at(place + more, ERROR)
        with pytest.raises(GitHubError, match="no answer from GitHub"):
            merge(bench)
        server.faults.clear()
        merge(bench, version=2 if pull_of(bench).merged_at else 1)
        assert pull_of(bench).merged_at, place
        assert bench.state()["comments"] == expected, place
        assert dispatched(bench), place


@pytest.mark.parametrize(
    ("over", "why"),
    [
        ({}, ""),
        ({"mergeable": False}, "was not compared with v1 yet; people may merge it"),
        ({"approved": None}, "was not made within the approval that is in force"),
        ({"production": 2}, "would be v2, production is v2, and this run has looked at v1"),
        ({"version": 3}, "would be v3, production is v1, and this run has looked at v1"),
    ],
)
def test_held__only_what_was_compared_in_place_of_the_one_that_was_looked_at(over: dict[str, Any], why: str) -> None:
    given = Approval.given("ann", DECISION.until, 13, 1)
    found = replace(Proposed(production=1, version=2, approved=given.until, mergeable=True), **over)
    assert merging.held(found, given, DECISION) == why


def test_reported__the_gates_own_check_is_needed_and_no_other_takes_its_place() -> None:
    assert merging.reported([GATE, Check("lint", "success")]) == ""
    assert merging.reported([]) == "has commits that the loop has not proposed"
    assert merging.reported([replace(GATE, ours=False)]) == "has commits that the loop has not proposed"
    assert merging.reported([replace(GATE, state="failure")]) == "has commits that the loop has not proposed"

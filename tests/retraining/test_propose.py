"""From a hand-over to a pull request, or to a comment that says why there is none; against the stand-in for GitHub."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING

import handed
import pytest
from faults import FAULTS
from hub import Clone

from driftloop.alerting.labels import Label
from driftloop.errors import GitHubError, LoopError
from driftloop.githubstub import ERROR
from driftloop.retraining import answering, propose, verify

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from handed import Bench, Made

pytestmark = pytest.mark.slow
ALLOWED = {
    "dvc.lock", "params.yaml", "models/production/card.json", "models/production/model.skops",
    *(f"metrics/{name}.json" for name in ("data", "evaluate", "monitor", "production")),
    *(f"metrics/plots/{name}.csv" for name in ("error", "importance", "predicted_production", "predicted_refit")),
}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return handed.made(tmp_path_factory)


@pytest.fixture
def bench(made: Made, tmp_path: Path) -> Iterator[Bench]:
    yield from handed.bench(made, tmp_path)


def test_propose__a_better_model_becomes_one_pull_request_of_two_commits(bench: Bench, made: Made) -> None:
    said = bench.propose(made.root / "better", verify.prove)
    (pull,) = bench.repo.pulls
    assert pull.pull
    assert said == f"proposed in #{pull.number}: {pull.title}"
    assert (pull.pull.head, pull.pull.base, pull.labels) == ("retrain/issue-1", "main", [Label.PROPOSAL])
    assert [who.login for who in pull.assignees] == ["ann"]
    assert "Closes #1." in (pull.body or "")
    git = bench.repo.git
    second, first = git.commits("main..retrain/issue-1")
    assert (first.message, second.message) == ("data until 2025-04-14T00:00Z", "promote v2")
    assert (first.parents, second.parents) == ((git.resolve("main"),), (first.sha,))
    changed = {each.path for each in git.changes("main", second.sha)}
    assert {"dvc.lock", "params.yaml", "models/production/model.skops"} <= changed <= ALLOWED
    assert not {"models/production/model.skops"} & {each.path for each in git.changes("main", first.sha)}
    (check,) = bench.repo.checks.values()
    assert (check["head_sha"], check["conclusion"]) == (pull.pull.head_sha, "success")
    assert second.sha == pull.pull.head_sha
    assert f"#{pull.number}" in bench.answer()
    assert bench.job.changed() == []
    assert bench.job.run("worktree", "list").count("\n") == 0


def test_propose__twice_is_once(bench: Bench, made: Made) -> None:
    bench.propose(made.root / "better")
    before = bench.state()
    bench.propose(made.root / "better")
    assert bench.state() == before


def test_propose__dry_run_touches_nothing(bench: Bench, made: Made) -> None:
    before = bench.state()
    action = propose.plan(bench.hub, bench.runtime, bench.job, made.root / "better", prove=lambda _: None)
    assert "# small: v1 → v2" in propose.worded(action)
    assert propose.shown(action)["branch"] == "retrain/issue-1"
    assert set(propose.shown(action)["paths"]) == ALLOWED
    assert bench.state() == before


def test_propose__no_better_model_is_a_comment_and_no_branch(bench: Bench, made: Made) -> None:
    bench.propose(made.root / "worse")
    before = bench.state()
    bench.propose(made.root / "worse")
    assert bench.state() == before
    assert bench.repo.git.refs().keys() == {"refs/heads/main"}
    assert bench.repo.pulls == []
    assert sorted(bench.repo.issues[1].labels) == [Label.ALERT, Label.NO_BETTER]
    assert "Not better: production stays." in bench.answer()
    assert "less error (90 % interval" in bench.answer()


def test_propose__after_a_refusal_a_better_model_takes_its_words_back(bench: Bench, made: Made) -> None:
    bench.propose(made.root / "worse")
    bench.hub.add_labels(1, Label.RETRAIN)
    bench.propose(made.root / "better")
    assert Label.NO_BETTER not in bench.repo.issues[1].labels
    assert "Proposed in #" in bench.answer()


def test_propose__killed_between_push_and_pull_request_is_completed_by_the_next(bench: Bench, made: Made) -> None:
    bench.propose(made.root / "better")
    expected = bench.state()
    bench.fresh("killed")
    bench.site.stand.server.faults.on("POST", "/pulls$", ERROR, times=4)
    with pytest.raises(GitHubError, match="no answer from GitHub"):
        bench.propose(made.root / "better")
    assert "refs/heads/retrain/issue-1" in bench.repo.git.refs()
    assert bench.repo.pulls == []
    bench.propose(made.root / "better")
    assert bench.state() == expected


@pytest.mark.extended
@pytest.mark.parametrize("name", ["better", "worse"])
def test_propose__given_up_at_any_call_is_completed_by_the_next(bench: Bench, made: Made, name: str) -> None:
    """Faults take turns, since each costs a second; at each write its answer is lost once, and once it is not done.

    Of reads in a row the first and the last are given up: nothing but a push may change anything between them.
    """
    server = bench.site.stand.server
    bench.propose(made.root / name)
    calls, expected = [call.method for call in server.calls], bench.state()
    assert {"GET", "POST"} <= set(calls)
    turns = cycle(FAULTS[kind] for kind in ("reset", "500", "502", "503", "limit"))
    around = ["", *calls, ""]
    told = [place for place in range(1, len(calls) + 1) if set(around[place - 1 : place + 2]) != {"GET"}]
    faults = [(place, next(turns)) for place in told]
    faults += [(place, FAULTS["lost"]) for place, method in enumerate(calls, 1) if method != "GET"]
    for number, (place, fault) in enumerate(faults):
        bench.fresh(f"{name}-{number}")
        server.faults.at(place, fault)
        for more in range(1, 9):
            server.faults.at(place + more, ERROR)
        with pytest.raises(GitHubError, match="no answer from GitHub"):
            bench.propose(made.root / name)
        server.faults.clear()
        bench.propose(made.root / name)
        assert bench.state() == expected, (place, fault)


def test_propose__where_pull_requests_are_forbidden_a_person_gets_a_link(bench: Bench, made: Made) -> None:
    bench.repo.actions_may_propose = False
    said = bench.propose(made.root / "better")
    link = "https://github.com/acme/bikes/compare/main...retrain/issue-1?expand=1&title="
    assert link in said
    assert link in bench.answer()
    assert "Allow GitHub Actions to create and approve pull requests" in bench.answer()
    assert bench.repo.pulls == []
    bench.repo.actions_may_propose = True
    bench.propose(made.root / "better")
    assert len(bench.repo.pulls) == 1
    assert "Proposed in #" in bench.answer()


def test_propose__when_main_moved_elsewhere_proposes_on_the_commit_it_was_made_from(bench: Bench, made: Made) -> None:
    base = bench.repo.git.resolve("main")
    move(bench, "README.md", "more")
    bench.propose(made.root / "better", verify.prove)
    first = bench.repo.git.commits("main..retrain/issue-1")[-1]
    assert first.parents == (base,)


def test_propose__when_main_moved_under_it_asks_to_do_it_again(bench: Bench, made: Made) -> None:
    main = move(bench, "driftloop.lock", '"numpy": "0.', instead_of='"numpy": "')
    said = bench.propose(made.root / "better", verify.prove)
    assert said == "commented on #1: to be done again"
    assert main[:12] in bench.answer()
    assert bench.repo.issues[1].labels == [Label.ALERT]
    assert bench.repo.pulls == []
    assert "refs/heads/retrain/issue-1" not in bench.repo.git.refs()


def move(bench: Bench, name: str, text: str, *, instead_of: str | None = None) -> str:
    other = Clone(bench.tmp / "other")
    Clone(bench.tmp).run("clone", "--quiet", f"file://{bench.repo.git.path}", "other")
    was = (other.root / name).read_text() if (other.root / name).exists() else ""
    return other.push("main", start="", **{name: was + text if instead_of is None else was.replace(instead_of, text)})


def test_propose__does_not_overwrite_what_a_person_pushed(bench: Bench, made: Made) -> None:
    bench.propose(made.root / "better")
    other = Clone(bench.tmp / "other")
    Clone(bench.tmp).run("clone", "--quiet", "--branch", "retrain/issue-1", f"file://{bench.repo.git.path}", "other")
    mine = other.push("retrain/issue-1", start="", **{"note.txt": "mine"})
    with pytest.raises(LoopError, match=r"retrain/issue-1: holds commits of ann@example.org"):
        bench.propose(made.root / "better")
    assert bench.repo.git.resolve("retrain/issue-1") == mine


def test_propose__replaces_a_branch_that_an_earlier_run_left(bench: Bench, made: Made) -> None:
    git = bench.job
    with git.worktree("HEAD") as tree:
        (tree.root / "params.yaml").write_text("old: 1\n")
        old = tree.commit("data until long ago", ["params.yaml"])
        tree.push("retrain/issue-1", expected=None, revision=old)
    bench.propose(made.root / "better")
    assert bench.repo.git.commits("main..retrain/issue-1")[0].message == "promote v2"


def test_propose__an_issue_that_was_closed_meanwhile_gets_nothing(bench: Bench, made: Made) -> None:
    bench.repo.issues[1].state = "closed"
    assert bench.propose(made.root / "better") == "nothing to do: #1 is closed"
    assert bench.repo.pulls == []


def test_propose__on_another_commit_is_refused(bench: Bench, made: Made) -> None:
    other = Clone(bench.job.root)
    (bench.job.root / "x").write_text("x")
    other.run("add", "x")
    other.run("commit", "--quiet", "-m", "x")
    with pytest.raises(LoopError, match=r"hand-over: made from \w{12}, but \w{12} is checked out"):
        bench.propose(made.root / "better")


def test_propose__whose_sender_may_not_write_any_more_is_refused(bench: Bench, made: Made) -> None:
    runtime = bench.event(sender={"login": "eve"})
    action = propose.plan(bench.hub, runtime, bench.job, made.root / "better", prove=lambda _: None)
    answering.act(bench.hub, bench.job, action)
    assert "**Not retrained:** eve has no write access" in bench.answer()
    assert bench.repo.pulls == []
    assert bench.repo.git.refs().keys() == {"refs/heads/main"}


def test_propose__whose_label_was_taken_off_meanwhile_does_nothing(bench: Bench, made: Made) -> None:
    bench.hub.remove_label(1, Label.RETRAIN)
    before = bench.state()
    assert bench.propose(made.root / "better") == "nothing to do: #1 does not carry the label retrain-model"
    assert bench.state() == before


def test_propose__what_a_person_closed_unmerged_is_not_opened_again(bench: Bench, made: Made) -> None:
    bench.propose(made.root / "better")
    (pull,) = bench.repo.pulls
    bench.site.stand.at(name=bench.repo.name).get_pull(pull.number).edit(state="closed")
    assert bench.propose(made.root / "better") == "commented on #1: not proposed again"
    assert bench.repo.pulls == [pull]
    assert f"**Not proposed again.** #{pull.number} holds the same commits" in bench.answer()
    assert Label.RETRAIN not in bench.repo.issues[1].labels
    assert Label.NO_BETTER not in bench.repo.issues[1].labels


def test_propose__where_nobody_can_be_assigned_proposes_all_the_same(bench: Bench, made: Made) -> None:
    """GitHub may be out of order, or refuse: that somebody is assigned is a favour."""
    bench.site.stand.server.faults.on("POST", "/assignees$", ERROR, times=4)
    said = bench.propose(made.root / "better")
    (pull,) = bench.repo.pulls
    assert said.startswith(f"proposed in #{pull.number}: ")
    assert "ann was not assigned: GitHub, " in said
    assert pull.assignees == []
    assert f"#{pull.number}" in bench.answer()


@pytest.mark.parametrize("case", ["code in the lock", "parameter in the lock", "card in the lock", "another gate"])
def test_propose__what_dvc_knows_better_is_refused(bench: Bench, made: Made, tmp_path: Path, case: str) -> None:
    folder = made.copy("better", tmp_path / "h")

    def edit(name: str, old: str, new: str) -> None:
        text = (folder / name).read_text()
        assert old in text
        handed.rewrite(folder, name, text.replace(old, new, 1).encode())

    match case:
        case "code in the lock":
            lock = (folder / "data/dvc.lock").read_text()
            code = lock.split("stages.evaluate:")[1].split("code: ")[1][:32]
            edit("data/dvc.lock", code, "0" * 32)
        case "parameter in the lock":
            edit("data/dvc.lock", "min_rows: 50", "min_rows: 40")
        case "card in the lock":
            lock = (folder / "promote/dvc.lock").read_text()
            md5 = lock.split("path: models/production\n")[1].split("md5: ")[1][:32]
            edit("promote/dvc.lock", md5, "0" * 32)
        case "another gate":
            edit("promote/dvc.lock", "cmd: driftloop stage evaluate", "cmd: driftloop stage evaluated")
    before = bench.state()
    with pytest.raises(LoopError, match=r"hand-over: dvc.lock: code, parameters, data or results are not those"):
        bench.propose(folder, verify.prove)
    assert bench.state() == before

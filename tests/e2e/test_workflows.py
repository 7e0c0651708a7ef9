"""The workflows in .github/workflows, run for what people do: nothing of them is repeated here."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from runner.gitserver import protect
from runner.project import MODEL

from driftloop import rehearsal

if TYPE_CHECKING:
    from runner.project import Project
    from runner.setting import Setting
    from runner.values import Run

    from driftloop.rehearsal import Issue

pytestmark = pytest.mark.slow

HOSTILE = "$(touch pwned) `id` ${{ github.token }} ]]> \"'; exit 1 #"


@pytest.fixture
def alerted(shop: Setting, project: Project) -> Setting:
    """The shop with an alert that says to retrain; checks of code and pages, tested elsewhere, are left out."""
    shop.runner.without = {"test", "latest", "checks", "site", "publish"}
    shop.alert(project.decision)
    return shop


def retrain(shop: Setting, *, by: str = "ann") -> Run:
    """Set the label, anew if it is there, and run what that starts."""
    if "retrain-model" in shop.issue(1).labels:
        shop.hub.at().get_issue(1).remove_from_labels("retrain-model")
    shop.label(1, "retrain-model", by=by)
    (run,) = shop.runner.deliver()
    assert run.workflow == ".github/workflows/retrain.yml"
    return run


def proposal(shop: Setting) -> Issue:
    """The one pull request."""
    (found,) = shop.repo.pulls
    return found


def records(shop: Setting) -> list[dict[str, Any]]:
    """What the loop remembers of its runs, oldest first."""
    listed = shop.repo.git.run("ls-tree", "-r", "--name-only", "driftloop").split()
    found = [json.loads(shop.repo.git.run("show", f"driftloop:{path}")) for path in listed if path.endswith(".json")]
    return sorted(found, key=lambda each: str(each["time"]))


def clean(shop: Setting) -> None:
    """Nobody's text was run, and main holds what people have put there."""
    assert not list(shop.hub.world.root.rglob("pwned"))


def change(shop: Setting, path: str, old: str, new: str) -> None:
    """Let Ann change a file on main."""
    file = shop.clone.root / path
    assert old in file.read_text("utf-8")
    file.write_text(file.read_text("utf-8").replace(old, new), encoding="utf-8")
    shop.clone.push("main", f"change {path}")
    shop.runner.ignore()


# The whole loop


def test_loop__from_schedule_to_release(shop: Setting) -> None:
    """With main protected against pushes, monitored twice before anybody looks, and a proposal closed at first."""
    protect(shop.repo, "main")
    shop.runner.without = {"test", "latest", "checks"}
    watched = shop.runner.schedule(shop.repo, "monitor.yml")
    assert watched.result == "success", watched.log
    alert = shop.issue(1)
    assert (alert.labels, alert.author.login) == (["model-alert"], "github-actions[bot]")
    assert alert.title.startswith(f"{MODEL} v1 is ")
    assert MODEL in (shop.runner.shelf.pages[shop.repo.name] / "index.html").read_text("utf-8")

    body, comments = alert.body, shop.comments(1)
    shop.runner.without |= {"site", "publish"}
    again = shop.runner.schedule(shop.repo, "monitor.yml")
    assert again.result == "success", again.log
    assert (len(shop.repo.issues), shop.comments(1)) == (1, comments)
    assert re.sub(r"runs/\d+", "", alert.body or "") == re.sub(r"runs/\d+", "", body or "")
    assert shop.runner.deliver() == []  # what the workflow's own token did

    retrained = retrain(shop)
    assert retrained.result == "success", retrained.log
    pull = proposal(shop)
    assert pull.title.startswith(f"{MODEL}: v1 → v2")
    assert [actor.login for actor in pull.assignees] == ["ann"]
    assert shop.runner.deliver() == []

    assert retrain(shop).jobs["propose"].result == "skipped"  # it is open already
    shop.hub.at().get_pull(pull.number).edit(state="closed")
    shop.runner.ignore()
    again = retrain(shop)
    assert again.result == "success", again.log
    assert [each.state for each in shop.repo.pulls] == ["closed", "open"]
    pull = shop.repo.pulls[1]

    shop.runner.without -= {"site", "publish"}
    shop.hub.at().get_pull(pull.number).merge()
    released = next(run for run in shop.runner.deliver() if run.workflow.endswith("release.yml"))
    assert released.result == "success", released.log
    assert (alert.state, alert.state_reason) == ("closed", "completed")
    (release,) = shop.repo.releases.values()
    assert release["tag_name"] == f"{MODEL}-v2"
    assert shop.repo.git.refs()[f"refs/tags/{MODEL}-v2"] == shop.repo.git.refs()["refs/heads/main"]
    assert [(each["kind"], each["outcome"]) for each in records(shop)] == [
        ("monitor", "ok"), ("monitor", "ok"), ("retrain", "ok"), ("retrain", "ok"), ("promote", "ok"),
    ]  # fmt: skip


# Monitoring


def test_monitor__by_hand_takes_inputs_and_touches_nothing_in_a_dry_run(alerted: Setting) -> None:
    before = dict(alerted.repo.git.refs())
    body = alerted.issue(1).body
    run = alerted.runner.dispatch(alerted.repo, "monitor.yml", "ann", until="2025-04-21", dry_run="true")
    assert run.result == "success", run.log
    assert "until: 2025-04-07T00:00Z → 2025-04-21T00:00Z" in run.jobs["measure"].log
    assert "would" in run.jobs["act"].summary
    assert (alerted.repo.git.refs(), alerted.issue(1).body) == (before, body)


def test_monitor__in_a_private_repository_publishes_nothing(alerted: Setting) -> None:
    alerted.repo.private = True
    alerted.runner.without = set()
    run = alerted.runner.schedule(alerted.repo, "monitor.yml")
    assert run.result == "success", run.log
    assert run.jobs["publish"].result == "skipped"
    assert alerted.runner.shelf.pages == {}


def test_monitor__a_missing_permission_is_named(shop: Setting) -> None:
    shop.runner.without = {"site", "publish"}
    change(shop, ".github/workflows/monitor.yml", "      issues: write", "      issues: read")
    run = shop.runner.schedule(shop.repo, "monitor.yml")
    assert run.jobs["act"].result == "failure"
    assert "issues: write" in run.jobs["act"].summary
    assert "what to do" in run.jobs["failed"].summary


def test_monitor__after_github_failed_does_the_rest(shop: Setting) -> None:
    shop.runner.without = {"site", "publish"}
    shop.hub.server.faults.on("POST", "/issues$", rehearsal.LOST)
    shop.hub.server.faults.on("GET", "/issues$", rehearsal.ERROR, nth=2, times=4)
    first = shop.runner.schedule(shop.repo, "monitor.yml")
    assert (first.jobs["act"].result, first.jobs["failed"].result) == ("failure", "success")
    second = shop.runner.schedule(shop.repo, "monitor.yml")
    assert second.result == "success", second.log
    assert [issue.labels for issue in shop.repo.issues.values()] == [["model-alert"]]
    assert [each["outcome"] for each in records(shop)] == ["failed", "ok"]


# Who may ask


def test_retrain__another_label_asks_for_nothing(alerted: Setting) -> None:
    alerted.label(1, "question")
    (run,) = alerted.runner.deliver()
    assert run.result == "skipped"


def test_retrain__asked_by_someone_without_write_access_is_refused(alerted: Setting) -> None:
    run = retrain(alerted, by="ted")  # who may set labels
    assert run.jobs["train"].result == "failure"
    assert "ted has no write access" in run.jobs["train"].summary
    assert alerted.repo.pulls == []


def test_retrain__on_an_issue_of_a_stranger_is_refused(alerted: Setting) -> None:
    """Forms set labels for whoever files them, and anybody can paste the text of an alert."""
    body = alerted.issue(1).body or ""
    number = alerted.hub.at(alerted.hub.world.token("eve")).create_issue(HOSTILE, body=body).number
    alerted.runner.ignore()
    alerted.issue(number).labels.append("retrain-model")
    eve = alerted.hub.world.token("eve")
    alerted.hub.world.emit("issues.labeled", eve, alerted.repo, number=number, label="retrain-model")
    (by_form,) = alerted.runner.deliver()
    alerted.label(number, HOSTILE[:50])
    (by_name,) = alerted.runner.deliver()
    assert by_form.jobs["train"].result == "failure"
    assert "expected an alert of small that the loop itself opened" in by_form.jobs["train"].summary
    assert by_name.result == "skipped"
    assert (alerted.repo.pulls, alerted.comments(number)) == ([], [])
    clean(alerted)


# Retraining


def test_retrain__after_github_failed_doubles_nothing(alerted: Setting) -> None:
    alerted.hub.server.faults.on("POST", "/pulls$", rehearsal.LOST)
    alerted.hub.server.faults.on("POST", "/issues/1/comments$", rehearsal.ERROR, times=4)
    first = retrain(alerted)
    assert (first.jobs["propose"].result, first.jobs["failed"].result) == ("failure", "success")
    head = alerted.repo.git.refs()["refs/heads/retrain/issue-1"]
    by_hand = alerted.runner.dispatch(alerted.repo, "retrain.yml", "ann", issue="1")
    assert by_hand.result == "success", by_hand.log
    assert len(alerted.repo.pulls) == 1
    assert alerted.repo.git.refs()["refs/heads/retrain/issue-1"] == head


def test_retrain__two_at_once_make_one_proposal(alerted: Setting) -> None:
    alerted.label(1, "retrain-model")
    alerted.hub.at().get_issue(1).remove_from_labels("retrain-model")
    alerted.label(1, "retrain-model")
    runs = alerted.runner.deliver(parallel=True)
    assert [run.result for run in runs] == ["success", "success"], "\n".join(run.log for run in runs)
    assert proposal(alerted).state == "open"
    assert len(alerted.comments(1)) == 1


def test_retrain__while_main_moves_says_to_do_it_again(alerted: Setting) -> None:
    def move() -> None:
        change(alerted, "params.yaml", "min_samples_leaf: 5", "min_samples_leaf: 6")

    alerted.runner.before["propose"] = move
    run = retrain(alerted)
    assert run.result == "success", run.log
    assert alerted.repo.pulls == []
    assert "To be done again" in alerted.comments(1)[-1]
    assert "retrain-model" not in alerted.issue(1).labels


def test_retrain__where_actions_may_not_propose_leaves_a_link(alerted: Setting) -> None:
    alerted.repo.actions_may_propose = False
    run = retrain(alerted)
    assert run.result == "success", run.log
    assert alerted.repo.pulls == []
    assert "compare/main...retrain/issue-1" in alerted.comments(1)[-1]
    assert "Allow GitHub Actions" in run.jobs["propose"].summary


# Pull requests


def branch(shop: Setting, name: str) -> int:
    """Let Ann propose another parameter from a branch; nothing has been run for it."""
    file = shop.clone.root / "params.yaml"
    text = file.read_text("utf-8")
    shop.clone.run("checkout", "--quiet", "-b", name)
    file.write_text(text.replace("max_segment_loss: 0.05", "max_segment_loss: 0.1"), encoding="utf-8")
    shop.clone.run("commit", "--quiet", "-am", HOSTILE)
    shop.clone.run("push", "--quiet", "origin", name)
    shop.hub.world.observe_pushes()
    return shop.hub.at().create_pull(title=HOSTILE, head=name, base="main", body=HOSTILE).number


def test_pull_request__with_a_hostile_branch_is_commented_on(alerted: Setting) -> None:
    number = branch(alerted, "a$(touch${IFS}pwned)`id`;b")
    (run,) = alerted.runner.deliver()
    assert run.jobs["comment"].result == "success", run.log
    (comment,) = alerted.comments(number)
    assert "evaluate.max_segment_loss" in comment
    clean(alerted)


def test_pull_request__from_a_fork_gets_its_comment_on_the_page_of_the_run(alerted: Setting) -> None:
    number = branch(alerted, "mine")
    alerted.runner.ignore()
    (run,) = alerted.runner.from_fork(alerted.repo, "eve", number)
    assert run.jobs["comment"].result == "success", run.log
    assert set(run.jobs["comment"].permissions.values()) == {"read"}
    assert alerted.comments(number) == []
    assert "evaluate.max_segment_loss" in run.jobs["comment"].summary

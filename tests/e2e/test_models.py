"""Two models in one repository: what is done about one leaves the other alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from driftloop.githubstub import observe_pushes

if TYPE_CHECKING:
    from runner.setting import Setting

pytestmark = pytest.mark.extended

CHURN = "models-of/churn"


def recorded(shop: Setting) -> list[tuple[str, str, str]]:
    """The records of all runs: folder, model and kind."""
    listed = shop.repo.git.run("ls-tree", "-r", "--name-only", "driftloop", "records").split()
    found = [(path.split("/", 2)[2].rpartition("/")[0], json.loads(shop.repo.git.run("show", f"driftloop:{path}")))
             for path in listed]  # fmt: skip
    return [(folder, each["model"], each["kind"]) for folder, each in sorted(found, key=lambda pair: pair[1]["time"])]


def test_loop__of_one_model_leaves_the_other_alone(two: Setting) -> None:  # noqa: PLR0915 - one story, since each run costs
    shop = two
    started = shop.runner.schedule(shop.repo, "models.yml")
    assert started.result == "success", started.log
    (watched,) = shop.runner.deliver()
    assert watched.result == "success", watched.log
    alert = shop.issue(1)
    assert alert.title.startswith("churn v1 is ")
    assert "not measured yet" in page(shop, "index.html")
    own = shop.runner.schedule(shop.repo, "monitor.yml")
    assert own.result == "success", own.log
    assert "left #1" not in own.log
    assert [(each.title, each.state) for each in shop.repo.issues.values()] == [(alert.title, "open")]
    assert recorded(shop) == [(CHURN, "churn", "monitor"), ("", "small", "monitor")]
    assert all(name in page(shop, "index.html") for name in ('href="churn/index.html"', 'href="small/index.html"'))
    assert "not measured yet" not in page(shop, "index.html")
    assert "churn v1" in page(shop, "churn/index.html")

    idle = shop.runner.schedule(shop.repo, "models.yml")
    (again,) = shop.runner.deliver()
    assert (idle.result, again.jobs["act"].result) == ("success", "skipped"), again.log

    shop.label(1, "retrain-model")
    (retrained,) = shop.runner.deliver()
    assert retrained.result == "success", retrained.log
    (pull,) = shop.repo.pulls
    assert pull.title.startswith("churn: v1 → v2")
    assert pull.pull is not None
    changed = shop.repo.git.run("diff", "--name-only", pull.pull.base_sha, pull.pull.head_sha).split()
    assert f"{CHURN}/models/production/model.skops" in changed
    assert [path for path in changed if not path.startswith(f"{CHURN}/")] == []

    shop.hub.at().get_pull(pull.number).merge()
    (released,) = shop.runner.deliver()
    assert released.workflow.endswith("release.yml")
    assert released.result == "success", released.log
    assert [each["tag_name"] for each in shop.repo.releases.values()] == ["churn@v2.0.0"]
    assert recorded(shop)[2:] == [(CHURN, "churn", "retrain"), (CHURN, "churn", "promote")]
    assert ("churn v2" in page(shop, "churn/index.html"), "small v1" in page(shop, "small/index.html")) == (True, True)

    shop.clone.run("pull", "--quiet", "origin", "main")
    number = changed_on_a_branch(shop)
    (checked,) = shop.runner.deliver()
    assert {name: job.result for name, job in checked.jobs.items()} == {
        "checks": "success", "pipeline": "success", "comment": "success",
    }, checked.log  # fmt: skip
    assert "report.pages" in shop.comments(number)[-1]
    assert f"**Metrics and parameters of {CHURN}**" in shop.comments(number)[-1]
    shop.hub.at().get_pull(number).edit(state="closed")
    shop.clone.run("checkout", "--quiet", "main")
    shop.runner.ignore()

    back = shop.runner.dispatch(shop.repo, "rollback.yml", "ann", version="v1", folder=CHURN)
    assert back.result == "success", back.log
    undone = shop.repo.pulls[-1]
    assert undone.title.startswith("churn: v2 → v3, which is v1 again")
    assert undone.pull is not None
    changed = shop.repo.git.run("diff", "--name-only", undone.pull.base_sha, undone.pull.head_sha).split()
    assert [path for path in changed if not path.startswith(f"{CHURN}/")] == []
    assert recorded(shop)[-1] == (CHURN, "churn", "rollback")


def test_keep_fresh__of_a_folder_is_merged_by_the_loop(two: Setting) -> None:
    """The approval for one model lets Monitor merge and release that one; the other has no version and no record of it."""
    shop = two
    file = shop.clone.root / CHURN / "params.yaml"
    file.write_text(file.read_text("utf-8").replace("standing_merge: false", "standing_merge: true"), encoding="utf-8")
    shop.clone.push("main", "let the loop merge one model")
    shop.runner.ignore()
    shop.runner.schedule(shop.repo, "models.yml")
    (watched,) = shop.runner.deliver()
    assert watched.result == "success", watched.log
    shop.label(1, "keep-fresh")
    (retrained,) = shop.runner.deliver()
    assert retrained.result == "success", retrained.log
    (pull,) = shop.repo.pulls
    own = shop.runner.schedule(shop.repo, "monitor.yml")
    assert own.result == "success", own.log
    assert pull.state == "open"  # the run of the other model does not concern it

    shop.runner.schedule(shop.repo, "models.yml")
    merging, released = shop.runner.deliver()
    assert f"merged #{pull.number} within the approval by ann, and started release.yml" in merging.log, merging.log
    assert pull.pull is not None
    assert pull.pull.merged_by == pull.author
    assert released.workflow.endswith("release.yml")
    assert released.result == "success", released.log
    assert [each["tag_name"] for each in shop.repo.releases.values()] == ["churn@v2.0.0"]
    assert recorded(shop)[-1] == (CHURN, "churn", "promote")
    assert [name for folder, name, kind in recorded(shop) if kind != "monitor" and name != "churn"] == []


def test_monitor__that_fails_for_one_model_says_so_of_that_one(two: Setting) -> None:
    shop = two
    card = shop.clone.root / CHURN / "models/production/card.json"
    card.write_text(card.read_text("utf-8").replace('"version": 1,', '"version": "one",'), encoding="utf-8")
    shop.clone.push("main", "break the card of one model")
    shop.runner.ignore()
    for _ in range(2):
        started = shop.runner.schedule(shop.repo, "models.yml")
        assert started.result == "success", started.log
        (failed,) = shop.runner.deliver()
        assert (failed.jobs["measure"].result, failed.jobs["failed"].result) == ("failure", "success"), failed.log
    own = shop.runner.schedule(shop.repo, "monitor.yml")
    assert own.result == "success", own.log
    (issue,) = shop.repo.issues.values()
    assert (issue.labels, issue.state, CHURN in issue.title) == (["monitoring-fails"], "open", True)


def changed_on_a_branch(shop: Setting) -> int:
    """Let Ann propose another parameter of the model in the folder; no stage depends on it."""
    file = shop.clone.root / CHURN / "params.yaml"
    text = file.read_text("utf-8")
    assert "pages: auto" in text
    shop.clone.run("checkout", "--quiet", "-b", "quiet")
    file.write_text(text.replace("pages: auto", "pages: never"), encoding="utf-8")
    shop.clone.run("commit", "--quiet", "-am", "publish nothing")
    shop.clone.run("push", "--quiet", "origin", "quiet")
    observe_pushes(shop.hub.world)
    return shop.hub.at().create_pull(title="Publish nothing", head="quiet", base="main", body="").number


def page(shop: Setting, name: str) -> str:
    """A page as it is published."""
    return (shop.runner.shelf.pages[shop.repo.name] / name).read_text("utf-8")

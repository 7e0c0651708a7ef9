"""Two models in one repository: what is done about one leaves the other alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

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


def test_loop__of_one_model_leaves_the_other_alone(two: Setting) -> None:
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


def page(shop: Setting, name: str) -> str:
    """A page as it is published."""
    return (shop.runner.shelf.pages[shop.repo.name] / name).read_text("utf-8")

"""The workflows in .github/workflows, run for what people do: nothing of them is repeated here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from runner.setting import Setting

pytestmark = pytest.mark.slow


def test_loop__from_schedule_to_release(shop: Setting) -> None:
    watched = shop.runner.schedule(shop.repo, "monitor.yml")
    assert watched.result == "success", watched.log
    alert = shop.issue(1)
    assert alert.labels == ["model-alert"]
    assert shop.runner.deliver() == []

    shop.label(1, "retrain-model")
    (retrained,) = shop.runner.deliver()
    assert retrained.result == "success", retrained.log
    (proposal,) = shop.repo.pulls
    assert proposal.title.startswith("small: v1 → v2")

    shop.hub.at().get_pull(proposal.number).merge()
    released = next(run for run in shop.runner.deliver() if run.workflow.endswith("release.yml"))
    assert released.result == "success", released.log
    assert alert.state == "closed"
    assert [each["tag_name"] for each in shop.repo.releases.values()] == ["small-v2"]

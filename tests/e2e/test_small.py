"""The loop as it ships, on a small project: Monitor, Retrain and Release, from the schedule to the new version."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from runner.setting import Setting

pytestmark = pytest.mark.slow


def test_loop__from_the_schedule_to_a_new_version(small: Setting) -> None:
    watched = small.runner.schedule(small.repo, "monitor.yml")
    assert watched.result == "success", watched.log
    alert = small.issue(1)
    assert alert.title.startswith("small v1 is ")
    assert "small v1" in (small.runner.shelf.pages[small.repo.name] / "index.html").read_text("utf-8")

    small.label(1, "retrain-model")
    (retrained,) = small.runner.deliver()
    assert retrained.result == "success", retrained.log
    (pull,) = small.repo.pulls
    assert pull.title.startswith("small: v1 → v2")

    small.hub.at().get_pull(pull.number).merge()
    released = [run for run in small.runner.deliver() if run.result != "skipped"]
    assert [(run.workflow, run.result) for run in released] == [(".github/workflows/release.yml", "success")], released
    assert [release["tag_name"] for release in small.repo.releases.values()] == ["small@v2.0.0"]
    assert (alert.state, alert.state_reason) == ("closed", "completed")

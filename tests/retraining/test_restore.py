"""A rollback takes the way of a retraining: a hand-over of which nothing is believed, and one pull request."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import handed
import pytest
from handed import rewrite
from hub import Clone

from driftloop.alerting.labels import Label
from driftloop.errors import LoopError
from driftloop.retraining import propose

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from handed import Bench, Made

pytestmark = pytest.mark.extended


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return handed.rolled(tmp_path_factory)


@pytest.fixture
def bench(made: Made, tmp_path: Path) -> Iterator[Bench]:
    yield from handed.bench(made, tmp_path)


def test_propose__a_rollback_is_one_pull_request_of_two_commits(bench: Bench, made: Made) -> None:
    said = bench.propose(made.root / "back")
    (pull,) = bench.repo.pulls
    assert pull.pull
    assert said == f"proposed in #{pull.number}: small: v2 → v3, which is v1 again (simulated data)"
    assert (pull.pull.head, pull.labels, [who.login for who in pull.assignees]) == (
        "rollback/v1", [Label.PROPOSAL], ["ann"],
    )  # fmt: skip
    body = pull.body or ""
    assert body.startswith("**Brings v1 back, as v3.** On ")
    assert "more error (90 % interval" in body
    assert "| v2 | v1 | change |" in body
    git = bench.repo.git
    second, first = git.commits("main..rollback/v1")
    assert (first.message, second.message) == ("data until 2025-05-12T00:00Z", "restore v1 as v3")
    old = Clone(made.repo).run("rev-parse", "HEAD~1:models/production/model.skops")
    assert git.run("rev-parse", "rollback/v1:models/production/model.skops").strip() == old
    assert bench.repo.comments == {}  # there is no alert that asked for it
    before = bench.state()
    bench.propose(made.root / "back")
    assert bench.state() == before


def test_propose__of_a_rollback_that_was_declined_or_overtaken_does_nothing(bench: Bench, made: Made) -> None:
    bench.propose(made.root / "back")
    (pull,) = bench.repo.pulls
    pull.state = "closed"
    assert bench.propose(made.root / "back").endswith("restores v1 with the same commits and was closed; reopen it")
    other = Clone(bench.tmp / "other")
    Clone(bench.tmp).run("clone", "--quiet", f"file://{bench.repo.git.path}", "other")
    other.push("main", start="", **{"dvc.lock": (other.root / "dvc.lock").read_text() + "\n"})
    with pytest.raises(LoopError, match=r"rollback: made on \w{12}, but main moved to \w{12}, .* run it again"):
        bench.propose(made.root / "back")


def card(folder: Path, **over: Any) -> tuple[str, bytes]:
    value = json.loads((folder / "restore/models/production/card.json").read_text())
    return "restore/models/production/card.json", json.dumps({**value, **over}).encode()


@pytest.mark.parametrize(
    ("forged", "said"),
    [
        (lambda _: ("restore/models/production/model.skops", b"PK"), r"model.skops: SHA-256: does not agree"),
        (lambda folder: card(folder, version=2), r"card.json: does not agree"),
        (lambda folder: card(folder, rows=1), r"card.json: does not agree"),
        (lambda folder: card(folder, verdict=None), r"card.json: does not agree"),
        (lambda _: ("restore/reports/restored.json", b"{}"), r"reports/restored.json: verdict: Field required"),
        (
            lambda _: ("restore/metrics/data.json", b'{"rows": 1}'),
            r"metrics/data.json: not the file that dvc.lock names",
        ),
    ],
)
def test_check__believes_nothing_of_a_rollback(bench: Bench, made: Made, forged: Any, said: str) -> None:
    folder = made.copy("back", bench.tmp / "back")
    rewrite(folder, *forged(folder))
    with pytest.raises(LoopError, match=said):
        bench.propose(folder)
    assert bench.repo.pulls == []


@pytest.mark.parametrize("over", [{"issue": 1}, {"restores": 0}, {"restores": 2}, {"after": 9}])
def test_read__a_hand_over_answers_an_issue_or_restores_a_version(
    bench: Bench, made: Made, over: dict[str, int]
) -> None:
    folder = made.copy("back", bench.tmp / "back")
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, **over}))
    with pytest.raises(LoopError):
        propose.plan(bench.hub, bench.runtime, bench.job, folder, prove=lambda _: None)

"""Experiments: real runs of a small pipeline, one table, and a pull request whose content follows from what was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import handed
import pytest
from hub import Clone
from proposals import make_verdict

from driftloop.core.judging.verdict import Report
from driftloop.errors import LoopError
from driftloop.experiments import proposing, table, trying
from driftloop.experiments.table import Tried
from driftloop.git import Git
from driftloop.params import overrides

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from handed import Bench, Made

ASKED = overrides.parse("train.params.max_depth=10; train.estimator=nope.Nope")


def tried(text: str, loss: float, outcome: str = "promote", rows: int = 672) -> Tried:
    verdict = make_verdict(outcome=outcome, refit=loss, rows=rows)
    report = Report(verdict=verdict, production_version=1, until="2025-04-14", rule={}, candidate_sha256=None)
    return Tried(text, report)


def test_best__is_the_smallest_error_that_the_gate_would_promote_and_beats_main() -> None:
    main = tried("", 50)
    good, better, kept = tried("a", 48), tried("b", 45), tried("c", 40, "keep production")
    assert table.best(main, [good, better, kept, Tried("d", None, "broken")]) is better
    assert table.best(main, [tried("a", 51), kept]) is None
    assert table.best(main, [tried("a", 45, rows=600)]) is None  # other rows are no comparison


def test_text__best_first_and_failures_below() -> None:
    said = table.text(tried("", 50), [tried("a=1", 45), Tried("b=2", None, "no such module")], "rentals/hour")
    rows = [line for line in said.splitlines() if line.startswith("|")]
    assert rows[2].startswith("| a=1 | 45.0 | −10.0 %")
    assert rows[3].startswith("| main | 50.0 |  |")
    assert "b=2: failed: no such module" in said
    assert "looks better than it is" in said


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return handed.made(tmp_path_factory)


@pytest.fixture
def bench(made: Made, tmp_path: Path) -> Iterator[Bench]:
    yield from handed.bench(made, tmp_path)


@pytest.mark.extended
@pytest.mark.slow
def test_experiments__from_the_runs_to_a_pull_request(bench: Bench, tmp_path: Path) -> None:
    root, out = bench.job.root, tmp_path / "tried"
    params = (root / "params.yaml").read_text()
    (root / "params.yaml").write_text(params.replace("2025-01-06T00:00Z", "2025-04-14T00:00Z"))
    Clone(root).run("commit", "--quiet", "-am", "newer data")
    Clone(root).run("push", "--quiet", "origin", "HEAD:main")
    said: list[str] = []
    main, deeper, broken = trying.run(root, bench.job, ASKED, out, repro=handed.in_process, say=said.append)
    assert bench.job.changed() == ["dvc.lock"]  # which this repository had not committed
    assert said == ["main's own recipe", f"experiment 1 of 2: {ASKED[0].text}", f"experiment 2 of 2: {ASKED[1].text}"]
    assert main.report
    assert deeper.report
    assert "nope" in broken.error
    assert not (out / "2").exists()
    job = Git(root)
    action = proposing.plan(bench.hub, job, ASKED, out, prove=lambda _: None)
    assert isinstance(action, proposing.Propose)
    first = proposing.act(bench.hub, job, action)
    assert proposing.act(bench.hub, job, action) == first
    (pull,) = bench.repo.pulls
    assert (pull.title, pull.pull and pull.pull.base) == ("recipe: train.params.max_depth=10", "main")
    git = bench.repo.git
    changed = {each.path for each in git.changes("main", action.head)}
    assert {"params.yaml", "dvc.lock", "metrics/evaluate.json"} <= changed
    assert not any(path.startswith("models/") for path in changed)
    assert "max_depth: 10" in job.run("show", f"{action.head}:params.yaml")
    # The folder is not believed about what was asked.
    with pytest.raises(LoopError, match="differs from the base commit"):
        proposing.plan(bench.hub, job, overrides.parse("train.params.max_depth=9"), out, prove=lambda _: None)

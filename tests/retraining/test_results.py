"""What a job without a token measured is taken over only as far as it agrees with the commit."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import handed
import pytest
from hub import Clone

from driftloop.errors import LoopError
from driftloop.git import Git
from driftloop.retraining import results

if TYPE_CHECKING:
    from pathlib import Path

    from handed import Made

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return handed.made(tmp_path_factory)


@pytest.fixture
def folder(made: Made, tmp_path: Path) -> Path:
    """What `retrain` measured with production as it was."""
    return made.copy("better/data", tmp_path / "measured")


@pytest.fixture
def git(made: Made, tmp_path: Path) -> Git:
    Clone(tmp_path).run("clone", "--quiet", str(made.repo), "job")
    return Git(tmp_path / "job")


def test_take__puts_results_into_the_checkout(git: Git, folder: Path) -> None:
    taken = results.take(git, folder)
    assert {"params.yaml", "dvc.lock", "reports/decision.json", "reports/verdict.json"} <= set(taken)
    for name in taken:
        assert (git.root / name).read_bytes() == (folder / name).read_bytes()
    assert set(git.changed()) <= set(taken)


def test_take__of_a_report_that_is_shown_looks_at_nothing(git: Git, folder: Path) -> None:
    (folder / "reports/evidently").mkdir()
    (folder / "reports/evidently/index.html").write_bytes(b"<p>\xff")
    assert "reports/evidently/index.html" in results.take(git, folder)


def test_take__without_reports_takes_metrics(git: Git, folder: Path) -> None:
    for path in (folder / "reports").iterdir():
        path.unlink()
    assert "metrics/production.json" in results.take(git, folder)


def test_take__a_verdict_of_earlier_data_stays_behind(git: Git, folder: Path, made: Made) -> None:
    """`dvc repro monitor` after the remote was pulled: the report on disk is that of the last full run."""
    report = json.loads((folder / "reports/verdict.json").read_text())
    text = json.dumps({**report, "until": "2025-01-01"}).encode()
    (folder / "reports/verdict.json").write_bytes(text)
    relock(folder, "reports/verdict.json", made)
    assert "reports/verdict.json" not in results.take(git, folder)
    assert not (git.root / "reports/verdict.json").exists()


def relock(folder: Path, name: str, made: Made) -> None:
    """Name the file in dvc.lock too, as a forger or an honest run would."""
    was = hashlib.md5((made.root / "better/data" / name).read_bytes()).hexdigest()
    now = hashlib.md5((folder / name).read_bytes()).hexdigest()
    lock = folder / "dvc.lock"
    assert was in lock.read_text()
    lock.write_text(lock.read_text().replace(was, now))


@pytest.mark.parametrize("name", ["src/driftloop/cli.py", "models/production/model.skops", "dvc.yaml", ".git/config"])
def test_take__any_other_file_is_refused(git: Git, folder: Path, name: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("x")
    with pytest.raises(LoopError, match=rf"'{name}' does not belong there"):
        results.take(git, folder)
    assert git.changed() == []


def test_take__a_file_that_the_commit_holds_identically_is_no_stranger(git: Git, folder: Path) -> None:
    """An upload takes whole folders, and a repository keeps figures of its own in metrics/."""
    (git.root / "metrics/backtest.json").write_text("1")
    git.commit("backtest", ["metrics/backtest.json"])
    (folder / "metrics/backtest.json").write_text("1")
    assert "metrics/backtest.json" not in results.take(git, folder)
    assert git.changed() != []
    (folder / "metrics/backtest.json").write_text("2")
    with pytest.raises(LoopError, match=r"'metrics/backtest.json' does not belong there: no stage writes it"):
        results.take(git, folder)


def test_take__a_link_is_refused(git: Git, folder: Path) -> None:
    (folder / "reports/decision.json").unlink()
    (folder / "reports/decision.json").symlink_to("/etc/passwd")
    with pytest.raises(LoopError, match="a symbolic link"):
        results.take(git, folder)


def test_take__what_is_missing_is_named(git: Git, folder: Path) -> None:
    (folder / "metrics/monitor.json").unlink()
    with pytest.raises(LoopError, match=r"metrics/monitor.json is missing"):
        results.take(git, folder)


def test_take__another_parameter_is_refused(git: Git, folder: Path) -> None:
    params = folder / "params.yaml"
    params.write_text(params.read_text().replace("alert_at_days: 8", "alert_at_days: 80"))
    with pytest.raises(
        LoopError, match=r"more than source.until, source.fingerprint and retrain.standing_until differs"
    ):
        results.take(git, folder)


def test_take__a_result_that_the_lock_does_not_name_is_refused(git: Git, folder: Path) -> None:
    path = folder / "reports/decision.json"
    path.write_text(path.read_text().replace('"alert"', '"alert" '))
    with pytest.raises(LoopError, match=r"reports/decision.json: not the file that dvc.lock names"):
        results.take(git, folder)


@pytest.mark.parametrize(("key", "value"), [("version", 7), ("model", "other"), ("until", "2031-01-01")])
def test_take__a_decision_about_something_else_is_refused(
    git: Git, folder: Path, made: Made, key: str, value: object
) -> None:
    path = folder / "reports/decision.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))
    relock(folder, "reports/decision.json", made)
    with pytest.raises(LoopError, match=r"reports/decision.json: .* does not agree with the rest"):
        results.take(git, folder)

"""The rehearsal: which files it takes, how it tells, how it fails, and what it leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from datetime import date
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from decisions import make_decision
from hub import Clone
from rehearsed import User
from workspace import Workspace

from driftloop.errors import LoopError
from driftloop.params import load_params
from driftloop.rehearsal import pages, running, story, truth, workingtree
from driftloop.rehearsal.story import Step
from driftloop.rehearsal.telling import Narrator

if TYPE_CHECKING:
    from pathlib import Path

    from driftloop.rehearsal.stage import Stage


def make_repository(root: Path, **over: Any) -> Path:
    Workspace.create(root, **over)
    clone = Clone(root)
    clone.run("init", "--quiet", "--initial-branch=main")
    clone.run("add", ".")
    clone.run("commit", "--quiet", "-m", "start")
    return root


def make_stage(said: list[str], violations: list[str] | None = None) -> Stage:
    stage = SimpleNamespace(tell=Narrator(said.append), server=SimpleNamespace(violations=violations or []))
    return cast("Stage", stage)


def fail(_: Stage) -> None:
    msg = "`dvc repro` ended with exit code 255: no such table"
    raise LoopError(msg)


# Which files


def test_look__counts_what_is_changed_and_what_is_new(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "r")
    (root / "params.yaml").write_text((root / "params.yaml").read_text() + "# mine\n")
    (root / "new.txt").write_text("x")
    tree = workingtree.look(root)
    assert (tree.changed, tree.left_out) == (1, 1)
    assert "params.yaml" in tree.files
    assert "new.txt" not in tree.files


@pytest.mark.parametrize(("folder", "words"), [("", "expected a Git repository here"), ("models", "top folder")])
def test_look__elsewhere_says_where_to_go(tmp_path: Path, folder: str, words: str) -> None:
    root = make_repository(tmp_path / "r") / folder if folder else tmp_path
    with pytest.raises(LoopError, match=words):
        workingtree.look(root)


def test_copy__takes_files_as_they_are_now_and_finds_data_from_elsewhere(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "r", source={"kind": "files", "path": "in/*.csv"})
    text = (root / "params.yaml").read_text()
    (root / "params.yaml").write_text(f"# mine\n{text}")
    workingtree.copy(root, workingtree.look(root), tmp_path / "copy")
    assert (tmp_path / "copy/params.yaml").read_text().startswith("# mine\n")
    assert load_params(tmp_path / "copy/params.yaml").source.path == str(root / "in/*.csv")
    assert (root / "params.yaml").read_text() == f"# mine\n{text}"


def test_copy__finds_further_tables_from_elsewhere(tmp_path: Path) -> None:
    source = {"kind": "files", "path": "in/a.csv", "tables": {"weather": "in/w.csv", "prices": "/far/p.csv"}}
    root = make_repository(tmp_path / "r", source=source)
    workingtree.copy(root, workingtree.look(root), tmp_path / "copy")
    tables = load_params(tmp_path / "copy/params.yaml").source.tables
    assert tables == {"weather": str(root / "in/w.csv"), "prices": "/far/p.csv"}


@pytest.mark.parametrize("url", ["sqlite:///in/shop.db", "duckdb:////far/shop.db", "$DATABASE_URL"])
def test_copy__finds_a_database_from_elsewhere(tmp_path: Path, url: str) -> None:
    root = make_repository(tmp_path / "r", source={"kind": "sql", "url": url, "table": "t"})
    workingtree.copy(root, workingtree.look(root), tmp_path / "copy")
    found = load_params(tmp_path / "copy/params.yaml").source.url
    assert found == (f"sqlite:///{root}/in/shop.db" if "in/" in url else url)


# How it is told


def test_play__tells_each_step_and_names_the_one_that_failed() -> None:
    said: list[str] = []
    steps = [Step("all is well", lambda _: None), Step("the scheduled run", fail), Step("never", lambda _: None)]
    with pytest.raises(
        LoopError, match=r"^rehearse: step 2, “the scheduled run”: `dvc repro` ended with exit code 255"
    ):
        story.play(make_stage(said), steps)
    told = "\n".join(said)
    assert " 1  all is well" in told
    assert " 2  the scheduled run" in told
    assert "never" not in told


def test_play__names_the_step_that_came_out_differently() -> None:
    steps = [Step("healthy", lambda _: None, lambda _: [("open alerts", 0, 0), ("status", "healthy", "degraded")])]
    with pytest.raises(LoopError, match=r"step 1, “healthy”: status: expected healthy, got degraded$"):
        story.play(make_stage([]), steps)


def test_play__does_not_hide_what_is_against_githubs_description() -> None:
    with pytest.raises(LoopError, match="against GitHub's description: POST /nowhere"):
        story.play(make_stage([], ["POST /nowhere"]), [Step("healthy", lambda _: None)])


def test_compare__puts_what_was_planted_beside_what_was_said() -> None:
    fine = make_decision(status="healthy", until=date(2025, 2, 3))
    late = make_decision(status="outdated", until=date(2025, 4, 14), since=date(2025, 2, 17))
    told = "\n".join(truth.compare([fine, late]))
    assert "since 10 Feb 2025: Home office" in told
    assert "on 14 Apr 2025: outdated; keeping it has cost more than a refit since 17 Feb 2025" in told
    assert "on 3 Feb 2025" in told
    assert "°F" not in told


def test_compare__says_so_when_nothing_was_said() -> None:
    told = list(truth.compare([make_decision(status="healthy", until=date(2025, 6, 9))]))
    assert [line.split()[1:] for line in told if line.startswith("said")] == [["nothing"], ["nothing"]]


# What is left


@pytest.mark.parametrize("earlier", [True, False])
def test_check__replaces_an_earlier_rehearsal_and_nothing_else(tmp_path: Path, *, earlier: bool) -> None:
    out = tmp_path / "rehearsal"
    out.mkdir()
    (out / (pages.STORY if earlier else "thesis.md")).write_text("x")
    with nullcontext() if earlier else pytest.raises(LoopError, match="move it away"):
        pages.check(out)


def test_run__says_in_one_line_what_failed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('no such table')"]
    with pytest.raises(LoopError, match=r"^`dvc repro` ended with exit code 1: no such table$"):
        running.run(command, shown="dvc repro", cwd=tmp_path, env=os.environ, log=tmp_path / "a.log")


def test_environment__takes_no_token_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    monkeypatch.setenv("GIT_DIR", "/elsewhere")
    assert not {"GITHUB_TOKEN", "GIT_DIR"} & set(running.environment(tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("by", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.extended)])
def test_rehearse__interrupted_leaves_nothing_running_and_no_folder(tmp_path: Path, by: signal.Signals) -> None:
    pid = tmp_path / "pid"
    source = {"kind": "command", "command": f"echo $$ > {pid}; exec sleep 600", "since": "2024-01-01T00:00Z"}
    user = User.create(tmp_path, source=source)
    before = user.files()
    with user.start(alone=True) as process:
        deadline = time.monotonic() + 120
        while not pid.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(by)
        process.communicate(timeout=60)
    assert process.returncode
    assert list(user.tmp.iterdir()) == []
    gone = subprocess.run(["kill", "-0", pid.read_text().strip()], capture_output=True, check=False)
    assert gone.returncode == 1
    assert user.files() == before
    assert not (user.root / "rehearsal").exists()

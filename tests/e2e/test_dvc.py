"""The real DVC in a real clone, with small models."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import forks
import pyarrow.parquet as pq
import pytest
import yaml
from once import copy_ours, once
from workspace import SMALL, merged

from driftloop.core.models.card import Card
from driftloop.params import Params
from driftloop.store.files import CARD, VERDICT, write_json

pytestmark = pytest.mark.extended

AUTHOR = {
    "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org",
}  # fmt: skip


@dataclass(frozen=True)
class Project:
    """A clone that people work in; `alone`, each program is a process of its own, with hashes of its own."""

    root: Path
    alone: bool = False

    @property
    def env(self) -> dict[str, str]:
        """With the code of the clone."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        found = {**os.environ, **AUTHOR, "PATH": path, "PYTHONPATH": forks.python_path(self.root / "src")}
        return forks.without(found) if self.alone else found

    def sh(self, *command: str, code: int = 0) -> str:
        done = subprocess.run(command, cwd=self.root, env=self.env, capture_output=True, text=True, check=False)
        assert done.returncode == code, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def repro(self, *options: str) -> list[str]:
        """Run the pipeline; name the stages that ran."""
        out = self.sh("dvc", "repro", *options)
        return [line.split("'")[1] for line in out.splitlines() if line.startswith("Running stage")]

    def set(self, **over: Any) -> None:
        path = self.root / "params.yaml"
        params = merged(yaml.safe_load(path.read_text("utf-8")), over)
        path.write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")

    def lock_is_whole(self) -> bool:
        """Say whether DVC can read its lock file."""
        done = subprocess.run(["dvc", "stage", "list"], cwd=self.root, env=self.env, capture_output=True, check=False)
        return done.returncode == 0 and b"validation failed" not in done.stderr

    def commit(self) -> None:
        self.sh("git", "add", "-A")
        self.sh("git", "commit", "-qm", "state")

    def json(self, path: Path | str) -> Any:
        return json.loads((self.root / path).read_text("utf-8"))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A small pipeline whose production was promoted and has been watched for six weeks; made once for all workers."""
    return Project(once(tmp_path_factory, "dvc", lambda root: make(root / "project")) / "project")


def make(root: Path) -> None:
    project = Project(root)
    copy_ours(root)
    (root / "dvc.lock").unlink(missing_ok=True)
    for folder in ("metrics", "backtest"):
        shutil.rmtree(root / folder)
    (root / "models/production/model.skops").unlink(missing_ok=True)
    write_json(root / CARD, Card().model_dump(mode="json"))
    complete = Params.model_validate(SMALL).model_dump(mode="json")  # DVC wants every key to be there
    (root / "params.yaml").write_text(yaml.safe_dump(complete, sort_keys=False), encoding="utf-8")
    project.sh("git", "init", "-q", "-b", "main")
    project.repro()
    project.sh("driftloop", "promote", "--first")
    project.commit()
    project.set(source={"until": "2024-06-17T00:00Z"})
    project.repro()
    project.commit()


@pytest.fixture
def project(base: Project, tmp_path: Path) -> Project:
    """A copy, with its cache."""
    shutil.copytree(base.root, tmp_path / "p", symlinks=True)
    return Project(tmp_path / "p")


def test_repro__a_second_time_does_nothing(project: Project) -> None:
    assert project.repro() == []
    assert project.sh("git", "status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("over", "stages"),
    [
        ({"evaluate": {"min_gain": 0.02}}, ["monitor", "evaluate"]),
        ({"evaluate": {"max_segment_loss": 0.1}}, ["monitor", "evaluate"]),
        ({"monitor": {"alert_at_days": 9}}, ["monitor"]),
        ({"data": {"target_unit": "bikes"}}, ["monitor"]),
        ({"train": {"seed": 1}}, ["refit", "train"]),
        ({"windows": {"reference_days": 30}}, ["train"]),
    ],
)
def test_repro__begins_with_the_stages_that_a_parameter_concerns(
    project: Project, over: Any, stages: list[str]
) -> None:
    """A dry run shows the stages that are stale by themselves; what depends on them follows when they have run."""
    project.set(**over)
    assert project.repro("--dry") == stages


@pytest.mark.parametrize(
    ("module", "stages"),
    [
        ("core/judging/gate.py", ["monitor", "evaluate"]),
        ("core/decision/policy.py", ["monitor"]),
        ("core/judging/refits.py", ["refit", "alarms", "monitor", "evaluate"]),
        ("sources/simulator.py", ["collect"]),
    ],
)
def test_repro__runs_the_stages_that_import_a_changed_module(project: Project, module: str, stages: list[str]) -> None:
    with (project.root / "src/driftloop" / module).open("a", encoding="utf-8") as stream:
        stream.write("# changed\n")
    assert project.repro("--dry") == []  # as long as the lock names the code before
    project.sh("driftloop", "lock")
    assert project.repro("--dry") == stages


def test_repro__after_a_promotion_does_not_train_again(project: Project) -> None:
    project.sh("driftloop", "promote", "--force")
    assert project.repro() == ["prepare", "refit", "alarms", "monitor", "evaluate"]
    assert project.json(VERDICT)["verdict"]["outcome"] == "not comparable yet"
    diff = json.loads(project.sh("dvc", "metrics", "diff", "HEAD", "--json"))
    assert diff["metrics/production.json"]["version"] == {"old": 1, "new": 2, "diff": 1}
    assert "mae" in diff["metrics/production.json"]


def test_repro__after_a_kill_is_right_and_forced_the_same(project: Project) -> None:
    alone = replace(project, alone=True)
    project.set(source={"until": "2024-06-24T00:00Z"})
    for seconds in (2, 7):
        running = subprocess.Popen(["dvc", "repro", "-q"], cwd=alone.root, env=alone.env, start_new_session=True)
        time.sleep(seconds)
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
    if not project.lock_is_whole():  # DVC writes its lock file in place
        project.sh("git", "checkout", "--", "dvc.lock")
    rwlock = project.root / ".dvc/tmp/rwlock"
    if rwlock.exists() and not rwlock.read_bytes().strip():  # and this one, too
        rwlock.unlink()
    project.repro()
    project.sh("git", "add", "-A")
    tree = project.sh("git", "write-tree")
    alone.repro("-f")
    project.sh("git", "add", "-A")
    assert project.sh("git", "write-tree") == tree


def test_repro__when_the_source_fails_keeps_the_data_and_says_why(project: Project) -> None:
    before = sorted(path.name for path in (project.root / "data/raw").iterdir())
    project.set(source={"kind": "command", "command": "echo no such table >&2; exit 3", "since": "2024-01-01T00:00Z"})
    said = project.sh("dvc", "repro", code=255)
    assert "no such table" in said
    assert "Traceback" not in said
    assert sorted(path.name for path in (project.root / "data/raw").iterdir()) == before


def test_experiment__changes_a_parameter_and_is_compared(project: Project) -> None:
    project.sh("dvc", "exp", "run", "-n", "shallow", "-S", "train.params.max_depth=3")
    shown = project.sh("dvc", "exp", "show", "--csv")
    assert "shallow" in shown
    assert "train.params.max_depth" in shown
    diff = json.loads(project.sh("dvc", "metrics", "diff", "HEAD", "--json"))
    assert diff["metrics/evaluate.json"]["refit.mae"]["diff"] > 0
    params = json.loads(project.sh("dvc", "params", "diff", "HEAD", "--json"))
    assert params["params.yaml"]["train.params.max_depth"] == {"old": 8, "new": 3, "diff": -5}
    project.sh("dvc", "plots", "diff", "HEAD", "-o", "dvc_plots")
    assert "Feature importance" in (project.root / "dvc_plots/index.html").read_text("utf-8")


OWN = """from sklearn.tree import DecisionTreeRegressor

class Tree(DecisionTreeRegressor):
    def fit(self, X, y):
        {first}
        return super().fit(X, y)
"""


def test_experiment__in_the_queue_runs_the_projects_code_of_its_own_copy(project: Project) -> None:
    module = project.root / "src/mine.py"
    module.write_text(OWN.format(first="raise ValueError('the code of the working tree')"), encoding="utf-8")
    project.set(train={"estimator": "mine.Tree", "params": {"max_depth": 3}, "trusted": ["mine.Tree"]})
    project.commit()
    module.write_text(OWN.format(first="pass"), encoding="utf-8")
    project.sh("dvc", "exp", "run", "--queue", "-n", "queued", "-S", "train.seed=3")
    project.sh("git", "stash", "-q")
    project.sh("dvc", "queue", "start")
    deadline = time.monotonic() + 120
    while "Success" not in (state := project.sh("dvc", "queue", "status")) and time.monotonic() < deadline:
        assert "Failed" not in state, project.sh("dvc", "queue", "logs", "queued")
        time.sleep(1)
    project.sh("dvc", "exp", "apply", "queued")
    project.sh("dvc", "checkout")
    assert project.json("models/candidate.json")["recipe"]["estimator"] == "mine.Tree"


def test_features__of_a_queued_experiment_are_those_of_its_copy(project: Project) -> None:
    """The workspace's own would be doubled once; DVC runs `collect` again when the file changes."""
    path = project.root / "src/features.py"
    text = "def features(rows):\n    return rows.mutate(warmth=rows.temperature * {times})\n"
    path.write_text(text.format(times=2), encoding="utf-8")
    pipeline = yaml.safe_load((project.root / "dvc.yaml").read_text("utf-8"))
    pipeline["stages"]["collect"]["deps"].append("src/features.py")
    (project.root / "dvc.yaml").write_text(yaml.safe_dump(pipeline, sort_keys=False), encoding="utf-8")
    project.set(data={"numerical": ["temperature", "warmth"]})
    project.sh("dvc", "repro", "collect")
    project.commit()
    assert "Stage 'collect' didn't change" in project.sh("dvc", "repro", "collect")
    path.write_text(text.format(times=4), encoding="utf-8")
    project.sh("dvc", "exp", "run", "--temp", "-n", "quadrupled", "collect")
    project.sh("git", "stash", "-q")
    assert times(project) == {2.0}
    project.sh("dvc", "exp", "apply", "quadrupled")
    project.sh("dvc", "checkout")
    assert times(project) == {4.0}


def times(project: Project) -> set[float]:
    """Read by how much the made column is larger."""
    rows = pq.read_table(project.root / "data/raw/2024-05.parquet", columns=["temperature", "warmth"]).to_pandas()
    rows = rows[rows["temperature"] != 0]
    return set((rows["warmth"] / rows["temperature"]).round(9))


def test_clone__with_the_shared_cache_runs_nothing_but_collect(project: Project, tmp_path: Path) -> None:
    project.sh("git", "clone", "-q", ".", str(tmp_path / "clone"))
    clone = Project(tmp_path / "clone")
    clone.sh("dvc", "cache", "dir", "--local", str(project.root / ".dvc/cache"))
    assert clone.repro("--pull", "--allow-missing") == []
    clone.sh("dvc", "checkout")
    assert clone.sh("driftloop", "status") == project.sh("driftloop", "status")


def test_handover__is_verified_without_data(project: Project, tmp_path: Path) -> None:
    project.sh("git", "clone", "-q", ".", str(tmp_path / "clone"))
    clone = Project(tmp_path / "clone")
    assert clone.repro("--allow-missing", "--dry") == []
    clone.set(train={"seed": 5})
    clone.sh("dvc", "repro", "--allow-missing", "--dry", code=255)

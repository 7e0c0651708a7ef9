"""A world, its repository and people, and a runner for its workflows: what tests of workflows work with."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import forks
from hub import make_hub
from runner.gitserver import GitServer
from runner.world import Runner

from driftloop.alerting import act
from driftloop.alerting.wording import Links
from driftloop.core.decision.values import Decision
from driftloop.github.hub import Hub as Adapter
from driftloop.github.runtime import Runtime, Token
from driftloop.githubstub import GitHubServer
from driftloop.store.files import read_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hub import Clone, Hub
    from runner.language import Language
    from runner.values import Run

    from driftloop.githubstub import Issue, Repository

VENV = Path(sys.prefix)
# Syncing would point the environment of these tests at the clone; a dry run reads the same lock file and options, and the
# clone's own code comes first by PYTHONPATH. Fits that an earlier job has made are found by their content, as where
# DRIFTLOOP_CACHE is set: without them a job makes the same ones anew, for a minute.
UV = """#!/usr/bin/env bash
set -euo pipefail
if [ "${{1:-}}" = sync ]; then
  {uv} sync --dry-run "${{@:2}}"
  ln -sfn {venv} .venv
  echo /.venv >> .git/info/exclude
  mkdir -p .cache {fits} && ln -sfn {fits} .cache/refits
else
  exec {uv} "$@"
fi
"""


@dataclass(frozen=True)
class Tools:
    """What machines find: folders for the PATH by name, and the environment that lets them do without the network."""

    folders: Mapping[str, Path]
    env: Mapping[str, str]


def tools(root: Path, cache: Path, fits: Path) -> Tools:
    """Make them; `cache` is DVC's, and `fits` is `.cache/refits`, both shared by all machines."""
    uv = os.environ.get("UV") or shutil.which("uv") or "uv"
    found = {name: root / name for name in ("uv", "python", "node", "dvc")}
    for folder in found.values():
        folder.mkdir(parents=True)
    (found["uv"] / "uv").write_text(UV.format(uv=uv, venv=VENV, fits=fits))
    (found["uv"] / "uv").chmod(0o755)
    base = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    for name in ("python", "python3"):
        (found["python"] / name).symlink_to(base)
    (found["dvc"] / "config").write_text(f"[cache]\n    dir = {cache}\n")
    asked = subprocess.run([uv, "cache", "dir"], capture_output=True, text=True, check=True)
    env = {
        "UV_PROJECT_ENVIRONMENT": str(VENV), "UV_OFFLINE": "1", "UV_NO_SYNC": "1", "UV_CACHE_DIR": asked.stdout.strip(),
        "UV_NO_PROGRESS": "1", "DVC_GLOBAL_CONFIG_DIR": str(found["dvc"]), "DVC_SITE_CACHE_DIR": str(root / "site"),
        "DVC_NO_ANALYTICS": "1", "COLUMNS": "120",
        **{name: os.environ[name] for name in (forks.ADDRESS,) if name in os.environ},
    }  # fmt: skip
    return Tools(found, env)


@dataclass
class Setting:
    """A world with one repository, people, git by HTTPS, and a runner."""

    hub: Hub
    git: GitServer
    runner: Runner

    @property
    def repo(self) -> Repository:
        """The repository."""
        return self.hub.repo

    @property
    def clone(self) -> Clone:
        """Ann's."""
        return self.hub.clone

    def begin(self, project: Path) -> None:
        """Make another clone's HEAD the beginning of `main`, with Pages on; nothing has happened yet."""
        type(self.clone)(project).run("push", "--quiet", "--force", str(self.repo.git.path), "HEAD:refs/heads/main")
        self.repo.pages = {"build_type": "workflow"}
        self.runner.ignore()
        self.clone.run("fetch", "--quiet", "origin")
        self.clone.run("checkout", "--quiet", "-B", "main", "origin/main")

    def first_push(self, project: Path, branch: str = "main") -> list[Run]:
        """Push another clone's HEAD to an empty repository, as a template or `git push` does, and run what that starts."""
        for ref in self.repo.git.refs():
            self.repo.git.run("update-ref", "-d", ref)
        self.repo.default_branch = branch
        self.runner.ignore()
        type(self.clone)(project).run("push", "--quiet", str(self.repo.git.path), f"HEAD:refs/heads/{branch}")
        self.clone.run("fetch", "--quiet", "--prune", "origin")
        self.clone.run("checkout", "--quiet", "-B", branch, f"origin/{branch}")
        return self.runner.deliver()

    def alert(self, decision: Path, **over: Any) -> None:
        """Do to the alert what a monitoring run does for a decision, or for one that is changed."""
        token = Token(self.hub.actions(issues="write").value)
        runtime = Runtime(self.repo.name, self.hub.server.url, "https://github.com", token)
        with Adapter(runtime) as adapter:
            act.run(adapter, read_value(decision, Decision).model_copy(update=over), Links())

    def issue(self, number: int) -> Issue:
        """An issue or a pull request."""
        return self.repo.issues[number]

    def comments(self, number: int) -> list[str]:
        """What was commented on it."""
        return [each.body for each in self.repo.comments.values() if each.number == number]

    def label(self, number: int, *names: str, by: str = "ann") -> None:
        """Let somebody set labels."""
        self.hub.at(self.hub.world.token(by)).get_issue(number).add_to_labels(*names)


@contextmanager
def setting(root: Path, language: Language, found: Tools) -> Iterator[Setting]:
    """Open a world in a new folder; whatever was asked or answered against GitHub's description fails the test."""
    (root / "tls").mkdir(parents=True)
    hub = make_hub(root, GitHubServer)
    with hub.server, GitServer(hub.server, root / "tls") as git:
        yield Setting(hub, git, Runner(language, hub.server, git, root / "runs", found.env, found.folders))
        for api in hub.open:
            api.close()
    assert hub.server.violations == []

"""Hand-overs of a small pipeline, made once by the real DVC and copied; and a stand-in for GitHub to propose them to."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import yaml
from adapter import Site
from hub import Clone, make_hub
from once import copy_ours, once
from workspace import SMALL, Workspace, merged

from driftloop.alerting import memory
from driftloop.alerting.labels import Label
from driftloop.git import Git
from driftloop.github.runtime import Runtime, Token
from driftloop.githubstub import GitHubServer, observe_pushes
from driftloop.params import Params, edit
from driftloop.retraining import answering, propose, restore, train
from driftloop.store.files import write_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pytest

    from driftloop.github.hub import Hub
    from driftloop.githubstub import Repository

MODEL = "small"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
BETTER, NO_BETTER = "2025-04-14", "2025-02-10"  # commuting habits changed on 10 February 2025, so the simulator
LATER = "2025-05-12"  # four weeks after BETTER, so that there are rows which v2 has not seen
LABELLED: dict[str, Any] = {
    "action": "labeled",
    "issue": {"number": 1},
    "label": {"name": Label.RETRAIN},
    "sender": {"login": "ann"},
}


@dataclass(frozen=True)
class Made:
    """A repository with production, and what `retrain` left of it: hand-overs `better` and `worse`."""

    root: Path

    @property
    def repo(self) -> Path:
        return self.root / "repo"

    def copy(self, name: str, to: Path) -> Path:
        return shutil.copytree(self.root / name, to, symlinks=True)


def made(factory: pytest.TempPathFactory) -> Made:
    """Make them, once for all workers."""
    return Made(once(factory, "handed", lambda root: _make(Made(root))))


def _make(found: Made) -> None:
    copy_ours(found.repo, "src/features.py", ".dvc", ".dvcignore", ".gitignore", "dvc.yaml", "driftloop.lock")
    complete = Params.model_validate(merged(SMALL, {"source": {"until": "2025-01-06T00:00Z"}})).model_dump(mode="json")
    space = Workspace.create(found.repo)
    (found.repo / "params.yaml").write_text(yaml.safe_dump(complete, sort_keys=False), encoding="utf-8")
    space.run("collect", "prepare", "refit", "alarms", "monitor", "train", "evaluate").promote(first=True)
    clone = Clone(found.repo)
    clone.run("init", "--quiet", "--initial-branch=main")
    clone.run("add", ".")
    clone.run("commit", "--quiet", "-m", "v1")
    request, git = train.Request(1, "ann"), Git(found.repo)
    train.act(found.repo, git, request, found.root / "better", until=BETTER, now=NOW)
    clone.run("checkout", "--quiet", "--", ".")
    train.act(found.repo, git, request, found.root / "worse", until=NO_BETTER, now=NOW, repro=in_process)
    clone.run("checkout", "--quiet", "--", ".")


def rolled(factory: pytest.TempPathFactory) -> Made:
    """Make that repository after `better` was merged: production is v2; once for all workers."""
    return Made(once(factory, "rolled", lambda root: _roll(made(factory), Made(root))))


def _roll(before: Made, found: Made) -> None:
    space = Workspace(before.copy("repo", found.repo))
    for name in ("data", "promote"):
        for path in (before.root / "better" / name).rglob("*"):
            if path.is_file():
                write_bytes(space.root / path.relative_to(before.root / "better" / name), path.read_bytes())
    clone = Clone(space.root)
    clone.run("add", ".")
    clone.run("commit", "--quiet", "-m", "Merge pull request #2 from acme/retrain/issue-1")
    restore.act(space.root, Git(space.root), 1, found.root / "back", until=LATER, now=NOW)
    clone.run("checkout", "--quiet", "--", ".")
    space.run("collect", "prepare", "refit", "alarms", "evaluate")
    clone.run("checkout", "--quiet", "--", ".")


def in_process(root: Path) -> None:
    """Run the stages without DVC, and write as much of a lock as can be checked without it."""
    Workspace(root).run()
    stages = yaml.safe_load((root / "dvc.yaml").read_text())["stages"]
    locked = {name: {"cmd": stage["cmd"], "outs": [_out(root, path) for path in _paths(stage)]}
              for name, stage in stages.items()}  # fmt: skip
    (root / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": locked}))


def _paths(stage: dict[str, Any]) -> list[str]:
    entries = [entry for kind in ("outs", "metrics", "plots") for entry in stage.get(kind, ())]
    return [next(iter(entry)) if isinstance(entry, dict) else entry for entry in entries]


def _out(root: Path, path: str) -> dict[str, str]:
    content = (root / path).read_bytes() if (root / path).is_file() else b""
    return {"path": path, "md5": hashlib.md5(content).hexdigest()}


@dataclass
class Bench:
    """The stand-in with that repository on it, an open alert with the label, and the checkout of a job."""

    site: Site
    made: Made
    tmp: Path
    job: Git = field(init=False)
    repo: Repository = field(init=False)
    runtime: Runtime = field(init=False)
    hub: Hub = field(init=False)

    def __post_init__(self) -> None:
        self.seed = self.site.repo
        Clone(self.made.repo).run("push", "--quiet", "--force", str(self.seed.git.path), "HEAD:refs/heads/main")
        Clone(self.tmp).run("clone", "--quiet", f"file://{self.seed.git.path}", "job")
        self.job = Git(self.tmp / "job", sleep=lambda _: None)
        self.use(self.seed)

    def use(self, repo: Repository) -> None:
        """Work on a repository, with an alert that ann has labelled."""
        self.repo = repo
        observe_pushes(self.site.stand.world)
        self.hub = self.site.hub(name=repo.name)
        url = self.site.stand.server.url
        self.runtime = Runtime(repo.name, url, "https://github.com", Token("t"), event_name="issues", event=LABELLED)
        Clone(self.job.root).run("remote", "set-url", "origin", f"file://{repo.git.path}")
        body = f"{memory.marker(MODEL)}\ntext"
        self.hub.open_issue("Alert", body, [Label.ALERT], find=lambda: None)
        self.site.stand.at(name=repo.name).get_issue(1).add_to_labels(Label.RETRAIN)
        self.site.stand.world.events.clear()
        self.site.stand.server.calls.clear()

    def fresh(self, name: str) -> None:
        """Begin anew in another repository."""
        world = self.site.stand.world
        world.repositories.pop(self.repo.name)
        new = world.repository(f"acme/{name}", collaborators={"ann": "write"})
        shutil.rmtree(new.git.path)
        shutil.copytree(self.seed.git.path, new.git.path)
        shutil.rmtree(new.git.path / "refs/heads/retrain", ignore_errors=True)
        self.use(new)

    def event(self, **over: Any) -> Runtime:
        return replace(self.runtime, event={**LABELLED, **over})

    def propose(self, folder: Path, prove: Callable[[Path], None] = lambda _: None) -> str:
        action = propose.plan(self.hub, self.runtime, self.job, folder, prove=prove)
        return answering.act(self.hub, self.job, action).said

    def state(self) -> dict[str, Any]:
        """All that a person could see, numbers and times that GitHub hands out aside."""
        repo = self.repo
        issue = ("number", "title", "body", "state", "labels")
        check = ("name", "head_sha", "status", "conclusion", "external_id", "output")
        return {
            "labels": sorted(each.name for each in repo.labels.values()),
            "issues": [
                [*(getattr(each, name) for name in issue), sorted(who.login for who in each.assignees)]
                for each in repo.issues.values()
            ],
            "pulls": [(each.pull.head, each.pull.base, each.pull.head_sha) for each in repo.pulls if each.pull],
            "comments": [(each.number, each.author.login, each.body) for each in repo.comments.values()],
            "checks": [[each[name] for name in check] for each in repo.checks.values()],
            "refs": repo.git.refs(),
        }

    def answer(self) -> str:
        (comment,) = self.repo.comments.values()
        return comment.body


def bench(made_: Made, tmp: Path) -> Iterator[Bench]:
    site = Site(make_hub(tmp, GitHubServer))
    with site.stand.server:
        yield Bench(site, made_, tmp)
        for hub in site.open:
            hub.__exit__()
        for api in site.stand.open:
            api.close()
    assert site.stand.server.violations == []


def rewrite(folder: Path, name: str, content: bytes) -> None:
    """Change a file of a hand-over, and its hash in the manifest, as a forger would."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    manifest["files"][name] = hashlib.sha256(content).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))


def covered(made: Made, name: str, to: Path, until: str | None = "2025-07-14") -> Path:
    """Copy a hand-over, with the end of an approval in its parameters."""
    folder = made.copy(name, to)
    for part in sorted(path.name for path in folder.iterdir() if path.is_dir()):
        text = (folder / part / "params.yaml").read_text()
        changed = edit.with_values(text, {"retrain.standing_until": until})
        rewrite(folder, f"{part}/params.yaml", changed.encode())
    return folder

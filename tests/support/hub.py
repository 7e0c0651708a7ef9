"""A world with one repository, the stand-in for GitHub that shows it, a clone, and people."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import github

from driftloop.githubstub import GitHubServer, Repository, Token, World, observe_pushes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from github.Repository import Repository as Remote

NAME = "acme/bikes"


@dataclass
class Clone:
    """A working clone; the user's own git configuration stays out."""

    root: Path

    def run(self, *args: str) -> str:
        env = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
        env |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"]
        done = subprocess.run(["git", *who, *args], cwd=self.root, env=env, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def push(self, branch: str, message: str = "change", start: str = "HEAD", **files: str) -> str:
        if start:
            self.run("checkout", "--quiet", "-B", branch, start)
        for name, text in files.items():
            (self.root / name).write_text(text)
        self.run("add", ".")
        self.run("commit", "--quiet", "--allow-empty", "-m", message)
        self.run("push", "--quiet", "--force", "origin", branch)
        return self.run("rev-parse", "HEAD")


@dataclass
class Hub:
    """A world with one repository, a server, a clone, and people."""

    world: World
    repo: Repository
    server: GitHubServer
    clone: Clone
    ann: Token = field(init=False)
    open: list[github.Github] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ann = self.world.token("ann")

    def at(self, token: Token | None = None, name: str = NAME) -> Remote:
        """The repository through PyGithub, as seen by a token."""
        api = github.Github(
            base_url=self.server.url,
            auth=github.Auth.Token((token or self.ann).value),
            retry=None,
            timeout=5,
            seconds_between_requests=0,
            seconds_between_writes=0,
        )
        self.open.append(api)
        return api.get_repo(name)

    def actions(self, **permissions: str) -> Token:
        return self.world.actions_token(self.repo, **permissions)

    def names(self, start: int = 0) -> list[str]:
        return [event.name for event in self.world.events[start:]]


def ticking() -> Callable[[], datetime]:
    """A clock that moves on a second at each look."""
    times = iter(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=n) for n in range(10**6))
    return lambda: next(times)


def make_hub(root: Path, server: Callable[[World], GitHubServer]) -> Hub:
    """Ann may write, max maintain, ted triage; acme owns; eve is a stranger."""
    world = World(root, clock=ticking())
    repo = world.repository(NAME, collaborators={"ann": "write", "ted": "triage", "max": "maintain"})
    world.user("eve")
    (root / "clone").mkdir()
    clone = Clone(root / "clone")
    clone.run("init", "--quiet", "--initial-branch=main")
    clone.run("remote", "add", "origin", f"file://{repo.git.path}")
    clone.push("main", "start", "", **{"a.txt": "1\n2\n3\n"})
    observe_pushes(world)
    world.events.clear()
    return Hub(world, repo, server(world), clone)

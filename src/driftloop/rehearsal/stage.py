"""The stage: checkouts, jobs with their environment and tokens, and what has come out so far."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

from driftloop import dvc, lineage, records
from driftloop.core.decision.values import Decision
from driftloop.git import Git
from driftloop.githubstub import GitHubServer, World, observe_pushes
from driftloop.params import load_params
from driftloop.rehearsal import running, workingtree
from driftloop.rehearsal.remote import NAME, YOU, Remote
from driftloop.report import site
from driftloop.store.files import DECISION, read_card, read_value

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from driftloop.core.models.card import Card
    from driftloop.params import Params
    from driftloop.rehearsal.telling import Narrator
    from driftloop.rehearsal.workingtree import Tree

SERVER = "https://github.example"  # links in the texts lead nowhere, and to nobody


class Job(NamedTuple):
    """A job of a workflow: what starts it, and what its token may."""

    event: str
    permissions: dict[str, str]


WATCH = Job("schedule", {"contents": "read", "issues": "write"})
RETRAIN = Job("issues", {"contents": "read", "issues": "read", "pull_requests": "read"})
PROPOSE = Job("issues", {"contents": "write", "issues": "write", "pull_requests": "write", "checks": "write"})


@dataclass(kw_only=True)
class Stage(Remote):
    """Where a rehearsal takes place, and its results so far; everything is in `folder`.

    Attributes
    ----------
    user
        The user's repository, which is only read; DVC's cache in it is shared.
    keep
        Whether checkouts stay when their job has ended.
    decisions
        Every decision so far.
    recorded
        The records of the runs that made them.
    """

    user: Path
    folder: Path
    tell: Narrator
    keep: bool = False
    decisions: list[Decision] = field(default_factory=list)
    recorded: list[dict[str, Any]] = field(default_factory=list)
    _env: dict[str, str] = field(init=False, repr=False)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1), repr=False)

    def __post_init__(self) -> None:
        """Make the repository on the stand-in, and the environment of what runs."""
        super().__post_init__()
        self._env = running.environment(self.folder)

    def publish(self, tree: Tree) -> None:
        """Push the user's working tree as the first commit of main."""
        seed = self.folder / "seed"
        workingtree.copy(self.user, tree, seed)
        self._git(seed, "init", "--quiet", "--initial-branch=main")
        self._git(seed, "remote", "add", "origin", self.origin)
        self.commit(seed, "the working tree as it is", "--force", "--all", ".")

    def commit(self, where: Path, message: str, *added: str) -> None:
        """Commit and push to main, as you."""
        self._git(where, "add", *added)
        who = ("-c", f"user.name={YOU}", "-c", f"user.email={YOU}@example.org")
        self._git(where, *who, "commit", "--quiet", "--no-gpg-sign", "--allow-empty", "-m", message)
        self._git(where, "push", "--quiet", "origin", "HEAD:refs/heads/main")
        observe_pushes(self.server.world)

    @contextmanager
    def checkout(self, what: str) -> Iterator[Path]:
        """Clone main for a job; all jobs share DVC's cache."""
        path = self.folder / f"{next(self._numbers):02}-{what}"
        self._git(self.folder, "clone", "--quiet", self.origin, path.name)
        cache = workingtree.dvc_cache(self.user, self.folder / "cache")
        (path / ".dvc" / "config.local").write_text(f'[cache]\n    dir = "{cache}"\n', encoding="utf-8")
        workingtree.lend(self.user, path)
        yield path
        if not self.keep:  # with much data, one after the other fits where all together would not
            shutil.rmtree(path, ignore_errors=True)

    def params(self, where: Path) -> Params:
        """Read the parameters of a checkout."""
        return load_params(where / workingtree.PARAMS)

    def read_card(self, where: Path) -> Card:
        """Read production's card in a checkout."""
        return read_card(where, self.params(where))

    def handover(self, number: int) -> Path:
        """Name the folder in which one job leaves the hand-over that answers an issue, and another finds it."""
        return self.folder / f"handover-{number}"

    def dvc(self, where: Path, *args: str) -> str:
        """Run DVC in a checkout."""
        return self._run(where, dvc.COMMAND, "dvc", args, {})

    def driftloop(self, where: Path, *args: str, job: Job | None = None, event: dict[str, Any] | None = None) -> str:
        """Run a verb in a checkout; as a job, with the environment of Actions."""
        return self._run(where, running.DRIFTLOOP, "driftloop", args, self._actions(where, job, event) if job else {})

    def _run(
        self, where: Path, program: tuple[str, ...], name: str, args: tuple[str, ...], more: dict[str, str]
    ) -> str:
        shown = " ".join([name, *(arg.removeprefix(f"{self.folder}/") for arg in args)])
        path = [str(where / "src"), *filter(None, [self._env.get("PYTHONPATH")])]
        env = {**self._env, "PYTHONPATH": os.pathsep.join(path), **more}
        log = self.folder / f"{next(self._numbers):02}-{name}.log"
        with self.tell.running(shown):
            return running.run([*program, *args], shown=shown, cwd=where, env=env, log=log).strip()

    def _actions(self, where: Path, job: Job, event: dict[str, Any] | None) -> dict[str, str]:
        number = next(self._numbers)
        payload = self.folder / f"{number:02}-event.json"
        payload.write_text(json.dumps(event or {}), encoding="utf-8")
        return {
            "GITHUB_REPOSITORY": NAME,
            "GITHUB_TOKEN": self.server.world.actions_token(self.repo, **job.permissions).value,
            "GITHUB_API_URL": self.server.url,
            "GITHUB_SERVER_URL": SERVER,
            "GITHUB_EVENT_NAME": job.event,
            "GITHUB_EVENT_PATH": str(payload),
            "GITHUB_RUN_ID": str(number),
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_SHA": Git(where).head(),
            "GITHUB_STEP_SUMMARY": str(self.folder / f"{number:02}-summary.md"),
        }

    def decide(self, where: Path) -> Decision:
        """Read and keep the decision of a checkout."""
        self.decisions.append(read_value(where / DECISION, Decision))
        return self.decisions[-1]

    def show(self, where: Path) -> None:
        """Record the run, and build the dashboard of all runs so far."""
        run = records.Run(
            kind=records.Kind.MONITOR, outcome="ok", time=datetime.now(tz=UTC), revision=Git(where).head()
        )
        self.recorded.append(records.collect(where, run).content)
        site.build(where, self.site, built=run.time, records=self.recorded, changes=lineage.read(Git(where)))

    @property
    def site(self) -> Path:
        """The folder of the dashboard."""
        return self.folder / "site"

    @property
    def decision(self) -> Decision:
        """The newest one."""
        return self.decisions[-1]

    def _git(self, where: Path, *args: str) -> str:
        return Git(where).run(*args, env={name: text for name, text in self._env.items() if name.startswith("GIT_")})


def make(user: Path, folder: Path, tell: Narrator, *, keep: bool) -> Stage:
    """Set the stage; the server is not started yet."""
    return Stage(server=GitHubServer(World(folder / "github")), user=user, folder=folder, tell=tell, keep=keep)

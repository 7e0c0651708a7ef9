"""The runner: takes what happened on the stand-in, and runs the workflows that GitHub would run for it."""

from __future__ import annotations

import json
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from runner import jobs
from runner.actions import Shelf
from runner.events import Witness, starts
from runner.gitserver import open_to_pushes
from runner.jobs import Order, Site
from runner.language import UnknownError
from runner.machine import Machine
from runner.values import Happening, Left, Run, WorkflowJob
from runner.workflows import Workflow, combinations, only, order, read

from driftloop.githubstub import observe_pushes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from runner.gitserver import GitServer
    from runner.language import Language

    from driftloop.githubstub import GitHubServer, Repository

FOLDER = ".github/workflows"
INPUT = "description required default type options deprecationMessage"


@dataclass
class Runner:
    """Runs workflows of the repositories of a world.

    Attributes
    ----------
    given, tools
        Environment of every step, and what `setup-*` actions put on the PATH.
    secrets
        Those of the repositories.
    without
        Jobs that are taken as done well without being run.
    earlier
        Jobs that are taken as done as they were in another world, with what they left there.
    before
        What happens right before a job begins, by its name; once.
    """

    language: Language
    server: GitHubServer
    git: GitServer
    folder: Path
    given: Mapping[str, str]
    tools: Mapping[str, Path]
    secrets: dict[str, str] = field(default_factory=dict)
    without: set[str] = field(default_factory=set)
    earlier: dict[str, Left] = field(default_factory=dict)
    before: dict[str, Callable[[], object]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.witness = Witness(self.server)
        self.folder.mkdir(exist_ok=True)
        (self.folder / "shelf").mkdir()
        self.shelf = Shelf(self.folder / "shelf")
        self._seen = len(self.server.world.events)
        self._groups: dict[str, threading.Lock] = {}
        self._parsed: dict[str, Workflow] = {}
        for repo in self.server.world.repositories.values():
            open_to_pushes(repo)

    # What starts runs

    def deliver(self, *, parallel: bool = False) -> list[Run]:
        """Run what the events since the last look start, and what those runs start in turn."""
        runs: list[Run] = []
        while events := self._news():
            waiting = [pair for event in events if event.starts_workflows for pair in self._due(event)]
            runs += self._together(waiting) if parallel else [self.run(*pair) for pair in waiting]
        return runs

    def ignore(self) -> None:
        """Let what has happened so far start nothing."""
        self._news()

    def schedule(self, repo: Repository, workflow: str) -> Run:
        """Run a workflow because it is time."""
        found = self._named(repo, workflow)
        return self.run(found, self.witness.schedule(repo, found.on["schedule"][0]["cron"]))

    def dispatch(self, repo: Repository, workflow: str, by: str, branch: str = "", /, **inputs: str) -> Run:
        """Run a workflow because somebody pressed its button; on the default branch, unless another one was chosen."""
        found = self._named(repo, workflow)
        actor = self.server.world.user(by)
        payload = {"workflow": found.path, "inputs": inputs, **self.witness.common(repo, actor)}
        return self.run(found, self.witness.dispatch(repo, actor, payload, branch or repo.default_branch))

    def again(self, run: Run, name: str) -> WorkflowJob:
        """Run one job of a run again: the same commit and event, with what the other jobs have left."""
        workflow = next(each for each in self.workflows(run.event.repo, run.event.sha) if each.path == run.workflow)
        before = {each: job for each, job in run.jobs.items() if each != name}
        order = Order(workflow, name, run.id, run.event, before, self._inputs(workflow, run.event), {}, attempt=2)
        artifacts = {each: files.parent for each, files in run.artifacts.items()}
        return self._job(order, Shelf(self.shelf.folder, artifacts, self.shelf.caches, self.shelf.pages))

    def from_fork(self, repo: Repository, by: str, number: int) -> list[Run]:
        """Run what an open pull request would start, came it from a fork of somebody."""
        found = self.witness.from_fork(repo, self.server.world.user(by), number)
        return [
            self.run(each, event) for event in found for each in self.workflows(repo, event.sha) if starts(each, event)
        ]

    def workflows(self, repo: Repository, sha: str) -> list[Workflow]:
        """Read the workflows of a commit."""
        listed = repo.git.entries(sha, f"{FOLDER}/")
        return [self._read(repo, blob, path) for _, blob, _, path in listed if path.endswith((".yml", ".yaml"))]

    # One run

    def run(self, workflow: Workflow, event: Happening) -> Run:
        """Run a workflow for an event."""
        world, inputs = self.server.world, self._inputs(workflow, event)
        number = world.next_id()
        shelf = Shelf(self.shelf.folder, {}, self.shelf.caches, self.shelf.pages)
        record = {
            "id": number,
            "event": event.name,
            "status": "in_progress",
            "head_sha": event.sha,
            "path": workflow.path,
        }
        record |= {"head_branch": event.ref.split("/", 2)[2], "actor": event.actor.login, "created_at": world.time()}
        event.repo.runs.append(record)
        done: dict[str, WorkflowJob] = {}
        for name in order(workflow.jobs):
            made = [
                self._job(Order(workflow, name, number, event, done, inputs, values), shelf)
                for values in self._matrix(workflow, name)
            ]
            done |= {name: made[0]} if len(made) == 1 else {f"{name}-{n}": job for n, job in enumerate(made)}
            done[name] = max(made, key=lambda job: ("success", "skipped", "failure").index(job.result))
        found = Run(
            number, workflow.path, event, done, {name: place / "files" for name, place in shelf.artifacts.items()}
        )
        record |= {"status": "completed", "conclusion": found.result}
        return found

    def _job(self, wanted: Order, shelf: Shelf) -> WorkflowJob:
        if hook := self.before.pop(wanted.name, None):
            hook()
        site = self._site(wanted.event.repo)
        if not jobs.wanted(wanted, site):
            return WorkflowJob(wanted.name, wanted.name, "skipped")
        if wanted.name in self.without:
            return WorkflowJob(wanted.name, wanted.name, "success")
        if left := self.earlier.get(wanted.name):
            shelf.artifacts |= left.artifacts
            return left.job
        group = jobs.concurrency(wanted, site).get("group", "")
        with self._alone(group), self._machine(wanted, site) as machine:
            return jobs.execute(wanted, site, machine, shelf)

    @contextmanager
    def _machine(self, wanted: Order, site: Site) -> Iterator[Machine]:
        world, event = self.server.world, wanted.event
        granted = {name.replace("-", "_"): level for name, level in wanted.permissions.items()}
        token = world.actions_token(event.repo, **granted)
        folder = self.folder / token.value[-12:]
        (folder / "event").mkdir(parents=True)
        file = folder / "event/event.json"
        file.write_text(json.dumps(event.payload))
        environment = jobs.environment(wanted.tree)
        machine = Machine(
            folder, event, token, wanted.permissions, dict(self.given), self.tools, self.git.url, environment
        )
        machine.given = {**self.given, **jobs.variables(wanted, site, machine.workspace, file)}
        (machine.home / ".gitconfig").write_text(f"[http]\n\tsslCAInfo = {self.git.ca}\n")
        try:
            yield machine
        finally:
            del world.tokens[token.value]  # it ends with the job
            machine.remove()

    @contextmanager
    def _alone(self, group: str) -> Iterator[None]:
        with ExitStack() as stack:
            if group:
                stack.enter_context(self._groups.setdefault(group.casefold(), threading.Lock()))
            yield

    def _site(self, repo: Repository) -> Site:
        known = {name: str(each["value"]) for name, each in repo.variables.items()}
        return Site(self.language, self.server.url, self.git.url, self.given, self.tools, known, self.secrets)

    def _matrix(self, workflow: Workflow, name: str) -> list[dict[str, Any]]:
        matrix = (workflow.jobs[name].get("strategy") or {}).get("matrix")
        return combinations(matrix) if matrix else [{}]

    def _inputs(self, workflow: Workflow, event: Happening) -> dict[str, Any]:
        """Give the inputs that a workflow declares: texts, numbers and truth values; null where nobody was asked."""
        declared = (workflow.on.get("workflow_dispatch") or {}).get("inputs") or {}
        for name, each in declared.items():
            only(each or {}, INPUT, f"{workflow.path}: inputs: {name}")
        if event.name != "workflow_dispatch":
            return dict.fromkeys(declared)
        given = dict(event.payload.get("inputs") or {})
        only(given, declared, f"{workflow.path}: inputs")
        return {name: _typed(name, each or {}, given.get(name)) for name, each in declared.items()}

    # Where workflows and events come from

    def _named(self, repo: Repository, name: str) -> Workflow:
        sha = repo.git.refs()[f"refs/heads/{repo.default_branch}"]
        return next(each for each in self.workflows(repo, sha) if each.path == f"{FOLDER}/{name}")

    def _read(self, repo: Repository, blob: str, path: str) -> Workflow:
        if blob not in self._parsed:
            self._parsed[blob] = read(self.language, path, repo.git.run("cat-file", "blob", blob))
        return self._parsed[blob]

    def _news(self) -> list[Any]:
        world = self.server.world
        observe_pushes(world)
        for repo in world.repositories.values():
            self._register(repo)
        news, self._seen = world.events[self._seen :], len(world.events)
        return news

    def _register(self, repo: Repository) -> None:
        """Let the API know the workflows of the default branch, as it does from the first push on."""
        if sha := repo.git.refs().get(f"refs/heads/{repo.default_branch}"):
            found = [path for _, _, _, path in repo.git.entries(sha, f"{FOLDER}/")]
            known = {each["path"] for each in repo.workflows}
            new = [path for path in found if path.endswith((".yml", ".yaml")) and path not in known]
            repo.workflows += [{"id": self.server.world.next_id(), "name": path, "path": path} for path in new]

    def _due(self, event: Any) -> list[tuple[Workflow, Happening]]:
        found = self.witness.happenings(event)
        return [(each, one) for one in found for each in self.workflows(one.repo, one.sha) if starts(each, one)]

    def _together(self, waiting: list[tuple[Workflow, Happening]]) -> list[Run]:
        """Run them at the same time; concurrency groups hold."""
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(max(1, len(waiting))) as pool:
            return list(pool.map(lambda pair: self.run(*pair), waiting))


def _typed(name: str, declared: Mapping[str, Any], given: Any) -> Any:
    value = declared.get("default") if given is None else given
    if value is None and declared.get("required"):
        msg = f"inputs: {name} is required"
        raise UnknownError(msg)
    match declared.get("type", "string"):
        case "boolean":
            return value in {True, "true"}
        case "number":
            return float(value or 0)
        case "choice" if value not in declared["options"]:
            msg = f"inputs: {name}: expected one of {declared['options']}, got {value!r}"
            raise UnknownError(msg)
        case "string" | "choice":
            return str(value or "")
        case other:
            msg = f"inputs: {name}: the runner does not know the type {other}"
            raise UnknownError(msg)

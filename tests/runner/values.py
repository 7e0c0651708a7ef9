"""What a run leaves behind."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from driftloop.githubstub import Actor, Repository

Result = Literal["success", "failure", "skipped"]


@dataclass(frozen=True)
class Happening:
    """An event as Actions sees it.

    Attributes
    ----------
    name, action
        `issues`, `labeled`; the action is empty where an event has none.
    payload
        `github.event`.
    ref, sha
        What is checked out, and where the workflow file is taken from.
    fork
        Whether it comes from another repository's pull request: then the token only reads.
    """

    name: str
    action: str
    repo: Repository
    actor: Actor
    payload: Mapping[str, Any] = field(repr=False)
    ref: str
    sha: str
    head_ref: str = ""
    base_ref: str = ""
    fork: bool = False


@dataclass(frozen=True)
class Step:
    """How a step ended; `conclusion` is success where a failed step may be passed over."""

    id: str
    name: str
    outcome: Result
    conclusion: Result
    log: str = field(default="", repr=False)
    outputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class WorkflowJob:
    """How a job ended."""

    id: str
    name: str
    result: Result
    outputs: Mapping[str, str] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    summary: str = field(default="", repr=False)
    annotations: tuple[str, ...] = ()
    permissions: Mapping[str, str] = field(default_factory=dict)
    concurrency: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)

    @property
    def log(self) -> str:
        """Everything that was printed."""
        return "\n".join(f"--- {step.name}: {step.outcome}\n{step.log}" for step in self.steps)


@dataclass(frozen=True)
class Left:
    """A job that was done, and the folders of its artifacts on the shelf by name."""

    job: WorkflowJob
    artifacts: Mapping[str, Path]


@dataclass(frozen=True)
class Run:
    """How a run of a workflow ended; jobs by id, those of a matrix with their number behind it."""

    id: int
    workflow: str
    event: Happening
    jobs: Mapping[str, WorkflowJob]
    artifacts: Mapping[str, Path]

    @property
    def result(self) -> Result:
        """The worst of its jobs'."""
        results = {job.result for job in self.jobs.values()}
        return "failure" if "failure" in results else "success" if "success" in results else "skipped"

    @property
    def log(self) -> str:
        """Everything that was printed."""
        return "\n".join(f"=== {job.id}: {job.result}\n{job.log}" for job in self.jobs.values())

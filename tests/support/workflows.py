"""The workflow files, as text and as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import yaml
from architecture import SRC

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def name(path: Path) -> str:
    """Name a workflow as a project calls its file."""
    return path.stem.removeprefix("workflow-")


ROOT = SRC.parent
GITHUB = ROOT / ".github"
# It is there only where a repository holds several models.
MODELS = ROOT / "src/driftloop/project/templates/workflow-models.yml"
FILES = sorted([*(GITHUB / "workflows").glob("*.yml"), MODELS], key=name)
ACTIONS = sorted((GITHUB / "actions").glob("*/action.yml"))


class Job(NamedTuple):
    """A job, and where it stands."""

    workflow: str
    name: str
    given: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.workflow}/{self.name}"

    @property
    def commands(self) -> str:
        return "\n".join(step["run"] for step in self.given["steps"] if "run" in step)

    @property
    def setup(self) -> list[dict[str, Any]]:
        """The steps that install our packages: one, or none."""
        return [step for step in self.given["steps"] if step.get("uses") == "./.github/actions/setup"]


def load(path: Path) -> dict[Any, Any]:
    """Read a file; YAML takes `on` for True."""
    found: dict[Any, Any] = yaml.safe_load(path.read_text("utf-8"))
    return found


def jobs() -> list[Job]:
    return [Job(name(path), job, given) for path in FILES for job, given in load(path)["jobs"].items()]


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    """All steps, those of our composite actions too, with a word for where they stand."""
    for job in jobs():
        yield from ((f"{job}, step {place}", step) for place, step in enumerate(job.given["steps"], 1))
    for path in ACTIONS:
        yield from (
            (f"{path.parent.name}, step {place}", step) for place, step in enumerate(load(path)["runs"]["steps"], 1)
        )

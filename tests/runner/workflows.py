"""A workflow file as values; keys that the runner does not act upon are refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runner.language import UnknownError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runner.language import Language

WORKFLOW = "name run-name on env defaults permissions concurrency jobs"
JOB = (
    "name if needs runs-on permissions environment concurrency outputs env defaults steps timeout-minutes strategy "
    "continue-on-error"
)
STEP = "id name if uses with run env shell working-directory continue-on-error timeout-minutes"
STRATEGY = "matrix fail-fast max-parallel"
CONCURRENCY = "group cancel-in-progress queue"
RUNNERS = {"ubuntu-latest", "ubuntu-24.04", "ubuntu-22.04"}
DEFAULT_PERMISSIONS = {"contents": "read"}
ALWAYS: Any = {"${{}}": "success()"}


@dataclass(frozen=True)
class Workflow:
    """A parsed workflow; trees hold expressions that are still to be evaluated."""

    path: str
    name: str
    on: Mapping[str, Any]
    tree: Mapping[str, Any]
    jobs: Mapping[str, Mapping[str, Any]]

    def permissions(self, job: str) -> dict[str, str]:
        """Give what a job's token may: the job's own replace the workflow's."""
        given = self.jobs[job].get("permissions", self.tree.get("permissions", DEFAULT_PERMISSIONS))
        if not isinstance(given, dict):
            msg = f"{self.path}: permissions: expected them one by one, got {given!r}"
            raise UnknownError(msg)
        return given


def read(language: Language, path: str, text: str) -> Workflow:
    """Parse a workflow."""
    tree = language.parse(path, text)
    only(tree, WORKFLOW, path)
    if tree.get("defaults"):
        only(tree["defaults"], "run", f"{path}: defaults")
    for name, job in tree["jobs"].items():
        _check(job, f"{path}: {name}")
    return Workflow(path, tree.get("name") or path, _on(tree["on"]), tree, tree["jobs"])


def _check(job: Mapping[str, Any], where: str) -> None:
    only(job, JOB, where)
    if isinstance(job.get("strategy"), dict):
        only(job["strategy"], STRATEGY, f"{where}: strategy")
    if isinstance(job.get("concurrency"), dict) and "${{}}" not in job["concurrency"]:
        only(job["concurrency"], CONCURRENCY, f"{where}: concurrency")
    for number, step in enumerate(job["steps"]):
        only(step, STEP, f"{where}: step {number + 1}")


def only(tree: Mapping[str, Any], known: str | Iterable[str], where: str) -> None:
    """Refuse keys that are not known."""
    allowed = known.split() if isinstance(known, str) else known
    if unknown := sorted(set(tree) - set(allowed)):
        msg = f"{where}: the runner does not know {', '.join(unknown)}"
        raise UnknownError(msg)


def _on(given: Any) -> dict[str, Any]:
    if isinstance(given, str):
        return {given: {}}
    if isinstance(given, list):
        return {name: {} for name in given}
    return {name: value or {} for name, value in given.items()}


def order(jobs: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Put jobs into the order of their needs; GitHub's parser has refused circles."""
    done: list[str] = []
    while len(done) < len(jobs):
        done += [name for name, job in jobs.items() if name not in done and set(needs(job)) <= set(done)]
    return done


def needs(job: Mapping[str, Any]) -> list[str]:
    """List the jobs that a job waits for."""
    given = job.get("needs") or []
    return [given] if isinstance(given, str) else list(given)


def ancestors(jobs: Mapping[str, Mapping[str, Any]], name: str) -> set[str]:
    """List the jobs that a job waits for, directly or not: `success()` and `failure()` look at all of them."""
    direct = needs(jobs[name])
    return set(direct).union(*(ancestors(jobs, each) for each in direct))


def combinations(matrix: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Multiply a matrix out."""
    if unknown := {"include", "exclude"} & set(matrix):
        msg = f"matrix: the runner does not know {sorted(unknown)}"
        raise UnknownError(msg)
    found: list[dict[str, Any]] = [{}]
    for name, values in matrix.items():
        found = [{**each, name: value} for each in found for value in values]
    return found

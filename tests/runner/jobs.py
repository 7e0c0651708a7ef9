"""A job: its condition, its machine with a token of exactly its permissions, its steps, its outputs."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import forks
from runner.language import Scope, UnknownError
from runner.steps import Bench, Row, texts, truthy
from runner.values import Happening, Result, WorkflowJob
from runner.workflows import ALWAYS, RUNNERS, ancestors, needs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from runner.actions import Shelf
    from runner.language import Language
    from runner.machine import Machine
    from runner.workflows import Workflow

LEVELS = ("none", "read", "write")


@dataclass(frozen=True)
class Site:
    """Where jobs run, all alike.

    Attributes
    ----------
    api_url, server_url
        Of the stand-in, and of git beside it.
    given, tools
        For machines.
    variables, secrets
        Those of the repository.
    """

    language: Language
    api_url: str
    server_url: str
    given: Mapping[str, str]
    tools: Mapping[str, Path]
    variables: Mapping[str, str]
    secrets: Mapping[str, str]


@dataclass(frozen=True)
class Order:
    """A job that is to be run: which one, for what, and what the jobs before it have left."""

    workflow: Workflow
    name: str
    run_id: int
    event: Happening
    before: Mapping[str, WorkflowJob]
    inputs: Mapping[str, Any]
    matrix: Mapping[str, Any]
    attempt: int = 1

    @property
    def tree(self) -> Mapping[str, Any]:
        """The job as it stands in the file."""
        return self.workflow.jobs[self.name]

    @property
    def permissions(self) -> dict[str, str]:
        """What the token may; of a fork's pull request it only reads."""
        given = self.workflow.permissions(self.name)
        if self.event.fork and self.event.name == "pull_request":
            return {name: "read" for name, level in given.items() if level != "none" and name != "id-token"}
        return given


def github(order: Order, site: Site, machine: Machine | None = None) -> dict[str, Any]:
    """Give the context `github`."""
    event, repo = order.event, order.event.repo
    kind, short = event.ref.split("/", 2)[1:]  # of refs/pull/7/merge GitHub shows 7/merge
    found = {
        "event": event.payload, "event_name": event.name, "action": "", "ref": event.ref, "ref_name": short,
        "ref_type": "tag" if kind == "tags" else "branch", "sha": event.sha, "head_ref": event.head_ref,
        "base_ref": event.base_ref, "repository": repo.name, "repository_owner": repo.owner.login,
        "repository_id": str(repo.id), "actor": event.actor.login, "triggering_actor": event.actor.login,
        "run_id": str(order.run_id), "run_number": "1", "run_attempt": str(order.attempt), "workflow": order.workflow.name,
        "workflow_ref": f"{repo.name}/{order.workflow.path}@{event.ref}", "workflow_sha": event.sha, "job": order.name,
        "api_url": site.api_url, "server_url": site.server_url, "graphql_url": f"{site.api_url}/graphql",
    }  # fmt: skip
    if machine:
        found |= {"token": machine.token.value, "workspace": str(machine.workspace)}
    return found


def contexts(order: Order, site: Site) -> tuple[dict[str, Any], frozenset[str]]:
    """Give the contexts that are there before a job has a machine, and which of them name everything they can hold."""
    before = {
        name: {"result": order.before[name].result, "outputs": order.before[name].outputs} for name in needs(order.tree)
    }
    strict = {"github", "inputs", "needs", "matrix", "strategy", "runner", *(f"needs.{name}" for name in before)}
    # A job that was skipped has no outputs, and asking for one is no mistake.
    strict |= {f"needs.{name}.outputs" for name, each in before.items() if each["result"] == "success"}
    given = {
        "github": github(order, site), "inputs": order.inputs, "needs": before, "vars": site.variables,
        "matrix": order.matrix, "strategy": {"fail-fast": True, "job-index": 0, "job-total": 1, "max-parallel": 1},
    }  # fmt: skip
    return given, frozenset(strict)


def wanted(order: Order, site: Site) -> bool:
    """Evaluate a job's `if`; `success()` and `failure()` look at all jobs that it waits for, directly or not."""
    results = {order.before[name].result for name in ancestors(order.workflow.jobs, order.name)}
    status = {"success": results <= {"success"}, "failure": "failure" in results, "always": True, "cancelled": False}
    given, strict = contexts(order, site)
    return truthy(site.language.evaluate(order.tree.get("if", ALWAYS), Scope(given, strict, status)))


def concurrency(order: Order, site: Site) -> dict[str, Any]:
    """Evaluate a job's `concurrency`; empty where it has none."""
    given, strict = contexts(order, site)
    found = site.language.evaluate(order.tree.get("concurrency") or {}, Scope(given, strict))
    return found if isinstance(found, dict) else {"group": found}


def execute(order: Order, site: Site, machine: Machine, shelf: Shelf) -> WorkflowJob:
    """Run the steps of a job on its machine."""
    given, strict = contexts(order, site)
    evaluate, tree = site.language.evaluate, order.tree
    on = evaluate(tree["runs-on"], Scope(given, strict))
    if on not in RUNNERS:
        msg = f"{order.workflow.path}: {order.name}: runs-on: expected one of {sorted(RUNNERS)}, got {on!r}"
        raise UnknownError(msg)
    evaluate({"timeout": tree.get("timeout-minutes")}, Scope(given, strict))
    given["github"] = github(order, site, machine)
    secrets = {"GITHUB_TOKEN": machine.token.value, **({} if order.event.fork else site.secrets)}
    given |= {"secrets": secrets, "runner": runner(machine)}
    for part in (order.workflow.tree.get("env"), tree.get("env")):
        machine.env |= texts(evaluate(part or {}, Scope({**given, "env": machine.env}, strict | {"env"})))
    defaults: dict[str, str] = {}
    for part in (order.workflow.tree.get("defaults"), tree.get("defaults")):
        defaults |= texts(evaluate((part or {}).get("run", {}), Scope({**given, "env": machine.env}, strict | {"env"})))
    row = Row(Bench(site.language, machine, shelf, given, strict, defaults))
    row.run(tree["steps"])
    row.finish()
    result: Result = (
        "failure" if row.failed and not truthy(evaluate(tree.get("continue-on-error"), row.scope())) else "success"
    )
    return WorkflowJob(
        id=order.name,
        name=str(evaluate(tree.get("name") or order.name, Scope(given, strict))),
        result=result,
        outputs=texts(evaluate(tree.get("outputs") or {}, loose(row.scope()))),
        steps=tuple(row.done),
        summary=row.bench.summary,
        annotations=tuple(row.bench.annotations),
        permissions=order.permissions,
        concurrency=concurrency(order, site),
        environment=evaluate(environment(tree), loose(row.scope())),
    )


def environment(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Give a job's environment; empty where it has none."""
    given = tree.get("environment") or {}
    return given if isinstance(given, dict) else {"name": given}


def loose(scope: Scope) -> Scope:
    """Let outputs name steps that a failed job did not come to."""
    return Scope(
        scope.contexts,
        frozenset(name for name in scope.strict if not name.startswith("steps")),
        scope.status,
        scope.root,
    )


def runner(machine: Machine) -> dict[str, str]:
    """Give the context `runner`."""
    return {
        "os": "Linux" if platform.system() == "Linux" else "macOS", "arch": "X64", "name": "test", "debug": "",
        "environment": "github-hosted", "temp": str(machine.temp), "tool_cache": str(machine.folder / "tools"),
    }  # fmt: skip


def variables(order: Order, site: Site, workspace: Path, event_file: Path) -> dict[str, str]:
    """Give the variables that Actions sets for each step; no token is among them."""
    found = github(order, site)
    names = set(found) - {"event"}
    shown = {f"GITHUB_{name.upper()}": str(found[name]) for name in names}
    return shown | {
        "CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(workspace), "GITHUB_EVENT_PATH": str(event_file),
        "RUNNER_OS": "Linux", "RUNNER_ARCH": "X64", "LANG": "C.UTF-8",
        "PYTHONPATH": forks.python_path(workspace / "src"),
    }  # fmt: skip

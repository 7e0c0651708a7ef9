"""The steps of a job, or of a composite action in the repository, one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from runner.actions import ACTIONS, AFTER, Shelf
from runner.language import Language, Scope, UnknownError
from runner.machine import ActionError, Machine, Said
from runner.pins import PINS
from runner.values import Result, Step
from runner.workflows import ALWAYS, STEP, only

if TYPE_CHECKING:
    from collections.abc import Sequence

ACTION = "name description author inputs outputs runs branding"
INPUT = "description required default"
Tree = Mapping[str, Any]


@dataclass
class Bench:
    """What steps work with.

    Attributes
    ----------
    contexts
        All contexts but `env`, `steps` and `job`, which change from step to step.
    known
        What a misspelt name is looked for in: dotted paths for `Scope.strict`.
    later
        What actions do when all steps of the job went well.
    """

    language: Language
    machine: Machine
    shelf: Shelf
    contexts: dict[str, Any]
    known: frozenset[str]
    defaults: Mapping[str, str] = field(default_factory=dict)
    later: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    annotations: list[str] = field(default_factory=list)
    summary: str = ""


@dataclass
class Row:
    """A row of steps, as far as it has come."""

    bench: Bench
    env: Mapping[str, str] = field(default_factory=dict)
    failed: bool = False
    done: list[Step] = field(default_factory=list)
    context: dict[str, Any] = field(default_factory=dict)
    strict: set[str] = field(default_factory=set)

    def scope(self, env: Mapping[str, str] | None = None) -> Scope:
        """Give what an expression sees now."""
        bench = self.bench
        status: Mapping[str, bool] = {
            "success": not self.failed, "failure": self.failed, "always": True, "cancelled": False,
        }  # fmt: skip
        now = {
            "env": {**bench.machine.env, **self.env, **(env or {})},
            "steps": self.context,
            "job": {"status": "failure" if self.failed else "success"},
        }
        strict = bench.known | {"env", "steps", "job"} | frozenset(self.strict)
        return Scope({**bench.contexts, **now}, strict, status, bench.machine.workspace)

    def run(self, steps: Sequence[Tree]) -> None:
        """Run them all; after a failure those alone that ask for it."""
        for number, tree in enumerate(steps):
            step = self._step(tree, number)
            self.done.append(step)
            self.failed |= step.conclusion == "failure"
            if "id" in tree:
                shown = {"outputs": step.outputs, "outcome": step.outcome, "conclusion": step.conclusion}
                self.context[tree["id"]] = shown
                self.strict |= {f"steps.{tree['id']}"}
                if "uses" in tree and step.outcome == "success":
                    self.strict |= {f"steps.{tree['id']}.outputs"}

    def _step(self, tree: Tree, number: int) -> Step:
        only(tree, STEP, f"step {number + 1}")
        evaluate = self.bench.language.evaluate
        name = str(tree.get("id") or tree.get("uses") or tree.get("run"))
        if not truthy(evaluate(tree.get("if", ALWAYS), self.scope())):
            return Step(tree.get("id", ""), name, "skipped", "skipped")
        env = texts(evaluate(tree.get("env") or {}, self.scope()))
        found = evaluate({key: value for key, value in tree.items() if key not in {"if", "env"}}, self.scope(env))
        name = str(found.get("name") or name).splitlines()[0]
        try:
            said = self._uses(found, env) if "uses" in found else self._shell(found, env)
        except ActionError as exc:
            said = Said(1, str(exc), {}, "", ())
        self.bench.annotations += said.annotations
        self.bench.summary += said.summary
        outcome: Result = "failure" if said.code else "success"
        passed = outcome == "success" or truthy(found.get("continue-on-error"))
        return Step(found.get("id", ""), name, outcome, "success" if passed else "failure", said.log, said.outputs)

    def _shell(self, step: Tree, env: Mapping[str, str]) -> Said:
        defaults = self.bench.defaults
        minutes = step.get("timeout-minutes")
        return self.bench.machine.run(
            step["run"],
            shell=step.get("shell", defaults.get("shell", "")),
            folder=step.get("working-directory", defaults.get("working-directory", "")),
            env={**self.env, **env},
            seconds=float(minutes) * 60 if minutes else None,
        )

    def _uses(self, step: Tree, env: Mapping[str, str]) -> Said:
        given = texts(step.get("with") or {})
        if step["uses"].startswith("./"):
            return self._composite(step["uses"], given, env)
        name, _, commit = step["uses"].partition("@")
        pin = PINS.get(name)
        if pin is None or pin.commit != commit:
            msg = f"uses: {step['uses']}: expected {pin.commit if pin else 'an action of pins.py'}"
            raise UnknownError(msg)
        only(given, pin.inputs, f"uses: {name}: with")
        outputs = ACTIONS[name](self.bench.machine, given, self.bench.shelf)
        if name in AFTER:
            self.bench.later.append((name, given))
        return Said(0, f"{name} {given}", outputs, "", ())

    def _composite(self, path: str, given: Mapping[str, str], env: Mapping[str, str]) -> Said:
        """Run an action of the repository, from the clone."""
        bench, folder = self.bench, self.bench.machine.workspace / path
        file = folder / "action.yml"
        if not file.exists():
            msg = f"Can't find 'action.yml' under '{path}'. Did you forget to run actions/checkout?"
            raise ActionError(msg)
        tree = bench.language.parse(f"{path}/action.yml", file.read_text("utf-8"), kind="action")
        only(tree, ACTION, path)
        if tree["runs"].get("using") != "composite":
            msg = f"{path}: runs.using: expected composite, got {tree['runs'].get('using')!r}"
            raise UnknownError(msg)
        declared = tree.get("inputs") or {}
        only(given, declared, f"{path}: with")
        defaults = bench.language.evaluate(
            {name: (each or {}).get("default", "") for name, each in declared.items()}, self.scope()
        )
        github = {**bench.contexts["github"], "action_path": str(folder)}
        contexts = {**bench.contexts, "inputs": texts(defaults) | dict(given), "github": github}
        inner = Row(replace(bench, contexts=contexts, defaults={}, annotations=[], summary=""), {**self.env, **env})
        inner.run(tree["runs"]["steps"])
        outputs = {name: each["value"] for name, each in (tree.get("outputs") or {}).items()}
        log = "\n".join(f"  - {step.name}: {step.outcome}\n{step.log}" for step in inner.done)
        told = texts(bench.language.evaluate(outputs, inner.scope()))
        return Said(int(inner.failed), log, told, inner.bench.summary, tuple(inner.bench.annotations))

    def finish(self) -> None:
        """Do what actions have left for the end."""
        if not self.failed:
            for name, given in reversed(self.bench.later):
                AFTER[name](self.bench.machine, given, self.bench.shelf)


def truthy(value: Any) -> bool:
    """Take a value as GitHub does in conditions, where a text that says false is true: here that is a mistake."""
    if value == "false":
        msg = "if: the text 'false' counts as true on GitHub; compare it with 'true'"
        raise UnknownError(msg)
    return bool(value)


def texts(tree: Mapping[str, Any]) -> dict[str, str]:
    """Write values as environment variables, inputs and outputs hold them."""
    words = {True: "true", False: "false", None: ""}
    return {
        name: words[value] if value is None or isinstance(value, bool) else number(value)
        for name, value in tree.items()
    }


def number(value: Any) -> str:
    """Write a number without a needless fraction."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)

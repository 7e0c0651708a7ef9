"""GitHub's own parser of workflows and evaluator of expressions, in a process of Node that answers line by line."""

from __future__ import annotations

import json
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = Path(__file__).parent
STATUS = ("success", "failure", "always", "cancelled")


class UnknownError(Exception):
    """A workflow is wrong, or uses what the runner does not know: the test fails, not the job."""


@dataclass(frozen=True)
class Scope:
    """What an expression sees.

    Attributes
    ----------
    contexts
        `github`, `steps` and so on; a context that is not in it cannot be used.
    strict
        Dotted paths of the contexts in which a name that is missing is an error.
    status
        What `success()` and its like give; empty where they cannot be used.
    root
        For `hashFiles`; None where there is no workspace.
    """

    contexts: Mapping[str, Any]
    strict: frozenset[str] = frozenset()
    status: Mapping[str, bool] = field(default_factory=dict)
    root: Path | None = None


class Language:
    """The process; a context manager."""

    def __init__(self) -> None:
        command = [str(HERE / "with-node"), "node", str(HERE / "language.mjs")]
        self._lock = threading.Lock()
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=10)

    def parse(self, name: str, text: str, *, kind: str = "workflow") -> dict[str, Any]:
        """Parse a workflow or an action; what is still to be evaluated stays in it as `{"${{}}": source}`."""
        answer = self._ask(op="parse", kind=kind, name=name, text=text)
        if answer["errors"]:
            raise UnknownError("\n".join(answer["errors"]))
        tree: dict[str, Any] = answer["tree"]
        return tree

    def evaluate(self, tree: Any, scope: Scope) -> Any:
        """Evaluate all expressions in a tree."""
        root = str(scope.root) if scope.root else None
        known = {"contexts": scope.contexts, "strict": sorted(scope.strict), "status": scope.status, "root": root}
        return self._ask(op="evaluate", tree=tree, **known)["value"]

    def _ask(self, **request: Any) -> dict[str, Any]:
        with self._lock:
            assert self._process.stdin
            assert self._process.stdout
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        if "failed" in answer:
            raise UnknownError(answer["failed"])
        return answer

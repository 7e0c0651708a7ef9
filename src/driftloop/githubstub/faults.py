"""Faults on demand: what may go wrong between us and GitHub, and at which call."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Fault:
    """One way for a call to go wrong.

    Attributes
    ----------
    kind
        `status`: refused before it is handled. `reset`: the connection breaks before it is handled. `hang`: no answer
        for `seconds`, then the connection breaks; never handled. `lost`: handled in full, then the connection breaks.
    """

    kind: Literal["status", "reset", "hang", "lost"]
    status: int = 500
    message: str = "Server Error"
    retry_after: int | None = None
    seconds: float = 30.0


ERROR = Fault("status", 500)
BAD_GATEWAY = Fault("status", 502)
UNAVAILABLE = Fault("status", 503)
RESET = Fault("reset")
HANG = Fault("hang")
LOST = Fault("lost")


def secondary_limit(retry_after: int = 1, status: int = 403) -> Fault:
    """Build GitHub's secondary rate limit, with seconds to wait."""
    message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
    return Fault("status", status, message, retry_after)


@dataclass
class _Plan:
    fault: Fault
    number: int | None
    method: str
    path: re.Pattern[str]
    skip: int
    left: int


@dataclass
class Faults:
    """What is to go wrong when."""

    _plans: list[_Plan] = field(default_factory=list)

    def at(self, number: int, fault: Fault) -> None:
        """Plan a fault for the call with this number, counting from 1 as `server.calls` does."""
        self._plans.append(_Plan(fault, number, "", re.compile(""), 0, 1))

    def on(self, method: str, path: str, fault: Fault, *, nth: int = 1, times: int = 1) -> None:
        """Plan a fault for the nth call, and `times` - 1 more, whose path matches a regular expression in part."""
        self._plans.append(_Plan(fault, None, method, re.compile(path), nth - 1, times))

    def clear(self) -> None:
        """Plan nothing."""
        self._plans.clear()

    def due(self, number: int, method: str, path: str) -> Fault | None:
        """Take the fault that is planned for a call."""
        for plan in self._plans:
            matches = plan.number == number if plan.number else plan.method == method and plan.path.search(path)
            if not matches or not plan.left:
                continue
            if plan.skip:
                plan.skip -= 1
                continue
            plan.left -= 1
            return plan.fault
        return None

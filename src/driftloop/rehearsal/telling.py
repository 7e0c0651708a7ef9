"""The narrator: short plain lines while it happens, with times; a spinner where somebody looks on."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import Console

from driftloop.alerting.wording import alert_title
from driftloop.core.figures import figure
from driftloop.core.judging.metrics import unit_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from driftloop.core.decision.values import Decision

WIDTH = 88


@dataclass
class Narrator:
    """Tells the story line by line, and keeps what was told.

    Attributes
    ----------
    say
        Takes one line.
    clock
        Gives seconds.
    """

    say: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    told: list[str] = field(default_factory=list)
    _start: float = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Look at the clock."""
        self._start = self.clock()

    def line(self, text: str = "") -> None:
        """Print one line of the story."""
        self.told.append(text)
        self.say(text)

    def step(self, number: int, title: str) -> None:
        """Begin a step."""
        passed = int(self.clock() - self._start)
        head = f"{number:2}  {title}"
        self.line()
        self.line(f"{head:{WIDTH - 6}}{passed // 60:3}:{passed % 60:02}")

    def came_out(self, text: str) -> None:
        """Print the outcome."""
        self.line(f"      {text}")

    @contextmanager
    def running(self, shown: str) -> Iterator[None]:
        """Print which program ran, and how long it took."""
        start, console = self.clock(), Console(stderr=True)
        if console.is_terminal:
            with console.status(shown):
                yield
        else:
            yield
        self.line(f"{f'    $ {shown}':{WIDTH - 6}}{self.clock() - start:4.0f} s")


def decision(found: Decision) -> Iterator[str]:
    """Describe a decision in a few lines."""
    yield alert_title(found)
    if found.error and found.normal_error:
        unit = unit_of(found.metric, found.unit) or found.metric
        days = f" in the newest {found.judged.days} labelled days" if found.judged else ""
        yield f"error {figure(found.error.estimate)} {unit}{days}, normal {figure(found.normal_error)}"
    yield from found.reasons[:2]

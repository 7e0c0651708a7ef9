"""What `driftloop doctor` found: on screen, on the page of a run, and for the dashboard."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict
from rich.table import Table
from rich.text import Text

from driftloop.core.text import line
from driftloop.report.markdown import plain

if TYPE_CHECKING:
    from rich.console import Console

EXAMINATION = Path("reports/doctor.json")
NARROWEST = 100  # columns of a terminal

State = Literal["ok", "warning", "wrong", "not readable"]
STYLES: dict[State, str] = {"ok": "green", "warning": "yellow", "wrong": "bold red", "not readable": "dim"}


class Result(BaseModel):
    """What one check found.

    Attributes
    ----------
    check
        Its name.
    state
        `wrong`: it would stop the loop. `warning`: it would not, or not yet.
    text
        What was found.
    remedy
        The click or the command that puts it right; empty where nothing has to be.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    check: str
    state: State
    text: str
    remedy: str = ""


class Examination(BaseModel):
    """What all checks found, in their order."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    results: tuple[Result, ...] = ()

    def having(self, state: State) -> list[Result]:
        """List the results of a state."""
        return [each for each in self.results if each.state == state]

    @property
    def troubles(self) -> list[Result]:
        """What a person can put right, the worst first."""
        return [*self.having("wrong"), *self.having("warning")]

    @property
    def verdict(self) -> str:
        """Say in a sentence whether anything stops the loop."""
        wrong, warnings = len(self.having("wrong")), len(self.having("warning"))
        if wrong:
            return f"{wrong} thing{'s stop' if wrong > 1 else ' stops'} the loop."
        also = f" {warnings} thing{'s' if warnings > 1 else ''} to look at." if warnings else ""
        return f"Nothing stops the loop.{also}"

    @property
    def unread(self) -> str:
        """Name the checks that could not be made; empty where all were."""
        names = ", ".join(each.check for each in self.having("not readable"))
        return f"Could not be read: {names}." if names else ""


def show(found: Examination, console: Console) -> None:
    """Print all results, and the verdict."""
    out = Table(box=None, pad_edge=False, show_header=False)
    out.add_column(no_wrap=True)
    out.add_column(no_wrap=True)
    out.add_column(ratio=1)
    for each in found.results:  # as texts: a path in brackets is no markup
        told = Text(line(each.text))
        if each.remedy:
            told.append(f"\n→ {line(each.remedy)}", style="bold" if each.state == "wrong" else "")
        out.add_row(Text(each.state, style=STYLES[each.state]), Text(each.check), told)
    console.print(out)
    console.print()
    console.print(Text(found.verdict), soft_wrap=True)


def markdown(found: Examination) -> str:
    """Write what there is to do, for the page of a run; what is well is not listed."""
    lines = [f"**Doctor:** {found.verdict}"]
    lines += [f"\n- **{each.check}**: {plain(each.text)}{_then(each)}" for each in found.troubles]
    if found.unread:
        lines.append(f"\n\n{found.unread} `driftloop doctor` with a token of your own says more.")
    return "".join(lines)


def _then(result: Result) -> str:
    return f". Do: {line(result.remedy)}" if result.remedy else ""

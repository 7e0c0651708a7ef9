"""What you would have been told, in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from driftloop.backtest.table import recommended
from driftloop.core.backtest.results import Untold
from driftloop.core.dates import day
from driftloop.core.text import line
from driftloop.report.retold import closing, then

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from driftloop.core.backtest.results import Retelling


def show(found: Retelling | Untold, console: Console) -> None:
    """Print the table, the sentence that closes it, and the settings to write into params.yaml."""
    show_told(found, console)
    if not isinstance(found, Untold):
        console.print(Text("\n".join(("", *settings(found)))), soft_wrap=True)


def show_told(found: Retelling | Untold, console: Console) -> None:
    """Print the table, and the sentence that closes it."""
    if isinstance(found, Untold):
        console.print(Text(line(found.untold)), soft_wrap=True)
        return
    if found.told:
        console.print(table(found))
        console.print()
    console.print(Text(closing(found)), soft_wrap=True)


def table(found: Retelling) -> Table:
    """Set the alerts in a table, in order."""
    out = Table(box=None, pad_edge=False, header_style="bold")
    out.add_column("when", no_wrap=True)
    out.add_column("what you would have been told")
    out.add_column("what then", ratio=1)
    for told in found.told:  # as texts: a unit in brackets is no markup
        out.add_row(*(Text(cell) for cell in (day(told.day), told.headline, "; ".join(then(told, found)))))
    return out


def settings(found: Retelling) -> Iterator[str]:
    """Write the recommended lines of params.yaml, where it has others."""
    if not found.changes:
        yield f"The settings in params.yaml are the recommended ones: {found.recommendation.reason}."
        yield from (f"{each[:1].upper()}{each[1:]}." for each in found.recommendation.advice)
        return
    yield "Recommended in params.yaml:"
    yield from recommended(found.recommendation)

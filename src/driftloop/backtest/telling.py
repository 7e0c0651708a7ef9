"""What you would have been told, in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from driftloop.backtest.retelling import Untold
from driftloop.backtest.table import advice, recommended
from driftloop.core.dates import day, last
from driftloop.core.figures import figure, percent
from driftloop.core.judging.metrics import METRICS, unit_of
from driftloop.core.judging.outcomes import OUTCOMES
from driftloop.core.text import line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from driftloop.backtest.retelling import Retelling
    from driftloop.core.backtest.told import NewVersion, Saved, Told

MONTH_DAYS = 30.44
FEW_MONTHS = 3  # up to here weeks say more
WEEK = 7
EVERY = {1: "every day", WEEK: "every week"}


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


def then(told: Told, found: Retelling) -> Iterator[str]:
    """Say what came of an alert."""
    if told.answered and told.outcome and not told.versions:
        why = "nothing new to learn from" if told.outcome == "promote" else OUTCOMES[told.outcome].screen
        yield f"answered on {day(told.answered)}: {why}"
    for version in told.versions:
        yield from _version(version, found)
    if told.ending == "recovered" and told.ended:
        yield f"over by itself on {day(told.ended)}"
    if told.ending == "next alert" and told.ended:
        yield f"next alert on {day(told.ended)}"
    if told.ending == "open":
        unanswered = told.status == "outdated" and not told.answered
        yield "not answered before the history ends" if unanswered else "still so when the history ends"


def _version(version: NewVersion, found: Retelling) -> Iterator[str]:
    how = "answered" if version.asked else "taken for the new normal"
    yield f"{how} on {day(version.live)}: v{version.version}"
    if version.saved is None:
        yield "what it saved is not known yet"
        return
    saved = version.saved
    yield f"{_paid(saved, version.version)} until {last(saved.window.until)} ({_errors(saved, found)})"


def _paid(saved: Saved, version: int) -> str:
    """Say what a version saved; one that did not pay is said to."""
    before = f"v{version - 1}"
    if saved.share is None:
        return f"{before} made no error"
    if saved.share > 0:
        return f"{percent(saved.share)} less error than {before}"
    return (
        f"it did not pay: {percent(-saved.share)} more error than {before}" if saved.share else f"as good as {before}"
    )


def _errors(saved: Saved, found: Retelling) -> str:
    said = f"{figure(saved.error)} instead of {figure(saved.error_before)}"
    unit = line(unit_of(found.metric, found.unit))
    if unit:
        return f"{said} {unit}"
    return f"{METRICS[found.metric].name} {said}"


def closing(found: Retelling) -> str:
    """Sum it up in one sentence; nothing told is said first.

    The error is compared with both ends: never retraining, and retraining at every run.
    """
    others = len(found.told) - found.questions
    counted = ", ".join(
        (
            _number(found.questions, "question") + (f" and {_number(others, 'other alert')}" if others else ""),
            _number(found.versions, "new version"),
        )
    )
    what = counted if found.told else "nothing would have been asked of you"
    every = EVERY.get(found.step_days, f"every {found.step_days} days")
    never = _against(-found.below_never, "never retraining", ("lower than", "higher than"))
    always = _against(found.above_always, f"retraining {every}", ("below", "above"))
    simulated = " (SIMULATED DATA)" if found.simulated else ""
    return f"In {_length(found.window.days)}{simulated}: {what}; error {never}, {always}."


def settings(found: Retelling) -> Iterator[str]:
    """Write the recommended lines of params.yaml, where it has others."""
    if not found.changes:
        yield f"The settings in params.yaml are the recommended ones: {found.recommendation.reason}."
        yield from (f"{each[:1].upper()}{each[1:]}." for each in advice(found.recommendation))
        return
    yield "Recommended in params.yaml:"
    yield from recommended(found.recommendation)


def _length(days: int) -> str:
    months = round(days / MONTH_DAYS)
    return _number(months, "month") if months >= FEW_MONTHS else _number(round(days / WEEK), "week")


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _against(share: float, end: str, words: tuple[str, str]) -> str:
    """Compare with one end; `share` is positive where the error is above it."""
    if abs(share) < 0.0005:  # noqa: PLR2004 it would be written as 0.0 %
        return f"as with {end}"
    return f"{percent(abs(share))} {words[share > 0]} {end}"

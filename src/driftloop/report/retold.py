"""What you would have been told, in words: for the terminal and the dashboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftloop.core.dates import day, last
from driftloop.core.figures import figure, percent
from driftloop.core.judging.metrics import METRICS, unit_of
from driftloop.core.judging.outcomes import OUTCOMES
from driftloop.core.text import line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from driftloop.core.backtest.results import Retelling
    from driftloop.core.backtest.told import NewVersion, Saved, Told

MONTH_DAYS = 30.44
FEW_MONTHS = 3  # up to here weeks say more
WEEK = 7
EVERY = {1: "every day", WEEK: "every week"}


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
    never = against_never(found.below_never)
    always = against_always(found.above_always, f"retraining {every}")
    simulated = " (SIMULATED DATA)" if found.simulated else ""
    return f"In {_length(found.window.days)}{simulated}: {what}; error {never}, {always}."


def against_never(below: float) -> str:
    """Compare an error with that of never retraining."""
    return _against(-below, "never retraining", ("lower than", "higher than"))


def against_always(above: float, always: str) -> str:
    """Compare an error with that of always retraining, as that is called."""
    return _against(above, always, ("below", "above"))


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

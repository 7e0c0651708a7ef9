"""The story of the user's own data, as far as there is data; no particular outcome is expected."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from driftloop.core.columns import DAY
from driftloop.core.dates import day
from driftloop.core.windows import end_day
from driftloop.errors import LoopError
from driftloop.rehearsal import acts, story
from driftloop.rehearsal.story import Step
from driftloop.store.files import PROFILE, read_frame

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from driftloop.rehearsal.stage import Stage

STRIDE_DAYS = 28


class Span(NamedTuple):
    """The days of the rehearsal.

    Attributes
    ----------
    first
        Day of a first production model that the rehearsal makes itself; None where production can be used.
    begin, end
        First and last day of the story.
    """

    first: date | None
    begin: date
    end: date


def play(stage: Stage) -> None:
    """Rehearse as far as there is data, and list what could not be shown."""
    story.play(stage, steps(stage))
    stage.tell.line()
    stage.tell.line("What could not be shown")
    for line in missing(stage):
        stage.tell.line(f"    {line}")


def steps(stage: Stage) -> Iterator[Step]:
    """Go on in strides until the loop asks for attention and is answered, or the history ends."""
    found: list[Span] = []
    yield Step("How far the data carries", lambda here: found.append(span(here)))
    first, begin, end = found[0]
    yield Step(f"The repository as of {day(begin)} is pushed", partial(acts.begin, until=begin, first=first))
    days = [begin + timedelta(days=n) for n in range(STRIDE_DAYS, (end - begin).days + 1, STRIDE_DAYS)]
    while days and not (stage.decisions and stage.decision.status == "outdated"):
        yield _watch(days.pop(0))
    if not stage.alerts:
        return
    yield Step("You set the label retrain-model on the alert", acts.ask)
    yield Step("A job retrains: it may read the repository, not write", acts.retrain)
    yield Step("Another job verifies the result and answers", acts.propose)
    if any(each.state == "open" for each in stage.repo.pulls):
        yield Step("You merge", acts.merge)
        if days:
            yield _watch(days[0])


def _watch(until: date) -> Step:
    return Step(f"{day(until)}: the scheduled run", partial(acts.watch, until=until))


def span(stage: Stage) -> Span:
    """Begin where production's training data ends; where too little is left, make a first model half way."""
    with stage.checkout("look") as where:
        return _span(stage, where)


def _span(stage: Stage, where: Path) -> Span:
    params, card = stage.params(where), stage.read_card(where)
    end, delay = end_day(params.source.until_instant, params.zone), timedelta(days=params.data.label_delay_days)
    if card.trained_until and card.trained_until + delay + timedelta(days=STRIDE_DAYS) <= end:
        stage.tell.came_out(f"v{card.version} was trained to {day(card.trained_until)}; the data goes on to {day(end)}")
        return Span(None, card.trained_until + delay, end)
    stage.driftloop(where, "refresh", "--until", f"{end}")
    stage.dvc(where, "repro", "prepare")
    profile = read_frame(where / PROFILE)
    if profile.empty:
        msg = f"expected rows before {end}, got none; set source.until to the end of your data"
        raise LoopError(msg)
    since = profile[DAY].min()
    begin = since + timedelta(days=(end - since).days // 2)
    why = f"v{card.version} has seen nearly all data" if card.version else "there is no production model"
    stage.tell.came_out(f"{why}: the rehearsal makes one half way, on {day(begin)}; the data goes on to {day(end)}")
    return Span(begin, begin, end)


def missing(stage: Stage) -> Iterator[str]:
    """List what could not be shown, and why."""
    said = [each.status for each in stage.decisions]
    if "outdated" not in said:
        yield f"retraining that pays: the loop did not ask for it in {len(said)} scheduled runs"
    if not stage.repo.pulls:
        yield "a pull request: " + ("the gate refused" if stage.repo.comments else "nobody had to ask for one")
    elif said[-1] == "outdated":
        yield "how it goes on after the merge: the data ends there"
    if "data fault" not in said:
        yield (
            "an answer to faulty data: no fault was found, and none is planted in your data; "
            "the embedded data has one (`source.kind: simulator`)"
        )

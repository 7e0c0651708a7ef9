"""What moved when the error rose: inputs and segments, ranked. An association in time, which proves no cause."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from driftloop.core.decision import rise, segments
from driftloop.core.decision.values import Blame, BlamedInput, BlamedSegment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from driftloop.core.alarms.values import Alarm, AlarmHistory
    from driftloop.core.decision.evidence import Evidence

WEEK = timedelta(days=7)
BEFORE, AFTER = timedelta(days=14), timedelta(days=28)  # the rise of the error is known to a step, and a cause lasts
LIMIT, LASTING = 1.0, 0.7  # level that an input has to reach, and that it has to have in two weeks: a cause lasts
LEAST_IMPORTANCE = 0.02  # share by which the error grows when the input is shuffled: less cannot explain a rise
LEAST_EXCESS = 0.1  # of the added loss, beyond what the segment would have if all had risen alike
MOST = 3  # inputs, and segments
STILL, UNIMPORTANT = 0.1, 0.02  # what an input counts as that has not moved, or does not matter


def blame(
    evidence: Evidence,
    states: AlarmHistory,
    importance: Mapping[str, float],
    *,
    harmful: Sequence[Alarm] = (),
    columns: Sequence[str] = (),
    fewest: int = 1,
    confidence: float = 0.95,
) -> Blame:
    """Rank what may have raised the error; empty where it is not up, and where nothing stands out.

    Parameters
    ----------
    evidence
        What was measured of production.
    states
        Data alarms, and the levels of all inputs.
    importance
        Per input: by what share the error grows when it is shuffled; see `overview.importance`.
    harmful
        Data alarms with which the error rose.
    columns
        Segment columns, none of which is private.
    fewest
        Rows that a segment needs.
    confidence
        That a segment stands out.
    """
    if not evidence.loss_is_up and not harmful:
        return Blame()
    rose = rise.since(evidence.sound)
    moments = {alarm.since for alarm in harmful} | ({rose} if rose else set())
    return Blame(
        since=min(moments, default=None),
        inputs=tuple(_inputs(moments, states, importance, evidence.until)),
        segments=tuple(_segments(evidence, rose, columns, fewest=fewest, confidence=confidence)),
    )


def weight(level: float, importance: float | None) -> float:
    """Rank an input by how much it moved and matters; neither alone puts one first, or leaves it out."""
    return (level + STILL) * ((importance or 0.0) + UNIMPORTANT)


def _inputs(
    moments: set[date], states: AlarmHistory, importance: Mapping[str, float], until: date
) -> Iterator[BlamedInput]:
    """Take the inputs that matter, and were beyond their limit in a week near one of the moments."""
    matter = sorted(importance, key=lambda name: (-importance[name], name))
    found = []
    for name in matter:
        weeks = _unusual(states.levels.get(name, ()), moments, until)
        if weeks and importance[name] >= LEAST_IMPORTANCE:
            found.append(
                BlamedInput(
                    name=name,
                    since=_since(name, states, min(weeks)),
                    level=max(weeks.values()),
                    importance=importance[name],
                    place=matter.index(name) + 1,
                )
            )
    yield from sorted(found, key=lambda each: -weight(each.level, each.importance))[:MOST]


def _unusual(levels: Sequence[float | None], moments: set[date], until: date) -> dict[date, float]:
    """Give the levels near the limit of the weeks near a moment, by first day; weeks are counted back from the end.

    A single week is chance more often than a cause, so there are none then, except where it is the newest.
    """
    found = {}
    for back, level in enumerate(reversed(levels), start=1):
        first = until - back * WEEK
        if (
            level is not None
            and level >= LASTING
            and any(first - AFTER < day < first + WEEK + BEFORE for day in moments)
        ):
            found[first] = level
    lasts = len(found) > 1 or until - WEEK in found
    return found if lasts and max(found.values()) >= LIMIT else {}


def _since(name: str, states: AlarmHistory, first: date) -> date:
    """Take the day from the alarm on that week, if there was one; it is exact."""
    days = [alarm.since for alarm in states.alarms if alarm.column == name and alarm.touches(first, first + WEEK)]
    return min((day for day in days if day >= first - WEEK), default=first)


def _segments(
    evidence: Evidence, rose: date | None, columns: Sequence[str], *, fewest: int, confidence: float
) -> Iterator[BlamedSegment]:
    """Take the segments whose share of the added loss is above that of a rise alike for all, by more than chance."""
    then = segments.before(evidence.sound, evidence.judged, rose)
    if then.empty:
        return
    found = segments.rises(evidence.judged, then, columns, fewest=fewest, confidence=confidence)
    apart = [each for each in found if each.certain and each.share - each.usual >= LEAST_EXCESS]
    for each in sorted(apart, key=lambda each: each.usual - each.share)[:MOST]:
        own = evidence.sound[evidence.sound[each.column] == each.value]
        yield BlamedSegment(
            name=f"{each.column} = {each.value}", share=each.share, usual=each.usual, since=rise.since(own)
        )

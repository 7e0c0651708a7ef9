"""What of a decision could be accepted as normal: entries of `data.accepted`, with before and after."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from driftloop.core.alarms.statistics import SHAPE
from driftloop.core.data.changes import listed
from driftloop.core.dates import day
from driftloop.core.figures import figure, percent
from driftloop.params.data import Accepted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import date

    from driftloop.core.alarms.values import Alarm
    from driftloop.core.data.finding import Change, Finding
    from driftloop.core.decision.values import Decision
    from driftloop.params.data import Data

OF_ALARM = "unusual-"  # begins the rules of findings that are data alarms


@dataclass(frozen=True)
class Row:
    """One change, before and after it is accepted.

    Attributes
    ----------
    column, rule
        Where, and which rule or data alarm has found it.
    since
        Its first day.
    before, after
        What is normal, in words.
    rows
        How many rows it concerns, of how many.
    """

    column: str
    rule: str
    since: date
    before: str
    after: str
    rows: str

    @property
    def cells(self) -> tuple[str, ...]:
        """The row of a table; see `HEAD`."""
        return self.column, self.rule, day(self.since), self.before, self.after, self.rows


HEAD = ("column", "rule", "since", "normal before", "normal after", "rows")


@dataclass(frozen=True)
class Acceptance:
    """What can be accepted of a decision.

    Attributes
    ----------
    entries
        One per column, for `data.accepted`.
    rows
        What they stand for.
    left
        Findings that stay, in words: nothing can be accepted of them.
    """

    entries: tuple[Accepted, ...] = ()
    rows: tuple[Row, ...] = ()
    left: tuple[str, ...] = field(default=())


def acceptance(decision: Decision, data: Data, columns: Collection[str] = ()) -> Acceptance:
    """Collect the changes that a decision names, one entry per column.

    Parameters
    ----------
    decision
        The newest one: findings of the data rules, and data alarms that last.
    data
        Which columns there are, and what is accepted already: that is not collected again.
    columns
        Only these; empty: all.
    """
    found: dict[str, list[tuple[Accepted, Row]]] = {}
    left = []
    for finding in decision.findings:
        wanted = not columns or finding.column in columns
        if finding.rule.startswith(OF_ALARM) or not wanted:
            continue
        if finding.change and finding.column in data.features:
            found.setdefault(finding.column, []).append(_of_finding(finding, finding.change))
        else:
            left.append(finding.text)
    for alarm in decision.alarms:
        if alarm.column in data.features and (not columns or alarm.column in columns):
            found.setdefault(alarm.column, []).append(_of_alarm(alarm))
    new = {
        name: (entry, [row for _, row in changes])
        for name, changes in found.items()
        if not _known(entry := _merged(each for each, _ in changes), data)
    }
    return Acceptance(
        tuple(entry for entry, _ in new.values()), tuple(row for _, rows in new.values() for row in rows), tuple(left)
    )


def _of_finding(finding: Finding, change: Change) -> tuple[Accepted, Row]:
    entry = Accepted(
        column=finding.column,
        since=change.since,
        categories=list(change.categories),
        range=list(change.range) if change.range else None,
        missing=change.missing,
    )
    after = ""
    if change.categories:
        after = f"also {listed(change.categories)}"
    elif change.range:
        after = f"also {' to '.join(map(figure, change.range))}"
    elif change.missing is not None:
        after = f"at most {percent(change.missing, 0)} missing"
    rows = f"{finding.rows:,} of {finding.of:,}"
    return entry, Row(finding.column, finding.rule, change.since, change.usual, after, rows)


def _of_alarm(alarm: Alarm) -> tuple[Accepted, Row]:
    """Take the days since the alarm for what is usual; which values they hold is not named."""
    finding = alarm.finding
    before, after = f"as before {day(alarm.since)}", f"as since {day(alarm.since)}"
    if alarm.statistic != SHAPE:
        before, after = (f"{before}: {percent(alarm.usual)}", f"{after}: {percent(alarm.now)}")
    row = Row(alarm.column, finding.rule, alarm.since, before, after, f"{finding.rows:,} of {finding.of:,}")
    return Accepted(column=alarm.column, since=alarm.since), row


def _merged(entries: Iterable[Accepted]) -> Accepted:
    first, *others = entries
    for each in others:
        ends = [*(first.range or []), *(each.range or [])]
        shares = [share for share in (first.missing, each.missing) if share is not None]
        first = Accepted(
            column=first.column,
            since=min(first.since, each.since),
            categories=list(dict.fromkeys([*first.categories, *each.categories])),
            range=[min(ends), max(ends)] if ends else None,
            missing=max(shares, default=None),
        )
    return first


def _known(entry: Accepted, data: Data) -> bool:
    """Whether params.yaml accepts all of it."""
    accepted = [each for each in data.accepted if each.column == entry.column]
    if not accepted or max(each.since for each in accepted) < entry.since:
        return False
    names = {name for each in accepted for name in each.categories}
    ends = [end for each in accepted for end in each.range or []]
    inside = entry.range is None or (bool(ends) and min(ends) <= entry.range[0] and entry.range[1] <= max(ends))
    return names >= {*entry.categories} and inside and data.accepted_missing[entry.column] >= (entry.missing or 0.0)

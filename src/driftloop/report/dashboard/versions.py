"""The lives of production models: where each came from, and what ended it, as far as Git and the records know."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from driftloop.core.intervals import Interval
from driftloop.core.windows import Window
from driftloop.report.dashboard.history import Run, value

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

MOST_SHOWN, UNFOLDED = 30, 3


class Known(BaseModel):
    """What is read of a card, also of one that another version of driftloop wrote; see `Card`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: int = 0
    model: str | None = None
    sha256: str | None = None
    trained: Window | None = None
    rows: int = 0
    normal_error: dict[str, float] = {}
    verdict: dict[str, Any] | None = None
    restores: int = 0

    @property
    def key(self) -> tuple[int, str]:
        """Which model it is: numbers are used again after a promotion was taken back."""
        return self.version, self.sha256 or ""

    @classmethod
    def of(cls, card: Any) -> Known:
        """Read a card; nothing is known of one that cannot be read."""
        return value(cls, card) or cls()


@dataclass(frozen=True)
class Change:
    """A commit of the default branch that changed production's card.

    Attributes
    ----------
    commit, time
        Its hash, and when it was made.
    card
        The card since then.
    pull, issue
        Numbers of the pull request that it merged, and of the alert that this answered; 0 where Git does not say.
    by
        Who made it; empty where it was GitHub or the loop for somebody who is not named.
    merge
        Whether it has two parents, so that its revert needs `-m 1`.
    """

    commit: str
    time: datetime
    card: Known
    pull: int = 0
    issue: int = 0
    by: str = ""
    merge: bool = False


@dataclass(frozen=True)
class Version:
    """One time in which one model was production.

    Attributes
    ----------
    number, since, until
        Of the model, and when it was production; `until` is None for the one that is.
    returned
        Whether it had been production before, and its successor was taken back.
    restores
        The earlier version whose model file it brought back; 0 for none.
    ended
        What ended it; empty for the one that is production.
    trained, rows, normal_error, gain
        What the card says; `gain` is what the gate measured.
    asked_by, merged_by
        Who set the label, and who merged, which may be the loop; empty where it is not known.
    issue, pull
        Numbers of the alert and of the pull request; 0 where they are not known.
    commit
        Hash of the commit that made it production; empty where only records know of it.
    links
        Web addresses by name: issue, pull request, commit, run.
    revert
        The command that undoes its promotion; empty where Git does not know the commit.
    """

    number: int
    since: datetime
    until: datetime | None
    returned: bool
    restores: int
    ended: str
    trained: Window | None
    rows: int
    normal_error: dict[str, float]
    gain: Interval | None
    asked_by: str
    merged_by: str
    issue: int
    pull: int
    commit: str
    links: dict[str, str]
    revert: str


@dataclass(frozen=True)
class _Start:
    """Where a life begins, by whichever source knows it."""

    time: datetime
    card: Known
    change: Change | None = None

    @property
    def key(self) -> tuple[int, str]:
        return self.card.key


def versions(runs: Sequence[Run], changes: Sequence[Change] = (), home: str = "") -> list[Version]:
    """List the lives, newest first.

    Parameters
    ----------
    runs
        All records, oldest first.
    changes
        What Git knows, oldest first; empty where the history is not there. It has precedence: every promotion is a commit.
    home
        Address of the repository, for links; empty where it is not known.
    """
    starts = _of_git(changes) or _of_records(runs)
    found = []
    for place, start in enumerate(starts):
        after = starts[place + 1] if place + 1 < len(starts) else None
        found.append(_life(start, after, starts[:place], runs, home))
    return [life for life in found if life.number][::-1]


def _of_git(changes: Sequence[Change]) -> list[_Start]:
    out: list[_Start] = []
    for change in changes:
        if not out or change.card.key != out[-1].key:
            out.append(_Start(change.time, change.card, change))
    return out


def _of_records(runs: Sequence[Run]) -> list[_Start]:
    """Begin a life with each run that measured another model than the run before.

    A single monitoring run between two runs of another model began before the promotion, and was recorded after it.
    """
    groups: list[list[Run]] = []
    for run in (run for run in runs if run.version):
        if groups and _same(groups[-1][0], run):
            groups[-1].append(run)
        else:
            groups.append([run])
    out: list[_Start] = []
    for place, group in enumerate(groups):
        between = 0 < place < len(groups) - 1 and _same(groups[place - 1][0], groups[place + 1][0])
        late = between and len(group) == 1 and group[0].kind == "monitor"
        start = _Start(group[0].time, Known.of(group[-1].card | {"version": group[-1].version}))
        if not late and not (out and out[-1].key == start.key):
            out.append(start)
    return out


def _same(one: Run, other: Run) -> bool:
    """Whether two runs had the same production; a record of an earlier format does not name the model file."""
    files = one.card.get("sha256"), other.card.get("sha256")
    return one.version == other.version and (None in files or files[0] == files[1])


def _life(start: _Start, after: _Start | None, before: Sequence[_Start], runs: Sequence[Run], home: str) -> Version:
    number, change = start.key[0], start.change
    previous = before[-1] if before else None
    returned = start.key in {each.key for each in before}
    asked = _asked(runs, previous, start) if previous and not returned else None
    merged = _merged(runs, start, after)
    issue, pull = (change.issue, change.pull) if change else (0, 0)
    links = {
        "alert": f"{home}/issues/{issue}" if home and issue else asked.links.get("issue", "") if asked else "",
        "pull request": f"{home}/pull/{pull}" if home and pull else asked.links.get("pull request", "") if asked else "",
        "commit": f"{home}/commit/{change.commit[:12]}" if home and change else merged.links.get("commit", "") if merged else "",
        "release run": merged.links.get("run", "") if merged else "",
    }  # fmt: skip
    links = {name: link for name, link in links.items() if link}
    gate = start.card.verdict or {}
    judged = asked.verdict if asked and not start.card.restores else None
    gain = value(Interval, gate.get("gain")) or (judged.gain if judged else None)
    return Version(
        number=number,
        since=start.time,
        until=after.time if after else None,
        returned=returned,
        restores=start.card.restores,
        ended=_ended(after, before),
        trained=start.card.trained,
        rows=start.card.rows,
        normal_error=start.card.normal_error,
        gain=gain,
        asked_by=asked.by if asked else "",
        merged_by=_by(change, merged),
        issue=issue or _number(links.get("alert", "")),
        pull=pull or _number(links.get("pull request", "")),
        commit=change.commit if change else "",
        links=links,
        revert=f"git revert {'-m 1 ' if change.merge else ''}{change.commit[:12]}" if change else "",
    )


def _by(change: Change | None, merged: Run | None) -> str:
    """Name who merged; only a release after a merge by the loop has an approval in its record."""
    if merged and merged.approval:
        return f"the loop, approved by {merged.approval.by}"
    return (change.by if change else "") or (merged.by if merged else "")


def _ended(after: _Start | None, before: Sequence[_Start]) -> str:
    if after is None:
        return ""
    if after.key in {each.key for each in before}:
        return f"taken back: v{after.key[0]} is production again"
    if after.card.restores:
        return f"rolled back: v{after.key[0]} restores v{after.card.restores}"
    return f"replaced by v{after.key[0]}" if after.key[0] else "taken out of production"


def _number(link: str) -> int:
    """Read the number at the end of an address."""
    found = re.search(r"/(\d{1,9})$", link)
    return int(found[1]) if found else 0


def _asked(runs: Sequence[Run], previous: _Start, start: _Start) -> Run | None:
    """Find the run that proposed a version: the newest retraining under its predecessor that the gate let pass, or rollback."""
    kinds = ("rollback",) if start.card.restores else ("retrain", "propose")
    # With Git the time is that of the merge; with records that of the first run, which is no earlier.
    found = [
        run for run in runs
        if run.kind in kinds and (start.card.restores or (run.verdict and run.verdict.outcome == "promote"))
        and run.version == previous.key[0] and previous.time <= run.time <= start.time
    ]  # fmt: skip
    return found[-1] if found else None


def _merged(runs: Sequence[Run], start: _Start, after: _Start | None) -> Run | None:
    """Find the record of its release."""
    found = (
        run for run in runs
        if run.kind == "promote" and run.version == start.key[0] and run.time >= start.time and (not after or run.time < after.time)
    )  # fmt: skip
    return next(found, None)

"""What could be accepted as normal: the categories, the range or the missing values behind a finding."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from driftloop.core.data.counts import COUNTS
from driftloop.core.data.finding import Change
from driftloop.core.data.quality import FEW_SHARE, NULL_JUMP, first_unknown
from driftloop.core.dates import day
from driftloop.core.figures import figure, percent, quoted
from driftloop.core.windows import day_numbers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from driftloop.core.data.census import Census
    from driftloop.core.data.finding import Finding
    from driftloop.core.data.inspection import Inspection
    from driftloop.core.data.profile import Known
    from driftloop.params.data import Accepted

MOST_CATEGORIES = 50  # more of them are no list that a person reads
LONGEST_CATEGORY = 100  # characters
NAMED = 5
GAP = 7  # days without a finding, after which it is another one


@dataclass(frozen=True)
class Changes:
    """Where changes are read from.

    Attributes
    ----------
    census, known, evidence
        Of all rows; what is normal so far; what the rules have looked at.
    private
        Columns whose values are not named.
    """

    census: Census
    known: Known
    evidence: Inspection
    private: Collection[str]

    def add(self, finding: Finding) -> Finding:
        """Say what of a finding could be accepted, where anything can."""
        found: Change | None = None
        match finding.rule:
            case "new-category" if finding.column not in self.private:
                found = self._categories(finding.column)
            case "out-of-range" if finding.column not in self.private:
                found = self._range(finding.column)
            case "missing-values":
                found = self._missing(finding)
        return finding.model_copy(update={"change": found})

    def _categories(self, column: str) -> Change | None:
        known = self.known.names[column] or frozenset()
        counts = self.census.within(self.evidence.window).counts(column)
        new = sorted((name for name in counts.index if name not in known), key=lambda name: (-counts[name], name))
        if len(new) > MOST_CATEGORIES or any(len(name) > LONGEST_CATEGORY or not name.isprintable() for name in new):
            return None
        since = first_unknown(self.evidence, column)
        return Change(since=since, usual=listed(sorted(known)), categories=tuple(new))

    def _range(self, column: str) -> Change:
        low, high = self.known.ranges[column]
        now = self.census.within(self.evidence.window).ends([column])[column]
        far, rows = self._daily(column, "far"), self._daily(column, "rows")
        since = self._newest(far > FEW_SHARE * rows)
        return Change(since=since, usual=f"{figure(low)} to {figure(high)}", range=now)

    def _missing(self, finding: Finding) -> Change:
        most = self.evidence.most_null.get(finding.column, 0.0)
        null, rows = self._daily(finding.column, "null"), self._daily(finding.column, "rows")
        since = self._newest(null > (most + NULL_JUMP) * rows)
        share = min(ceil(100 * finding.rows / finding.of), 99) / 100
        return Change(since=since, usual=f"at most {percent(most, 0)} missing", missing=share)

    def _daily(self, column: str, count: str) -> np.ndarray:
        profile = self.evidence.profile
        return np.asarray(profile.daily[:, profile.columns.index(column), COUNTS.index(count)])

    def _newest(self, hit: np.ndarray) -> date:
        """Return the first of the newest days that are hit, up to the end of the window and without a long gap."""
        window, days = self.evidence.window, self.evidence.profile.days
        found = days[hit & (days < day_numbers([window.until])[0])]
        if not len(found):
            return window.since
        gaps = np.flatnonzero(np.diff(found) > GAP)
        return date(1970, 1, 1) + timedelta(days=int(found[gaps[-1] + 1] if len(gaps) else found[0]))


def listed(names: Sequence[str]) -> str:
    """List some names, and count the others.

    >>> listed(["a", "b"]), listed(list("abcdefg"))
    ("'a', 'b'", "'a', 'b', 'c', 'd', 'e' and 2 more")
    """
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(map(quoted, names[:NAMED]))}{more}"


def accepted(entries: Sequence[Accepted], until: date) -> Iterator[str]:
    """Say what was accepted and lies after production's reference, which ends before the day `until`.

    New categories are told by `lasting.told`, as those are that became normal by themselves.
    """
    for each in entries:
        if each.since < until or (each.categories and each.missing is None):
            continue
        low, high = map(figure, each.range) if each.range else ("", "")
        more = [
            f" from {low} to {high}" if each.range else "",
            f" missing in {percent(each.missing, 0)} of the rows" if each.missing else "",
        ]
        what = " or".join(part for part in more if part) or " as it is"
        yield f"{each.column}{what} was accepted as normal since {day(each.since)}: production was not trained on it"

"""Names that came after the reference and have come to stay: a shop that opened is no fault of the data for ever."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from driftloop.core.columns import DAY
from driftloop.core.dates import day
from driftloop.core.figures import percent, quoted
from driftloop.core.windows import EPOCH, LASTING_DAYS, day_numbers, last_days

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from datetime import date

    from driftloop.core.data.census import Census
    from driftloop.core.windows import Window

WEEK = 7
WEEKS = LASTING_DAYS // WEEK
MOST_WEEKS = WEEKS / 2  # a name is usual if it occurs in more weeks than this
REPLACED = 0.5  # of a new name's rows: so many of names that ended when it began, and it is another spelling of them


def lasting(
    census: Census, known: Mapping[str, frozenset[str] | None], *, since: date, until: date
) -> dict[str, frozenset[str]]:
    """List the names that are new since the day `since` and have become normal by the day `until`.

    A new name becomes normal when it began 8 weeks ago or earlier and has been usual since. It does not while it
    stands in for names that ended when it began: that is what a broken format or another encoding looks like.

    Parameters
    ----------
    census
        Of all rows.
    known
        Names per column before `since`; see `profile.Known`.
    since, until
        End of the reference; end of the data. Both exclusive.

    Returns
    -------
    dict
        Only columns that have such names.
    """
    weeks = ((until - since).days + WEEKS * WEEK) // WEEK  # and 8 weeks of the reference, to tell which names ended
    if (until - since).days < LASTING_DAYS:
        return {}
    part = census.within(last_days(until, weeks * WEEK)).names.dropna(subset="name")
    back = until.toordinal() - EPOCH - day_numbers(part[DAY])
    part = part.assign(back=back, week=(back - 1) // WEEK)
    found = {}
    for column in (column for column, names in known.items() if names):
        own = part[part["column"] == column]
        counted: dict[str, Counter[int]] = defaultdict(Counter)
        weekly = own.groupby(["name", "week"], as_index=False)["rows"].sum()
        for name, week, rows in weekly[["name", "week", "rows"]].itertuples(index=False):
            counted[name][week] = rows
        old = set(own.loc[own["back"] >= LASTING_DAYS, "name"])
        new = {name: counted[name] for name in old - (known[column] or frozenset())}
        if kept := frozenset(_normal(new, counted)):
            found[column] = kept
    return found


def _normal(new: Mapping[str, Counter[int]], every: Mapping[str, Counter[int]]) -> Iterator[str]:
    """Yield the new names that are normal; counts are of rows by weeks before the end of the data, 0 is the newest."""
    for name, rows in new.items():
        first = max(rows)
        ended = sum(_ended(other, first) for other in every.values())
        if _usual(rows, range(WEEKS)) and ended < REPLACED * sum(rows.values()) / (first + 1):
            yield name


def _ended(rows: Counter[int], week: int) -> float:
    """Return the rows per week of a name that was usual up to a week, or the one after it, and never came again; else 0."""
    before = range(week + 1, week + 1 + WEEKS)
    if min(rows) < week - 1 or not _usual(rows, before):
        return 0.0
    return sum(rows[each] for each in before) / WEEKS


def _usual(rows: Counter[int], weeks: Iterable[int]) -> bool:
    return sum(rows[week] > 0 for week in weeks) > MOST_WEEKS


def told(
    census: Census, lasting: Mapping[str, frozenset[str]], current: Window, private: Collection[str]
) -> Iterator[str]:
    """Name what became normal after production's reference, and how much of the newest days it is."""
    newest = census.within(current)
    for column, names in sorted(lasting.items()):
        own = census.names[(census.names["column"] == column) & census.names["name"].isin(names)]
        now = newest.counts(column).reindex(sorted(names), fill_value=0)
        what = (
            f"{len(names)} new names" if len(names) > 1 else "a new name" if column in private else quoted(min(names))
        )
        more = f", most often {quoted(str(now.idxmax()))}" if len(names) > 1 and column not in private else ""
        share = percent(int(now.sum()) / (newest.rows or 1), 0)
        yield f"{column} holds {what} since {day(own[DAY].min())}{more} ({share} of the rows): production has never seen it"

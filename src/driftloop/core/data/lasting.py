"""Names that came after the reference and have come to stay: a shop that opened is no fault of the data for ever."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import ibis

from driftloop.core.columns import DAY
from driftloop.core.dates import day
from driftloop.core.figures import percent, quoted
from driftloop.core.windows import LASTING_DAYS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from datetime import date

    import ibis.expr.types as ir

    from driftloop.core.windows import Window

WEEK = 7
WEEKS = LASTING_DAYS // WEEK
MOST_WEEKS = WEEKS / 2  # a name is usual if it occurs in more weeks than this
REPLACED = 0.5  # of a new name's rows: so many of names that ended when it began, and it is another spelling of them


def lasting(
    rows: ir.Table, known: Mapping[str, frozenset[str] | None], *, since: date, until: date
) -> dict[str, frozenset[str]]:
    """List the names that are new since the day `since` and have become normal by the day `until`.

    A new name becomes normal when it began 8 weeks ago or earlier and has been usual since. It does not while it
    stands in for names that ended when it began: that is what a broken format or another encoding looks like.

    Parameters
    ----------
    rows
        Typed rows.
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
    part = rows.filter(rows[DAY] < until).mutate(back=ibis.literal(until).delta(rows[DAY], unit="day"))
    part = part.filter(part["back"] <= weeks * WEEK).mutate(week=(part["back"] - 1) // WEEK)
    found = {}
    for column in (column for column, names in known.items() if names):
        counted: dict[str, Counter[int]] = defaultdict(Counter)
        old = set()
        table = part.filter(part[column].notnull()).group_by(name=part[column], week="week")
        for row in table.aggregate(rows=lambda t: t.count(), oldest=lambda t: t["back"].max()).to_pyarrow().to_pylist():
            counted[row["name"]][row["week"]] = row["rows"]
            if row["oldest"] >= LASTING_DAYS:
                old.add(row["name"])
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
    rows: ir.Table, lasting: Mapping[str, frozenset[str]], current: Window, private: Collection[str]
) -> Iterator[str]:
    """Name what became normal after production's reference, and how much of the newest days it is."""
    marked = rows.mutate(now=(rows[DAY] >= current.since) & (rows[DAY] < current.until))
    of = marked["now"].sum().to_pyarrow().as_py()
    for column, names in sorted(lasting.items()):
        part = marked.filter(marked[column].isin(sorted(names))).group_by(name=marked[column])
        found = part.aggregate(since=lambda t: t[DAY].min(), now=lambda t: t["now"].sum()).to_pyarrow().to_pylist()
        since, now = min(row["since"] for row in found), sum(row["now"] for row in found)
        most = quoted(min(found, key=lambda row: (-row["now"], row["name"]))["name"])
        what = f"{len(names)} new names" if len(names) > 1 else "a new name" if column in private else most
        more = f", most often {most}" if len(names) > 1 and column not in private else ""
        share = percent(now / (of or 1), 0)
        yield f"{column} holds {what} since {day(since)}{more} ({share} of the rows): production has never seen it"

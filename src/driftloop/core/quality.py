"""Rules about the data itself. Each looks at all rows of a window and returns what it found, or nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil
from typing import TYPE_CHECKING

import pandas as pd

from driftloop.core import profile as profiles
from driftloop.core.finding import Finding
from driftloop.core.profile import ROWS
from driftloop.core.windows import day_numbers
from driftloop.core.wording import percent

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from driftloop.core.schema import Columns
    from driftloop.core.windows import Window

FEW_ROWS = 5  # fewer rows than this are never a fault of the data
FEW_SHARE = 0.01
NULL_JUMP = 0.05
LABEL_JUMP = 0.20
STUCK_ROWS = 12
STUCK_SHARE = 0.9
USUAL_SHARE = 1 / 3


@dataclass(frozen=True)
class Evidence:
    """What the rules look at.

    Attributes
    ----------
    profile
        See `profile.daily`.
    columns
        Which columns there should be.
    window, reference
        The days that are judged, and the days that they are compared with.
    absent
        Declared columns that the source does not have.
    duplicates, undated
        Rows of the window with a key seen before; new rows whose timestamp cannot be parsed.
    """

    profile: pd.DataFrame
    columns: Columns
    window: Window
    reference: Window
    absent: Collection[str] = ()
    duplicates: int = 0
    undated: int = 0

    def at(self, window: Window) -> Evidence:
        """Look at other days; what is only known of the newest ones is left out."""
        return replace(self, window=window, absent=(), duplicates=0, undated=0)

    @cached_property
    def now(self) -> dict[str, dict[str, int]]:
        """Counts over the window, by column and count."""
        return _counts(profiles.total(self.profile, self.window))

    @property
    def rows(self) -> int:
        """Rows in the window."""
        return self.now.get(ROWS, {}).get("rows", 0)

    @cached_property
    def blocks(self) -> pd.DataFrame:
        """Counts over the reference in blocks of the window's length that lie whole weeks before the window.

        So a Sunday is compared with Sundays. Indexed by block and column.
        """
        days = max(1, self.window.days)
        stride = 7 * ceil(days / 7)
        reference = self.reference.of(self.profile)
        ago = int(day_numbers([self.window.until])[0]) - 1 - day_numbers(reference["_day"])
        block, place = ago // stride, ago % stride
        first, last = self.window.until - self.reference.until, self.window.until - self.reference.since
        whole = (place < days) & (block * stride >= first.days) & (block * stride + days <= last.days)
        sums: pd.DataFrame = (
            reference[whole].groupby([block[whole], reference["column"][whole]])[list(profiles.COUNTS)].sum()
        )
        return sums

    @property
    def usual_rows(self) -> float:
        """Median of rows per block of the reference; 0 without blocks."""
        rows = self.blocks["rows"]
        found = rows[rows.index.get_level_values("column") == ROWS].median()
        return 0.0 if pd.isna(found) else float(found)

    @cached_property
    def most_null(self) -> dict[str, float]:
        """Largest share of nulls in a block of the reference, by column."""
        share = self.blocks["null"] / self.blocks["rows"].clip(lower=1)
        return {str(name): float(most) for name, most in share.groupby("column").max().items()}


def _counts(totals: pd.DataFrame) -> dict[str, dict[str, int]]:
    return {str(name): {str(k): int(v) for k, v in row.items()} for name, row in totals.to_dict("index").items()}


def too_few_rows(evidence: Evidence) -> Iterator[Finding]:
    """Fewer than a third of the usual rows: no decision is possible."""
    rows, usual = evidence.rows, evidence.usual_rows
    if rows == 0 or rows < usual * USUAL_SHARE:
        text = f"{rows} rows in {evidence.window.days} days, usual are {usual:.0f}"
        yield Finding(rule="too-few-rows", column="", kind="too few", rows=rows, of=rows, text=text)


def missing_column(evidence: Evidence) -> Iterator[Finding]:
    """A declared column is not there."""
    rows = evidence.rows
    for name in sorted(evidence.absent):
        yield Finding(rule="missing-column", column=name, kind="fault", rows=rows, of=rows, text=f"{name} is missing")


def wrong_type(evidence: Evidence) -> Iterator[Finding]:
    """A column of numbers holds something else."""
    yield from _over_share(evidence, "invalid", "wrong-type", "{name} is not a number in {rows} of {of} rows")


def infinite(evidence: Evidence) -> Iterator[Finding]:
    """A column holds infinity."""
    yield from _over_share(evidence, "infinite", "infinite", "{name} is infinite in {rows} of {of} rows")


def out_of_range(evidence: Evidence) -> Iterator[Finding]:
    """Values lie far outside the reference's range, as after a change of unit."""
    words = "{name} lies far outside its range in {rows} of {of} rows (a change of unit?)"
    yield from _over_share(evidence, "far", "out-of-range", words)


def new_category(evidence: Evidence) -> Iterator[Finding]:
    """A column holds a name that the reference lacks."""
    yield from _over_share(evidence, "unknown", "new-category", "{name} has a new category in {rows} of {of} rows")


def _over_share(evidence: Evidence, count: str, rule: str, words: str) -> Iterator[Finding]:
    for name, counts in evidence.now.items():
        rows, of = counts[count], counts["rows"]
        if rows >= FEW_ROWS and rows >= FEW_SHARE * of:
            text = words.format(name=name, rows=rows, of=of)
            yield Finding(rule=rule, column=name, kind="fault", rows=rows, of=of, text=text)


def missing_values(evidence: Evidence) -> Iterator[Finding]:
    """More values are missing than ever in the reference."""
    for name in sorted(set(evidence.now) - {ROWS, evidence.columns.target}):
        rows, of, most = evidence.now[name]["null"], evidence.now[name]["rows"], evidence.most_null.get(name, 0.0)
        if name not in evidence.absent and rows >= FEW_ROWS and rows > (most + NULL_JUMP) * of:
            text = f"{name} is missing in {rows} of {of} rows, at most {percent(most, 0)} before"
            yield Finding(rule="missing-values", column=name, kind="fault", rows=rows, of=of, text=text)


def stuck(evidence: Evidence) -> Iterator[Finding]:
    """A number repeats itself for a whole day, as it never did in the reference."""
    days = evidence.profile[evidence.profile["column"] != ROWS]
    still = (days["repeat"] >= STUCK_SHARE * days["rows"]) & (days["rows"] >= STUCK_ROWS)
    before = set(evidence.reference.of(days[still])["column"])
    now = evidence.window.of(days[still & ~days["column"].isin(before)])
    for name in sorted(set(now["column"])):
        rows, of = int(now["repeat"][now["column"] == name].sum()), evidence.now[name]["rows"]
        text = f"{name} repeats one value for a day or longer ({rows} of {of} rows)"
        yield Finding(rule="stuck", column=name, kind="fault", rows=rows, of=of, text=text)


def duplicate_keys(evidence: Evidence) -> Iterator[Finding]:
    """The same key comes more than once; the newest row counts."""
    of = evidence.rows + evidence.duplicates
    if evidence.duplicates >= FEW_ROWS and evidence.duplicates >= FEW_SHARE * of:
        text = f"{evidence.duplicates} of {of} rows repeat a key"
        yield Finding(rule="duplicate-keys", column="", kind="fault", rows=evidence.duplicates, of=of, text=text)


def undated_rows(evidence: Evidence) -> Iterator[Finding]:
    """Timestamps cannot be read."""
    of = evidence.rows + evidence.undated
    if evidence.undated >= FEW_ROWS and evidence.undated >= FEW_SHARE * of:
        text = f"{evidence.undated} rows have no readable timestamp"
        yield Finding(rule="undated-rows", column="", kind="fault", rows=evidence.undated, of=of, text=text)


RULES: tuple[Callable[[Evidence], Iterator[Finding]], ...] = (
    too_few_rows,
    missing_column,
    wrong_type,
    infinite,
    out_of_range,
    new_category,
    missing_values,
    stuck,
    duplicate_keys,
    undated_rows,
)


def check(evidence: Evidence) -> list[Finding]:
    """Apply all rules to a window."""
    return [finding for rule in RULES for finding in rule(evidence)]


def missing_labels(evidence: Evidence) -> list[Finding]:
    """Labels are missing that should be there by now. The window here is the newest labelled one."""
    target = evidence.columns.target
    counts = evidence.now.get(target)
    if counts is None:
        return []
    rows, of = counts["null"] + counts["invalid"] + counts["infinite"], counts["rows"]
    most = evidence.most_null.get(target, 0.0)
    if rows < FEW_ROWS or (rows < of and rows <= (most + LABEL_JUMP) * of):
        return []
    text = f"{rows} of {of} labels that should be final ({evidence.window}) are missing"
    return [Finding(rule="missing-labels", column=target, kind="fault", rows=rows, of=of, text=text)]

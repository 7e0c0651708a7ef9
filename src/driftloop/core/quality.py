"""Rules about the data itself. Each looks at all rows of a window and returns what it found, or nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict

from driftloop.core import profile as profiles
from driftloop.core.profile import ROWS

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


class Finding(BaseModel):
    """What a rule found.

    Attributes
    ----------
    rule
        Its stable id.
    column
        Where; empty when it concerns whole rows.
    kind
        `fault`: the data is wrong; `too few`: there is not enough of it to decide.
    rows, of
        Affected rows, and the rows that were looked at.
    text
        In words, without any value from the data.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: str
    column: str
    kind: Literal["fault", "too few"]
    rows: int
    of: int
    text: str


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

    @property
    def now(self) -> pd.DataFrame:
        """Counts over the window, by column."""
        return profiles.total(self.profile, self.window)

    def usual(self, count: str) -> pd.DataFrame:
        """Share of rows with this count: blocks of the window's length in the reference × columns."""
        blocks = [profiles.total(self.profile, block) for block in self.reference.blocks(max(1, self.window.days))]
        shares = [block[count] / block["rows"].clip(lower=1) for block in blocks if len(block)]
        return pd.DataFrame(shares).reset_index(drop=True)


def too_few_rows(evidence: Evidence) -> Iterator[Finding]:
    """Fewer than a third of the usual rows: no decision is possible."""
    rows = _rows(evidence.now)
    blocks = [profiles.total(evidence.profile, b) for b in evidence.reference.blocks(max(1, evidence.window.days))]
    usual = pd.Series([_rows(block) for block in blocks if len(block)]).median() if blocks else 0.0
    if rows == 0 or rows < usual * USUAL_SHARE:
        text = f"{rows} rows in {evidence.window.days} days, usual are {0 if pd.isna(usual) else usual:.0f}"
        yield Finding(rule="too-few-rows", column="", kind="too few", rows=rows, of=rows, text=text)


def missing_column(evidence: Evidence) -> Iterator[Finding]:
    """A declared column is not there."""
    rows = _rows(evidence.now)
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
    for name, row in evidence.now.drop(index=ROWS, errors="ignore").iterrows():
        rows, of = int(row[count]), int(row["rows"])
        if rows >= FEW_ROWS and rows >= FEW_SHARE * of:
            text = words.format(name=name, rows=rows, of=of)
            yield Finding(rule=rule, column=str(name), kind="fault", rows=rows, of=of, text=text)


def missing_values(evidence: Evidence) -> Iterator[Finding]:
    """More values are missing than ever in the reference."""
    usual = evidence.usual("null")
    for name, row in evidence.now.drop(index=[ROWS, evidence.columns.target], errors="ignore").iterrows():
        rows, of = int(row["null"]), int(row["rows"])
        most = float(usual[name].max()) if name in usual else 0.0
        if name not in evidence.absent and rows >= FEW_ROWS and rows > (most + NULL_JUMP) * of:
            text = f"{name} is missing in {rows} of {of} rows, at most {most:.0%} before"
            yield Finding(rule="missing-values", column=str(name), kind="fault", rows=rows, of=of, text=text)


def stuck(evidence: Evidence) -> Iterator[Finding]:
    """A number repeats itself for a whole day, as it never did in the reference."""
    days = evidence.profile[evidence.profile["column"] != ROWS]
    still = (days["repeat"] >= STUCK_SHARE * days["rows"]) & (days["rows"] >= STUCK_ROWS)
    before = set(evidence.reference.of(days[still])["column"])
    now = evidence.window.of(days[still & ~days["column"].isin(before)])
    for name, rows in now.groupby("column")["repeat"].sum().items():
        of = int(evidence.now.loc[name, "rows"])
        text = f"{name} repeats one value for a day or longer ({rows} of {of} rows)"
        yield Finding(rule="stuck", column=str(name), kind="fault", rows=int(rows), of=of, text=text)


def duplicate_keys(evidence: Evidence) -> Iterator[Finding]:
    """The same key comes more than once; the newest row counts."""
    of = _rows(evidence.now) + evidence.duplicates
    if evidence.duplicates >= FEW_ROWS and evidence.duplicates >= FEW_SHARE * of:
        text = f"{evidence.duplicates} of {of} rows repeat a key"
        yield Finding(rule="duplicate-keys", column="", kind="fault", rows=evidence.duplicates, of=of, text=text)


def undated_rows(evidence: Evidence) -> Iterator[Finding]:
    """Timestamps cannot be read."""
    of = _rows(evidence.now) + evidence.undated
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
    now, target = evidence.now, evidence.columns.target
    if target not in now.index:
        return []
    rows, of = int(now.loc[target, ["null", "invalid", "infinite"]].sum()), int(now.loc[target, "rows"])
    usual = evidence.usual("null")
    most = float(usual[target].max()) if target in usual else 0.0
    if rows < FEW_ROWS or rows <= (most + LABEL_JUMP) * of:
        return []
    text = f"{rows} of {of} labels that should be final ({evidence.window}) are missing"
    return [Finding(rule="missing-labels", column=target, kind="fault", rows=rows, of=of, text=text)]


def _rows(counts: pd.DataFrame) -> int:
    return int(counts.loc[ROWS, "rows"]) if ROWS in counts.index else 0

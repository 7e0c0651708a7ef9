"""Rules that find faults in the newest data: each compares them with the reference."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from driftloop.core.data.counts import COUNTS, ROWS
from driftloop.core.data.finding import Finding
from driftloop.core.dates import day
from driftloop.core.figures import percent
from driftloop.core.windows import LASTING_DAYS, day_numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from driftloop.core.data.cumulated import CumulatedProfile
    from driftloop.core.data.inspection import Inspection
    from driftloop.core.windows import Window


FEW_ROWS = 5  # fewer rows than this are never a fault of the data
FEW_SHARE = 0.01
NULL_JUMP = 0.05
LABEL_JUMP = 0.20
FRESH_JUMP = 0.20  # or half of the way to all rows, if that is less
FRESH_ALWAYS = 0.9  # a column with so many new names is an identifier of the row
STUCK_ROWS = 12
STUCK_SHARE = 0.9
USUAL_SHARE = 1 / 3


def too_few_rows(evidence: Inspection) -> Iterator[Finding]:
    """Fewer than a third of the usual rows: no decision is possible.

    Where they came and have no usable time, that is what is wrong; see `undated_rows` and `stray_rows`.
    """
    rows, usual = evidence.rows, evidence.usual_rows
    lost = evidence.undated + evidence.stray
    if lost >= FEW_ROWS and rows + lost >= usual * USUAL_SHARE:
        return
    if rows == 0 or rows < usual * USUAL_SHARE:
        text = f"{rows} rows in {evidence.window.days} days, usual are {usual:.0f}"
        yield Finding(rule="too-few-rows", column="", kind="too few", rows=rows, of=rows, text=text)


def missing_column(evidence: Inspection) -> Iterator[Finding]:
    """A declared column is not there."""
    rows = evidence.rows
    for name in sorted(evidence.absent):
        yield Finding(rule="missing-column", column=name, kind="fault", rows=rows, of=rows, text=f"{name} is missing")


def wrong_type(evidence: Inspection) -> Iterator[Finding]:
    """A column of numbers holds something else."""
    yield from _over_share(evidence, "invalid", "wrong-type", "{name} is not a number in {rows} of {of} rows")


def infinite(evidence: Inspection) -> Iterator[Finding]:
    """A column holds infinity."""
    yield from _over_share(evidence, "infinite", "infinite", "{name} is infinite in {rows} of {of} rows")


def out_of_range(evidence: Inspection) -> Iterator[Finding]:
    """Values lie far outside the reference's range, as after a change of unit, which stays wrong however long it lasts."""
    words = "{name} lies far outside its range in {rows} of {of} rows (a change of unit?)"
    yield from _over_share(evidence, "far", "out-of-range", words)


def new_category(evidence: Inspection) -> Iterator[Finding]:
    """A column holds a name that the reference lacks, and that has not become normal since; see `lasting`."""
    for found in _over_share(evidence, "unknown", "new-category", "{name} has a new category in {rows} of {of} rows"):
        since = first_unknown(evidence, found.column)
        normal = since + timedelta(days=LASTING_DAYS)
        later = (
            f" (normal from {day(normal)}, if it stays beside the known ones)" if normal > evidence.window.until else ""
        )
        yield found.model_copy(update={"text": f"{found.text}, since {day(since)}{later}"})


def first_unknown(evidence: Inspection, column: str) -> date:
    """Find the first day on which unknown names of a column were more than a few."""
    counts = evidence.profile.daily[:, evidence.profile.columns.index(column)]
    unknown, rows = (counts[:, COUNTS.index(count)] for count in ("unknown", "rows"))
    inside = evidence.profile.days < day_numbers([evidence.window.until])[0]
    first = np.argmax(inside & (unknown > 0) & (unknown >= FEW_SHARE * rows))
    return date(1970, 1, 1) + timedelta(days=int(evidence.profile.days[first]))


def _over_share(evidence: Inspection, count: str, rule: str, words: str) -> Iterator[Finding]:
    for name, counts in evidence.now.items():
        rows, of = counts[count], counts["rows"]
        if rows >= FEW_ROWS and rows >= FEW_SHARE * of:
            text = words.format(name=name, rows=rows, of=of)
            yield Finding(rule=rule, column=name, kind="fault", rows=rows, of=of, text=text)


def new_names(evidence: Inspection) -> Iterator[Finding]:
    """Far more rows than ever hold a name that is new to the whole history, in a column of many names."""
    for name, counts in evidence.now.items():
        rows, of = counts["fresh"], counts["rows"]
        most = evidence.most_fresh.get(name, 1.0) if rows >= FEW_ROWS else 1.0
        if most > FRESH_ALWAYS or rows <= (most + min(FRESH_JUMP, (1 - most) / 2)) * of:
            continue
        text = f"{name} has names never seen before in {rows} of {of} rows, at most {percent(most, 0)} before"
        yield Finding(rule="new-names", column=name, kind="fault", rows=rows, of=of, text=text)


def missing_values(evidence: Inspection) -> Iterator[Finding]:
    """More values are missing than ever in the reference."""
    for name in sorted(set(evidence.now) - {ROWS, evidence.columns.target}):
        rows, of, most = evidence.now[name]["null"], evidence.now[name]["rows"], evidence.most_null.get(name, 0.0)
        if name not in evidence.absent and rows >= FEW_ROWS and rows > (most + NULL_JUMP) * of:
            text = f"{name} is missing in {rows} of {of} rows, at most {percent(most, 0)} before"
            yield Finding(rule="missing-values", column=name, kind="fault", rows=rows, of=of, text=text)


def stuck(evidence: Inspection) -> Iterator[Finding]:
    """A number repeats itself for a whole day, as it never did in the reference."""
    now, before = (_still(evidence.profile, window) for window in (evidence.window, evidence.reference))
    for name in (name for name in now if name not in before):
        rows, of = now[name], evidence.now[name]["rows"]
        text = f"{name} repeats one value for a day or longer ({rows} of {of} rows)"
        yield Finding(rule="stuck", column=name, kind="fault", rows=rows, of=of, text=text)


def _still(profile: CumulatedProfile, window: Window) -> dict[str, int]:
    """Count repetitions on the days on which a column does little else; only columns that have such days."""
    rows, repeat = (profile.within(window)[..., COUNTS.index(count)] for count in ("rows", "repeat"))
    found = np.where((repeat >= STUCK_SHARE * rows) & (rows >= STUCK_ROWS), repeat, 0).sum(axis=0).tolist()
    return {name: repeats for name, repeats in zip(profile.columns, found, strict=True) if repeats and name != ROWS}


def duplicate_keys(evidence: Inspection) -> Iterator[Finding]:
    """The same key comes more than once; the newest row counts."""
    of = evidence.rows + evidence.duplicates
    if evidence.duplicates >= FEW_ROWS and evidence.duplicates >= FEW_SHARE * of:
        text = f"{evidence.duplicates} of {of} rows repeat a key"
        yield Finding(rule="duplicate-keys", column="", kind="fault", rows=evidence.duplicates, of=of, text=text)


def undated_rows(evidence: Inspection) -> Iterator[Finding]:
    """Timestamps cannot be read."""
    rows, of = evidence.undated, evidence.rows + evidence.undated
    if rows >= FEW_ROWS and rows >= FEW_SHARE * of:
        text = f"{rows} of {of} rows have no readable timestamp"
        yield Finding(rule="undated-rows", column="", kind="fault", rows=rows, of=of, text=text)


def stray_rows(evidence: Inspection) -> Iterator[Finding]:
    """New rows are dated long before all others."""
    rows, of = evidence.stray, evidence.rows + evidence.stray
    if rows >= FEW_ROWS and rows >= FEW_SHARE * of:
        text = f"{rows} of {of} new rows are dated long before all others, and are left out"
        yield Finding(rule="stray-rows", column="", kind="fault", rows=rows, of=of, text=text)


RULES: tuple[Callable[[Inspection], Iterator[Finding]], ...] = (
    too_few_rows,
    missing_column,
    wrong_type,
    infinite,
    out_of_range,
    new_category,
    new_names,
    missing_values,
    stuck,
    duplicate_keys,
    undated_rows,
    stray_rows,
)


def check(evidence: Inspection) -> list[Finding]:
    """Apply all rules to a window."""
    return [finding for rule in RULES for finding in rule(evidence)]


def missing_labels(evidence: Inspection) -> list[Finding]:
    """Labels are missing that should be there by now. The window here is the newest labelled one."""
    target = evidence.columns.target
    counts = evidence.now.get(target)
    if counts is None:
        return []
    rows, of = counts["null"] + counts["invalid"] + counts["infinite"], counts["rows"]
    most = evidence.most_null.get(target, 0.0)
    if rows < FEW_ROWS or (rows < of and rows <= (most + LABEL_JUMP) * of):
        return []
    what = "missing or not numbers" if counts["invalid"] else "missing"
    text = f"{rows} of {of} labels that should be final ({evidence.window}) are {what}"
    return [Finding(rule="missing-labels", column=target, kind="fault", rows=rows, of=of, text=text)]

"""How figures moved: by how much, whether that is better, and the table that says so for two revisions."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from driftloop.core.figures import figure, percent
from driftloop.core.judging.metrics import METRICS
from driftloop.report.markdown import plain, signed, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ERRORS = frozenset({"measured_error", "normal_error", "refit_error"})  # metrics/monitor.json names no metric
SMALLEST_SHARE = 0.0005  # smaller changes would read 0.0 %, and count as none
MISSING = "not there"
MOST_ROWS = 60


class Change(NamedTuple):
    """How a figure moved, in words: by how much, and whether that is better."""

    by: str
    word: str


def change(name: str, old: Any, new: Any) -> Change:
    """Describe how a metric moved; empty if a side has no number, without judgement if no direction is better."""
    if not (_number(old) and _number(new)):
        return Change("", "")
    metric, gap = re.split(r"[./:\s]", name)[-1], new - old
    better = "lower" if metric in ERRORS else METRICS[metric].better if metric in METRICS else None
    if better == "nearer zero":
        nearer = abs(old) - abs(new)
        where = "nearer 0" if nearer > 0 else "farther from 0" if nearer < 0 else "as far from 0"
        return Change(where if gap else "0", word(nearer))
    if better == "lower":
        share = gap / old if old > 0 else float(gap)
        small = abs(share) < SMALLEST_SHARE
        return Change(_amount(gap) if small or old <= 0 else _share(share), word(0 if small else -gap))
    if better == "higher":
        return Change(_amount(gap), word(gap))
    counted = (
        float(old).is_integer() and float(new).is_integer()
    )  # of flags, counts and versions no share says anything
    return Change(_amount(gap) + (f" ({_share(gap / abs(old))})" if gap and old and not counted else ""), "")


def word(better: float) -> str:
    """Name the direction: above 0 is better."""
    return "better" if better > 0 else "worse" if better < 0 else "same"


def less(gain: float) -> Change:
    """Describe the change of a loss by the share that was saved."""
    return Change(_share(-gain), word(gain)) if abs(gain) >= SMALLEST_SHARE else Change("0", "same")


def diff(rows: Iterable[tuple[str, Any, Any]], before: str, after: str, *, worded: bool = True) -> str:
    """Compare metrics in a table: name, and both values; what one side lacks (None) is counted below it.

    What is not a number is equal to nothing but itself. Not `worded`, nothing is called better or worse.
    """
    listed = list(rows)
    if not listed:
        return "No metrics on either side."
    both = [row for row in listed if None not in row]
    changed = [row for row in both if row[1] != row[2]]
    equal = len(both) - len(changed)
    rest = f"{equal} {'metric is' if equal == 1 else 'metrics are'} equal on both sides." if equal else ""
    width = 5 if worded else 4
    cells = [[name, *values(old, new), *change(name, old, new)][:width] for name, old, new in changed]
    head = ["metric", before, after, "change", ""][:width]
    lacking = [
        _lacking([name for name, _, new in listed if new is None], after),
        _lacking([name for name, old, new in listed if old is None and new is not None], f"on {before}"),
    ]
    return "\n\n".join(part for part in (shortened(head, cells) if cells else "", rest, *lacking) if part)


def _lacking(names: Sequence[str], side: str) -> str:
    """Count by file what a side has no value for: names come as `file: metric`."""
    if not names:
        return ""
    counts = Counter(name.partition(": ")[0] for name in names)
    listed = ", ".join(f"{plain(file)} {count}" for file, count in sorted(counts.items())[:MOST_ROWS])
    return f"{len(names)} {'metric has' if len(names) == 1 else 'metrics have'} no value {plain(side)}: {listed}."


def values(old: Any, new: Any) -> tuple[str, str]:
    """Write both sides, rounded unless that would make them look equal."""
    one, other = _value(old), _value(new)
    return (one, other) if one != other else (_exact(old), _exact(new))


def shortened(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table of at most this many rows, and the number of the others."""
    more = f"\n\n… and {len(rows) - MOST_ROWS} more." if len(rows) > MOST_ROWS else ""
    return table(head, rows[:MOST_ROWS]) + more


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _value(value: Any) -> str:
    """Round what is no whole number."""
    if not _number(value):
        return _exact(value)
    return f"{int(value):,}".replace("-", "−") if float(value).is_integer() else signed(value)


def _exact(value: Any) -> str:
    return MISSING if value is None else str(value).replace("-", "−") if _number(value) else str(value)


def _amount(gap: float) -> str:
    if not gap:
        return "0"
    size = f"{abs(int(gap)):,}" if float(gap).is_integer() else figure(abs(gap))
    return f"{'−' if gap < 0 else '+'}{size}"


def _share(share: float) -> str:
    return f"{'−' if share < 0 else '+'}{percent(abs(share))}"

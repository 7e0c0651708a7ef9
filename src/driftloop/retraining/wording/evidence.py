"""Markdown for people on GitHub: what the gate has measured, both sides on the same rows."""

from __future__ import annotations

import csv
import io
import itertools
import math
from datetime import date
from typing import TYPE_CHECKING

from driftloop.core.dates import day
from driftloop.core.figures import figure, percent
from driftloop.core.judging.metrics import METRICS, unit_of
from driftloop.report.diff import SMALLEST_SHARE, change, less
from driftloop.report.markdown import folded, plain, signed, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from driftloop.core.judging.verdict import Segment
    from driftloop.retraining.wording.proposal import Proposal


def same_rows(proposal: Proposal) -> str:
    """Write the metrics of both sides."""
    report, judged = proposal.report, proposal.report.verdict.judged
    both = [name for name in report.production if name in report.refit]
    if not both or judged is None:
        return ""
    rows = []
    for name in both:
        old, new = report.production[name], report.refit[name]
        moved = change(name, old, new)
        shown = percent if name in METRICS and METRICS[name].percent else signed
        rows.append([_name(name, proposal.decision.unit), shown(old), shown(new), moved.by, moved.word])
    return table([str(judged), *proposal.sides, "change", ""], rows)


def _name(metric: str, unit: str) -> str:
    shown = METRICS[metric].short if metric in METRICS else metric.replace("_", " ")
    unit = unit_of(metric, unit)
    return f"{shown}, {unit}" if unit else shown


def segments(parts: Sequence[Segment], sides: tuple[str, str] = ("production", "retrained")) -> str:
    """Write the parts of the rows, folded under the one that gains least."""
    if not parts:
        return ""
    better = [part for part in parts if part.gain >= SMALLEST_SHARE]
    least = min(parts, key=lambda part: part.gain)
    head = (
        f"Segments: {len(better)} of {len(parts)} better; least: {plain(_segment(least))}, "
        f"{figure(least.production)} → {figure(least.refit)}"
    )
    rows = [
        [_segment(part), f"{part.rows:,}", figure(part.production), figure(part.refit), less(part.gain).by,
         "blocks" if part.blocks else less(part.gain).word]
        for part in parts
    ]  # fmt: skip
    return folded(head, table(["segment", "rows", *sides, "error", ""], rows))


def _segment(part: Segment) -> str:
    value = "one private value" if part.value is None else part.value
    return f"{part.column} = {value}"


def over_time(proposal: Proposal) -> str:
    """Draw the error of each day; GitHub draws Mermaid in private repositories too, but nothing that is not a number."""
    days: dict[str, list[float]] = {"production": [], "refit": []}
    first: date | None = None
    try:
        for row in csv.DictReader(io.StringIO(proposal.days)):
            found = date.fromisoformat(row["date"])
            first = min(first or found, found)
            for side, values in days.items():
                values.append(float(row[side]))
    except (KeyError, ValueError, TypeError, csv.Error):
        return ""
    if not all(map(math.isfinite, itertools.chain(*days.values()))):
        return ""
    lines = [f"  line [{', '.join(f'{value:.4g}' for value in values)}]" for values in days.values() if values]
    count = max(map(len, days.values()))
    if first is None or len(lines) != len(days) or count < 2:  # noqa: PLR2004 a line needs two points
        return ""
    palette = '%%{init: {"themeVariables": {"xyChart": {"plotColorPalette": "#d1242f, #0969da"}}}}%%'
    axis = f'  x-axis "day, from {day(first)}" 1 --> {count}'
    chart = "\n".join(["```mermaid", palette, "xychart-beta", axis, '  y-axis "mean error"', *lines, "```"])
    old, new = proposal.sides
    return folded("Error over time", f"Red: {old}. Blue: {new}.\n\n{chart}")

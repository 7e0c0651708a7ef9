"""`driftloop versions`: every production model there ever was, as a table and as data."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from driftloop.core.dates import day
from driftloop.core.figures import figure, percent, span
from driftloop.core.text import line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from driftloop.report.dashboard.versions import Version

# What a narrow window does without, in this order.
DROPPED = ("trained on", "normal error", "gate", "asked, merged")
WIDTHS = {"in production": 22, "trained on": 20}  # in which longer words are folded
MOST_LETTERS = 16  # of a name
UNKNOWN = "–"


def table(found: Sequence[Version], console: Console, *, now: datetime, metric: str, unit: str) -> Table:
    """Set the versions in a table, newest first; columns that do not fit the window are left out.

    Parameters
    ----------
    found
        The versions, newest first.
    console
        Where it is shown.
    now
        Until when the present one has lived.
    metric, unit
        Which normal error is shown, and what it is measured in.
    """
    columns = {
        "model": [_name(each) for each in found],
        "in production": [_life(each, now) for each in found],
        "trained on": [_training(each) for each in found],
        "normal error": [_normal(each, metric, unit) for each in found],
        "gate": [_gate(each) for each in found],
        "asked, merged": [_people(each) for each in found],
    }
    for name in (None, *DROPPED):
        columns.pop(name or "", None)
        out = Table(box=None, pad_edge=False, header_style="bold", leading=1)
        for shown in columns:
            out.add_column(shown, no_wrap=shown not in WIDTHS, max_width=WIDTHS.get(shown))
        for row in zip(*columns.values(), strict=True):
            out.add_row(*(Text(cell) for cell in row))  # as texts: a name in brackets is no markup
        if console.measure(out).maximum <= console.width:
            break
    return out


def data(found: Sequence[Version], *, now: datetime) -> list[dict[str, Any]]:
    """Return the same as values for JSON."""
    rows = []
    for each in found:
        row = asdict(each) | {"days": _days(each, now)}
        row["since"], row["until"] = (moment and moment.isoformat() for moment in (each.since, each.until))
        row["trained"] = each.trained.model_dump(mode="json") if each.trained else None
        row["gain"] = each.gain.model_dump(mode="json") if each.gain else None
        rows.append(row)
    return rows


def _name(each: Version) -> str:
    return f"v{each.number}" + (f"\n(v{each.restores})" if each.restores else "\n(again)" if each.returned else "")


def _life(each: Version, now: datetime) -> str:
    days = _days(each, now)
    lived = f"{days} day{'' if days == 1 else 's'}"
    return f"{day(each.since.astimezone(UTC).date())}, {lived}\n{each.ended or 'is production'}"


def _days(each: Version, now: datetime) -> int:
    return max(0, ((each.until or now) - each.since).days)


def _training(each: Version) -> str:
    return f"{each.trained or UNKNOWN}\n{f'{each.rows:,} rows' if each.rows else ''}".rstrip()


def _normal(each: Version, metric: str, unit: str) -> str:
    return f"{figure(each.normal_error[metric])}\n{line(unit)}".rstrip() if metric in each.normal_error else UNKNOWN


def _gate(each: Version) -> str:
    return f"{percent(each.gain.estimate)} less error\n({span(each.gain)})" if each.gain else UNKNOWN


def _people(each: Version) -> str:
    sides = ((each.asked_by, each.issue), (each.merged_by, each.pull))
    return "\n".join(
        ", ".join(part for part in (_short(line(who)), f"#{number}" if number else "") if part) or UNKNOWN
        for who, number in sides
    )


def _short(name: str) -> str:
    return name if len(name) <= MOST_LETTERS else f"{name[: MOST_LETTERS - 1]}…"

"""`driftloop versions`: every production model there ever was, as a table and as data."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from driftloop.core.dates import day
from driftloop.core.figures import figure, less_error
from driftloop.core.judging.metrics import METRICS
from driftloop.core.text import line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from driftloop.report.dashboard.versions import Version

NORMAL = "normal\nerror"
# What a narrow window does without, in this order.
DROPPED = ("trained on", NORMAL, "gate", "asked, merged")
WIDTHS = {"in production": 22, "trained on": 20}  # in which longer words are folded
WIDEST = 500
MOST_LETTERS = 14  # of a name
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
        NORMAL: [figure(each.normal_error.get(metric)) for each in found],
        "gate": [_gate(each) for each in found],
        "asked, merged": [_people(each) for each in found],
    }
    for name in (None, *DROPPED):
        columns.pop(name or "", None)
        out = Table(box=None, padding=(0, 1, 0, 0), header_style="bold", caption_justify="left")
        if NORMAL in columns:
            out.caption = Text(f"normal error: {METRICS[metric].name}{f' in {line(unit)}' if unit else ''}")
        for shown in columns:
            out.add_column(shown, no_wrap=shown not in WIDTHS, max_width=WIDTHS.get(shown))
        for row in zip(*columns.values(), strict=True):
            out.add_row(*(Text(cell) for cell in row))  # as texts: a name in brackets is no markup
        if Measurement.get(console, console.options.update(max_width=WIDEST), out).maximum <= console.width:
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


def _gate(each: Version) -> str:
    said, _, interval = less_error(each.gain).partition(" (") if each.gain else (UNKNOWN, "", "")
    return f"{said}\n{interval.rstrip(')').replace(' interval', ':')}".rstrip()


def _people(each: Version) -> str:
    sides = ((each.asked_by, each.issue), (each.merged_by, each.pull))
    return "\n".join(
        ", ".join(part for part in (_short(line(who)), f"#{number}" if number else "") if part) or UNKNOWN
        for who, number in sides
    )


def _short(name: str) -> str:
    return name if len(name) <= MOST_LETTERS else f"{name[: MOST_LETTERS - 1]}…"

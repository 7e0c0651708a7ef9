"""Charts as SVG that fits any width without a script.

An outer `<svg>` has the width of the page and holds text and marks, whose places across are per cent; within it lies a
stretched one of 1,000 units that holds lines and areas. So letters and dots keep their size and form. All of it is styled by
classes, as the page's policy allows no style of an element. `data-x` repeats a place as a share, for the script.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, log10
from typing import TYPE_CHECKING

from markupsafe import Markup

from driftloop.core.figures import figure

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from driftloop.core.windows import Window

WIDE = 1_000  # units across of the stretched part
HEADROOM = 1.08
TEXT_BELOW = 20  # pixels for dates
LEVELS = (1.0, 1.5, 2.0)  # of a heat map, in units of the alarm limit
FEWEST_TICKS_APART = 0.09


@dataclass(frozen=True)
class Days:
    """The days that a chart covers, as places from 0 to 1."""

    since: date
    until: date

    def at(self, day: date) -> float:
        """Place the beginning of a day."""
        return (day - self.since).days / max(1, (self.until - self.since).days)

    def middle(self, window: Window) -> float:
        """Place the middle of a window."""
        return (self.at(window.since) + self.at(window.until)) / 2


@dataclass(frozen=True)
class Heights:
    """Values as pixels from above, from 0 up to `top`; `room` pixels above that are left to text."""

    top: float
    pixels: int
    room: int = 0

    def at(self, value: float) -> float:
        """Place a value."""
        return round(self.pixels - (self.pixels - self.room) * value / self.top, 1)


def heights(values: Iterable[float | None], pixels: int, room: int = 0) -> Heights:
    """Choose a scale that ends somewhat above the largest of these values."""
    most = max((value for value in values if value is not None), default=0.0)
    return Heights(top=(most or 1.0) * (1 if room else HEADROOM), pixels=pixels, room=room)


def ticks(top: float, count: int = 3) -> list[float]:
    """Choose round values above 0 and up to `top`, about so many.

    >>> ticks(97), ticks(0.8), ticks(8.4)
    ([25.0, 50.0, 75.0], [0.2, 0.4, 0.6, 0.8], [2.5, 5.0, 7.5])
    """
    if not top > 0:
        return []
    rough = top / (count + 1)
    power = 10.0 ** floor(log10(rough))
    step = next(each * power for each in (1, 2, 2.5, 5, 10) if each * power >= rough * 0.999)
    return [round(step * place, 12) for place in range(1, floor(top / step * 1.000001) + 1)]


def months(days: Days, most: int = 12) -> list[tuple[float, str, bool]]:
    """Choose first days of months: place, name, and whether a narrow screen leaves it out."""
    found: list[tuple[float, str]] = []
    year, month = days.since.year, days.since.month
    length = max(1, (days.until.year - year) * 12 + days.until.month - month)
    step = next((each for each in (1, 2, 3, 6, 12) if length / each <= most), 12 * (length // 144 + 1))
    while (first := days.since.replace(year=year, month=month, day=1)) < days.until:
        if first >= days.since and (month - 1) % min(step, 12) == 0:
            named = f"{first:%b %Y}" if month == 1 or not found else f"{first:%b}"
            found.append((days.at(first), named))
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)  # noqa: PLR2004 - months
    return [
        (place, name, bool(number % 2))
        for number, (place, name) in enumerate(found)
        if place < 1 - FEWEST_TICKS_APART / 2
    ]


def line(points: Sequence[tuple[float, float]]) -> str:
    """Give the path of a line through points: places across, pixels down."""
    return "M" + "L".join(f"{_number(WIDE * x)} {_number(y)}" for x, y in points) if points else ""


def lines(points: Sequence[tuple[float, float] | None]) -> str:
    """Give the path of a line that has gaps where there is no point; a single point becomes a short dash."""
    parts: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if point is None:
            parts.append([])
        else:
            parts[-1].append(point)
    return "".join(line(part if len(part) > 1 else [*part, *part]) for part in parts if part)


def path(d: str, kind: str) -> str:
    """Draw a path of the stretched part."""
    return f'<path class="{kind}" d="{d}"/>' if d else ""


def block(since: float, until: float, top: float, bottom: float, kind: str) -> str:
    """Draw a rectangle of the stretched part."""
    x, wide = _number(WIDE * since), _number(WIDE * max(0.0, until - since))
    return (
        f'<rect class="{kind}" x="{x}" y="{_number(top)}" width="{wide}" height="{_number(max(0.0, bottom - top))}"/>'
    )


def level(y: float, kind: str) -> str:
    """Draw a horizontal line."""
    return f'<path class="{kind}" d="M0 {_number(y)}H{WIDE}"/>'


def text(x: float, y: float, said: str, kind: str, *, moves: bool = True) -> str:
    """Write at a place across; `moves` says that it belongs to a day, and moves with the range that is shown."""
    place = f' data-x="{x:.4f}"' if moves else ""
    return f'<text class="{kind}" x="{100 * x:.2f}%" y="{_number(y)}"{place}>{Markup.escape(said)}</text>'


def dot(x: float, y: float, kind: str, radius: float = 3) -> str:
    """Draw a dot."""
    return f'<circle class="{kind}" cx="{100 * x:.2f}%" cy="{_number(y)}" r="{radius}" data-x="{x:.4f}"/>'


def rule(x: float, top: float, bottom: float, kind: str) -> str:
    """Draw a vertical line."""
    at = f"{100 * x:.2f}%"
    return f'<line class="{kind}" x1="{at}" x2="{at}" y1="{_number(top)}" y2="{_number(bottom)}" data-x="{x:.4f}"/>'


def chart(stretched: str, fixed: str, *, pixels: int, name: str, dates: bool = True, kind: str = "") -> Markup:
    """Put a chart together."""
    tall = pixels + (TEXT_BELOW if dates else 0)
    return Markup(  # noqa: S704 - what is not ours in it was escaped where it was put in
        f'<svg class="chart {kind}" role="img" height="{tall}" aria-label="{Markup.escape(name)}">'
        f'<svg class="plot" width="100%" height="{pixels}" viewBox="0 0 {WIDE} {pixels}" preserveAspectRatio="none">{stretched}</svg>'
        f"{fixed}</svg>"
    )


def dates(days: Days, y: float) -> str:
    """Write the months."""
    return "".join(
        text(max(place, 0.0), y, name, "date wide" if narrow else "date") for place, name, narrow in months(days)
    )


def grid(scale: Heights, unit: str = "", count: int = 3) -> tuple[str, str]:
    """Draw lines at round values, and write these above them: the stretched part, and the other."""
    found = ticks(scale.top, count)
    drawn = "".join(level(scale.at(value), "grid") for value in [0.0, *found])
    last = len(found) - 1
    said = [f"{figure(value)} {unit}".rstrip() if place == last else figure(value) for place, value in enumerate(found)]
    return drawn, "".join(
        text(0, scale.at(value) - 4, each.replace(".0", "") if value >= 10 else each, "tick", moves=False)  # noqa: PLR2004
        for value, each in zip(found, said, strict=True)
    )


def sparkline(
    values: Sequence[float | None], *, name: str = "", pixels: int = 28, limit: float | None = None, top: float = 0
) -> Markup:
    """Draw values at equal distances, and a limit; without a name it only repeats what stands beside it."""
    said = f'role="img" aria-label="{Markup.escape(name)}"' if name else 'aria-hidden="true"'
    scale = heights([*values, limit, top], pixels)
    last = max(1, len(values) - 1)
    marked = f'<path class="limit" d="M0 {_number(scale.at(limit))}h{last}"/>' if limit is not None else ""
    drawn = path(_steps([None if value is None else round(scale.at(value)) for value in values]), "line")
    return Markup(  # noqa: S704 - what is not ours in it is escaped
        f'<svg class="chart spark" {said} height="{pixels}" '
        f'viewBox="0 0 {last} {pixels}" preserveAspectRatio="none">{marked}{drawn}</svg>'
    )


def _steps(heights: Sequence[int | None]) -> str:
    """Give the path of values one unit apart, as short as can be: there are many of them.

    >>> _steps([5, 5, 5, 3, 4, None, 2])
    'M0 5h2l1-2l1 1M6 2h0'
    """
    found, before, same = "", None, 0  # `same`: units of one height that are still to be written
    for place, height in enumerate([*heights, None]):
        if height is not None and height == before:
            same += 1
            continue
        if same:
            found += f"h{same}"
        elif before is not None and height is None and found.endswith(f"M{place - 1} {before}"):
            found += "h0"  # a single point, which round ends make visible
        if height is not None:
            found += f"M{place} {height}" if before is None else f"l1 {height - before}"
        before, same = height, 0
    return found.replace(" -", "-")


def histograms(now: Sequence[float], then: Sequence[float], *, name: str, pixels: int = 96) -> Markup:
    """Draw two distributions over the same bins: one as bars, the other as an outline."""
    scale = Heights(top=(max([*now, *then, 0.0]) or 1.0) * HEADROOM, pixels=pixels)
    count = max(1, len(now))
    filled = "".join(
        f"M{_number(WIDE * (place + 0.08) / count)} {pixels}V{scale.at(share)}H{_number(WIDE * (place + 0.92) / count)}V{pixels}Z"
        for place, share in enumerate(now)
        if share
    )
    outline = f"M0 {pixels}" + "".join(
        f"V{scale.at(share)}H{_number(WIDE * (place + 1) / count)}" for place, share in enumerate(then)
    ) + f"V{pixels}"  # fmt: skip
    drawn = level(pixels, "grid") + f'<path class="now" d="{filled}"/><path class="then" d="{outline}"/>'
    return chart(drawn, "", pixels=pixels, name=name, dates=False, kind="pair")


def strip(levels: Sequence[float | None]) -> Markup:
    """Draw one row of a heat map, a path per level of runs of weeks; what is usual is left out.

    >>> print(strip([0.2, 1.2, 1.3, None, 2.5]))
    <svg class="strip" viewBox="0 0 5 1" preserveAspectRatio="none" aria-hidden="true"><path class="l1" d="M1 0h2v1h-2z"/><path class="l3" d="M4 0h1v1h-1z"/></svg>
    """
    heats = [sum(value >= edge for edge in LEVELS) if value is not None else 0 for value in levels]
    found = dict.fromkeys(range(1, len(LEVELS) + 1), "")
    place = 0
    while place < len(heats):
        end = place + 1
        while end < len(heats) and heats[end] == heats[place]:
            end += 1
        if heats[place]:
            found[heats[place]] += f"M{place} 0h{end - place}v1h-{end - place}z"
        place = end
    drawn = "".join(path(d, f"l{heat}") for heat, d in found.items())
    return Markup(  # noqa: S704 - numbers
        f'<svg class="strip" viewBox="0 0 {max(1, len(heats))} 1" preserveAspectRatio="none" aria-hidden="true">{drawn}</svg>'
    )


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")

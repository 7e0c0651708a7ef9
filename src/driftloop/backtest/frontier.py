"""The frontier as a picture: loss against alerts a year, each rule a point. A self-contained SVG."""

from __future__ import annotations

from html import escape
from math import ceil, floor, log10
from typing import TYPE_CHECKING

from driftloop.core.judging.metrics import unit_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from driftloop.core.backtest.figures import Figures

WIDTH, HEIGHT = 900, 460
LEFT, RIGHT, TOP, BOTTOM = 70, 330, 50, 60  # margins; the names stand on the right
TICKS = 5
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-size: 16px; font-weight: 600 }
.axis { stroke: #59636e; stroke-width: 1 }
.grid { stroke: #d1d9e0; stroke-width: 1 }
.point { fill: #0969da } .standing { fill: #fff; stroke: #0969da; stroke-width: 2 } .end { fill: #59636e }
.leader { stroke: #8c959f; stroke-width: 1; fill: none }
rect { fill: #fff }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } rect, .standing { fill: #0d1117 } .grid { stroke: #30363d } .axis { stroke: #9198a1 }
  .point { fill: #4493f8 } .standing { stroke: #4493f8 } .end { fill: #9198a1 }
}
"""


def svg(lines: Sequence[Figures], *, unit: str, metric: str) -> str:
    """Draw the frontier.

    Parameters
    ----------
    lines
        Figures by rule; "always" asks nobody and stands at zero alerts.
    unit, metric
        For the vertical axis.
    """
    xs = [line.alerts_a_year for line in lines]
    across, up = _ticks(0, max([*xs, 1.0])), _ticks(min(line.loss for line in lines), max(line.loss for line in lines))

    def place(x: float, y: float) -> tuple[float, float]:
        wide, high = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
        return (
            LEFT + wide * (x - across[0]) / (across[-1] - across[0]),
            TOP + high * (1 - (y - up[0]) / (up[-1] - up[0])),
        )

    shown = unit_of(metric, unit)
    label = f"mean loss, {shown}" if shown else f"mean {metric}"
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="t d">',
        '<title id="t">Loss against alerts a year</title>',
        f'<desc id="d">{escape(_described(lines))}</desc>',
        f"<style>{STYLE}</style>",
        f'<rect width="{WIDTH}" height="{HEIGHT}"/>',
        f'<text class="title" x="{LEFT}" y="28">Loss against alerts a year</text>',
    ]
    for value in across:
        x, y = place(value, up[0])
        out.append(f'<text x="{x:.1f}" y="{y + 20:.1f}" text-anchor="middle">{value:g}</text>')
    for value in up:
        x, y = place(across[0], value)
        out.append(f'<line class="grid" x1="{x:.1f}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}"/>')
        out.append(f'<text x="{x - 8:.1f}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>')
    x, y = place(across[0], up[0])
    out.append(f'<line class="axis" x1="{x:.1f}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}"/>')
    out.append(f'<text x="{LEFT}" y="{HEIGHT - 16}">alerts a year that asked to retrain</text>')
    out.append(f'<text x="{LEFT}" y="{TOP - 8}">{escape(label)}</text>')
    out += _points([(line, *place(x, line.loss)) for line, x in zip(lines, xs, strict=True)])
    return "\n".join([*out, "</svg>"]) + "\n"


def _points(places: Sequence[tuple[Figures, float, float]]) -> list[str]:
    """Draw points, and their names to the right in the order of their height, so that none covers another."""
    order = sorted(places, key=lambda one: (one[2], one[1]))
    gap = min(20.0, (HEIGHT - TOP - 10) / max(1, len(order)))
    heights: list[float] = []
    for _, _, y in order:
        heights.append(max(y, heights[-1] + gap) if heights else max(y, TOP))
    beyond = max(0.0, heights[-1] - (HEIGHT - 12))
    for index in range(len(heights) - 1, -1, -1):  # push names that fell off the bottom up again
        most = heights[index + 1] - gap if index + 1 < len(heights) else heights[index] - beyond
        heights[index] = min(heights[index], most)
    out = []
    for (line, x, y), height in zip(order, heights, strict=True):
        kind = "end" if line.policy in ("always", "never") else "standing" if line.standing_days else "point"
        edge = WIDTH - RIGHT + 20
        out.append(
            f'<path class="leader" d="M{x + 6:.1f} {y:.1f} L{edge - 8:.1f} {height:.1f} L{edge - 2} {height:.1f}"/>'
        )
        out.append(
            f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="5"><title>{escape(line.name)}</title></circle>'
        )
        out.append(f'<text x="{edge + 2}" y="{height + 4:.1f}">{escape(line.name)}</text>')
    return out


def _described(lines: Sequence[Figures]) -> str:
    return "; ".join(f"{line.name}: {line.loss:.4g} at {line.alerts_a_year:.1f} alerts a year" for line in lines)


def _ticks(low: float, high: float) -> list[float]:
    """Return round values that enclose a range."""
    span = (high - low) or max(abs(high), 1.0)
    size = 10 ** floor(log10(span / TICKS))
    step = next(size * factor for factor in (1, 2, 5, 10) if span / (size * factor) <= TICKS)
    first, last = floor(low / step), ceil(high / step)
    last = max(last, first + 1)
    return [float(f"{number * step:.12g}") for number in range(first, last + 1)]

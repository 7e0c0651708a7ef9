"""The charts of the page, from its facts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from markupsafe import Markup

from driftloop.core.dates import day
from driftloop.core.figures import figure
from driftloop.report.dashboard import history, svg

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from driftloop.core.overview.values import StepError
    from driftloop.report.dashboard.facts import Facts

ERROR, WAITING = 188, 62  # pixels
ROOM, ROOM_BELOW = 22, 16  # of them, above the largest value
LABEL = 11  # pixels from above
EARLY = 0.5  # up to here a label stands right of its mark, as it has room there on narrow screens


def days(facts: Facts) -> svg.Days | None:
    """Choose the days that the chart of errors covers; None where there is nothing to draw."""
    steps = facts.steps
    if not steps:
        return None
    return svg.Days(steps[0].window.since, facts.decision.until)


def error(facts: Facts, span: svg.Days) -> Markup:
    """Draw production's error, the band that is normal, the refits, and what happened."""
    steps, overview = facts.steps, facts.overview
    values = [value for step in steps for value in (step.production, step.refit)]
    scale = svg.heights([*values, overview.high, facts.decision.normal_error], ERROR, ROOM)
    lines, ticks = svg.grid(scale, facts.unit)
    known = max(steps[-1].window.until, facts.decision.labelled_until) if steps else facts.decision.labelled_until
    stretched, fixed = _band(facts, span, scale) + lines, ticks
    for step in steps:
        if step.faulty:
            stretched += svg.block(span.at(step.window.since), span.at(step.window.until), 0, ERROR, "fault")
    if known < span.until:
        stretched += svg.block(span.at(known), 1, ROOM, ERROR, "unknown")
    stretched += svg.path(svg.lines(_points(steps, span, scale, lambda step: step.refit)), "refit")
    stretched += svg.path(svg.lines(_points(steps, span, scale, lambda step: step.production)), "production")
    for step in steps:
        fixed += svg.dot(
            span.middle(step.window), scale.at(step.production), "production" + " left-out" * step.faulty, 2.5
        )
    fixed += _marks(facts, span) + svg.dates(span, ERROR + 15)
    name = f"Error per step from {day(span.since)} to {day(span.until)}; the table below has its figures"
    return svg.chart(stretched, fixed, pixels=ERROR, name=name, kind="error")


def _band(facts: Facts, span: svg.Days, scale: svg.Heights) -> str:
    low, high, normal = facts.overview.low, facts.overview.high, facts.decision.normal_error
    since = span.at(facts.overview.steps[0].window.since) if facts.overview.steps else 0.0
    found = ""
    if low is not None and high is not None:
        found += svg.block(since, 1, scale.at(high), scale.at(low), "band")
    if normal:
        x = round(svg.WIDE * since)
        found += f'<path class="normal" d="M{x} {scale.at(normal)}H{svg.WIDE}"/>'
    return found


def _points(
    steps: Sequence[StepError], span: svg.Days, scale: svg.Heights, value: Callable[[StepError], float | None]
) -> list[tuple[float, float] | None]:
    """Place a line's points; where a step is missing the line has a gap."""
    found: list[tuple[float, float] | None] = []
    for place, step in enumerate(steps):
        if place and step.window.since - steps[place - 1].window.until >= timedelta(days=1):
            found.append(None)
        here = value(step)
        found.append(None if here is None else (span.middle(step.window), scale.at(here)))
    return found


def _marks(facts: Facts, span: svg.Days) -> str:
    """Mark promotions, the days on which an alert was raised, and since when it has been as it is now."""
    found, until = "", facts.decision.until
    versions = facts.versions
    for version in versions:
        at = version.trained.until if version.trained else None
        if at and span.since <= at < until and len(versions) > 1:
            found += svg.rule(span.at(at), 0, ERROR, "promotion") + svg.text(
                span.at(at), LABEL, f"v{version.number}", "mark"
            )
    for raised in history.alerts(facts.runs):
        if span.since <= raised < until:
            found += svg.dot(span.at(raised), ROOM - 5, "raised", 3.5)
    since, decision = facts.decision.since, facts.decision
    if decision.alert and since and span.since <= since < until:
        x = span.at(since)
        found += svg.rule(x, 0, ERROR, "alert") + svg.text(
            x, LABEL, f"{decision.status} since {day(since)}", "mark alert" + " early" * (x < EARLY)
        )
    return found


def waiting(facts: Facts, span: svg.Days) -> Markup | None:
    """Draw the cost of waiting against its threshold; None where it is not known."""
    steps, alert_at = facts.steps, facts.decision.alert_at_days
    if all(step.waiting is None for step in steps):
        return None
    scale = svg.heights([*(step.waiting for step in steps), alert_at], WAITING, ROOM_BELOW)
    bars = "".join(
        svg.block(span.at(step.window.since), span.at(step.window.until), scale.at(step.waiting), WAITING, "cost" + " over" * (step.waiting >= alert_at))
        for step in steps
        if step.waiting
    )  # fmt: skip
    drawn = svg.level(WAITING, "grid") + bars + svg.level(scale.at(alert_at), "limit")
    said = svg.text(0, scale.at(alert_at) - 4, f"alert at {alert_at:g}", "tick", moves=False)
    return svg.chart(drawn, said, pixels=WAITING, name="Cost of waiting per step", dates=False, kind="waiting")


def readings(facts: Facts, span: svg.Days) -> list[tuple[float, str]]:
    """Say what the chart shows at each step, for the read-out: place across, words."""
    unit = f" {facts.unit}" if facts.unit else ""
    found = []
    for step in facts.steps:
        said = f"{step.window}: production {figure(step.production)}{unit}"
        said += f", refit {figure(step.refit)}" if step.refit is not None else ""
        said += f", waiting {step.waiting:.1f}" if step.waiting is not None else ""
        found.append((round(span.middle(step.window), 4), f"{said}{', faulty data' if step.faulty else ''}"))
    return found


def week_axis(facts: Facts) -> Markup:
    """Draw the months under the heat map."""
    if not facts.overview.weeks:
        return Markup("")
    span = svg.Days(facts.overview.weeks[0], facts.overview.until)
    return svg.chart("", svg.dates(span, 14), pixels=0, name="Months", kind="axis")

"""What was measured of production, in sentences. `show` makes the unit safe for where they are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftloop.core.dates import day, last
from driftloop.core.figures import figure, less_error, percent
from driftloop.core.judging.metrics import METRICS, unit_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from driftloop.core.decision.values import BlamedInput, BlamedSegment, Decision

WEEK = 7
ABOUT_NORMAL = 0.05  # so near to normal nobody calls it more or less
PARTS = {
    0.1: "a tenth",
    0.2: "a fifth",
    0.25: "a quarter",
    1 / 3: "a third",
    0.4: "two fifths",
    0.5: "half",
    0.6: "three fifths",
    2 / 3: "two thirds",
    0.75: "three quarters",
    0.9: "nine tenths",
}
HARDLY, NEARLY_ALL, MOST = 0.05, 0.95, 0.6
MOST_NAMED = 4  # inputs
MOST_BLAMED = 2  # inputs, and segments, in a sentence
NO_PROOF = "this moved when the error rose, which proves no cause"
PLACES = {1: "matters most", 2: "matters second most", 3: "matters third most"}


def each(decision: Decision) -> str:
    """Describe how often there is a refit."""
    return "weekly" if decision.step_days == WEEK else f"every {decision.step_days} days"


def refits(decision: Decision) -> str:
    """Name the refits that production is compared with."""
    return "weekly refits" if decision.step_days == WEEK else f"refits {each(decision)}"


def amount(value: float | None, decision: Decision, show: Callable[[str], str] = str) -> str:
    """Write an error, with the target's unit where the metric has it."""
    unit = unit_of(decision.metric, show(decision.unit))
    return f"{figure(value)} {unit}".rstrip()


def error(decision: Decision, show: Callable[[str], str] = str) -> str:
    """Describe how large the error is: `Mean absolute error is 84.6 rentals/hour, 2.7 times normal (31.1).`"""
    if decision.error is None:
        return ""
    name = METRICS[decision.metric].name if decision.metric in METRICS else show(decision.metric)
    return f"{name[:1].upper()}{name[1:]} is {against_normal(decision, show)}."


def against_normal(decision: Decision, show: Callable[[str], str] = str) -> str:
    """Write the error, and how it compares with normal."""
    found, normal = decision.error.estimate if decision.error else 0.0, decision.normal_error
    said = amount(found, decision, show)
    if normal is None:
        return f"{said}; what is normal is not known"
    if not normal:
        return f"{said}; normal is none"
    ratio = found / normal
    if abs(ratio - 1) < ABOUT_NORMAL:
        return f"{said}, about normal ({figure(normal)})"
    return (
        f"{said}, {ratio:.1f} times normal ({figure(normal)})"
        if ratio > 1
        else f"{said}, below normal ({figure(normal)})"
    )


def with_faults(decision: Decision, show: Callable[[str], str] = str) -> str:
    """Describe the error where days with faulty data count as well; empty where there are none."""
    found = decision.with_faults
    if found is None:
        return ""
    steps = ("week" if decision.step_days == WEEK else "step") + ("" if found.steps == 1 else "s")
    on = "on faulty data alone" if decision.error is None else f"with {found.steps} {steps} of faulty data"
    return f"{amount(found.error.estimate, decision, show)} {on}, {found.judged}"


def normal(decision: Decision, show: Callable[[str], str] = str) -> str:
    """Describe what is normal; empty if that is not known."""
    return f"Its normal error is {amount(decision.normal_error, decision, show)}." if decision.normal_error else ""


def refitted(decision: Decision) -> str:
    """Describe what refits did on the same days."""
    gain, judged = decision.recent_gain, decision.judged
    if gain is None or judged is None or decision.refit_error is None:
        return ""
    name, better = refits(decision), less_error(gain)
    return (
        f"{name[:1].upper()}{name[1:]} had {figure(decision.refit_error)} over the same {judged.days} labelled days, to "
        f"{last(judged.until)}: {better}."
    )


def share_of_rise(decision: Decision) -> str:
    """Describe how much of the rise above normal the refits avoided; retraining does not help with the rest."""
    if decision.error is None or not decision.normal_error or decision.refit_error is None:
        return ""
    found = decision.error.estimate
    rise, won = found - decision.normal_error, found - decision.refit_error
    if rise < ABOUT_NORMAL * decision.normal_error:
        return "Error is not above normal, but refits did better." if won > 0 else ""
    share = won / rise
    if share <= 0:
        return "So retraining would not have helped: look for what changed."
    if share < HARDLY:
        return "So retraining would hardly have helped: look for what changed."
    if share >= NEARLY_ALL:
        return "So retraining would have undone the whole rise."
    part = PARTS[min(PARTS, key=lambda known: abs(known - share))]
    said = f"So retraining would have undone about {part} of the rise"
    return f"{said}." if share > MOST else f"{said}: look for what else changed."


def inputs(decision: Decision) -> str:
    """Describe how many inputs are shifted, and that this alone is no reason to retrain; empty if nothing is known."""
    drift, inputs = decision.drift, decision.inputs
    if decision.policy == "evidently" and drift.share is not None:
        return f"{drift.drifted} of {drift.columns} columns shifted by Evidently's rule"
    if not inputs.columns:
        return ""
    if not inputs.shifted:
        return f"none of {inputs.columns} columns shifted beyond what is usual for it"
    names = ", ".join(inputs.shifted[:MOST_NAMED]) + ("…" if len(inputs.shifted) > MOST_NAMED else "")
    return f"{len(inputs.shifted)} of {inputs.columns} columns shifted ({names}): no reason to retrain by itself"


def blamed(decision: Decision, show: Callable[[str], str] = str) -> list[str]:
    """Name what moved when the error rose, the most likely first; empty where nothing stands out."""
    found = decision.blame
    named = [f"{show(each.name)} ({moved(each)})" for each in found.inputs[:MOST_BLAMED]]
    return [*named, *(f"{show(each.name)} {carried(each)}" for each in found.segments[:MOST_BLAMED])]


def moved(each: BlamedInput) -> str:
    """Say since when an input is unusual, and how much it matters."""
    return f"unusual since {day(each.since)}, {PLACES.get(each.place, f'matters less than {each.place - 1} others')}"


def carried(each: BlamedSegment) -> str:
    """Say how much of the added error lies in a segment: `carries 62 % of the added error since 3 Mar 2025, 40 % if …`."""
    since = f" since {day(each.since)}" if each.since else ""
    return (
        f"carries {percent(each.share, 0)} of the added error{since} ({percent(each.usual, 0)} if all had risen alike)"
    )

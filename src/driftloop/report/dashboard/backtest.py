"""The part of the page about the backtest: what the loop would have told, and what other settings would have cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from driftloop.core.dates import day
from driftloop.core.figures import figure, percent
from driftloop.report import retold
from driftloop.report.dashboard import svg

if TYPE_CHECKING:
    from collections.abc import Mapping

    from markupsafe import Markup

    from driftloop.core.backtest.figures import Figures
    from driftloop.core.backtest.results import Compared, Retelling
    from driftloop.core.decision.values import Decision

TALL, ROOM, BELOW = 200, 18, 26  # pixels: of the picture, above its highest point, and below its lowest
BESIDE = 0.06  # of the width, left of the first point and right of the last
SAME_X, SAME_Y = 0.03, 11  # of the width, and pixels: nearer points share a label
MOST_TOLD = 40


@dataclass(frozen=True)
class Results:
    """What backtests have left; None where there is none, or one of another model or metric.

    Attributes
    ----------
    retold
        What the loop would have told under the settings of then.
    compared
        Figures of all rules.
    numbers
        metrics/backtest.json: figures under the settings of then.
    """

    retold: Retelling | None = None
    compared: Compared | None = None
    numbers: Mapping[str, float] | None = None


def section(results: Results, decision: Decision) -> dict[str, Any] | None:
    """Prepare the part; None where there is nothing to show."""
    about = (decision.model, decision.metric)
    told = results.retold if results.retold and (results.retold.model, results.retold.metric) == about else None
    rules = (
        results.compared if results.compared and (results.compared.model, results.compared.metric) == about else None
    )
    closing = retold.closing(told) if told else _summary(results.numbers or {})
    if not closing and not rules:
        return None
    return {
        "closing": closing,
        "told": [(day(each.day), each.headline, "; ".join(retold.then(each, told))) for each in told.told[-MOST_TOLD:]]
        if told
        else [],
        "compared": rules,
        "rules": [_row(place, line, decision) for place, line in enumerate(rules.rules, start=1)] if rules else [],
        "picture": picture(rules.rules, decision) if rules else None,
    }


def picture(rules: tuple[Figures, ...], decision: Decision) -> Markup:
    """Draw each rule as a numbered point: alerts a year across, error upwards."""
    most = max([*(line.alerts_a_year for line in rules), 1.0])
    low, high = min(line.loss for line in rules), max(line.loss for line in rules)

    def across(alerts: float) -> float:
        return BESIDE + (1 - 2 * BESIDE) * alerts / most

    def down(loss: float) -> float:
        return ROOM + (TALL - ROOM - BELOW) * (high - loss) / ((high - low) or 1.0)

    drawn = "".join(svg.level(down(line.loss), "grid") for line in rules if _is_end(line)) + svg.level(TALL, "grid")
    fixed = "".join(
        svg.text(0, down(line.loss) - 4, f"{line.name} {figure(line.loss)}", "tick", moves=False)
        for line in rules
        if line.policy in ("always", "never") and _is_end(line)
    )
    points = [(across(line.alerts_a_year), down(line.loss), place) for place, line in enumerate(rules, start=1)]
    shown = sorted(point for point in points if not _is_end(rules[point[2] - 1]))
    for x, y, place in shown:
        line = rules[place - 1]
        kind = "own" if _is_own(line, decision) else "standing" if line.standing_days else "rule"
        fixed += svg.dot(x, y, kind, 4)
    fixed += "".join(svg.text(x, y + 4, said, "mark", moves=False) for x, y, said in _labels(shown))
    fixed += "".join(
        svg.text(across(value), TALL + 15, f"{value:g}", "date", moves=False) for value in (0.0, *svg.ticks(most))
    )
    return svg.chart(
        drawn, fixed, pixels=TALL, name="Error against alerts a year; the table has its figures", kind="frontier"
    )


def _labels(points: list[tuple[float, float, int]]) -> list[tuple[float, float, str]]:
    """Number the points, which are in order; those that lie upon each other share a label.

    >>> _labels([(0.1, 20.0, 5), (0.1, 24.0, 9), (0.1, 60.0, 7)])
    [(0.1, 22.0, '5, 9'), (0.1, 60.0, '7')]
    """
    groups: list[list[tuple[float, float, int]]] = []
    for point in points:
        near = groups and abs(point[0] - groups[-1][-1][0]) < SAME_X and abs(point[1] - groups[-1][-1][1]) < SAME_Y
        if near:
            groups[-1].append(point)
        else:
            groups.append([point])
    return [
        (group[0][0], sum(y for _, y, _ in group) / len(group), ", ".join(str(place) for *_, place in group))
        for group in groups
    ]


def _summary(numbers: Mapping[str, float]) -> str:
    """Sum up metrics/backtest.json, which does not say in which unit its loss is."""
    below, above, asks = (numbers.get(name) for name in ("below_never", "above_always", "alerts_a_year"))
    if below is None or above is None or asks is None:
        return ""
    return (
        f"Under the settings of the last backtest, with {asks:.1f} questions a year: error {retold.against_never(below)}, "
        f"{retold.against_always(above, 'retraining at every run')}."
    )


def _row(place: int, line: Figures, decision: Decision) -> dict[str, Any]:
    asks = line.policy not in ("always", "never")
    return {
        "place": place,
        "name": line.name,
        "own": _is_own(line, decision),
        "loss": figure(line.loss),
        "above": f"{100 * line.above_always:+.1f} %",
        "alerts": f"{line.alerts_a_year:.1f}" if asks else "–",
        "actions": f"{line.actions_a_year:.1f}" if asks else "–",
        "useful": percent(line.useful, 0) if asks and line.useful is not None else "–",
    }


def _is_end(line: Figures) -> bool:
    """Whether it is always or never of the first training window; those of another window are points like others."""
    return line.name in ("always", "never")


def _is_own(line: Figures, decision: Decision) -> bool:
    """Whether it is what the decision goes by; several calendars cannot be told apart."""
    return (
        line.policy == decision.policy != "calendar"
        and line.alert_at_days == decision.alert_at_days
        and not line.standing_days
        and not line.name.startswith("window ")
    )

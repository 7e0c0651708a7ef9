"""Choose the `monitor` settings that a backtest recommends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from driftloop.core.figures import figure, percent
from driftloop.core.judging.metrics import unit_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from driftloop.core.backtest.figures import Figures
    from driftloop.params import Params

ALIKE = 0.01  # losses closer than this are no reason for more alerts


class Recommendation(BaseModel):
    """What a backtest recommends.

    Attributes
    ----------
    monitor
        A section for params.yaml.
    keep_fresh, from_start
        Whether alerts are best answered by a standing approval, and whether it is best given without waiting for one.
    reason
        Why.
    warning
        What people who retrain rarely should know; None where it is not so.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    monitor: dict[str, Any]
    keep_fresh: bool = False
    from_start: bool = False
    reason: str
    warning: str | None = None

    @property
    def advice(self) -> list[str]:
        """What no parameter holds: how alerts are best answered, and what is worse than it looks."""
        answer = "answer alerts with the label keep-fresh: one label allows refreshes for some weeks"
        now = "run driftloop approve now: it allows fresh models for some weeks, and then you are asked again"
        found = [now if self.from_start else answer] if self.keep_fresh else []
        return [*found, f"warning: {self.warning}"] if self.warning else found


def recommend(lines: Sequence[Figures], params: Params, *, alerts_a_year: float) -> Recommendation:
    """Choose, among the rules that the loop has, the smallest loss for at most a given number of alerts a year.

    Losses within 1 % of the smallest count as equal; among them the fewest alerts win, then what params.yaml says.

    Parameters
    ----------
    lines
        Figures of all rules.
    params
        For the unit, and the training window that the rules share.
    alerts_a_year
        Alerts to retrain that people will answer; the others come of the data, whatever the rule.
    """
    always = next(line for line in lines if line.policy == "always")
    never = next(line for line in lines if line.policy == "never")
    shown = unit_of(params.evaluate.metric, params.data.target_unit)
    unit = f" {shown}" if shown else ""
    ends = f"{figure(always.loss)}{unit} retrained at every run, {figure(never.loss)} never retrained"
    there = [
        line
        for line in lines
        if line.policy not in ("always", "never")
        and line.merged in (False, params.retrain.standing_merge)
        and line.train_days == params.windows.train_days
    ]
    within = [line for line in there if line.alerts_a_year <= alerts_a_year] or [min(there, key=_asks)]
    best = min(line.loss for line in within)
    chosen = min(
        (line for line in within if line.loss <= best * (1 + ALIKE)),
        key=lambda one: (about_model(one), not _is_own(one, params), one.loss),
    )
    monitor: dict[str, Any] = {"policy": chosen.policy}
    if chosen.policy == "avoidable_loss":
        monitor["alert_at_days"] = chosen.alert_at_days
    if chosen.policy == "calendar":
        monitor["calendar_days"] = chosen.calendar_days
    found: dict[str, Any] = {"monitor": monitor, "warning": _rarely(there, never)}
    found |= {"keep_fresh": chosen.standing_days > 0, "from_start": chosen.from_start}
    cost = f"mean error {figure(chosen.loss)}{unit} at {chosen.alerts_a_year:.1f} questions a year ({ends})"
    if never.loss <= always.loss * (1 + ALIKE):
        return Recommendation(**found, reason=f"retraining hardly mattered on this history: {cost}")
    budget = f"the smallest error for at most {alerts_a_year:g} questions a year"
    if chosen.loss >= never.loss:
        most = "by more than 1 %" if best < never.loss else ""
        reason = f"no rule with so few questions beat never retraining {most}".strip()
        return Recommendation(**found, reason=f"{reason}: {cost}")
    if chosen.alerts_a_year > alerts_a_year:
        budget = f"no rule stays within {alerts_a_year:g} questions a year; this one has the fewest"
    kept = percent((never.loss - chosen.loss) / (never.loss - always.loss), 0) if never.loss > always.loss else "none"
    return Recommendation(**found, reason=f"{budget}: {cost}; {kept} of what retraining can save")


def _rarely(lines: Sequence[Figures], never: Figures) -> str | None:
    """Name the rule that retrains once per answer and did worse than never retraining, the worst one."""
    worse = [line for line in lines if not line.standing_days and line.loss > never.loss * (1 + ALIKE)]
    if not worse:
        return None
    worst = max(worse, key=lambda line: line.loss)
    return (
        f"{worst.name}: {percent(worst.loss / never.loss - 1)} more error than without any retraining. A model that is replaced "
        "rarely is old most of the time, and it was fitted just when the data was unusual: keep it fresh, or leave it"
    )


def _is_own(line: Figures, params: Params) -> bool:
    """Whether params.yaml has this rule already."""
    own = params.monitor
    if line.policy == "avoidable_loss":
        return (own.policy, own.alert_at_days) == (line.policy, line.alert_at_days)
    return own.policy == line.policy and (line.policy != "calendar" or own.calendar_days == line.calendar_days)


def _asks(line: Figures) -> float:
    return line.alerts_a_year


def about_model(line: Figures) -> float:
    """Count the alerts a year that are not about broken data."""
    return line.alerts_a_year + line.degraded_a_year

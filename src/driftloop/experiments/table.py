"""Experiments side by side, best first, in Markdown. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from driftloop.core.judging.outcomes import OUTCOMES
from driftloop.report.diff import less
from driftloop.report.markdown import plain, signed, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from driftloop.core.judging.verdict import Report

MOST_SAID = 300


@dataclass(frozen=True)
class Tried:
    """What came of an experiment.

    Attributes
    ----------
    text
        Its overrides; empty for main's own recipe.
    report
        The gate's; None if it failed.
    error
        Why it failed.
    """

    text: str
    report: Report | None
    error: str = ""

    @property
    def loss(self) -> float | None:
        """Mean loss of its weekly refits on the judged rows."""
        return self.report.verdict.refit if self.report else None


def best(main: Tried, tried: Sequence[Tried]) -> Tried | None:
    """Return the experiment with the smallest error among those that the gate would promote, if it beats main's recipe.

    All are judged on the same rows; one that was judged on others is not compared.
    """
    own = main.loss
    rows = main.report.verdict.rows if main.report else 0
    good = [
        (each.loss, place)
        for place, each in enumerate(tried)
        if each.report
        and each.loss is not None
        and each.report.verdict.outcome == "promote"
        and (own is None or (each.loss < own and each.report.verdict.rows == rows))
    ]
    return tried[min(good)[1]] if good else None


def text(main: Tried, tried: Sequence[Tried], unit: str) -> str:
    """Write the table, smallest error first, with what failed and what the figures do not say."""
    ordered = sorted((each for each in [main, *tried] if each.report), key=_loss)
    rows = [_row(each, main) for each in ordered]
    shown = table(
        ["recipe", f"error{f', {unit}' if unit else ''}", "against main's", "against production", "gate"], rows
    )
    failed = [f"- {plain(each.text)}: failed: {plain(each.error[:MOST_SAID])}" for each in tried if not each.report]
    judged = main.report.verdict.judged if main.report else None
    days = f"Mean error of weekly refits, {judged}, the same rows for all. " if judged else ""
    many = "The best of several looks better than it is: it was chosen on these rows. " if len(tried) > 1 else ""
    return "\n\n".join(part for part in (shown, "\n".join(failed), f"{days}{many}".strip()) if part)


def _loss(each: Tried) -> float:
    return float("inf") if each.loss is None else each.loss


def _row(each: Tried, main: Tried) -> list[str]:
    if each.report is None or (found := each.report.verdict).refit is None:
        return [_named(each), "", "", "", OUTCOMES[each.report.verdict.outcome].answer if each.report else ""]
    own = main.loss
    against = "" if each is main or not own else less(1 - found.refit / own).by
    gain = f"{less(found.gain.estimate).by}" if found.gain else ""
    return [_named(each), signed(found.refit), against, gain, OUTCOMES[found.outcome].answer]


def _named(each: Tried) -> str:
    return each.text or "main"

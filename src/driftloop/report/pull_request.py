"""Markdown for people on GitHub: the pull request of a new model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftloop.core.wording import less_error, percent, span
from driftloop.report import judged, provenance
from driftloop.report.markdown import cut, figure, fit, last, plain, quiet
from driftloop.report.texts import simulated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from driftloop.report.proposal import Proposal


def title(proposal: Proposal) -> str:
    """Say in one line what is proposed."""
    gain, version = proposal.report.verdict.gain, proposal.before.version
    less = f", {less_error(gain).partition(' (')[0]}" if gain else ""
    made_up = " (simulated data)" if proposal.decision.simulated else ""
    return f"{quiet(proposal.decision.model)}: v{version} → v{version + 1}{less}{made_up}"


def body(proposal: Proposal) -> str:
    """Say why, on what evidence, what is still wrong, what exactly ships, and how to undo it."""
    return fit(
        [
            (f"**Better.** {_sentence(proposal)} Closes #{proposal.issue}.", 0),
            (simulated(proposal.decision), 0),
            (judged.same_rows(proposal), 0),
            (judged.segments(proposal.report.verdict.segments), 2),
            ("\n".join(_points(proposal)), 0),
            (judged.over_time(proposal), 3),
            (provenance.across(proposal), 4),
            (provenance.against_main(proposal), 5),
            (provenance.params(proposal), 6),
            (provenance.versions(proposal), 1),
            (provenance.reproduce(proposal), 1),
        ]
    )


def check_title(proposal: Proposal) -> str:
    """Name the gate's verdict for a check run."""
    verdict = proposal.report.verdict
    return less_error(verdict.gain)[:250] if verdict.gain else verdict.outcome


def check_summary(proposal: Proposal) -> str:
    """Say in a check run why the gate decided so."""
    return cut("\n\n".join(map(plain, proposal.report.verdict.reasons)))


def _sentence(proposal: Proposal) -> str:
    verdict = proposal.report.verdict
    if not verdict.gain:
        return f"{plain(verdict.reasons[0])}."
    needed = percent(verdict.needed or 0)
    return (
        f"Error falls {percent(verdict.gain.estimate)} ({span(verdict.gain)}; needed: lower end above {needed}) on "
        f"{verdict.rows:,} rows that neither side had seen."
    )


def _points(proposal: Proposal) -> Iterator[str]:
    bias, card, verdict = proposal.report.refit.get("bias"), proposal.after, proposal.report.verdict
    if bias is not None:
        unit = plain(proposal.decision.unit) or "on average"
        yield f"- **Still wrong:** predicts {figure(abs(bias))} too {'many' if bias > 0 else 'few'} {unit}."
    if card and card.trained:
        same = "the same recipe trained" if verdict.fresh else "the very model that was judged, trained"
        tested = (
            f" The table tests it on each step with labels from at least {proposal.label_delay_days} days earlier."
            if verdict.fresh
            else ""
        )
        yield f"- **You merge** {same} to {last(card.trained.until)} ({card.rows:,} rows).{tested}"
    yield "- **Measured, not a forecast.** Unknown: labels after " + last(proposal.decision.labelled_until) + "."
    yield "- **Undo:** revert this pull request (its button, or `git revert` of the merge)."

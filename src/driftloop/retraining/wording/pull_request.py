"""Markdown for people on GitHub: the pull request of a new model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftloop.alerting.wording import simulated, too_low
from driftloop.core.dates import last
from driftloop.core.figures import less_error, percent, span
from driftloop.core.judging.comparing import MARGIN
from driftloop.core.judging.outcomes import OUTCOMES
from driftloop.report import diff, error_lines
from driftloop.report.markdown import cut, fit, plain, quiet
from driftloop.retraining.wording import evidence, provenance
from driftloop.retraining.wording.proposal import BY_LOOP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from driftloop.retraining.wording.proposal import Proposal


CHECKS = "- **Checks:** where none run here, a maintainer starts them with *Approve workflows to run*."
UNDO = "- **Undo:** revert this pull request (its button, or `git revert` of the merge)."


def title(proposal: Proposal) -> str:
    """Describe in one line what is proposed."""
    gain, version = proposal.report.verdict.gain, proposal.before.version
    less = f", {less_error(gain).partition(' (')[0]}" if gain else ""
    made_up = " (simulated data)" if proposal.decision.simulated else ""
    return f"{quiet(proposal.decision.model)}: v{version} → v{proposal.version}{less}{made_up}"


def body(proposal: Proposal) -> str:
    """Describe the reason, the evidence, what is still wrong, what exactly ships, and how to undo it."""
    return fit(
        [
            (lead(proposal), 0),
            (simulated(proposal.decision), 0),
            (evidence.same_rows(proposal), 0),
            (evidence.segments(proposal.report.verdict.segments), 2),
            ("\n".join(_points(proposal)), 0),
            (evidence.over_time(proposal), 3),
            (provenance.params(proposal), 4),
            (provenance.versions(proposal), 1),
            (provenance.reproduce(proposal), 1),
        ]
    )


def lead(proposal: Proposal) -> str:
    """Return the verdict with its figures, and what it answers."""
    answer = (
        OUTCOMES[proposal.report.verdict.outcome].answer if proposal.is_better else "Fresh, and not shown to be better."
    )
    return f"**{answer}** {_sentence(proposal)} Closes #{proposal.issue}."


def check_title(proposal: Proposal) -> str:
    """Name the gate's verdict for a check run."""
    verdict = proposal.report.verdict
    return less_error(verdict.gain)[:250] if verdict.gain else verdict.outcome


def check_summary(proposal: Proposal) -> str:
    """Explain the gate's decision in a check run."""
    return cut("\n\n".join(map(plain, proposal.report.verdict.reasons)))


def _sentence(proposal: Proposal) -> str:
    verdict = proposal.report.verdict
    if not verdict.gain:
        reason = verdict.reasons[0]
        return f"{plain(reason[:1].upper() + reason[1:])}."
    if not proposal.is_better:
        said = f"{less_error(verdict.gain)} on {verdict.rows:,} rows that neither side had seen"
        return f"{said[:1].upper()}{said[1:]}: within the approval it may be worse by up to {percent(MARGIN, 0)}."
    return (
        f"Error was {percent(verdict.gain.estimate)} lower ({span(verdict.gain)}; it had to be at least "
        f"{percent(verdict.needed or 0)}) on {verdict.rows:,} rows that neither side had seen."
    )


def _points(proposal: Proposal) -> Iterator[str]:
    if given := proposal.approval:
        until = f"data to {last(given.until)}"
        yield f"- **Kept fresh:** approved by {plain(given.by)} for {until}. While this is open, newer models replace it here."
        if proposal.is_merged_by_loop:
            yield f"- **Who merges:** the loop. {BY_LOOP}"
    yield from normal(proposal)
    yield from still_wrong(proposal)
    if (card := proposal.after) and card.trained:
        same = "the same recipe trained" if proposal.report.verdict.fresh else "the very model that was judged, trained"
        late = proposal.label_delay_days
        delay = f" (labels take {late} day{'s' if late > 1 else ''})" if late else ""
        tested = (
            " It has learned the days in the table, so it cannot be judged on them. The table judges its recipe: refits, "
            f"each on days after the last label that it knew{delay}."
            if proposal.report.verdict.fresh and proposal.report.verdict.judged
            else ""
        )
        who = "The loop merges" if proposal.is_merged_by_loop else "You merge"
        yield f"- **{who}** {same} to {last(card.trained.until)} ({card.rows:,} rows).{tested}"
    if proposal.dashboard:
        yield f"- **Over time:** error and cost of waiting on the [dashboard]({proposal.dashboard}#error)."
    yield f"- **Measured, not a forecast.** Unknown: labels after {last(proposal.decision.labelled_until)}."
    yield from _of_main(proposal)
    yield CHECKS
    yield UNDO


def normal(proposal: Proposal) -> Iterator[str]:
    """Describe the normal error that later alerts are measured by: merging changes it."""
    metric, version = proposal.decision.metric, proposal.before.version
    new = proposal.after.normal_error.get(metric) if proposal.after else None
    if new is None:
        return
    shown, old = error_lines.amount(new, proposal.decision, plain), proposal.before.normal_error.get(metric)
    was = f"; for v{version} it was {error_lines.amount(old, proposal.decision, plain)}" if old is not None else ""
    yield f"- **What becomes normal:** {shown} is the normal error of v{proposal.version}, by which alerts are judged after the merge{was}."


def still_wrong(proposal: Proposal) -> Iterator[str]:
    """Describe by how much the proposed model is off on average."""
    if (bias := proposal.report.refit.get("bias")) is not None:
        yield f"- **Still wrong:** {too_low(bias, proposal.decision)}."


def _of_main(proposal: Proposal) -> Iterator[str]:
    """Explain the one figure of `dvc metrics diff` that both sides have: main's is about older rows."""
    name = f"production: {proposal.decision.metric}"
    if name in proposal.main and name in proposal.promote:
        old, new = diff.values(proposal.main[name], proposal.promote[name])
        yield f"- **`dvc metrics diff`** shows {plain(name)} {old} → {new}. The figure of main is of older rows."

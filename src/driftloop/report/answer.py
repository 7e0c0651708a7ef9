"""Markdown for people on GitHub: what is answered on the alert on which retraining was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftloop.core.wording import less_error
from driftloop.report import judged, provenance, pull_request
from driftloop.report.markdown import day, fit, folded, last, plain
from driftloop.report.texts import simulated

if TYPE_CHECKING:
    from driftloop.report.proposal import Proposal

VERDICTS = {
    "promote": "Better.",
    "keep production": "Not better: production stays.",
    "not comparable yet": "Not comparable yet: production stays.",
    "not enough data": "Not enough data to judge: production stays.",
}


def proposed(number: int) -> str:
    """Say where the answer is."""
    return f"**Proposed in #{number}.** Production stays as it is until somebody merges."


def by_hand(proposal: Proposal, link: str) -> str:
    """Say how a person opens the pull request that the token may not open."""
    lead = (
        f"**A better model is ready: [open the pull request]({link})** (branch `{proposal.branch}`, "
        f"{less_error(proposal.report.verdict.gain) if proposal.report.verdict.gain else 'judged better'}). "
        "This repository does not let Actions open it: Settings → Actions → General → Allow GitHub Actions to create and "
        "approve pull requests. Production stays as it is until somebody merges."
    )
    return fit([(lead, 0), (folded("Its text", pull_request.body(proposal)), 1)])


def again(base: str, main: str) -> str:
    """Say that main has moved so that the result no longer holds."""
    return (
        f"**To be done again.** While the model was retrained on `{base[:12]}`, main moved to `{main[:12]}`, and code, "
        "parameters or results that it rests on changed. Nothing is proposed: set the label `retrain-model` again."
    )


def refusal(proposal: Proposal) -> str:
    """Say why nothing is proposed, with the numbers."""
    verdict = proposal.report.verdict
    until = proposal.report.until
    lead = "The data is faulty: production stays." if verdict.faults else VERDICTS[verdict.outcome]
    parts = [
        (f"**{lead}** Retrained on request with data to {last(until)}.", 0),
        (simulated(proposal.decision), 0),
        ("\n".join(f"- {plain(reason[0].upper() + reason[1:])}." for reason in verdict.reasons), 0),
        (judged.same_rows(proposal), 0),
        (judged.segments(verdict.segments), 2),
        (_what_now(proposal), 0),
        (provenance.reproduce(proposal), 1),
    ]
    return fit(parts)


def _what_now(proposal: Proposal) -> str:
    verdict = proposal.report.verdict
    if verdict.faults:
        return "**Do:** fix the data, then set the label `retrain-model` again."
    if verdict.comparable_from:
        return f"**Do:** set the label `retrain-model` again when data reaches {day(verdict.comparable_from)}."
    if verdict.outcome == "not enough data":
        return "**Do:** wait for labels, then set the label `retrain-model` again."
    return (
        "**Do:** nothing, or look for what changed: new columns, another recipe (`dvc exp run -S …`). The candidate was "
        "discarded. Set the label `retrain-model` again to judge anew with more data."
    )

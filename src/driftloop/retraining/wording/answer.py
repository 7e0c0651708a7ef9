"""Markdown for people on GitHub: what is answered on the alert on which retraining was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftloop.alerting.wording import MOST_FINDINGS, simulated
from driftloop.core.dates import day, last
from driftloop.core.figures import less_error
from driftloop.core.judging.gate import BROKEN
from driftloop.core.judging.outcomes import OUTCOMES
from driftloop.report.markdown import fit, folded, plain
from driftloop.retraining.wording import evidence, provenance, pull_request
from driftloop.retraining.wording.proposal import BY_LOOP

if TYPE_CHECKING:
    from collections.abc import Iterable

    from driftloop.core.judging.verdict import Report
    from driftloop.retraining.wording.proposal import Proposal


NEXT_RUN = "the model is kept fresh, and the loop tries again with newer data"


def proposed(proposal: Proposal, number: int) -> str:
    """Link the proposal, and state who merges it."""
    if proposal.is_merged_by_loop:
        return f"**Proposed in #{number}.** {BY_LOOP}"
    return f"**Proposed in #{number}.** Production stays as it is until somebody merges."


def by_hand(proposal: Proposal, link: str) -> str:
    """Explain how a person opens the pull request if the token may not."""
    gain, kind = proposal.report.verdict.gain, "better" if proposal.is_better else "fresh"
    lead = (
        f"**A {kind} model is ready: [open the pull request]({link})** (branch `{proposal.branch}`, "
        f"{less_error(gain) if gain else f'judged {kind}' if proposal.is_better else 'not compared yet'}). "
        "This repository does not let Actions open it: Settings → Actions → General → Allow GitHub Actions to create and "
        "approve pull requests. Production stays as it is until somebody merges."
    )
    return fit([(lead, 0), (folded("Its text", pull_request.body(proposal)), 1)])


def again(proposal: Proposal, main: str) -> str:
    """State that the result no longer holds because main has changed."""
    to_do = NEXT_RUN if proposal.approval else "set the label `retrain-model` again"
    return (
        f"**To be done again.** While the model was retrained on `{proposal.base[:12]}`, main moved to `{main[:12]}`, and "
        f"code, parameters or results that it rests on changed. Nothing is proposed: {to_do}."
    )


def verdict(report: Report) -> str:
    """Describe on the page of a run what the gate found, and what follows."""
    found = report.verdict
    texts = OUTCOMES[found.outcome]
    lead = f"**{_faulty(found.faults) or texts.answer}**"
    said = f"{lead} Retrained with data to {last(report.until)}. {texts.follows}."
    return f"{said}\n\n{_listed(found.reasons[1 if found.faults else 0 :])}".strip()


def refusal(proposal: Proposal) -> str:
    """Explain why nothing is proposed, with the numbers; for faulty data name the fault instead of the gate's verdict."""
    found, until = proposal.report.verdict, proposal.report.until
    faulty = _faulty(found.faults)
    lead = f"**{faulty or OUTCOMES[found.outcome].answer}** Retrained on request with data to {last(until)}."
    seen = [(_listed(found.reasons), 0), (evidence.same_rows(proposal), 0), (evidence.segments(found.segments), 2)]
    if faulty:
        inside = "\n\n".join(text for text in (_listed(found.reasons[1:]), *(text for text, _ in seen[1:])) if text)
        seen = [(_listed(found.faults[1:MOST_FINDINGS]), 0), (folded(_seen(proposal), inside), 2)]
    return fit(
        [
            (lead, 0),
            (simulated(proposal.decision), 0),
            *seen,
            (_what_now(proposal), 0),
            (provenance.reproduce(proposal), 1),
        ]
    )


def _faulty(faults: tuple[str, ...]) -> str:
    return f"{_capital(faults[0])}: production stays." if faults else ""


def _seen(proposal: Proposal) -> str:
    """Name the days that the gate judged; the newest days are most often the faulty ones, and lie after them."""
    found = proposal.report.verdict
    days = f", {found.judged}" if found.judged else ""
    inside = any(fault.startswith(BROKEN) for fault in found.faults)
    return f"What the gate saw, faulty days included{days}" if inside else f"What the gate saw before the fault{days}"


def _listed(reasons: Iterable[str]) -> str:
    return "\n".join(f"- {_capital(reason)}." for reason in reasons)


def _capital(reason: str) -> str:
    return plain(f"{reason[:1].upper()}{reason[1:]}")


def _what_now(proposal: Proposal) -> str:
    verdict = proposal.report.verdict
    if proposal.approval:
        return f"**Do:** nothing: {NEXT_RUN}. Until something is proposed, this is not repeated here."
    if verdict.faults:
        return "**Do:** fix the data, then set the label `retrain-model` again."
    known = verdict.comparable_from  # where it is not known, there is nothing to compare with
    when = f"data reaches {day(known)}" if known else "there is a production model"
    return f"**Do:** {OUTCOMES[verdict.outcome].to_do.format(when=when)}"

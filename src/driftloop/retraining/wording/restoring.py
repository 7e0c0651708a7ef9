"""Markdown for people on GitHub: the pull request that brings an earlier version back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftloop.alerting.wording import simulated
from driftloop.core.dates import last
from driftloop.core.figures import less_error
from driftloop.report.markdown import fit, folded, plain, quiet
from driftloop.retraining.wording import evidence, provenance, pull_request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from driftloop.retraining.wording.proposal import Proposal


def title(proposal: Proposal) -> str:
    """Describe in one line what is proposed."""
    made_up = " (simulated data)" if proposal.decision.simulated else ""
    versions = f"v{proposal.before.version} → v{proposal.version}"
    return f"{quiet(proposal.decision.model)}: {versions}, which is v{proposal.restores} again{made_up}"


def body(proposal: Proposal) -> str:
    """Describe what comes back, how it does on the newest rows beside the present version, and how to undo it."""
    return fit(
        [
            (lead(proposal), 0),
            (simulated(proposal.decision), 0),
            (evidence.same_rows(proposal), 0),
            (evidence.segments(proposal.report.verdict.segments, proposal.sides), 2),
            ("\n".join(_points(proposal)), 0),
            (provenance.params(proposal), 4),
            (provenance.versions(proposal), 1),
            (_reproduce(proposal), 1),
        ]
    )


def lead(proposal: Proposal) -> str:
    """Say what comes back, and what the gate says of it."""
    verdict, (new, old) = proposal.report.verdict, proposal.sides
    said = f"**Brings {old} back, as v{proposal.version}.**"
    if verdict.gain:
        said += (
            f" On {verdict.rows:,} rows that neither had seen, {old} made {less_error(verdict.gain)} than {new}. "
            f"{'That passes the gate.' if verdict.outcome == 'promote' else 'The gate would not promote it: that is for you to weigh.'}"
        )
    else:
        said += f" The gate cannot judge it: {plain(verdict.reasons[0])}."
    return said


def by_hand(proposal: Proposal, link: str) -> str:
    """Explain how a person opens the pull request if the token may not."""
    return (
        f"**The rollback to v{proposal.restores} is ready: [open the pull request]({link})** (branch `{proposal.branch}`). "
        "This repository does not let Actions open it: Settings → Actions → General → Allow GitHub Actions to create and "
        "approve pull requests. Production stays as it is until somebody merges."
    )


def _points(proposal: Proposal) -> Iterator[str]:
    if proposal.faults:
        yield f"- **The newest data is faulty:** {plain(proposal.faults[0])}."
    yield from pull_request.normal(proposal)
    yield from pull_request.still_wrong(proposal)
    if (card := proposal.after) and card.trained and proposal.before.trained:
        days = (proposal.before.trained.until - card.trained.until).days
        age = f", {days} days before v{proposal.before.version}" if days > 0 else ""
        yield (
            f"- **You merge** the model file of v{card.restores} as it was, trained to {last(card.trained.until)}{age} "
            f"({card.rows:,} rows)."
        )
    yield f"- **Measured, not a forecast.** Unknown: labels after {last(proposal.decision.labelled_until)}."
    yield (
        "- **After the merge** an open alert stays open until Monitor has measured the new version. Retraining goes on with "
        "the recipe in params.yaml."
    )
    yield pull_request.CHECKS
    yield pull_request.UNDO


def _reproduce(proposal: Proposal) -> str:
    run = f"[The run that compared]({proposal.run_url})\n\n" if proposal.run_url else ""
    lines = [
        f"git fetch origin {proposal.branch}",
        "git checkout FETCH_HEAD~1   # the newest data, production as it is",
        f"dvc repro && driftloop rollback --to v{proposal.restores}",
        "dvc repro",
    ]
    return folded("Reproduce", f"{run}```sh\n" + "\n".join(lines) + "\n```")

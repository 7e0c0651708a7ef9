"""Markdown for people on GitHub: the notes of a release."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from driftloop.report.markdown import plain

if TYPE_CHECKING:
    from driftloop.core.models.card import Card

# Subjects that GitHub writes when it merges, and when it squashes.
MERGED = re.compile(r"^Merge pull request #(\d+) |\(#(\d+)\)$")


def notes(card: Card, *, replaced: int, subject: str) -> str:
    """Describe a version: what it is, what it replaces, and where it was proposed.

    Parameters
    ----------
    card
        Production's card.
    replaced
        Version before it; 0 where none is known.
    subject
        First line of the commit that made it production.
    """
    verdict = card.verdict or {}
    reasons = [plain(str(each)) for each in verdict.get("reasons", ())]
    pull = MERGED.search(subject)
    came = [f"Replaces v{replaced}."] if 0 < replaced < card.version else []
    came += [f"Proposed in #{pull[1] or pull[2]}."] if pull else []
    judged = [f"Verdict: {plain(str(verdict.get('outcome')))}; {'; '.join(reasons)}."] if reasons else []
    trained = f"Trained on {card.rows:,} rows, {card.trained}. Model file: SHA-256 `{card.sha256}`."
    last = "The tag holds code, parameters, data hashes and model together."
    return "\n\n".join(part for part in (" ".join(came), *judged, trained, last) if part)


def summary(name: str, url: str) -> str:
    """Link the release on the page of a run."""
    return f"Released [{plain(name)}]({url})."

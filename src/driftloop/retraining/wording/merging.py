"""Texts about a merge by the loop within a standing approval."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftloop.core.dates import last
from driftloop.report.markdown import plain

if TYPE_CHECKING:
    from driftloop.core.decision.approval import Approval


def message(title: str, approval: Approval) -> str:
    """Write the text of the merge commit."""
    return f"{title}\n\nMerged by the loop within the standing approval by {approval.by}, for data to {last(approval.until)}."


def merged(number: int, version: int, approval: Approval) -> str:
    """State on the alert who merged, and by whose approval."""
    return (
        f"**v{version} is production: #{number} was merged by the loop** within the approval by {plain(approval.by)} for data "
        f"to {last(approval.until)}."
    )


def refused(number: int, why: str) -> str:
    """State on the alert that GitHub did not let the loop merge."""
    return (
        f"**Proposed in #{number}, and not merged by the loop:** {plain(why.rstrip('.'))}. Production stays as it is until "
        "somebody merges it. The next run of Monitor tries again."
    )

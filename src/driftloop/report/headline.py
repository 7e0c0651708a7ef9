"""How the model is, in one line: the same on the screen, in the title of the alert and on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftloop.core.decision.statuses import STATUSES

if TYPE_CHECKING:
    from driftloop.core.decision.statuses import Headline
    from driftloop.core.decision.values import Decision


def unmeasured(decision: Decision) -> bool:
    """Whether the model only looks healthy because its error could not be measured yet."""
    return STATUSES[decision.status].unmeasured is not None and decision.error is None


def headline(decision: Decision) -> Headline:
    """Choose the headline; a model whose error was not measured is never called healthy."""
    texts = STATUSES[decision.status]
    found = texts.headline
    if texts.unmeasured and decision.error is None:
        found = texts.unmeasured
    elif texts.by_policy and decision.policy != "avoidable_loss":
        found = texts.by_policy
    if unmeasured(decision) and decision.with_faults and decision.status == "healthy":
        found = found._replace(more="all newest labels that v{version} has not seen are of days with faulty data")
    return found._replace(more=found.more.format(version=decision.version, policy=decision.policy))


def for_screen(decision: Decision) -> str:
    """Write it in capitals, with what follows from it."""
    found = headline(decision)
    return f"{found.name.upper()}: {found.more}" if found.more else found.name.upper()


def for_title(decision: Decision) -> str:
    """Write it as the rest of a sentence that begins with the model."""
    found = headline(decision)
    return f"{found.said}: {found.more}" if found.more else found.said

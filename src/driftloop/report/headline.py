"""How the model is, in one line: the same on the screen, in the title of the alert and on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from driftloop.core.decision.values import Decision, Status


class Headline(NamedTuple):
    """What is said of a model.

    Attributes
    ----------
    name
        One to four words, for the screen.
    said
        The same as the predicate of a sentence about the model.
    more
        What follows from it, or why it is so; may be empty.
    """

    name: str
    said: str
    more: str = ""


HEADLINES: Mapping[Status, Headline] = {
    "healthy": Headline("healthy", "is healthy"),
    "watch": Headline("watch", "is healthy", "inputs moved, error did not"),
    "outdated": Headline("outdated", "is outdated", "retraining would have paid"),
    "degraded": Headline("degraded", "is degraded", "error is up, investigate"),
    "data fault": Headline("data fault", "gets faulty data", "fix the data, do not retrain"),
    "insufficient data": Headline("insufficient data", "gets too little data to be judged"),
    "no production": Headline("no production model yet", "has no production model yet"),
}


def unmeasured(decision: Decision) -> bool:
    """Say whether nothing speaks against the model only since its error could not be measured yet."""
    return decision.status in ("healthy", "watch") and decision.error is None


def headline(decision: Decision) -> Headline:
    """Say how the model is; nobody calls it healthy where no error was measured."""
    if unmeasured(decision):
        if decision.status == "watch":
            return Headline("watch", "is not measured yet", "inputs moved, error is not known yet")
        unseen = f"no usable labels that v{decision.version} has not seen"
        return Headline("not measured yet", "is not measured yet", unseen)
    if decision.status == "outdated" and decision.policy != "avoidable_loss":
        return Headline("outdated", "is outdated", f"retraining is due by the policy {decision.policy}")
    return HEADLINES[decision.status]


def for_screen(decision: Decision) -> str:
    """Write it in capitals, with what follows from it."""
    found = headline(decision)
    return f"{found.name.upper()}: {found.more}" if found.more else found.name.upper()


def for_title(decision: Decision) -> str:
    """Write it as the rest of a sentence that begins with the model."""
    found = headline(decision)
    return f"{found.said}: {found.more}" if found.more else found.said

"""Answers to requests to retrain that were refused or failed: people look at the alert, and not at the runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftloop.alerting.labels import Label
from driftloop.github.values import has
from driftloop.retraining import standing, train
from driftloop.retraining.answering import MARKER

if TYPE_CHECKING:
    from driftloop.github.hub import Hub
    from driftloop.github.runtime import Runtime


def text(run_url: str) -> str:
    """Write the comment."""
    run = f"[The run]({run_url})" if run_url else "The run"
    return (
        f"**Retraining failed.** Production is as it was. {run} says which step failed, and what to do about it. Then "
        f"re-run its failed jobs, or take the label `{Label.RETRAIN}` or `{Label.KEEP_FRESH}` off and set it again."
    )


def tell(hub: Hub, number: int, model: str, run_url: str) -> str:
    """Comment on an alert of the loop, in the place where the answer to the request goes, and say what was done."""
    issue = hub.issue(number)
    waits = issue.open or has(
        issue.labels, Label.KEEP_FRESH
    )  # the first merge closes the alert of a model that is kept fresh
    if not waits or not standing.is_ours(issue, model, hub.login()):
        return f"nothing to tell: #{number} is no open alert of {model}"
    hub.comment(number, f"{MARKER}\n{text(run_url)}", marker=MARKER, author=hub.login())
    return f"commented on #{number}: the run failed"


def refuse(hub: Hub, runtime: Runtime, number: int, model: str) -> str:
    """Check again a request that the job without a token has refused; comment on the alert if it is refused here too."""
    found = train.check(hub, runtime, number, model)
    if not isinstance(found, train.Refused):
        return f"nothing to tell: the request on #{number} is not refused"
    train.refuse(hub, found)
    return f"commented on #{number}: {found.why}"

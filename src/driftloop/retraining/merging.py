"""Merge a proposal within a standing approval, where `retrain.standing_merge` allows it; the loop's own, and no other.

Monitor does it, a run after the proposal was made: until then people can close it, make it a draft or ask for changes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from driftloop.core.judging.verdict import Verdict
from driftloop.core.models.card import Card, read_card
from driftloop.errors import LoopError
from driftloop.github.refusals import ConflictError
from driftloop.lineage import tag_of
from driftloop.nothing import Nothing
from driftloop.params import parse_params
from driftloop.records import approval_word
from driftloop.retraining import verify
from driftloop.retraining.answering import CHECK, tell
from driftloop.retraining.handover import PARAMS
from driftloop.retraining.train import branch_of
from driftloop.retraining.wording import merging as wording
from driftloop.store.files import CARD

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date
    from pathlib import Path

    from driftloop.core.decision.approval import Approval
    from driftloop.core.decision.values import Decision
    from driftloop.git import Git
    from driftloop.github.hub import Hub, Pull
    from driftloop.github.values import Check

WORKFLOW = "release.yml"


@dataclass(frozen=True)
class Merge:
    """Merge a pull request, which is a version of production then; `folder` is that of the model."""

    issue: int
    approval: Approval
    pull: Pull
    version: int
    folder: str = ""


@dataclass(frozen=True)
class Release:
    """Say that the loop has merged, and start the release: a run broke off before it did."""

    issue: int
    approval: Approval
    pull: Pull
    version: int
    folder: str = ""


Action = Merge | Release | Nothing


@dataclass(frozen=True)
class Proposed:
    """What the commits of a pull request hold.

    Attributes
    ----------
    production
        Version of production on the default branch.
    version
        What it would be.
    approved
        End of the approval that it was made within; None for one without.
    mergeable
        See `Verdict.is_mergeable`.
    """

    production: int
    version: int
    approved: date | None
    mergeable: bool


def plan(
    hub: Hub,
    git: Git,
    issue: int,
    approval: Approval,
    decision: Decision,
    *,
    prove: Callable[[Path], None] = verify.prove,
) -> Action:
    """Decide about the newest proposal for an issue on which an approval is in force.

    Parameters
    ----------
    hub, git
        The outside world; nothing is changed.
    issue, approval
        Where it is in force.
    decision
        Of the newest data, which did not end the approval.
    prove
        Raises LoopError unless the results in a working tree follow from its code, parameters and lock.
    """
    pulls = hub.pulls(branch_of(issue), state="all")
    pull = next((each for each in pulls if each.open), pulls[0] if pulls else None)
    if pull is None:
        return Nothing(f"#{issue} has no proposal yet")
    if pull.merged:
        found = _after(hub, issue, approval, pull, decision)
        return replace(found, folder=git.folder) if isinstance(found, Release) else found
    into = hub.default_branch()
    why = (
        about(pull, hub.login(), into) or reported(hub.checks(pull.head_sha)) or _asked_for(hub.objections(pull.number))
    )
    why = why or _lacking(git, pull, approval, decision, into=into, prove=prove)
    return Nothing(f"#{pull.number} {why}") if why else Merge(issue, approval, pull, decision.version + 1, git.folder)


def _asked_for(who: Sequence[str]) -> str:
    return f"has changes requested by {', '.join(who)}" if who else ""


def _lacking(
    git: Git, pull: Pull, approval: Approval, decision: Decision, *, into: str, prove: Callable[[Path], None]
) -> str:
    """Say what speaks against the commits themselves; empty if nothing does."""
    git.complete()
    main, head = git.fetch(into), git.fetch(pull.head)
    if head != pull.head_sha:
        return "has moved while it was looked at"
    return held(_proposed(git, main, head), approval, decision) or _moved(git, main, head, prove)


def _after(hub: Hub, issue: int, approval: Approval, pull: Pull, decision: Decision) -> Release | Nothing:
    """Look whether what was merged was released: a merge by the loop starts no workflow."""
    if hub.release(tag_of(decision.model, decision.version)):
        return Nothing(f"#{pull.number} is merged, and v{decision.version} is released")
    if hub.merged_by(pull.number) != hub.login():
        return Nothing(f"#{pull.number} was merged by somebody, which starts the release")
    return Release(issue, approval, pull, decision.version)


def about(pull: Pull, login: str, into: str) -> str:
    """Say why a pull request is not one that the loop may merge; empty if it is."""
    if not pull.open:
        return "was closed"
    if (pull.author, pull.base) != (login, into):
        return f"is no pull request of the loop into {into}"
    return "is a draft" if pull.draft else ""


def reported(checks: Sequence[Check]) -> str:
    """Say which check of its newest commit is lacking; empty if all are green.

    The gate's own check run stands on the very commit that the loop has pushed: on a commit of anybody else there is none.
    A workflow that waits for *Approve workflows to run* has reported nothing, and is not waited for.
    """
    if not any(each.ours and each.name == CHECK and each.state == "success" for each in checks):
        return "has commits that the loop has not proposed"
    for state, words in (("failure", "has failed checks"), ("pending", "has checks that are not done")):
        if names := sorted({each.name for each in checks if each.state == state}):
            return f"{words}: {', '.join(names)}"
    return ""


def held(found: Proposed, approval: Approval, decision: Decision) -> str:
    """Say what the commits lack; empty if they hold a model within this approval that the loop may merge."""
    if found.approved != approval.until:
        return "was not made within the approval that is in force"
    if (found.production, found.version) != (decision.version, decision.version + 1):
        return f"would be v{found.version}, production is v{found.production}, and this run has looked at v{decision.version}"
    if not found.mergeable:
        return f"was not compared with v{found.production} yet; people may merge it"
    return ""


def _proposed(git: Git, main: str, head: str) -> Proposed:
    params = parse_params((git.show(head, PARAMS) or b"").decode("utf-8"), where=PARAMS)

    def card(revision: str) -> Card:
        return read_card((git.show(revision, CARD.as_posix()) or b"").decode("utf-8"), params, where=str(CARD))

    new = card(head)
    mergeable = bool(new.verdict) and Verdict.model_validate(new.verdict).is_mergeable
    return Proposed(card(main).version, new.version, params.retrain.standing_until, mergeable)


def _moved(git: Git, main: str, head: str, prove: Callable[[Path], None]) -> str:
    """Say whether main has moved in a way that what was judged does not follow from it any more."""
    with git.worktree(main) as tree:
        if not tree.merge(head):
            return "conflicts with the default branch"
        try:
            prove(tree.root)
        except LoopError as exc:
            return f"does not follow from the default branch any more: {exc}"
    return ""


def act(hub: Hub, action: Merge | Release) -> str:
    """Do it, and say what was done; what GitHub does not allow is said on the alert, and is no failure."""
    pull = action.pull
    if isinstance(action, Merge):
        try:
            hub.merge(pull.number, sha=pull.head_sha, message=wording.message(pull.title, action.approval))
        except ConflictError as exc:
            tell(hub, action.issue, wording.refused(pull.number, str(exc)))
            return f"not merged: {exc}"
    tell(hub, action.issue, wording.merged(pull.number, action.version, action.approval))
    where = {"folder": action.folder} if action.folder else {}
    hub.dispatch(WORKFLOW, hub.default_branch(), {"approval": approval_word(action.approval), **where})
    return f"merged #{pull.number} within the approval by {action.approval.by}, and started {WORKFLOW}"

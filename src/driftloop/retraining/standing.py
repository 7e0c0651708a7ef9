"""The standing approval on GitHub: comments of the loop itself on an issue say who gave it, and when it ended.

Anybody may paste such a line, so it counts only in comments that the loop wrote.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from driftloop.alerting import memory
from driftloop.alerting.labels import Label
from driftloop.core.decision.approval import Approval
from driftloop.retraining.wording import standing as wording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from driftloop.github.hub import Comment, Hub, Issue

GIVEN = re.compile(r"<!-- driftloop:keep-fresh (\d{1,6}) (\{.*\}) -->")
ENDED = re.compile(r"<!-- driftloop:keep-fresh-ended (\d{1,6}) -->")


@dataclass(frozen=True)
class State:
    """What the comments of an issue say.

    Attributes
    ----------
    given
        All approvals, the oldest first; a new one has the next number, counted from 1.
    ended
        Numbers of those whose end was told.
    """

    given: tuple[Approval, ...] = ()
    ended: frozenset[int] = frozenset()

    @property
    def in_force(self) -> Approval | None:
        """The newest, unless its end was told."""
        return self.given[-1] if self.given and len(self.given) not in self.ended else None


def marker(model: str) -> str:
    """Return the hidden first line of an issue that is no alert, and was opened for an approval in params.yaml."""
    return f"<!-- driftloop:kept {model} -->"


def is_ours(issue: Issue, model: str, login: str) -> bool:
    """Whether the loop opened an issue about this model, on which an approval can be given."""
    kept = issue.author == login and issue.body.startswith(marker(model))
    return not issue.is_pull and (kept or memory.is_alert(issue, model, login))


def state(comments: Sequence[Comment], login: str) -> State:
    """Read the comments of an issue, oldest first."""
    given: list[Approval] = []
    ended = set()
    for comment in comments:
        first = (comment.body.splitlines() or [""])[0].strip()
        if comment.author != login:
            continue
        if (found := GIVEN.fullmatch(first)) and int(found[1]) == len(given) + 1:
            with suppress(ValidationError):
                given.append(Approval.model_validate_json(found[2]))
        elif found := ENDED.fullmatch(first):
            ended.add(int(found[1]))
    return State(tuple(given), frozenset(ended))


def read(hub: Hub, number: int) -> State:
    """Read what GitHub knows of approvals on an issue."""
    return state(hub.comments(number), hub.login())


def give(hub: Hub, number: int, approval: Approval, *, merges: bool = False) -> None:
    """Write an approval down, and whether the loop merges within it.

    One that is in force is renewed in its place, and the same one twice is once.
    """
    known = read(hub, number)
    place = len(known.given) + (0 if known.in_force else 1)
    line = f"<!-- driftloop:keep-fresh {place} {approval.model_dump_json()} -->"
    start = f"<!-- driftloop:keep-fresh {place} "
    hub.comment(number, f"{line}\n{wording.given(approval, merges=merges)}", marker=start, author=hub.login())


def end(hub: Hub, number: int, text: str) -> None:
    """Take the label off, and say once that the newest approval has ended.

    In this order: where a run breaks off in between, the next one still finds the approval in force, and says its end.
    The other way round it would find a label that a maintainer may have set again since.
    """
    known = read(hub, number)
    hub.remove_label(number, Label.KEEP_FRESH)
    line = f"<!-- driftloop:keep-fresh-ended {len(known.given)} -->"
    hub.comment(number, f"{line}\n{text}", marker=line, author=hub.login())

"""`driftloop setup`: labels and the branch of records, made before the first run needs them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from driftloop.alerting.labels import LOOKS, Label, make_label
from driftloop.records import BRANCH

if TYPE_CHECKING:
    from datetime import datetime

    from driftloop.git import Git
    from driftloop.github.hub import Hub

README = """# What the loop remembers

Each run of the loop leaves one JSON file below `records/`. The dashboard is made of them. This branch shares no history with the
code, and is never merged. Old folders may be deleted; the dashboard then begins later.
"""


@dataclass(frozen=True)
class Missing:
    """What is not there yet."""

    labels: tuple[Label, ...]
    branch: bool


def plan(hub: Hub, git: Git) -> Missing:
    """Look what is missing."""
    known = {name.casefold() for name in hub.labels()}
    return Missing(tuple(label for label in LOOKS if label not in known), branch=git.remote_head(BRANCH) is None)


def act(hub: Hub, git: Git, missing: Missing, now: datetime) -> None:
    """Make it; what somebody else has made meanwhile stays."""
    for label in missing.labels:
        make_label(hub, label)
    if missing.branch:
        git.write_to_branch(
            BRANCH, {"README.md": README.encode()}, "What this branch is for", date=now.isoformat(timespec="seconds")
        )


def told(missing: Missing, *, dry_run: bool) -> list[str]:
    """Say what was made, or would be, and what was there."""
    made = "would make" if dry_run else "made"
    lines = [f"{made if label in missing.labels else 'is there:'} label {label}" for label in LOOKS]
    return [*lines, f"{made if missing.branch else 'is there:'} branch {BRANCH}"]

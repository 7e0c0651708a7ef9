"""A record: what a run was for, what is known of it, and its place on the branch."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from datetime import datetime

    from driftloop.core.decision.approval import Approval

BRANCH = "driftloop"
FORMAT = 2  # 2 added `steps` and the production model's card; records of format 1 are still read


class Kind(StrEnum):
    """What a run was for."""

    MONITOR = "monitor"
    RETRAIN = "retrain"
    PROPOSE = "propose"
    PROMOTE = "promote"
    ROLLBACK = "rollback"


@dataclass(frozen=True)
class Run:
    """What is known of a run beside its files.

    Attributes
    ----------
    kind, outcome
        What it was for, and whether it ended well.
    time
        When it is recorded, with zone.
    id, attempt
        Of the run on Actions; the id is empty elsewhere.
    revision
        Hash of the commit that ran; empty where it is not known.
    links
        Pages for people, by name.
    approval
        The standing approval in force, if there is one; of a promotion that within which the loop has merged.
    failed_in
        The job that failed; empty where none did, or it is not known.
    folder
        Of the model in the repository; empty for its top.
    by
        Login of who started it: set the label, or merged; empty where nobody did, or it is not known.
    """

    kind: Kind
    outcome: Literal["ok", "failed"]
    time: datetime
    id: str = ""
    attempt: str = ""
    revision: str = ""
    links: dict[str, str] = field(default_factory=dict)
    approval: Approval | None = None
    by: str = ""
    failed_in: str = ""
    folder: str = ""


@dataclass(frozen=True)
class Record:
    """A record and its place on the branch."""

    path: str
    content: dict[str, Any]

    @property
    def message(self) -> str:
        """Subject of its commit."""
        return f"{self.content['kind']} of {self.content['model'] or 'a model'}: {self.content['outcome']}"

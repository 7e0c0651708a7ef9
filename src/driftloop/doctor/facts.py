"""What the checks are made on, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, TypeAlias, TypeVar

if TYPE_CHECKING:
    from driftloop.github.values import Repository
    from driftloop.params import Params


@dataclass(frozen=True)
class Unread:
    """Takes the place of a fact that could not be read, and says why, and what would let it be read."""

    why: str
    remedy: str = ""


T = TypeVar("T")
Read: TypeAlias = T | Unread


@dataclass(frozen=True)
class Clock:
    """The time of the data.

    Attributes
    ----------
    replayed
        Whether it moves by steps and not with the clock.
    until
        `source.until`, exclusive.
    measured
        End of the newest data that a recorded run has measured; None where none is recorded.
    newest
        Time of the newest row that was collected here; None where none was.
    step
        Time between two refits.
    zone
        Cuts days.
    """

    replayed: bool
    until: datetime
    measured: datetime | None = None
    newest: datetime | None = None
    step: timedelta = timedelta(days=7)
    zone: tzinfo = UTC


@dataclass(frozen=True)
class Remote:
    """The remote of Git; each error is empty where there is none."""

    not_reached: str = ""
    not_writable: str = ""


@dataclass(frozen=True)
class Store:
    """The remote of DVC: its name, and what dvc.lock names and it does not hold."""

    name: str
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sizes:
    """Bytes; None where there is nothing, or it is not known."""

    repository: int | None = None
    model: int | None = None
    records: int | None = None


@dataclass(frozen=True)
class Schedule:
    """The workflow Monitor on GitHub.

    Attributes
    ----------
    state
        GitHub's word, such as active or disabled_inactivity; None where the default branch has no such workflow.
    since
        When it came there.
    last
        Its newest run by the schedule.
    """

    state: str | None
    since: datetime | None = None
    last: datetime | None = None


@dataclass(frozen=True)
class Hosted:
    """What GitHub says."""

    repository: Repository
    actions_on: Read[bool]
    may_propose: Read[bool]
    pages_from: Read[str | None]
    labels: Read[frozenset[str]]
    schedule: Read[Schedule]
    branch_protected: Read[bool]


@dataclass(frozen=True)
class Facts:
    """All of them. None: the check is not made, where a fact means nothing there.

    Attributes
    ----------
    now
        With zone.
    params
        The parameters, or what is wrong with them.
    columns
        What the newest measurement says of columns that params.yaml names.
    clock, remote, store, sizes
        See their classes.
    lock, pipeline
        Why driftloop.lock and dvc.lock are not up to date; empty where they are.
    changed
        Files that differ from HEAD.
    crons
        Of Monitor, as its file has them.
    committed
        Time of the newest commit that is checked out.
    hosted
        What GitHub says; a text where it knows no such token or repository.
    """

    now: datetime
    params: Params | str
    columns: Read[tuple[str, ...]] | None = None
    clock: Read[Clock] | None = None
    lock: Read[str] | None = None
    pipeline: Read[str] | None = None
    changed: Read[tuple[str, ...]] | None = None
    remote: Read[Remote] | None = None
    store: Read[Store | None] | None = None
    sizes: Sizes = field(default_factory=Sizes)
    crons: tuple[str, ...] = ()
    committed: datetime | None = None
    hosted: Read[Hosted] | str | None = None

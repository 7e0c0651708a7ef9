"""What GitHub tells us, as plain values; texts in them may be a stranger's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


@dataclass(frozen=True)
class Repository:
    """A repository's settings: who can read it, whether Pages and issues are set up, what it is, and its size in bytes."""

    private: bool
    has_pages: bool
    has_issues: bool = True
    fork: bool = False
    archived: bool = False
    size: int = 0


@dataclass(frozen=True)
class Workflow:
    """A workflow: GitHub's word for whether it is active, when it came, and when it ran last by its schedule."""

    state: str
    created: datetime
    scheduled: datetime | None


@dataclass(frozen=True)
class Issue:
    """An issue, or the issue side of a pull request."""

    number: int
    title: str
    body: str
    open: bool
    labels: frozenset[str]
    assignees: frozenset[str]
    author: str
    url: str
    is_pull: bool


@dataclass(frozen=True)
class Comment:
    """A comment on an issue or a pull request."""

    id: int
    body: str
    author: str
    url: str


@dataclass(frozen=True)
class Pull:
    """A pull request; `head_repository` is another one's name for a fork, and empty if the fork is gone."""

    number: int
    title: str
    body: str
    open: bool
    merged: bool
    author: str
    head: str
    head_sha: str
    head_repository: str
    base: str
    base_sha: str
    url: str
    draft: bool = False


@dataclass(frozen=True)
class Check:
    """What was reported on a commit, as a check run or as a status.

    Attributes
    ----------
    name
        Of the check run, or context of the status.
    state
        `success`, `failure` or `pending`; what was skipped, or is neutral, is a success, as GitHub's own rules have it.
    ours
        Whether the loop itself has reported it as its gate's.
    """

    name: str
    state: Literal["success", "failure", "pending"]
    ours: bool = False


@dataclass(frozen=True)
class Release:
    """A published release."""

    tag: str
    name: str
    body: str
    url: str


def same(one: str | None, other: str | None) -> bool:
    """Compare texts as GitHub keeps them: line ends and blanks around them do not count."""
    return "\n".join((one or "").split("\r\n")).strip() == "\n".join((other or "").split("\r\n")).strip()


def has(names: frozenset[str], name: str) -> bool:
    """Look for a label or a login, whose case GitHub ignores."""
    return name.casefold() in {each.casefold() for each in names}


def repository(found: Any) -> Repository:
    """Read PyGithub's repository; GitHub gives its size in units of 1,024 bytes."""
    return Repository(
        private=bool(found.private),
        has_pages=bool(found.has_pages),
        has_issues=bool(found.has_issues),
        fork=bool(found.fork),
        archived=bool(found.archived),
        size=1024 * int(found.size or 0),
    )


def workflow(found: Any, runs: Sequence[Any]) -> Workflow:
    """Read PyGithub's workflow, and its runs, newest first."""
    return Workflow(state=found.state, created=found.created_at, scheduled=runs[0].created_at if runs else None)


def issue(found: Any) -> Issue:
    """Read PyGithub's issue. Its `pull_request` would cost a call for each issue that has none."""
    return Issue(
        number=found.number,
        title=found.title,
        body=found.body or "",
        open=found.state == "open",
        labels=frozenset(label.name for label in found.labels),
        assignees=frozenset(person.login for person in found.assignees),
        author=login(found.user),
        url=found.html_url,
        is_pull=found.html_url.split("/")[-2] == "pull",
    )


def comment(found: Any) -> Comment:
    """Read PyGithub's comment."""
    return Comment(id=found.id, body=found.body or "", author=login(found.user), url=found.html_url)


def pull(found: Any) -> Pull:
    """Read PyGithub's pull request."""
    return Pull(
        number=found.number,
        title=found.title,
        body=found.body or "",
        open=found.state == "open",
        merged=found.merged_at is not None,
        author=login(found.user),
        head=found.head.ref,
        head_sha=found.head.sha,
        head_repository=found.head.repo.full_name if found.head.repo else "",
        base=found.base.ref,
        base_sha=found.base.sha,
        url=found.html_url,
        draft=bool(found.draft),
    )


def check_id(name: str) -> str:
    """Return the id under which our own check runs are made; jobs of Actions have check runs too."""
    return f"driftloop: {name}"


def check_run(found: Any, our_login: str) -> Check:
    """Read PyGithub's check run; it is ours if our own app has made it under our own id."""
    passed = found.conclusion in {"success", "neutral", "skipped"}
    ours = f"{found.app.slug}[bot]" == our_login and found.external_id == check_id(found.name)
    state: Literal["success", "failure"] = "success" if passed else "failure"
    return Check(found.name, state if found.status == "completed" else "pending", ours)


def status(found: Any) -> Check:
    """Read a status of a commit, as GitHub sends it."""
    words: dict[str, Literal["success", "pending"]] = {"success": "success", "pending": "pending"}
    return Check(found["context"], words.get(found["state"], "failure"))


def release(found: Any) -> Release:
    """Read PyGithub's release."""
    return Release(tag=found.tag_name, name=found.name or "", body=found.body or "", url=found.html_url)


def login(user: Any) -> str:
    """Name a user; empty where there is none."""
    return user.login if user else ""  # accounts can be deleted

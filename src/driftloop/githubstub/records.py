"""What exists on the stand-in: people, tokens, and what a repository holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from driftloop.githubstub.bare import BareRepository

ROLES = ("none", "read", "triage", "write", "maintain", "admin")
LEVELS = ("none", "read", "write")
OPEN_TO_ALL = {"metadata", "contents", "issues", "pull_requests", "checks", "statuses", "actions"}


@dataclass(frozen=True)
class Actor:
    """A person or a bot."""

    login: str
    id: int
    type: Literal["User", "Bot"] = "User"


@dataclass(frozen=True)
class Token:
    """A token and what it may do: `permissions` is None for a user's classic token, which may what its user may."""

    value: str = field(repr=False)
    actor: Actor
    kind: Literal["user", "actions", "app", "anonymous"]
    repository: str | None = None
    permissions: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Event:
    """Something that happened, and whether workflows would have started for it."""

    name: str
    sender: Actor
    repository: str
    starts_workflows: bool
    payload: Mapping[str, Any]


@dataclass
class Label:
    """A label of a repository."""

    id: int
    name: str
    color: str = "ededed"
    description: str | None = None


@dataclass
class Comment:
    """A comment on an issue or a pull request."""

    id: int
    number: int
    author: Actor
    body: str
    created: str
    updated: str


@dataclass
class Pull:
    """What makes an issue a pull request; hashes stand still once it is closed."""

    id: int
    head: str
    base: str
    head_sha: str
    base_sha: str
    draft: bool = False
    merged_at: str | None = None
    merged_by: Actor | None = None
    merge_sha: str | None = None
    reviews: list[tuple[str, str]] = field(default_factory=list)  # login and state, oldest first


@dataclass
class Issue:
    """An issue or a pull request; labels are keys of the repository's labels."""

    id: int
    number: int
    title: str
    body: str | None
    author: Actor
    created: str
    updated: str
    state: str = "open"
    state_reason: str | None = None
    closed: str | None = None
    closed_by: Actor | None = None
    locked: bool = False
    labels: list[str] = field(default_factory=list)
    assignees: list[Actor] = field(default_factory=list)
    pull: Pull | None = None

    @property
    def kind(self) -> str:
        """The kind that its events are named after."""
        return "pull_request" if self.pull else "issues"


@dataclass
class Repository:
    """A repository, its settings, and the bare repository behind it.

    Attributes
    ----------
    labels
        By case-folded name, as GitHub compares them.
    checks, statuses, releases, pages, workflows, runs, variables
        As JSON, as they are shown.
    size
        In units of 1,024 bytes.
    protected
        Names of branches that are shown as protected.
    pusher
        To whom pushes by plain git are put down, when nobody says otherwise.
    """

    name: str
    id: int
    owner: Actor
    git: BareRepository
    created: str
    pusher: Token
    private: bool = False
    default_branch: str = "main"
    has_issues: bool = True
    fork: bool = False
    archived: bool = False
    size: int = 0
    actions_on: bool = True
    actions_may_propose: bool = True
    delete_branch_on_merge: bool = False
    allow_squash_merge: bool = True
    allow_merge_commit: bool = True
    required_checks: tuple[str, ...] = ()
    collaborators: dict[str, str] = field(default_factory=dict)
    labels: dict[str, Label] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    comments: dict[int, Comment] = field(default_factory=dict)
    checks: dict[int, dict[str, Any]] = field(default_factory=dict)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    releases: dict[int, dict[str, Any]] = field(default_factory=dict)
    workflows: list[dict[str, Any]] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    variables: dict[str, dict[str, Any]] = field(default_factory=dict)
    pages: dict[str, Any] | None = None
    refs: dict[str, str] = field(default_factory=dict)
    protected: set[str] = field(default_factory=set)

    @property
    def pulls(self) -> list[Issue]:
        """List its pull requests, oldest first."""
        return [issue for issue in self.issues.values() if issue.pull]

    def role(self, actor: Actor) -> str:
        """Return the role of a user here."""
        if actor == self.owner:
            return "admin"
        return self.collaborators.get(actor.login, "none" if self.private else "read")

    def visible(self, token: Token) -> bool:
        """Whether the repository is visible to a token."""
        if token.kind in {"actions", "app"}:
            return not self.private or token.repository == self.name
        return self.role(token.actor) != "none"

    def allows(self, token: Token, permission: str, level: str, role: str) -> bool:
        """Whether a token is allowed to: an app's by its permissions, a person's by role and, if it has any, permissions."""
        if not self.private and level == "read" and permission in OPEN_TO_ALL:
            return True
        granted = {"metadata": "read", **(token.permissions or {})}.get(permission, "none")
        enough = LEVELS.index(granted) >= LEVELS.index(level)
        if token.kind in {"actions", "app"}:
            return enough and token.repository == self.name
        has_role = ROLES.index(self.role(token.actor)) >= ROLES.index(role)
        return token.kind == "user" and has_role and (token.permissions is None or enough)

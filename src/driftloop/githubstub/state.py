"""The world that the stand-in keeps: who is who, which repositories there are, and what has happened."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from driftloop.githubstub.bare import BareRepository
from driftloop.githubstub.records import Actor, Event, Repository, Token

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

# GitHub starts no workflow for what GITHUB_TOKEN does, these two aside.
ALWAYS_START = {"workflow_dispatch", "repository_dispatch"}


def now() -> datetime:
    """Return the current time."""
    return datetime.now(UTC)


@dataclass
class World:
    """Everything that exists on this GitHub; its bare repositories lie under `root`."""

    root: Path
    clock: Callable[[], datetime] = now
    users: dict[str, Actor] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    repositories: dict[str, Repository] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    _last_id: int = 1000

    def next_id(self) -> int:
        """Return a number that is not in use."""
        self._last_id += 1
        return self._last_id

    def time(self) -> str:
        """Return the time as GitHub writes it."""
        return self.clock().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def user(self, login: str) -> Actor:
        """Find or make an actor; a name that ends with `[bot]` is a bot's."""
        kind: Literal["User", "Bot"] = "Bot" if login.endswith("[bot]") else "User"
        return self.users.setdefault(login, Actor(login, self.next_id(), kind))

    def repository(
        self, name: str, *, private: bool = False, collaborators: Mapping[str, str] | None = None
    ) -> Repository:
        """Make a repository `owner/name`, with an empty bare repository; collaborators are login → role."""
        owner = self.user(name.partition("/")[0])
        git = BareRepository.create(self.root / f"{name}.git", "main")
        roles = {self.user(login).login: role for login, role in (collaborators or {}).items()}
        made = Repository(name, self.next_id(), owner, git, self.time(), self.token(owner.login), private=private)
        made.collaborators = roles
        return self.repositories.setdefault(name, made)

    def token(self, login: str, **permissions: str) -> Token:
        """Make a person's token: a classic one, or a fine-grained one where permissions are given."""
        return self._keep(Token(f"ghp_{self.next_id():036d}", self.user(login), "user", None, permissions or None))

    def actions_token(self, repo: Repository, **permissions: str) -> Token:
        """Make the GITHUB_TOKEN of a workflow job."""
        bot = self.user("github-actions[bot]")
        return self._keep(Token(f"ghs_{self.next_id():036d}", bot, "actions", repo.name, permissions))

    def app_token(self, repo: Repository, login: str, **permissions: str) -> Token:
        """Make an installation token of another app, `login` being its bot; what it does starts workflows."""
        return self._keep(Token(f"ghs_{self.next_id():036d}", self.user(login), "app", repo.name, permissions))

    def emit(self, name: str, token: Token, repo: Repository, /, **payload: Any) -> None:
        """Record that something happened."""
        starts = token.kind != "actions" or name in ALWAYS_START
        self.events.append(Event(name, token.actor, repo.name, starts, payload))

    def _keep(self, token: Token) -> Token:
        return self.tokens.setdefault(token.value, token)

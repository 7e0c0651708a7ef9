"""Our adapter on the stand-in for GitHub."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hub import NAME

from driftloop.github.hub import Hub
from driftloop.github.runtime import Runtime, Token

if TYPE_CHECKING:
    from hub import Hub as Stand

    from driftloop import githubstub

EVERYTHING = {"issues": "write", "pull_requests": "write", "contents": "write", "checks": "write", "actions": "write"}


@dataclass
class Site:
    """The stand-in, and our adapter on it; what the adapter would have slept stands in `waits`."""

    stand: Stand
    waits: list[float] = field(default_factory=list)
    open: list[Hub] = field(default_factory=list)

    @property
    def repo(self) -> githubstub.Repository:
        return self.stand.repo

    def hub(self, token: githubstub.Token | None = None, name: str = NAME, timeout: int = 5) -> Hub:
        """Our adapter as a workflow has it, or as somebody with another token."""
        repo = self.stand.world.repositories.get(name, self.repo)
        token = token or self.stand.world.actions_token(repo, **EVERYTHING)
        runtime = Runtime(name, self.stand.server.url, "https://github.com", Token(token.value))
        self.open.append(Hub(runtime, sleep=self.waits.append, timeout=timeout).__enter__())
        return self.open[-1]

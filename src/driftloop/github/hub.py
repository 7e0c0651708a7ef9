"""GitHub through PyGithub, which no other module knows: the connection, and what can go wrong on it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self, TypeVar

from github import Auth, Github, GithubException

from driftloop.errors import GitHubError, LoopError
from driftloop.github.refusals import UnsettledError, patiently, refusal
from driftloop.github.values import Comment, Issue, Pull, Release
from driftloop.github.writing import Writing

if TYPE_CHECKING:
    from collections.abc import Callable

    from driftloop.github.runtime import Runtime

__all__ = ["Comment", "Hub", "Issue", "Pull", "Release"]

T = TypeVar("T")


class Hub(Writing):
    """One repository on GitHub, as `reading` and `writing` have it; leave its block, and its connections are closed."""

    def __init__(self, runtime: Runtime, *, sleep: Callable[[float], None] = time.sleep, timeout: int = 30) -> None:
        """Connect; nothing is sent yet. Times are in seconds."""

        def do(what: str, step: Callable[[], T], /) -> T:
            where = f"GitHub, {runtime.repository}, {what}"
            return patiently(where, lambda: _translated(where, step), sleep)

        client = Github(
            auth=Auth.Token(runtime.token.value),
            base_url=runtime.api_url,
            retry=None,  # PyGithub's own repeats POSTs: an answer that is lost makes a second issue
            timeout=timeout,
            per_page=100,
            user_agent="driftloop",
            seconds_between_requests=0,
            seconds_between_writes=0,
            lazy=True,
        )
        super().__init__(runtime, client, do)
        self._close = client.close

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()


def _translated(where: str, step: Callable[[], T]) -> T:
    problem: Exception
    try:
        return step()
    except (LoopError, UnsettledError):
        raise
    except GithubException as exc:
        problem = refusal(where, exc.status, exc.headers or {}, exc.data)
    except OSError as exc:  # all of PyGithub's HTTP client; what it could not even send, it calls a ValueError too
        unsent, name = isinstance(exc, ValueError), exc.__class__.__name__
        problem = GitHubError(f"{where}: cannot be asked ({name})") if unsent else UnsettledError(name)
    except ValueError:  # half of an answer, or a proxy's page
        problem = UnsettledError("an answer that is not JSON")
    except Exception as exc:  # noqa: BLE001 - whatever PyGithub stumbles over, its frames must not be shown
        problem = GitHubError(f"{where}: an answer that PyGithub cannot read ({exc.__class__.__name__})")
    # Raised out here: neither __context__ nor __cause__ leads to PyGithub's frames, whose locals hold the token.
    raise problem

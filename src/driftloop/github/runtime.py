"""What GitHub Actions tells a job, as one typed value."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from driftloop.errors import LoopError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

REPOSITORY = re.compile(r"(?!\.+/)[A-Za-z0-9_.-]+/(?!\.+$)[A-Za-z0-9_.-]+")
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class Token:
    """A secret that does not print, and that `asdict`, `vars` and JSON cannot take along."""

    __slots__ = ("_reveal",)
    _reveal: Callable[[], str]

    def __init__(self, value: str) -> None:
        """Keep it in a closure, so that no listing of attributes shows it."""
        self._reveal = lambda: value

    @property
    def value(self) -> str:
        """The secret itself."""
        return self._reveal()

    def __repr__(self) -> str:
        return "***"


@dataclass(frozen=True)
class Runtime:
    """Where a verb runs.

    Attributes
    ----------
    repository
        `owner/name`.
    api_url, server_url
        Of github.com or of an Enterprise server, without a slash at the end.
    token
        `GITHUB_TOKEN`.
    login
        Whom the token writes as, where the token cannot be asked: `my-app[bot]` for an installation token of another app
        than Actions. Empty: ask.
    event_name, event
        The kind of what started the run, and its payload, which strangers may have written.
    run_id, run_url
        The run itself; empty outside Actions.
    summary
        File for the job summary; None outside Actions.
    """

    repository: str
    api_url: str
    server_url: str
    token: Token
    login: str = ""
    event_name: str = ""
    event: Mapping[str, Any] = field(default_factory=dict, repr=False)
    run_id: str = ""
    run_url: str = ""
    summary: Path | None = None

    @property
    def owner(self) -> str:
        """Owner of the repository."""
        return self.repository.split("/")[0]

    @property
    def sender(self) -> str:
        """Login of who caused the event; empty if nobody did."""
        return str(self._part("sender").get("login", ""))

    @property
    def label(self) -> str:
        """Name of the label that was just set; empty if none was."""
        return str(self._part("label").get("name", ""))

    @property
    def number(self) -> int | None:
        """Number of the issue or pull request that the event is about."""
        found = (self._part("issue") or self._part("pull_request")).get("number")
        return found if isinstance(found, int) else None

    def _part(self, name: str) -> Mapping[str, Any]:
        found = self.event.get(name)
        return found if isinstance(found, dict) else {}


def from_environment(env: Mapping[str, str]) -> Runtime:
    """Read the environment of a job, or of a person who sets the same variables.

    Raises
    ------
    LoopError
        If the repository or the token is missing, an address is not safe to send the token to, or the event cannot be
        read. The token is never part of it.
    """
    repository, run = env.get("GITHUB_REPOSITORY", ""), env.get("GITHUB_RUN_ID", "")
    server = (env.get("GITHUB_SERVER_URL") or "https://github.com").rstrip("/")
    found = Runtime(
        repository=repository,
        api_url=(env.get("GITHUB_API_URL") or "https://api.github.com").rstrip("/"),
        server_url=server,
        token=Token(env.get("GITHUB_TOKEN", "").strip()),
        login=env.get("DRIFTLOOP_LOGIN", ""),
        event_name=env.get("GITHUB_EVENT_NAME", ""),
        run_id=run,
        run_url=f"{server}/{repository}/actions/runs/{run}" if run else "",
        summary=Path(env["GITHUB_STEP_SUMMARY"]) if env.get("GITHUB_STEP_SUMMARY") else None,
    )
    event = env.get("GITHUB_EVENT_PATH", "")
    del env  # it holds the token, and tracebacks may show local variables
    _check(found)
    return _with_event(found, event) if event else found


def _check(found: Runtime) -> None:
    if not REPOSITORY.fullmatch(found.repository):
        msg = f"GITHUB_REPOSITORY: expected owner/name, got {found.repository!r}"
        raise LoopError(msg)
    for name, url in (("GITHUB_API_URL", found.api_url), ("GITHUB_SERVER_URL", found.server_url)):
        parts = urlsplit(url)
        if not parts.hostname or not (
            parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
        ):
            msg = f"{name}: expected an https:// address, got {url!r}"
            raise LoopError(msg)
    if not found.token.value:
        msg = "GITHUB_TOKEN: not set; in a workflow pass it with `env: GITHUB_TOKEN: ${{ github.token }}`"
        raise LoopError(msg)
    if not re.fullmatch(r"[!-~]+", found.token.value):
        msg = "GITHUB_TOKEN: expected one word, got spaces, line breaks or letters that no token has"
        raise LoopError(msg)


def _with_event(found: Runtime, path: str) -> Runtime:
    try:
        event = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        msg = f"GITHUB_EVENT_PATH: {path}: not a readable event ({exc.__class__.__name__})"
        raise LoopError(msg) from exc
    return replace(found, event=event if isinstance(event, dict) else {})

"""Git as a child process: one rule for its environment, its time limits, and the token that it sends."""

from __future__ import annotations

import base64
import os
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from driftloop import processes
from driftloop.errors import LoopError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from driftloop.github.runtime import Token

ALWAYS = (
    "--literal-pathspecs",
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", "push.gpgSign=false"),
    *("-c", "i18n.commitEncoding=utf-8"),
    *("-c", "maintenance.auto=false"),
    *("-c", "gc.auto=0"),
    # A connection that stalls for a minute is given up.
    *("-c", "http.lowSpeedLimit=1"),
    *("-c", "http.lowSpeedTime=60"),
)
# Set by git for its hooks; inherited, they would point our commands at another repository or index.
INHERITED = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY"}
TALKING = {"fetch", "push", "ls-remote"}
SECONDS = {"fetch": 3600, "push": 3600, "ls-remote": 300}
OTHERWISE = 600


class GitError(LoopError):
    """Git refused a command."""


@dataclass(frozen=True)
class Process:
    """A project in a working tree.

    Attributes
    ----------
    root
        Its folder: the top of the working tree, unless a repository holds several models. Paths count from here.
    remote
        Name of the remote that is pushed to.
    token
        Sent to `server_url` and to nobody else, where that is https; None where actions/checkout has left credentials, or
        where a person's own are used. It goes through git's environment: no URL, file or command line holds it.
    """

    root: Path
    remote: str = "origin"
    token: Token | None = None
    server_url: str = "https://github.com"
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False, compare=False)

    def run(self, *args: str, text: str = "", env: Mapping[str, str] | None = None) -> str:
        """Run a git command and return its standard output without the last newline.

        Raises
        ------
        GitError
            With what git wrote to standard error.
        """
        return (
            self._output(*args, data=text.encode(errors="surrogateescape"), env=env)
            .decode("utf-8", "surrogateescape")
            .rstrip("\n")
        )

    def succeeds(self, *args: str) -> bool:
        """Whether a git command ends well."""
        return self._process(args).code == 0

    def _credentials(self, command: str) -> dict[str, str]:
        return credentials(self.token, self.server_url) if command in TALKING else {}

    def _ref(self, branch: str) -> str:
        ref = f"refs/heads/{branch}"
        if branch.startswith("-") or "\0" in branch or not self.succeeds("check-ref-format", ref):
            msg = f"git: expected the name of a branch, got {branch!r}"
            raise GitError(msg)
        return ref

    def _output(self, *args: str, data: bytes = b"", env: Mapping[str, str] | None = None) -> bytes:
        done = self._process(args, data, env)
        if done.code:
            msg = f"git {args[0]}: {masked(_reason(done.err.decode('utf-8', 'replace')), self.token)[:500]}"
            raise GitError(msg)
        return done.out

    def _process(
        self, args: tuple[str, ...], data: bytes = b"", env: Mapping[str, str] | None = None
    ) -> processes.Done:
        try:
            return processes.run(
                ["git", *ALWAYS, *args],
                name=f"git {args[0]}",
                seconds=SECONDS.get(args[0], OTHERWISE),
                cwd=self.root,
                env={**_inherited(), **(env or {}), **self._credentials(args[0])},
                data=data,
            )
        except (OSError, ValueError, processes.SlowError) as exc:
            reason = exc.strerror if isinstance(exc, OSError) else str(exc)
        # Raised out here, so that no traceback leads to subprocess, whose locals hold the token in the environment.
        msg = f"git {args[0]}: cannot be run in {self.root}: {reason}"
        raise GitError(msg)


def _reason(said: str) -> str:
    """Keep what git says in one line, without its hints."""
    lines = [line.strip() for line in said.splitlines() if line.strip() and not line.startswith("hint:")]
    return "; ".join(lines) or "no reason given"


def _inherited() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in INHERITED}
    return {**kept, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}


def credentials(token: Token | None, server_url: str) -> dict[str, str]:
    """Return the environment variables that make git send the token to this server; none unless it is https."""
    if token is None or not server_url.startswith("https://"):
        return {}
    key = f"http.{server_url.rstrip('/')}/.extraheader"
    # The empty value drops the header that actions/checkout may have left: GitHub refuses two of them.
    pairs = ((key, ""), (key, f"AUTHORIZATION: basic {_basic(token)}"))
    start = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
    found = {"GIT_CONFIG_COUNT": str(start + len(pairs))}
    for place, (name, value) in enumerate(pairs, start):
        found |= {f"GIT_CONFIG_KEY_{place}": name, f"GIT_CONFIG_VALUE_{place}": value}
    return found


def masked(text: str, token: Token | None) -> str:
    """Hide the token, and whatever credentials stand in a URL."""
    text = re.sub(r"://[^/@\s]+@", "://***@", text)
    for secret in (token.value, _basic(token)) if token else ():
        text = text.replace(secret, "***")
    return text


def _basic(token: Token) -> str:
    return base64.b64encode(f"x-access-token:{token.value}".encode()).decode()

"""Facts that GitHub tells: each is read by itself, so that one that a token may not see hides no other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from driftloop.doctor.facts import Hosted, Schedule, Unread
from driftloop.errors import GitHubError, LoopError
from driftloop.folders import MONITOR
from driftloop.git import GitError
from driftloop.github.refusals import ForbiddenError, NotFoundError, UnauthorizedError
from driftloop.github.runtime import REPOSITORY, from_environment
from driftloop.records import BRANCH

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from driftloop.git import Git
    from driftloop.github.hub import Hub
    from driftloop.github.runtime import Runtime

PUBLIC = "github.com"
OWN_TOKEN = "`GITHUB_TOKEN=$(gh auth token) driftloop doctor`"  # noqa: S105 - how to get one
SCP = re.compile(r"(?:[^@/\s]+@)?(?P<host>[\w.-]+):(?!//)(?P<path>.+)")  # git@github.com:acme/bikes.git

T = TypeVar("T")


def runtime(env: Mapping[str, str], git: Git) -> Runtime:
    """Read the environment, and derive GITHUB_REPOSITORY from Git's remote where it is not set.

    Raises
    ------
    LoopError
        If there is no token, or the remote is on another host than GITHUB_SERVER_URL: a token goes nowhere by guess.
    """
    given = dict(env)
    if not given.get("GITHUB_REPOSITORY"):
        server = urlsplit(given.get("GITHUB_SERVER_URL") or f"https://{PUBLIC}").hostname or PUBLIC
        given["GITHUB_REPOSITORY"] = repository(_address(git), server)
    return from_environment(given)


def repository(address: str, server: str) -> str:
    """Derive `owner/name` from the address of a remote on a server.

    Raises
    ------
    LoopError
        If it is none; the address is not part of the message, since it may hold a password.
    """
    if found := SCP.fullmatch(address):
        host, path = found["host"], found["path"]
    else:
        parts = urlsplit(address)
        host, path = parts.hostname or "", parts.path
    name = path.strip("/").removesuffix(".git")
    # ssh.github.com takes ssh on the port of https.
    if host.removeprefix("ssh.") != server or not REPOSITORY.fullmatch(name):
        msg = f"GITHUB_REPOSITORY: not set, and origin is no repository on {server}; set it to owner/name"
        raise LoopError(msg)
    return name


def read(hub: Hub, *, in_run: bool, workflow: str = MONITOR) -> Hosted | Unread:
    """Ask GitHub for all facts.

    Parameters
    ----------
    in_run
        Whether a run of Actions asks, which shows that they are on.
    workflow
        The one whose schedule measures the model.

    Raises
    ------
    NotFoundError, UnauthorizedError
        If there is no such repository for this token.
    """
    try:
        repository = hub.repository()
    except GitHubError as exc:
        if isinstance(exc, (NotFoundError, UnauthorizedError)):
            raise
        return Unread(str(exc))
    admin = "a token of somebody who administers the repository"
    return Hosted(
        repository=repository,
        actions_on=True if in_run else _read(hub.actions_on, admin),
        may_propose=_read(hub.may_propose, admin),
        pages_from=_read(hub.pages_from, admin),
        labels=_read(hub.labels, "`issues: read`"),
        schedule=_read(lambda: _schedule(hub, workflow), "`actions: read`"),
        branch_protected=_read(lambda: hub.is_protected(BRANCH), "`contents: read`"),
    )


def _schedule(hub: Hub, workflow: str) -> Schedule:
    found = hub.workflow(workflow)
    return Schedule(found.state, found.created, found.scheduled) if found else Schedule(None)


def _read(step: Callable[[], T], takes: str) -> T | Unread:
    try:
        return step()
    except ForbiddenError:
        return Unread(f"needs {takes}")
    except GitHubError as exc:
        return Unread(str(exc))


def _address(git: Git) -> str:
    try:
        return git.run("remote", "get-url", git.remote)
    except GitError:
        return ""

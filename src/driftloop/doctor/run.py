"""The verb: read the facts, and judge them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftloop import folders
from driftloop.doctor import checks, hosting, local
from driftloop.doctor.facts import Unread
from driftloop.errors import LoopError
from driftloop.git import Git, GitError
from driftloop.github.hub import Hub
from driftloop.github.refusals import NotFoundError, UnauthorizedError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from driftloop.doctor.facts import Hosted, Read
    from driftloop.report.examination import Examination


def examine(root: Path, env: Mapping[str, str], *, now: datetime, in_run: bool = False) -> Examination:
    """Make all checks of a working tree and its repository on GitHub; see `local.read`."""
    git, hosted = _asked(Git(root), env, in_run=in_run)
    return checks.examine(local.read(root, git, now=now, hosted=hosted, in_run=in_run))


def _schedule(git: Git) -> str:
    try:
        return folders.schedule(git.folder)
    except GitError:
        return folders.MONITOR


def _asked(git: Git, env: Mapping[str, str], *, in_run: bool) -> tuple[Git, Read[Hosted] | str]:
    """Ask GitHub, and return Git with the token that was used; a text says why GitHub knows no such token or repository."""
    if not env.get("GITHUB_TOKEN"):
        return git, Unread("GITHUB_TOKEN is not set", hosting.OWN_TOKEN)
    try:
        runtime = hosting.runtime(env, git)
    except LoopError as exc:
        return git, Unread(str(exc))
    with Hub(runtime) as hub:
        given = Git(git.root, token=runtime.token, server_url=runtime.server_url)
        try:
            return given, hosting.read(hub, in_run=in_run, workflow=_schedule(given))
        except (NotFoundError, UnauthorizedError) as exc:
            return given, str(exc)

"""The run of Actions that a verb belongs to: its environment, its commit, and where it is told what was done."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from driftloop.core.text import data as as_json
from driftloop.core.text import log
from driftloop.github import steps

if TYPE_CHECKING:
    from driftloop.folders import Model
    from driftloop.git import Git
    from driftloop.github.runtime import Runtime

DryRun = Annotated[
    bool, typer.Option("--dry-run", envvar="DRIFTLOOP_DRY_RUN", help="Say what would be done, and touch nothing.")
]


def runtime() -> Runtime:
    """Read what Actions says about this run."""
    from driftloop.github.runtime import from_environment

    return from_environment(os.environ)


def git(runtime: Runtime) -> Git:
    """Open the checkout, with the token that may push."""
    from driftloop.git import Git

    return Git(Path(), token=runtime.token, server_url=runtime.server_url)


def revision(runtime: Runtime) -> str:
    """Name the commit that is checked out; where there is no repository, the one that Actions names."""
    from driftloop.git import GitError

    try:
        return git(runtime).head()
    except GitError:
        named = os.environ.get("GITHUB_SHA", "")
        return named if re.fullmatch(r"[0-9a-f]{7,64}", named) else ""


def folder(runtime: Runtime) -> str:
    """Name the folder of this model in the repository; empty for its top, and where there is no repository."""
    from driftloop.git import GitError

    try:
        return git(runtime).folder
    except GitError:
        return ""


def others(runtime: Runtime) -> tuple[Model, ...]:
    """List the other models of the repository; none where there is no commit that could hold them."""
    from driftloop import folders
    from driftloop.git import GitError

    try:
        return folders.others(git(runtime))
    except GitError:
        return ()


def would(data: Any, text: str) -> None:
    """Print a dry run: data on standard output, words on standard error and on the page of the run."""
    sys.stdout.write(f"{as_json(data)}\n")
    sys.stderr.write(f"{log(text)}\n")
    steps.summarise(os.environ, text)


def summarise(runtime: Runtime, text: str) -> bool:
    """Add to the page of the run, where there is one."""
    return steps.summarise({"GITHUB_STEP_SUMMARY": str(runtime.summary or "")}, text)

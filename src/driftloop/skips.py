"""What can be skipped: checks of unchanged code, and measurements that are recorded already."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from driftloop.core.windows import end_day
from driftloop.records import BRANCH, Kind, params_digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from driftloop.git import Git
    from driftloop.params import Params

# What the loop and its users change from day to day. The pipeline looks at these; lint and tests are about all the rest.
NO_TESTS = ("params.yaml", "dvc.lock", "backtest/dvc.lock", "metrics/", "models/")
NO_CODE = (
    "No code changes: there is nothing for lint and tests to find. The job *pipeline* checks data, model and results."
)


def code(git: Git, models: Sequence[str] = ()) -> list[str]:
    """List the files of code that a pull request changes, by the merge commit that is checked out with its parents.

    `models` are folders of further models, in which the same files hold no code.

    Anything else that is checked out counts as changed.
    """
    if not git.succeeds("rev-parse", "--verify", "--quiet", "HEAD^2"):
        return git.files("HEAD")
    changed = git.run("diff", "--name-only", "--no-renames", "-z", "HEAD^1", "HEAD").split("\0")
    passed = (*NO_TESTS, *(f"{folder}/{path}" for folder in models for path in NO_TESTS))
    return [path for path in changed if path and not path.startswith(passed)]


def recorded(git: Git, params: Params) -> str:
    """Name the record of a monitoring run with this commit, these parameters and this data; empty if there is none.

    Live data gets a new end every day. Simulated and replayed data stays as it is until somebody promotes. A proposal that
    the loop may merge waits for the next run even so.
    """
    if params.retrain.standing_merge or git.remote_head(BRANCH) is None:
        return ""
    tip, wanted = git.fetch(BRANCH), ("ok", git.head(), params_digest(params))
    for path, content in git.contents(tip, f"records/{end_day(params.source.until_instant, params.zone)}").items():
        if PurePosixPath(path).name.startswith(f"{Kind.MONITOR}-") and _key(content) == wanted:
            return path
    return ""


def _key(content: bytes) -> tuple[object, ...]:
    try:
        found = json.loads(content)
        return found["outcome"], found["revision"], found["params"]
    except (ValueError, KeyError, TypeError, RecursionError):  # people can write to that branch too
        return ()

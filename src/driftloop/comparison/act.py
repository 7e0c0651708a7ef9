"""Show on a pull request what it changes in metrics and parameters: one comment, kept up to date."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from driftloop import dvc, records
from driftloop.comparison.wording import MARKER, Comparison, Difference, Result, body, text
from driftloop.errors import LoopError
from driftloop.github.refusals import ForbiddenError
from driftloop.retraining.train import BRANCHES, ROLLBACKS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from driftloop.git import Git
    from driftloop.github.hub import Hub

UNREAD = re.compile(r"^WARNING: (failed to load \w+ in revision '(\w+)'.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Told:
    """What was done: the comment's address, or the text that could not be written there."""

    url: str = ""
    refused: str = ""
    text: str = ""


def compare(git: Git, base: str) -> Comparison:
    """Fetch the base, for a checkout of Actions knows no other branch, and compare the working tree with it."""
    sha = git.fetch(base)
    (metrics, unread), (params, more) = _diff(git.root, "metrics", sha), _diff(git.root, "params", sha)
    return Comparison(
        base=base,
        base_sha=sha,
        head_sha=git.head(),
        metrics=metrics,
        params=params,
        moved=_moved(git.show(sha, "dvc.lock"), git.root / "dvc.lock"),
        unread=(*unread, *more),
        folder=git.folder,
    )


def _diff(root: Path, what: str, base: str) -> tuple[tuple[Difference, ...], tuple[str, ...]]:
    """Ask DVC for what differs and what it could not read of the base; values that one side lacks come as null."""
    equal_ones = ["--all"] if what == "metrics" else []
    done = dvc.run(root, what, "diff", "--json", *equal_ones, base, seconds=dvc.READ_SECONDS)
    try:
        found = json.loads(done.out or "{}") if done.code == 0 else None
    except ValueError:
        found = None
    # Of a revision whose dvc.yaml or dvc.lock is broken, DVC shows nothing, and ends well.
    unread = {revision: line for line, revision in UNREAD.findall(done.err)}
    if not isinstance(found, dict) or "workspace" in unread:
        last = unread.get("workspace") or (done.err.strip().splitlines() or ["no answer"])[-1]
        msg = f"dvc {what} diff: {last[:300]}"
        raise LoopError(msg)
    changes = tuple(
        Difference(file, name, values.get("old"), values.get("new"))
        for file, names in sorted(found.items())
        for name, values in sorted(names.items())
    )
    return changes, tuple(unread.values())


def _moved(before: bytes | None, lock: Path) -> bool | None:
    """Whether `collect` wrote other data; None where one side does not know."""
    try:
        old = records.lock_outs(before or b"")["collect"]
        return old != records.outs(lock)["collect"]
    except (LoopError, KeyError):
        return None


def run(hub: Hub, git: Git, number: int, *, diff: Callable[[Git, str], Comparison] = compare) -> Told:
    """Compare, and write the comment; a token of a fork's run may not, and gets the text back."""
    pull = hub.pull(number)
    comparison = diff(git, pull.base)
    said = Result(comparison.base_sha, comparison.head_sha, text(comparison))
    try:
        login = hub.login()
        if pull.author == login and pull.head.startswith((BRANCHES, ROLLBACKS)):
            said = said._replace(text=text(comparison, evidence=False))
        ours = (each.body for each in hub.comments(number) if each.author == login and each.body.startswith(MARKER))
        written = hub.comment(number, body(said, next(ours, "")), marker=MARKER, author=login)
    except ForbiddenError as exc:
        return Told(refused=str(exc), text=said.text)
    return Told(url=written.url, text=said.text)


def shown(number: int, comparison: Comparison) -> Mapping[str, Any]:
    """Write what would be commented as JSON data."""
    kept = {name: [_data_of(change) for change in getattr(comparison, name)] for name in ("metrics", "params")}
    return {"action": "comment", "pull": number, **vars(comparison), **kept}


def _data_of(change: Difference) -> dict[str, Any]:
    """Write NaN and infinity, which JSON does not have, as words."""
    endless = {float: lambda value: value if math.isfinite(value) else str(value)}
    return {name: endless.get(type(value), lambda same: same)(value) for name, value in change._asdict().items()}

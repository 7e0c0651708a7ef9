"""Say on a pull request what it changes in metrics and parameters: one comment, kept up to date."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from driftloop.core.losses import BETTER_IS_HIGHER, BETTER_IS_LOWER
from driftloop.errors import LoopError
from driftloop.github.refusals import ForbiddenError
from driftloop.loop import record
from driftloop.report.texts import LONGEST, cut, figure, plain, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from driftloop.github.git import Git
    from driftloop.github.hub import Hub

MARKER = "<!-- driftloop:metrics -->"
RESULT = re.compile(r"<!-- driftloop:result (\w+)\.\.(\w+) -->\n(.*?)\n<!-- driftloop:end -->", re.DOTALL)
UNREAD = re.compile(r"^WARNING: (failed to load \w+ in revision '(\w+)'.*)$", re.MULTILINE)
EARLIER = 3
MOST_ROWS = 60
SECRETS = {"GITHUB_TOKEN", "GH_TOKEN"}


class Change(NamedTuple):
    """One metric or parameter in both revisions; None where a revision has none of it."""

    file: str
    name: str
    old: Any
    new: Any


@dataclass(frozen=True)
class Comparison:
    """What a working tree changes.

    Attributes
    ----------
    base
        Name of the branch that it is compared with.
    base_sha, head_sha
        Both commits.
    metrics, params
        All metrics; those parameters that differ.
    moved
        Whether the raw data differ; None where that is not known.
    unread
        What DVC could not read of the base, in its words.
    """

    base: str
    base_sha: str
    head_sha: str
    metrics: tuple[Change, ...]
    params: tuple[Change, ...]
    moved: bool | None
    unread: tuple[str, ...] = ()


class Result(NamedTuple):
    """A text about two commits."""

    base_sha: str
    head_sha: str
    text: str


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
    )


def _diff(root: Path, what: str, base: str) -> tuple[tuple[Change, ...], tuple[str, ...]]:
    """Ask DVC for what differs and what it could not read of the base; values that one side lacks come as null."""
    command = [sys.executable, "-m", "dvc", what, "diff", "--json", *(["--all"] if what == "metrics" else []), base]
    env = {name: value for name, value in os.environ.items() if name not in SECRETS}
    done = subprocess.run(command, cwd=root, env=env, capture_output=True, check=False)  # noqa: S603
    try:
        found = json.loads(done.stdout or b"{}") if done.returncode == 0 else None
    except ValueError:
        found = None
    said = done.stderr.decode("utf-8", "replace")
    # Of a revision whose dvc.yaml or dvc.lock is broken, DVC shows nothing, and ends well.
    unread = {revision: line for line, revision in UNREAD.findall(said)}
    if not isinstance(found, dict) or "workspace" in unread:
        last = unread.get("workspace") or (said.strip().splitlines() or ["no answer"])[-1]
        msg = f"dvc {what} diff: {last[:300]}"
        raise LoopError(msg)
    changes = tuple(
        Change(file, name, values.get("old"), values.get("new"))
        for file, names in sorted(found.items())
        for name, values in sorted(names.items())
    )
    return changes, tuple(unread.values())


def _moved(before: bytes | None, lock: Path) -> bool | None:
    """Say whether `collect` wrote other data; None where one side does not know."""
    try:
        old = record.lock_outs(before or b"")["collect"]
        return old != record.outs(lock)["collect"]
    except (ValueError, KeyError):
        return None


def text(comparison: Comparison) -> str:
    """Write both tables."""
    parts = [
        f"**Metrics and parameters**, {plain(comparison.base)} ({comparison.base_sha[:7]}) → {comparison.head_sha[:7]}",
        "\n".join(
            f"- **Not all of {plain(comparison.base)} could be read:** {plain(each)}" for each in comparison.unread
        ),
        _data(comparison.moved),
        _metrics(comparison),
        _params(comparison),
    ]
    return "\n\n".join(part for part in parts if part)


def _data(moved: bool | None) -> str:  # noqa: FBT001
    if moved is None:
        return "Whether both are about the same data is not known: one side has no dvc.lock with a stage `collect`."
    if moved:
        return (
            "**The data differ too.** Each side is measured on its own rows, so *better* and *worse* are not about the "
            "model alone. The gate's verdict is: it compares on the same rows."
        )
    return ""


def _metrics(comparison: Comparison) -> str:
    if not comparison.metrics:
        return "No metrics on either side."
    changes = [change for change in comparison.metrics if not _equal(change)]
    equal = len(comparison.metrics) - len(changes)
    rest = f"{equal} {'metric is' if equal == 1 else 'metrics are'} equal on both sides." if equal else ""
    if not changes:
        return rest
    head = ["metric", comparison.base, "here", "change", ""]
    rows = [[_title(change), *_values(change, comparison.base), _change(change), _better(change)] for change in changes]
    return "\n\n".join(part for part in (_shortened(head, rows), rest) if part)


def _params(comparison: Comparison) -> str:
    if not comparison.params:
        return "No parameter differs."
    head = ["parameter", comparison.base, "here"]
    return _shortened(head, [[_title(change), *_values(change, comparison.base)] for change in comparison.params])


def _shortened(head: list[str], rows: list[list[str]]) -> str:
    more = f"\n\n… and {len(rows) - MOST_ROWS} more." if len(rows) > MOST_ROWS else ""
    return table(head, rows[:MOST_ROWS]) + more


def _title(change: Change) -> str:
    """Name a metric or parameter, with its file where that says more."""
    file = change.file.removeprefix("metrics/").removesuffix(".json")
    return change.name if file == "params.yaml" else f"{file}: {change.name}"


def _values(change: Change, base: str) -> Iterator[str]:
    rounded = change.file != "params.yaml" and _value(change.old) != _value(change.new)
    for value, missing in ((change.old, f"not on {base}"), (change.new, "not here")):
        yield missing if value is None else _value(value) if rounded else str(value)


def _value(value: Any) -> str:
    """Round what is no whole number."""
    if not _number(value):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else figure(value)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _equal(change: Change) -> bool:
    """Say whether both sides have it, and the same; what is missing or not a number is equal to nothing."""
    return change.old is not None and change.new is not None and bool(change.old == change.new)


def _change(change: Change) -> str:
    if not (_number(change.old) and _number(change.new)):
        return ""
    moved = change.new - change.old
    sign = "+" if moved > 0 else "−"
    relative = f" ({sign}{100 * abs(moved / change.old):.1f} %)" if change.old else ""
    return f"{sign}{_value(abs(moved))}{relative}"


def _better(change: Change) -> str:
    """Say better or worse where the direction is known and both sides are numbers, and nothing else."""
    name = re.split(r"[./:]", change.name)[-1]
    known = name in BETTER_IS_LOWER or name in BETTER_IS_HIGHER
    if not known or not (_number(change.old) and _number(change.new)) or change.old == change.new:
        return ""
    return "better" if (change.new < change.old) == (name in BETTER_IS_LOWER) else "worse"


def body(result: Result, before: str) -> str:
    """Put the newest result on top of those that a comment holds already, which are folded; the same one counts once."""
    held = [Result(*match) for match in RESULT.findall("\n".join(before.splitlines()))]
    earlier = [each for each in held if each[:2] != result[:2]][:EARLIER]
    while True:
        found = "\n\n".join([f"{MARKER}\n{_kept(result)}", *map(_folded, earlier)])
        if len(found) <= LONGEST or not earlier:
            break
        earlier = earlier[:-1]
    room = LONGEST - len(f"{MARKER}\n{_kept(result._replace(text=''))}")
    return found if len(found) <= LONGEST else f"{MARKER}\n{_kept(result._replace(text=cut(result.text, room)))}"


def _kept(result: Result) -> str:
    return f"<!-- driftloop:result {result.base_sha}..{result.head_sha} -->\n{result.text}\n<!-- driftloop:end -->"


def _folded(result: Result) -> str:
    summary = f"Earlier: {result.head_sha[:7]} against {result.base_sha[:7]}"
    return f"<details><summary>{summary}</summary>\n\n{_kept(result)}\n\n</details>"


def run(hub: Hub, git: Git, number: int, *, diff: Callable[[Git, str], Comparison] = compare) -> Told:
    """Compare, and write the comment; a token of a fork's run may not, and gets the text back."""
    comparison = diff(git, hub.pull(number).base)
    said = Result(comparison.base_sha, comparison.head_sha, text(comparison))
    try:
        login = hub.login()
        ours = (each.body for each in hub.comments(number) if each.author == login and each.body.startswith(MARKER))
        written = hub.comment(number, body(said, next(ours, "")), marker=MARKER, author=login)
    except ForbiddenError as exc:
        return Told(refused=str(exc), text=said.text)
    return Told(url=written.url, text=said.text)


def shown(number: int, comparison: Comparison) -> Mapping[str, Any]:
    """Write what would be commented as JSON data."""
    kept = {name: [_data_of(change) for change in getattr(comparison, name)] for name in ("metrics", "params")}
    return {"action": "comment", "pull": number, **vars(comparison), **kept}


def _data_of(change: Change) -> dict[str, Any]:
    """Write NaN and infinity, which JSON does not have, as words."""
    endless = {float: lambda value: value if math.isfinite(value) else str(value)}
    return {name: endless.get(type(value), lambda same: same)(value) for name, value in change._asdict().items()}

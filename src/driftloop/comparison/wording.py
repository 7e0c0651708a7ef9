"""Markdown for people on GitHub: what a pull request changes in metrics and parameters, in one comment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NamedTuple

from driftloop.report import diff
from driftloop.report.markdown import LONGEST, cut, folded, plain

MARKER = "<!-- driftloop:metrics -->"
RESULT = re.compile(r"<!-- driftloop:result (\w+)\.\.(\w+) -->\n(.*?)\n<!-- driftloop:end -->", re.DOTALL)
EARLIER = 3


class Difference(NamedTuple):
    """One metric or parameter in both revisions; None where a revision has none of it."""

    file: str
    name: str
    old: Any
    new: Any

    @property
    def title(self) -> str:
        """Its name, with its file where that says more."""
        file = self.file.removeprefix("metrics/").removesuffix(".json")
        return self.name if file == "params.yaml" else f"{file}: {self.name}"


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
    folder
        Where the model is; empty at the top of the repository.
    """

    base: str
    base_sha: str
    head_sha: str
    metrics: tuple[Difference, ...]
    params: tuple[Difference, ...]
    moved: bool | None
    unread: tuple[str, ...] = ()
    folder: str = ""


class Result(NamedTuple):
    """A text about two commits."""

    base_sha: str
    head_sha: str
    text: str


def text(comparison: Comparison, *, evidence: bool = True) -> str:
    """Write both tables; without `evidence`, which a pull request of the loop has in its description, the parameters."""
    base = plain(comparison.base)
    named = "Metrics and parameters" if evidence else "Parameters"
    named += f" of {plain(comparison.folder)}" if comparison.folder else ""
    metrics = ((each.title, each.old, each.new) for each in comparison.metrics)
    figures = [
        _data(comparison.moved),
        diff.diff(metrics, comparison.base, "here", worded=comparison.moved is False),
    ]
    parts = [
        f"**{named}**, {base} ({comparison.base_sha[:7]}) → {comparison.head_sha[:7]}",
        "\n".join(f"- **Not all of {base} could be read:** {plain(each)}" for each in comparison.unread),
        *(figures if evidence else ["The evidence for this model is in the description."]),
        _params(comparison),
    ]
    return "\n\n".join(part for part in parts if part)


def _data(moved: bool | None) -> str:  # noqa: FBT001
    if moved is None:
        return "Whether both are about the same data is not known: one side has no dvc.lock with a stage `collect`."
    if moved:
        return (
            "**The data differ too.** Each side is measured on its own rows, so nothing here is called better or worse. "
            "The gate's verdict compares both models on the same rows."
        )
    return ""


def _params(comparison: Comparison) -> str:
    if not comparison.params:
        return "No parameter differs."
    rows = [[each.title, *(diff.MISSING if side is None else str(side) for side in (each.old, each.new))]
            for each in comparison.params]  # fmt: skip
    return diff.shortened(["parameter", comparison.base, "here"], rows)


def body(result: Result, before: str) -> str:
    """Put the newest result on top of those that a comment holds already, which are folded; the same one counts once."""
    held = [Result(*match) for match in RESULT.findall("\n".join(before.splitlines()))]
    earlier = [each for each in held if each[:2] != result[:2]][:EARLIER]
    while True:
        found = "\n\n".join([f"{MARKER}\n{_kept(result)}", *map(_earlier, earlier)])
        if len(found) <= LONGEST or not earlier:
            break
        earlier = earlier[:-1]
    room = LONGEST - len(f"{MARKER}\n{_kept(result._replace(text=''))}")
    return found if len(found) <= LONGEST else f"{MARKER}\n{_kept(result._replace(text=cut(result.text, room)))}"


def _kept(result: Result) -> str:
    return f"<!-- driftloop:result {result.base_sha}..{result.head_sha} -->\n{result.text}\n<!-- driftloop:end -->"


def _earlier(result: Result) -> str:
    return folded(f"Earlier: {result.head_sha[:7]} against {result.base_sha[:7]}", _kept(result))

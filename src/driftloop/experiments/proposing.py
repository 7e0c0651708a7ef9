"""Propose the best experiment: a pull request that changes the recipe. Production stays as it is."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, assert_never

from driftloop.core.judging.verdict import Report
from driftloop.experiments import table
from driftloop.experiments.table import Tried
from driftloop.nothing import Nothing
from driftloop.params import parse_params
from driftloop.report.markdown import LONGEST_TITLE, cut, fenced, quiet
from driftloop.retraining import results, verify
from driftloop.retraining.handover import PARAMS
from driftloop.store.files import VERDICT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from driftloop.git import Git
    from driftloop.github.hub import Hub
    from driftloop.params.overrides import Experiment
    from driftloop.retraining.handover import Snapshot

BRANCHES = "experiment/"


@dataclass(frozen=True)
class Propose:
    """Push a branch with one commit, and open its pull request.

    Attributes
    ----------
    branch, head
        The branch is called after its commit, so nobody else's commits can be on it.
    into
        Branch that the recipe is for.
    title, body
        Of the pull request.
    paths
        What the commit changes.
    """

    branch: str
    head: str
    into: str
    title: str
    body: str = field(repr=False)
    paths: tuple[str, ...] = ()


Action = Propose | Nothing


def plan(
    hub: Hub,
    git: Git,
    experiments: Sequence[Experiment],
    folder: Path,
    *,
    prove: Callable[[Path], None] = verify.prove,
) -> Action:
    """Check what was tried, and commit the best of it in this clone.

    Parameters
    ----------
    hub, git
        The outside world; HEAD is the commit that the experiments were run on.
    experiments
        As somebody who may write has asked for them; the folder is not believed about them.
    folder
        What `driftloop ci experiment` has left; not trusted.
    prove
        Raises LoopError unless results in a working tree follow from its code, parameters and lock.

    Raises
    ------
    LoopError
        If the folder holds anything else, or results that do not follow from the commit and the parameters.
    """
    base = git.head()
    params = (git.show(base, PARAMS) or b"").decode("utf-8")
    main, _ = _read(git, folder / "0", params)
    texts = [each.written(params) for each in experiments]
    read = [_read(git, folder / str(number), text) for number, text in enumerate(texts, 1)]
    tried = [Tried(each.text, found.report, found.error) for each, (found, _) in zip(experiments, read, strict=True)]
    chosen = table.best(main, tried)
    said = table.text(main, tried, parse_params(params, where=PARAMS).data.target_unit)
    snapshot = read[tried.index(chosen)][1] if chosen else None
    if chosen is None or snapshot is None:
        return Nothing("no experiment has less error than main's recipe and passes the gate")
    title = f"recipe: {quiet(chosen.text)}"[:LONGEST_TITLE]
    with git.worktree(base) as tree:
        snapshot.write(tree.root)
        prove(tree.root)
        head = tree.commit(title, snapshot.committed)
    branch = f"{BRANCHES}{head[:12]}"
    if closed := next((pull for pull in hub.pulls(branch, state="closed") if not pull.merged), None):
        return Nothing(f"#{closed.number} holds the same commit and was closed without a merge; reopen it")
    return Propose(branch, head, hub.default_branch(), title, _body(chosen, said, base), tuple(snapshot.committed))


def _read(git: Git, folder: Path, params: str) -> tuple[Tried, Snapshot | None]:
    """Read what one experiment has left; one that failed has left nothing."""
    if not folder.exists():
        return Tried("", None, "see the job `try`"), None
    found = results.read(git, folder, params=params.encode())
    if VERDICT.as_posix() not in found.files:
        return Tried("", None, "it was not judged"), None
    return Tried("", Report.model_validate_json(found[VERDICT])), found


def _body(chosen: Tried, said: str, base: str) -> str:
    follows = (
        "Merging changes the recipe alone. Production stays. The next retraining trains with this recipe, and the gate "
        "judges it again."
    )
    parts = [
        "**Another recipe** has less error than main's on the same rows, and passes the gate.",
        said,
        follows,
        fenced(
            f"git checkout {base[:12]}\ndvc exp run {' '.join(f'-S {shlex.quote(each)}' for each in shlex.split(chosen.text))}",
            "sh",
        ),
    ]
    return cut("\n\n".join(parts))


def act(hub: Hub, git: Git, action: Action) -> str:
    """Do it, and say what was done; doing it twice changes nothing."""
    match action:
        case Propose():
            if git.remote_head(action.branch) != action.head:
                git.push(action.branch, expected=None, revision=action.head)
            pull = hub.open_pull(title=action.title, body=action.body, branch=action.branch, base=action.into)
            return f"proposed in #{pull.number}: {action.title}"
        case Nothing():
            return f"no pull request: {action.reason}"
        case _:
            assert_never(action)


def shown(action: Action) -> dict[str, Any]:
    """Return an action as data."""
    match action:
        case Propose():
            return {"action": "propose", "branch": action.branch, "into": action.into, "title": action.title,
                    "paths": list(action.paths)}  # fmt: skip
        case Nothing():
            return {"action": "nothing", "reason": action.reason}
        case _:
            assert_never(action)


def worded(action: Action) -> str:
    """Describe what would be done, with the text that people would read."""
    match action:
        case Propose():
            return f"would push {action.branch} and open a pull request:\n\n# {action.title}\n\n{action.body}"
        case Nothing():
            return f"no pull request: {action.reason}"
        case _:
            assert_never(action)

"""Roll back: refresh, run the pipeline, restore an earlier version, and write a hand-over for the job that proposes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from driftloop import dvc, rollback
from driftloop import refresh as refreshing
from driftloop.core.judging.verdict import Report
from driftloop.params import load_params
from driftloop.retraining import handover
from driftloop.retraining.train import check_start
from driftloop.store.files import VERDICT, read_card, read_value, write_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from driftloop.git import Git
    from driftloop.retraining.handover import Manifest
    from driftloop.rollback import Rollback


def act(
    root: Path,
    git: Git,
    version: int,
    out: Path,
    *,
    until: str | None,
    now: datetime,
    repro: Callable[[Path], None] | None = None,
) -> tuple[Manifest, Rollback]:
    """Restore a version in the working tree, scored on the newest data, and leave the hand-over in `out`.

    Parameters
    ----------
    root, git
        A checkout without changes in tracked files, with its whole history.
    version, out
        What is brought back, and where the hand-over goes; an earlier one is replaced.
    until, now
        As for `refresh`.
    repro
        Runs the pipeline; DVC unless given.
    """
    repro = repro or dvc.repro
    check_start(git, out)
    base, path = git.head(), root / handover.PARAMS
    params = load_params(path)
    earlier, before = rollback.find(git, version, params), read_card(root, params)
    rollback.check(earlier, before, params)  # before anything takes long
    refreshing.refresh(path, until=until, now=now)
    params = load_params(path)
    repro(root)
    outcome, data = read_value(root / VERDICT, Report).verdict.outcome, handover.take(root, "data")
    found = rollback.plan(params, root, earlier)
    rollback.apply(found, root)
    repro(root)
    write_json(root / handover.RESTORED, found.report.model_dump(mode="json"))
    made = handover.write(
        out,
        data,
        handover.take(root, "restore"),
        issue=0,
        base=base,
        model=params.model,
        before=before.version,
        after=found.card.version,
        until=params.source.until,
        outcome=outcome,
        restores=version,
    )
    return made, found

"""For the tests of a project: the whole pipeline on a small part of its data."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING

import yaml

from driftloop import own_code
from driftloop.core.judging.verdict import Report
from driftloop.core.models.card import Card
from driftloop.errors import UnreachableError
from driftloop.lock.source import STAGES
from driftloop.params import load_params
from driftloop.store.files import (
    CANDIDATE_CARD,
    CARD,
    QUALITY,
    SRC,
    VERDICT,
    read_json,
    read_value,
    write_json,
    write_text,
)

if TYPE_CHECKING:
    from pathlib import Path

    from driftloop.params import Params

__all__ = ["Small", "UnreachableError", "run_small"]

DAYS = 180  # before the judged ones
MAX_ROWS = 20_000


@dataclass(frozen=True)
class Small:
    """What came of the pipeline.

    Attributes
    ----------
    findings
        What the data rules found in the newest days, as text.
    candidate
        Whether the recipe could be trained.
    outcome, reasons
        Of the gate.
    """

    findings: tuple[str, ...]
    candidate: bool
    outcome: str
    reasons: tuple[str, ...]


def run_small(root: Path, folder: Path, *, days: int = DAYS) -> Small:
    """Run all stages of a project on its newest days, without a production model.

    Parameters
    ----------
    root
        Top folder of the project. Nothing in it is changed.
    folder
        An empty one, for the results.
    days
        Of data before the days that the gate judges.

    Raises
    ------
    UnreachableError
        If the source cannot be read.
    LoopError
        If a stage fails.
    """
    root, folder = root.resolve(), folder.resolve()
    params = _small(load_params(root / "params.yaml"), days)
    write_text(folder / "params.yaml", yaml.safe_dump(params.model_dump(mode="json"), sort_keys=False))
    write_json(folder / CARD, Card().model_dump(mode="json"))
    if (root / SRC).is_dir():
        ours = shutil.ignore_patterns("driftloop", "__pycache__")
        shutil.copytree(root / SRC, folder / SRC, ignore=ours)
    own_code.allow_imports(folder)
    with contextlib.chdir(root):  # paths and commands of the source are meant from there
        for name, module in STAGES.items():
            if name == "backtest":
                continue
            import_module(module).run(params, folder)
    verdict = read_value(folder / VERDICT, Report).verdict
    return Small(
        findings=tuple(finding["text"] for finding in read_json(folder / QUALITY)["findings"]),
        candidate="sha256" in read_json(folder / CANDIDATE_CARD),
        outcome=verdict.outcome,
        reasons=verdict.reasons,
    )


def _small(params: Params, days: int) -> Params:
    """Shorten the history, draw no report, and train on few rows."""
    judged = params.least_judge_days + params.data.label_delay_days
    since = f"{params.source.until_instant - timedelta(days=days + judged):%Y-%m-%dT%H:%MZ}"
    return params.model_copy(
        update={
            "source": params.source.model_copy(update={"since": max(since, params.source.since or "")}),
            "train": params.train.model_copy(update={"max_rows": min(params.train.max_rows, MAX_ROWS)}),
            "report": params.report.model_copy(update={"max_rows": 0}),
        }
    )

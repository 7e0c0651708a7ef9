"""Labelled rows → models/candidate.skops."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING

from driftloop.core.columns import DAY
from driftloop.core.models import archive, estimator
from driftloop.core.models.card import Candidate
from driftloop.core.models.recipe import Choice, recipe_of
from driftloop.core.windows import Window, end_day, last_days
from driftloop.store.files import (
    CANDIDATE,
    CANDIDATE_CARD,
    LABELLED,
    TRAIN_WINDOW,
    digest,
    read_frame,
    read_value,
    write_bytes,
    write_json,
)

if TYPE_CHECKING:
    from pathlib import Path

    from driftloop.params import Params

PACKAGES = ("numpy", "scikit-learn", "skops")


def run(params: Params, root: Path) -> None:
    """Fit the recipe up to the newest label; with `refit: false`, up to the start of the holdout.

    Rows that nothing can be learned from give an empty candidate, which the gate refuses.
    """
    recipe = recipe_of(params)
    until = end_day(params.source.until_instant, params.zone) - timedelta(days=params.data.label_delay_days)
    if not params.monitor.refit:
        until -= timedelta(days=params.least_judge_days)
    chosen = read_value(root / TRAIN_WINDOW, Choice)
    rows = estimator.training_rows(
        recipe.model_copy(update={"train_days": chosen.train_days}), read_frame(root / LABELLED), until
    )
    try:
        fitted = estimator.fit(recipe, rows)
        estimator.score(fitted, recipe, rows.tail(1))  # what cannot predict is no candidate
        content = archive.dumps(fitted)
    except estimator.UnfittableError as exc:
        write_bytes(root / CANDIDATE, b"")
        write_json(root / CANDIDATE_CARD, {"untrainable": str(exc)})
        return
    archive.loads(content, trusted=params.train.trusted, where=str(CANDIDATE))
    trained = Window(since=rows[DAY].min(), until=until)
    days = params.windows.reference_days
    candidate = Candidate(
        model=params.model,
        recipe=recipe,
        trained=trained,
        rows=len(rows),
        reference=trained if days == "all" else last_days(until, min(days, trained.days)),
        sha256=hashlib.sha256(content).hexdigest(),
        data_sha256=digest(root / LABELLED),
        window=chosen if recipe.train_days == "auto" else None,
        packages={name: version(name) for name in PACKAGES},
    )
    write_bytes(root / CANDIDATE, content)
    write_json(root / CANDIDATE_CARD, candidate.model_dump(mode="json"))

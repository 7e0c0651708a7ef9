"""Make the candidate production: copy its file, write its card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from driftloop.core.judging.verdict import Report
from driftloop.core.models.card import Candidate, Card
from driftloop.core.models.recipe import recipe_of
from driftloop.core.windows import end_day
from driftloop.errors import ModelError
from driftloop.store.files import (
    CANDIDATE,
    CANDIDATE_CARD,
    CARD,
    MODEL,
    VERDICT,
    digest,
    read_card,
    read_json,
    read_value,
    write_bytes,
    write_json,
)

if TYPE_CHECKING:
    from pathlib import Path

    from driftloop.core.judging.verdict import Verdict
    from driftloop.params import Params


@dataclass(frozen=True)
class Promotion:
    """What `promote` is about to write."""

    card: Card
    outcome: str


def plan(params: Params, root: Path, *, first: bool, force: bool, highest: int = 0) -> Promotion:
    """Decide whether the candidate may be promoted, and word its card.

    Parameters
    ----------
    params, root
        The parameters, and the working tree.
    first, force
        Whether there is no production yet; whether the verdict does not count.
    highest
        The highest version that there ever was: where one was taken back, its number is not used again.

    Raises
    ------
    ModelError
        If the verdict is missing, is about another candidate or production, or does not say *promote*.
    """
    before = read_card(root, params)
    report = read_value(root / VERDICT, Report)
    if "sha256" not in (read_json(root / CANDIDATE_CARD) or {}):
        msg = f"{CANDIDATE}: there is no candidate: {report.verdict.reasons[0]}"
        raise ModelError(msg)
    candidate = read_value(root / CANDIDATE_CARD, Candidate)
    if not (root / CANDIDATE).exists():
        msg = f"{CANDIDATE}: not found; run `dvc repro`"
        raise ModelError(msg)
    if digest(root / CANDIDATE) != candidate.sha256 or report.candidate_sha256 != candidate.sha256:
        msg = f"{VERDICT}: it is about another candidate than {CANDIDATE}; run `dvc repro`"
        raise ModelError(msg)
    if report.production_version != before.version:
        msg = f"{VERDICT}: it compares with v{report.production_version}, production is v{before.version}; run `dvc repro`"
        raise ModelError(msg)
    if stale := _stale(params, report, candidate):
        msg = f"{VERDICT}: {stale} has changed since it was made; run `dvc repro`"
        raise ModelError(msg)
    _allowed(report.verdict, before.version, first=first, force=force)
    card = Card(
        version=1 if first else max(before.version, highest) + 1,
        normal_error=report.normal_error,
        judged=report.judged,
        verdict=report.verdict.model_dump(mode="json"),
        **{name: getattr(candidate, name) for name in Candidate.model_fields},
    )
    return Promotion(card=card, outcome=report.verdict.outcome)


def _stale(params: Params, report: Report, candidate: Candidate) -> str | None:
    """Name the parameter that verdict or candidate no longer agree with."""
    now = {
        "model": (candidate.model, params.model),
        "the recipe (train, data, windows.train_days)": (candidate.recipe, recipe_of(params)),
        "source.until": (report.until, end_day(params.source.until_instant, params.zone)),
        "evaluate": (report.rule, params.evaluate.model_dump(mode="json")),
    }
    return next((name for name, (then, today) in now.items() if then != today), None)


def _allowed(verdict: Verdict, version: int, *, first: bool, force: bool) -> None:
    if version == 0 and not first:
        msg = "there is no production model to compare with: `driftloop promote --first` makes this one version 1"
        raise ModelError(msg)
    if version and first:
        msg = f"--first: expected no production model, got v{version}; leave the option out"
        raise ModelError(msg)
    if force or (version == 0 and not verdict.faults) or verdict.outcome == "promote":
        return
    msg = f"verdict: {verdict.outcome}: {verdict.reasons[0]}; --force promotes all the same"
    raise ModelError(msg)


def apply(promotion: Promotion, root: Path) -> None:
    """Write the model, then the card that names its hash; a half-done promotion is refused when read."""
    write_bytes(root / MODEL, (root / CANDIDATE).read_bytes())
    write_json(root / CARD, promotion.card.model_dump(mode="json"))

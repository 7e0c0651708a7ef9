"""Does a hand-over follow from the commit that it was made from? Nothing in it is believed, and nothing in it is run."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from driftloop import dvc, lineage, rollback
from driftloop.core.data.finding import Finding
from driftloop.core.decision.values import Decision
from driftloop.core.judging.verdict import Report
from driftloop.core.models import archive
from driftloop.core.models.card import Card, read_card
from driftloop.core.models.recipe import recipe_of
from driftloop.core.windows import Window, end_day
from driftloop.errors import LoopError
from driftloop.foreign import METRICS, jsonfile, lockfile
from driftloop.foreign.lockfile import LOCK, PIPELINE
from driftloop.params import Params, edit, parse_params, parse_yaml
from driftloop.retraining.handover import PARAMS, REPORTS, RESTORED
from driftloop.store.files import CANDIDATE, CARD, DECISION, MODEL, QUALITY, VERDICT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from driftloop.git import Git
    from driftloop.retraining.handover import HandOver, Snapshot
    from driftloop.rollback import Earlier

MOVED = ("source.until", "source.fingerprint")
APPROVED = "retrain.standing_until"  # which `propose` compares with the approval on GitHub
BASE = (PARAMS, PIPELINE, CARD.as_posix())  # what of a commit its results are compared with
Value = TypeVar("Value", bound=BaseModel)


class Quality(BaseModel):
    """reports/quality.json."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    window: Window | None = None
    reference: Window | None = None
    absent: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    hints: tuple[str, ...] = ()
    lasting: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verified:
    """What a hand-over says, read as our own values.

    Attributes
    ----------
    params
        Those it was made with.
    decision, report
        Of the newest data, with production as it was.
    restored
        An earlier version against production, on the newest rows; None for a retraining.
    before, after
        Cards of production and of what would replace it; None for nothing.
    metrics
        Of both snapshots, by file and dotted name.
    """

    params: Params
    decision: Decision
    report: Report
    restored: Report | None
    before: Card
    after: Card | None
    metrics: tuple[dict[str, float], dict[str, float]]


def check(found: HandOver, base: Mapping[str, bytes | None], git: Git) -> Verified:
    """Check everything that can be checked without running anything.

    Parameters
    ----------
    found
        The hand-over.
    base
        The files of `BASE` at the commit that it was made from.
    git
        Knows the versions that there ever were.

    Raises
    ------
    LoopError
        Naming the first thing that is not as it has to be.
    """
    manifest = found.manifest
    params = _params(base[PARAMS] or b"", found.data[PARAMS])
    before = read_card((base[CARD.as_posix()] or b"").decode("utf-8", "replace"), params, where=str(CARD))
    decision, report = _parsed(found.data, DECISION, Decision), _parsed(found.data, VERDICT, Report)
    metrics = [numbers(found.data)]
    for snapshot in filter(None, (found.data, found.promote)):
        _parsed(snapshot, QUALITY, Quality)
        _parsed(snapshot, DECISION, Decision)
        _parsed(snapshot, VERDICT, Report)
    _same("manifest.json: model", manifest.model, params.model)
    _same("manifest.json: until", manifest.until, params.source.until)
    _same("manifest.json: before", manifest.before, before.version)
    _same("manifest.json: outcome", manifest.outcome, report.verdict.outcome)
    until = end_day(params.source.until_instant, params.zone)
    _same(f"{VERDICT}: until", report.until, until)
    _same(f"{VERDICT}: rule", report.rule, params.evaluate.model_dump(mode="json"))
    _same(f"{VERDICT}: production_version", report.production_version, before.version)
    _same(f"{DECISION}: model and version", (decision.model, decision.version), (params.model, before.version))
    _same(f"{DECISION}: until", decision.until, until)
    after, restored = None, None
    if found.promote:
        _same(f"promote/{PARAMS}", found.promote[PARAMS], found.data[PARAMS])
        if manifest.restores:
            _same(f"{PARAMS}: {APPROVED}", params.retrain.standing_until, _approved(base))
            restored = _parsed(found.promote, Path(RESTORED), Report)
            after = _restored(found.promote, rollback.find(git, manifest.restores, params), params, restored, before)
        else:
            after = _promoted(found.promote, params, report, before, lineage.highest(git, params.model))
        metrics.append(numbers(found.promote))
    _same("manifest.json: after", manifest.after, after.version if after else None)
    for snapshot in filter(None, (found.data, found.promote)):
        _in_lock(snapshot, base)
    return Verified(params, decision, report, restored, before, after, (metrics[0], metrics[-1]))


def check_measured(found: Snapshot, base: Mapping[str, bytes | None]) -> bool:
    """Check results of one run of the pipeline, of the whole or up to `monitor`, against the commit; see `check`.

    Returns
    -------
    bool
        Whether the verdict is about this data and production; `dvc repro monitor` leaves an older one behind.
    """
    params = _params(base[PARAMS] or b"", found[PARAMS])
    card = read_card((base[CARD.as_posix()] or b"").decode("utf-8", "replace"), params, where=str(CARD))
    until = end_day(params.source.until_instant, params.zone)
    numbers(found)
    _in_lock(found, base)
    if DECISION.as_posix() in found.files:
        decision = _parsed(found, DECISION, Decision)
        _same(f"{DECISION}: model and version", (decision.model, decision.version), (params.model, card.version))
        _same(f"{DECISION}: until", decision.until, until)
    if VERDICT.as_posix() not in found.files:
        return False
    report = _parsed(found, VERDICT, Report)
    return (report.until, report.production_version) == (until, card.version)


def _params(base: bytes, handed: bytes) -> Params:
    """Accept a params.yaml that is the base's with another end and fingerprint of the data and end of the approval."""
    try:
        text = handed.decode("utf-8")
        params = parse_params(text, where=PARAMS)
        # Unchanged it need not be written as `refresh` writes it: an until without quotes is fine.
        wanted = text if handed == base else moved(base.decode("utf-8"), text)
    except (UnicodeDecodeError, KeyError) as exc:
        msg = f"hand-over: {PARAMS}: expected that of the base commit, got one that cannot be read"
        raise LoopError(msg) from exc
    if wanted.encode() != handed:
        msg = f"hand-over: {PARAMS}: more than {', '.join(MOVED)} and {APPROVED} differs from the base commit"
        raise LoopError(msg)
    return params


@lru_cache(maxsize=8)  # asked for each snapshot, and YAML is read slowly
def moved(text: str, handed: str) -> str:
    """Write into the text of a params.yaml what a retraining has moved in another one, and nothing else."""
    source = parse_yaml(handed, where=PARAMS)["source"]
    values = {
        key: source[key.partition(".")[2]] for key in MOVED
    }  # as written: a time without an offset is a local one
    until = parse_params(handed, where=PARAMS).retrain.standing_until
    return edit.with_approval(edit.with_values(text, values), until)


def _approved(base: Mapping[str, bytes | None]) -> date | None:
    """Read the end of a standing approval as the commit has it."""
    return parse_params((base[PARAMS] or b"").decode("utf-8"), where=PARAMS).retrain.standing_until


def _restored(snapshot: Snapshot, earlier: Earlier, params: Params, report: Report, before: Card) -> Card:
    """Check that model and card are those of an earlier version, as Git has them; only the comparison is new."""
    rollback.check(earlier, before, params)
    _same(f"{RESTORED}: production_version", report.production_version, before.version)
    _same(f"{RESTORED}: until", report.until, end_day(params.source.until_instant, params.zone))
    _same(f"{RESTORED}: rule", report.rule, params.evaluate.model_dump(mode="json"))
    _same(f"{RESTORED}: candidate_sha256", report.candidate_sha256, earlier.card.sha256)
    card = _parsed(snapshot, CARD, Card)
    _same(str(CARD), card.model_dump(), earlier.again(report).model_dump())
    _same(f"{MODEL}: SHA-256", snapshot[MODEL], earlier.content)
    return card


def _promoted(snapshot: Snapshot, params: Params, report: Report, before: Card, highest: int) -> Card:
    """Check that model and card are those that the verdict is about."""
    card, content = _parsed(snapshot, CARD, Card), snapshot[MODEL]
    shown = str(CARD)
    _same(f"{shown}: model and version", (card.model, card.version), (params.model, max(before.version, highest) + 1))
    _same(f"{MODEL}: SHA-256", hashlib.sha256(content).hexdigest(), card.sha256)
    _same(f"{shown}: sha256", card.sha256, report.candidate_sha256)
    _same(f"{shown}: verdict", card.verdict, report.verdict.model_dump(mode="json"))
    _same(f"{shown}: normal_error", (card.normal_error, card.judged), (report.normal_error, report.judged))
    _same(f"{shown}: recipe", card.recipe, recipe_of(params))
    if card.trained is None or card.reference is None or not card.data_sha256:
        msg = f"hand-over: {shown}: expected trained, reference and data_sha256"
        raise LoopError(msg)
    archive.audit(content, trusted=params.train.trusted, where=f"hand-over: {MODEL}")
    return card


def _in_lock(snapshot: Snapshot, base: Mapping[str, bytes | None]) -> None:
    """Check results against the lock; of those in DVC's cache DVC itself looks at none while the cache lacks them."""
    stages = lockfile.lock(snapshot[LOCK], stages=lockfile.pipeline(base[PIPELINE] or b""), where=f"hand-over: {LOCK}")
    locked = {path: md5 for outs in lockfile.outs(stages).values() for path, md5 in outs.items()}
    made = {path: path for path in snapshot.files if path in REPORTS or path.startswith("metrics/")}
    if MODEL.as_posix() in snapshot.files and RESTORED not in snapshot.files:
        made[MODEL.as_posix()] = CANDIDATE.as_posix()
    for path, name in made.items():
        if hashlib.md5(snapshot[path], usedforsecurity=False).hexdigest() != locked.get(name):
            msg = f"hand-over: {path}: not the file that {LOCK} names"
            raise LoopError(msg)


def _parsed(snapshot: Snapshot, path: Path, kind: type[Value]) -> Value:
    jsonfile.read(snapshot[path], where=f"hand-over: {path}")  # which bounds what is made of it
    try:
        return kind.model_validate_json(snapshot[path])
    except ValidationError as exc:
        problem = exc.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in problem["loc"])
        msg = f"hand-over: {path}: {where}: {problem['msg']}"
        raise LoopError(msg) from exc


def _same(where: str, found: object, expected: object) -> None:
    if found != expected:
        shown = "" if isinstance(found, bytes | dict) else f": expected {expected}, got {found}"[:300]
        msg = f"hand-over: {where}: does not agree with the rest{shown}"
        raise LoopError(msg)


def numbers(snapshot: Snapshot) -> dict[str, float]:
    """Read the metrics of a snapshot, which are numbers only."""
    return read_metrics({path: content for path, content in snapshot.files.items() if path.startswith("metrics/")})


def read_metrics(files: Mapping[str, bytes]) -> dict[str, float]:
    """Flatten the JSON files to numbers by file and dotted name: `evaluate: refit.mae`."""
    found: dict[str, float] = {}
    for path, content in files.items():
        if not path.endswith(".json"):
            continue
        tree = jsonfile.read(content, where=f"hand-over: {path}", bounds=METRICS)
        name = path.removeprefix("metrics/").removesuffix(".json")
        for key, value in _leaves(tree):
            if isinstance(value, bool) or not isinstance(value, int | float):
                msg = f"hand-over: {path}: {key}: expected numbers only"
                raise LoopError(msg)
            found[f"{name}: {key}"] = value
    return found


def _leaves(tree: Any, prefix: str = "") -> list[tuple[str, Any]]:
    if not isinstance(tree, dict):
        return [(prefix, tree)]
    return [leaf for key, value in tree.items() for leaf in _leaves(value, f"{prefix}.{key}" if prefix else key)]


def prove(root: Path) -> None:
    """Let DVC compare a snapshot, put into a working tree, with code, parameters and lock; no data is needed, nothing runs.

    Raises
    ------
    LoopError
        If a stage would have to run, or DVC refuses: something was edited that the lock does not know of.
    """
    if why := dvc.stale(root):
        msg = f"hand-over: {LOCK}: code, parameters, data or results are not those that it was made with: {why}"
        raise LoopError(msg)

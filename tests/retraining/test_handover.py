"""A hand-over is believed only as far as it can be checked; whatever is wrong with it is named."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import handed
import pytest
from workspace import Workspace

from driftloop.core.models import archive
from driftloop.errors import LoopError
from driftloop.git import Git
from driftloop.retraining import handover, verify
from driftloop.store.files import CARD

if TYPE_CHECKING:
    from pathlib import Path

    from handed import Made

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return handed.made(tmp_path_factory)


@pytest.fixture
def folder(made: Made, tmp_path: Path) -> Path:
    return made.copy("better", tmp_path / "h")


def check(made: Made, folder: Path) -> verify.Verified:
    repo = made.repo
    found = handover.read(folder, (repo / "dvc.yaml").read_bytes())
    return verify.check(found, {path: (repo / path).read_bytes() for path in verify.BASE}, Git(repo))


def edit(folder: Path, name: str, **over: Any) -> None:
    """Change keys of a JSON file, and its hash."""
    value = json.loads((folder / name).read_text())
    handed.rewrite(folder, name, json.dumps({**value, **over}).encode())


def test_check__takes_what_retrain_left(made: Made, folder: Path) -> None:
    evidence = check(made, folder)
    assert evidence.after
    assert (evidence.before.version, evidence.after.version) == (1, 2)
    assert evidence.report.verdict.outcome == "promote"
    assert evidence.metrics[0]["production: version"] == 1
    assert evidence.metrics[1]["production: version"] == 2


def test_read__an_unexpected_file_is_refused(made: Made, folder: Path) -> None:
    (folder / "data/src").mkdir()
    (folder / "data/src/run.py").write_text("print()")
    with pytest.raises(LoopError, match=r"hand-over: 'data/src/run.py' does not belong there"):
        check(made, folder)


def test_read__an_unexpected_file_is_refused_if_the_manifest_names_it(made: Made, folder: Path) -> None:
    handed.rewrite(folder, "promote/.github/workflows/x.yml", b"on: push")
    with pytest.raises(LoopError, match=r"hand-over: 'promote/.github/workflows/x.yml' does not belong there"):
        check(made, folder)


@pytest.mark.parametrize("name", ["../x", "data/../../x", "/etc/passwd", "data/metrics/../params.yaml"])
def test_read__a_path_that_leads_out_is_refused(made: Made, folder: Path, name: str) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"][name] = "0" * 64
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(LoopError, match=rf"hand-over: '{name}' does not belong there"):
        check(made, folder)


def test_read__a_missing_file_is_named(made: Made, folder: Path) -> None:
    (folder / "data/dvc.lock").unlink()
    with pytest.raises(LoopError, match=r"hand-over: 'data/dvc.lock' is missing"):
        check(made, folder)


def test_read__a_symbolic_link_is_refused(made: Made, folder: Path) -> None:
    inner = folder / "promote/models/production/model.skops"
    inner.rename(folder.parent / "elsewhere")
    inner.symlink_to(folder.parent / "elsewhere")
    with pytest.raises(LoopError, match=r"promote/models/production/model.skops: expected a regular file, got a symb"):
        check(made, folder)


def test_read__a_folder_behind_a_link_is_refused(made: Made, folder: Path) -> None:
    (folder / "data").rename(folder.parent / "elsewhere")
    (folder / "data").symlink_to(folder.parent / "elsewhere")
    with pytest.raises(LoopError, match=r"hand-over: data: expected a regular file, got a symbolic link"):
        check(made, folder)


def test_read__a_pipe_is_refused(made: Made, folder: Path) -> None:
    (folder / "data/dvc.lock").unlink()
    os.mkfifo(folder / "data/dvc.lock")
    with pytest.raises(LoopError, match=r"data/dvc.lock: expected a regular file"):
        check(made, folder)


def test_read__a_file_that_is_too_large_is_refused(made: Made, folder: Path) -> None:
    with (folder / "data/dvc.lock").open("wb") as stream:
        stream.truncate((1 << 20) + 1)
    with pytest.raises(LoopError, match=r"data/dvc.lock: expected at most 1 MiB"):
        check(made, folder)


def test_read__a_file_with_another_hash_is_refused(made: Made, folder: Path) -> None:
    (folder / "data/metrics/data.json").write_text("{}")
    with pytest.raises(LoopError, match=r"data/metrics/data.json: not the file that manifest.json names"):
        check(made, folder)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"issue": -1}, "manifest.json: issue"),
        ({"issue": 0}, "expected an issue that is answered, or a version that is restored"),
        ({"base": "main"}, "manifest.json: base"),
        ({"more": 1}, "manifest.json: more"),
        ({"outcome": "keep production"}, "does not belong there"),
        ({"until": "2030-01-01"}, "manifest.json: until"),
        ({"after": 9}, "manifest.json: after"),
    ],
)
def test_manifest__that_disagrees_is_refused(made: Made, folder: Path, change: dict[str, Any], said: str) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, **change}))
    with pytest.raises(LoopError, match=said):
        check(made, folder)


def test_check__params_beyond_the_two_keys_are_refused(made: Made, folder: Path) -> None:
    for state in ("data", "promote"):
        text = (folder / state / "params.yaml").read_text()
        handed.rewrite(folder, f"{state}/params.yaml", text.replace("min_gain: 0.01", "min_gain: 0.00").encode())
    with pytest.raises(
        LoopError, match=r"params.yaml: more than source.until, source.fingerprint and retrain.standing_until differs"
    ):
        check(made, folder)


def test_check__a_comment_in_params_is_refused(made: Made, folder: Path) -> None:
    for state in ("data", "promote"):
        text = (folder / state / "params.yaml").read_text()
        handed.rewrite(folder, f"{state}/params.yaml", f"{text}# a note\n".encode())
    with pytest.raises(
        LoopError, match=r"params.yaml: more than source.until, source.fingerprint and retrain.standing_until differs"
    ):
        check(made, folder)


def test_check__a_swapped_model_is_refused(made: Made, folder: Path) -> None:
    old = (made.repo / "models/production/model.skops").read_bytes()
    handed.rewrite(folder, "promote/models/production/model.skops", old)
    with pytest.raises(LoopError, match=r"model.skops: SHA-256: does not agree"):
        check(made, folder)


def test_check__a_swapped_model_with_its_card_is_refused(made: Made, folder: Path) -> None:
    old, card = (made.repo / "models/production/model.skops").read_bytes(), Workspace(made.repo).json(CARD)
    handed.rewrite(folder, "promote/models/production/model.skops", old)
    edit(folder, f"promote/{CARD}", sha256=card["sha256"])
    with pytest.raises(LoopError, match=r"card.json: sha256: does not agree"):
        check(made, folder)


@pytest.mark.parametrize(
    "change", [{"version": 3}, {"normal_error": {"mae": 1.0}}, {"verdict": None}, {"trained": None}, {"model": "x"}]
)
def test_check__an_edited_card_is_refused(made: Made, folder: Path, change: dict[str, Any]) -> None:
    edit(folder, f"promote/{CARD}", **change)
    with pytest.raises(LoopError, match=rf"hand-over: models/production/card.json: .*{next(iter(change))}"):
        check(made, folder)


def test_check__an_edited_verdict_is_refused(made: Made, folder: Path) -> None:
    report = json.loads((folder / "data/reports/verdict.json").read_text())
    edit(folder, "data/reports/verdict.json", verdict={**report["verdict"], "rows": 9})
    with pytest.raises(LoopError, match=r"card.json: verdict: does not agree"):
        check(made, folder)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("data/metrics/production.json", '"version": 1', '"version": 7'),
        ("promote/metrics/plots/error.csv", "date", "when"),
        ("data/reports/decision.json", '"status": "outdated"', '"status": "healthy"'),
        ("promote/reports/verdict.json", "not comparable yet", "not enough data"),
        ("data/reports/quality.json", '"findings": []', '"findings":  []'),
    ],
)
def test_check__an_edited_result_is_refused(made: Made, folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text()
    old = old if old in text else '"status": "degraded"'
    assert old in text
    handed.rewrite(folder, name, text.replace(old, new, 1).encode())
    with pytest.raises(LoopError, match=rf"hand-over: {name.partition('/')[2]}: not the file that dvc.lock names"):
        check(made, folder)


def test_check__an_emptied_lock_is_refused(made: Made, folder: Path) -> None:
    handed.rewrite(folder, "promote/dvc.lock", b"schema: '2.0'\nstages: {}\n")
    with pytest.raises(LoopError, match=r"not the file that dvc.lock names"):
        check(made, folder)


def test_check__metrics_hold_numbers_only(made: Made, folder: Path) -> None:
    edit(folder, "data/metrics/data.json", note="closes #1")
    with pytest.raises(LoopError, match=r"metrics/data.json: note: expected numbers only"):
        check(made, folder)


def test_check__a_model_with_strange_types_is_refused(
    made: Made, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "HARMLESS", ())
    content = archive.dumps(os.path.join)
    handed.rewrite(folder, "promote/models/production/model.skops", content)
    sha256 = json.loads((folder / "manifest.json").read_text())["files"]["promote/models/production/model.skops"]
    edit(folder, "data/reports/verdict.json", candidate_sha256=sha256)
    edit(folder, f"promote/{CARD}", sha256=sha256)
    with pytest.raises(LoopError, match=r"model.skops: refused, holds types that are not trusted: posixpath.join"):
        check(made, folder)


def test_read__without_a_hand_over_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(LoopError, match="driftloop ci retrain"):
        handover.read(tmp_path, b"stages: {}")


def test_write__does_not_replace_a_folder_that_is_something_else(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("x")
    with pytest.raises(LoopError, match="expected a new folder or an earlier hand-over"):
        handover.check_out(tmp_path)


def test_metrics_of__a_metric_outside_of_the_folder_is_refused() -> None:
    with pytest.raises(LoopError, match=r"got src/x.json"):
        handover.metrics_of(b"stages: {a: {cmd: x, metrics: [src/x.json]}}")

"""An earlier version comes back as a new one, or one line says why it cannot; by real files in a real repository."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import handed
import pytest
from hub import Clone
from typer.testing import CliRunner
from workspace import Workspace

from driftloop import lineage, promote, rollback
from driftloop.core.models import archive
from driftloop.errors import ModelError
from driftloop.git import Git
from driftloop.params import load_params
from driftloop.report.dashboard.versions import versions
from driftloop.store.files import CARD, MODEL, VERDICT, write_bytes, write_json
from driftloop.store.production import read_production
from driftloop.verbs.program import app

if TYPE_CHECKING:
    from pathlib import Path

    from driftloop.params import Params

pytestmark = pytest.mark.slow


@pytest.fixture
def space(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Workspace:
    """Production is v2, made by the hand-over that Retrain leaves and merged; data and results are of its day."""
    return Workspace(handed.rolled(tmp_path_factory).repo).copy(tmp_path / "repo")


def params(space: Workspace, **over: Any) -> Params:
    return load_params(space.set(**over).root / "params.yaml")


def plan(space: Workspace, number: int = 1, **over: Any) -> rollback.Rollback:
    found = params(space, **over)
    return rollback.plan(found, space.root, rollback.find(Git(space.root), number, found))


def commit(space: Workspace, message: str) -> None:
    Clone(space.root).run("commit", "--quiet", "-am", message)


def test_rollback__brings_the_file_back_under_a_new_number(space: Workspace) -> None:
    git = Git(space.root)
    first = git.show("HEAD~1", MODEL.as_posix())
    found = plan(space)
    rollback.apply(found, space.root)
    assert (space.root / MODEL).read_bytes() == first
    card = read_production(space.root, params(space)).card
    assert (card.version, card.restores) == (3, 1)
    assert card.verdict == found.report.verdict.model_dump(mode="json")
    old = json.loads(git.show("HEAD~1", CARD.as_posix()) or b"")
    kept = card.model_dump(mode="json")
    changed = {"version", "restores", "verdict"}
    assert {name: kept[name] for name in old.keys() - changed} == {name: old[name] for name in old.keys() - changed}
    commit(space, "restore v1 as v3")
    with pytest.raises(ModelError, match=r"run `dvc repro`"):
        plan(space, 2)  # the verdict is about v2
    lives = versions([], lineage.every(git, "small"))
    assert [(each.number, each.restores, each.ended) for each in lives] == [
        (3, 1, ""), (2, 0, "rolled back: v3 restores v1"), (1, 0, "replaced by v2"),
    ]  # fmt: skip
    assert space.run("prepare", "refit", "alarms", "monitor", "evaluate").report.production_version == 3


def test_verbs__show_the_versions_and_say_before_what_would_be_done(
    space: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(space.root)
    monkeypatch.setenv("COLUMNS", "100")
    before = (space.root / CARD).read_bytes()
    dry, done, listed, data = [
        CliRunner().invoke(app, words.split(), catch_exceptions=False).output
        for words in ("rollback --to v1 --dry-run", "rollback --to 1", "versions", "versions --json")
    ]
    assert dry.splitlines()[1].startswith("would restore small v1 as v3 (trained on ")
    assert done.splitlines()[1].startswith("restored small v1 as v3 (trained on ")
    assert before != (space.root / CARD).read_bytes()
    assert "replaced by v2" in listed
    assert max(map(len, listed.splitlines())) <= 100
    newest, oldest = json.loads(data)  # what is not committed is no version yet
    assert (newest["number"], newest["pull"], newest["until"]) == (2, 2, None)
    assert (oldest["number"], oldest["ended"], newest["gain"]["level"]) == (1, "replaced by v2", 0.9)


def test_compare__is_on_rows_that_neither_had_seen(space: Workspace) -> None:
    """v2 was trained up to the newest label; with four more weeks there is something to compare on."""
    found = plan(space)
    assert (found.report.verdict.outcome, found.report.verdict.rows) == ("not enough data", 0)
    space.set(source={"until": "2025-05-12T00:00Z"}).run("collect", "prepare", "refit", "alarms", "evaluate")
    found = plan(space)
    verdict, trained = found.report.verdict, read_production(space.root, params(space)).card.trained
    assert trained
    assert verdict.judged
    assert verdict.judged.since == trained.until
    assert found.report.refit["mae"] == pytest.approx(verdict.refit)
    assert verdict.gain
    assert verdict.gain.estimate < 0  # the world has changed since v1
    assert rollback.worded(found).startswith(f"v1 against v2 on {verdict.rows} rows")


def test_plan__after_a_revert_numbers_go_on(space: Workspace) -> None:
    """Reverting the merge brings v1 back under its own number; neither promotion nor rollback uses that of v2 again."""
    clone, git = Clone(space.root), Git(space.root)
    clone.run("revert", "--no-edit", "HEAD")
    now = params(space)
    assert read_production(space.root, now).card.version == 1
    assert versions([], lineage.every(git, "small"))[1].ended == "taken back: v1 is production again"
    space.run("collect", "prepare", "refit", "alarms", "train", "evaluate")
    highest = lineage.highest(git, "small")
    assert promote.plan(now, space.root, first=False, force=True, highest=highest).card.version == 3
    assert plan(space, 2).card.version == 3
    with pytest.raises(
        ModelError, match="expected another model than production, got v1, whose model file v1 is already"
    ):
        plan(space)


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ({"data": {"numerical": ["hour", "humidity", "windspeed"]}},
         r"v1: takes temperature, which data.numerical in params.yaml does not list; list it again, run `dvc repro`"),
        ({"data": {"private": ["weather"]}},
         r"v1: may hold values of weather, which data.private names by now"),
        ({"data": {"target": "humidity", "numerical": ["hour"]}}, r"production predicts rentals .* it cannot be brought back"),
    ],
)  # fmt: skip
def test_check__refuses_what_does_not_fit_the_parameters(space: Workspace, over: dict[str, Any], said: str) -> None:
    found = params(space)
    earlier = rollback.find(Git(space.root), 1, found)
    now = params(space, **over)
    with pytest.raises(ModelError, match=said):
        rollback.check(rollback.find(Git(space.root), 1, now), earlier.card.model_copy(update={"sha256": "0"}), now)


def rewritten(space: Workspace, content: bytes | None = None, **over: Any) -> rollback.Earlier:
    """Find v1 in a history where its files were others."""
    clone, git = Clone(space.root), Git(space.root)
    card = json.loads(git.show("HEAD~1", CARD.as_posix()) or b"")
    content = content or git.show("HEAD~1", MODEL.as_posix()) or b""
    write_bytes(space.root / MODEL, content)
    write_json(space.root / CARD, {**card, "sha256": hashlib.sha256(content).hexdigest(), **over})
    commit(space, "another v1")
    clone.run("revert", "--no-edit", "HEAD")
    return rollback.find(git, 1, params(space))


def test_check__refuses_other_packages(space: Workspace) -> None:
    earlier = rewritten(space, packages={"numpy": "1.26.4", "scikit-learn": "1.2.2"})
    card = read_production(space.root, params(space)).card
    with pytest.raises(ModelError, match=r'numpy 1.26.4, and \S+ is installed: `uv add "numpy==1.26.4"`'):
        rollback.check(earlier, card, params(space))


def test_check__refuses_types_that_are_not_trusted_and_opens_nothing(space: Workspace) -> None:
    earlier = rewritten(space, archive.dumps(json.JSONEncoder()))
    with pytest.raises(ModelError, match=r"v1: refused, holds types that are not trusted: json.*train.trusted"):
        rollback.check(earlier, read_production(space.root, params(space)).card, params(space))


def test_find__refuses_a_file_that_its_card_does_not_name(space: Workspace) -> None:
    with pytest.raises(ModelError, match=r"v1: its model file at \w+ is not the one that its card names"):
        rewritten(space, sha256="0" * 64)


def test_find__names_the_versions_that_there_are(space: Workspace) -> None:
    with pytest.raises(ModelError, match=r"expected one of v1, v2, got v9; `driftloop versions` shows them"):
        plan(space, 9)


@pytest.mark.parametrize("given", ["", "v0", "latest", "v1; rm", "v" + "1" * 20])
def test_number__is_that_of_a_version(given: str) -> None:
    with pytest.raises(ModelError, match="expected a version such as v1"):
        rollback.number(given)


def test_plan__of_data_that_has_moved_wants_a_run(space: Workspace) -> None:
    assert (space.root / VERDICT).exists()
    with pytest.raises(ModelError, match="about other data or another production; run `dvc repro`"):
        plan(space, source={"until": "2025-05-19T00:00Z"})

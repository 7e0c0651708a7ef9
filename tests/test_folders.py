"""Several models in one repository are found by what is committed, and kept apart by name and folder."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hub import Clone

from driftloop import dvc, folders, lineage, records, skips
from driftloop.doctor import local
from driftloop.errors import LoopError
from driftloop.folders import Model
from driftloop.git import Git
from driftloop.records import Kind, Record

if TYPE_CHECKING:
    from pathlib import Path

PIPELINE = "stages:\n  collect:\n    cmd: driftloop stage collect\n"
SMALL, CHURN = Model("", "small"), Model("models-of/churn", "churn")


def put(root: Path, folder: str, **files: str) -> None:
    """Write files into a folder."""
    for name, text in files.items():
        path = root / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def model(root: Path, folder: str, name: str, *, version: int = 1, own_dvc: bool = True) -> None:
    put(
        root,
        folder,
        **{
            "params.yaml": f"model: {name}\n",
            "dvc.yaml": PIPELINE,
            "models/production/card.json": f'{{"version": {version}}}\n',
            **({".dvc/config": ""} if own_dvc else {}),
        },
    )


def commit(clone: Clone) -> str:
    clone.run("add", ".")
    clone.run("commit", "--quiet", "--allow-empty", "-m", "change")
    return clone.run("rev-parse", "HEAD")


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """A repository with a model at its top, one in a folder, and pipelines that are no model."""
    found = Clone(tmp_path)
    found.run("init", "--quiet", "--initial-branch=main")
    model(tmp_path, "", "small")
    model(tmp_path, "models-of/churn", "churn")
    put(tmp_path, "backtest", **{"dvc.yaml": PIPELINE})
    put(tmp_path, "report", **{"dvc.yaml": "stages: {plot: {cmd: make}}\n", "params.yaml": "model: other\n"})
    commit(found)
    return found


def test_find__lists_the_folders_that_run_stages_of_ours(clone: Clone) -> None:
    assert folders.find(Git(clone.root)) == (SMALL, CHURN)
    below = Git(clone.root / "models-of/churn")
    assert (folders.find(below), folders.others(below)) == ((SMALL, CHURN), (SMALL,))


def test_find__one_name_in_two_folders_is_refused(clone: Clone) -> None:
    model(clone.root, "models-of/churn", "Small")
    commit(clone)
    said = r"^params\.yaml and models-of/churn/params\.yaml: model: expected a name of its own in each folder, got 'Small' in both"
    with pytest.raises(LoopError, match=said):
        folders.find(Git(clone.root))


def test_find__a_folder_whose_parameters_cannot_be_read_hides_no_other(clone: Clone) -> None:
    put(clone.root, "models-of/churn", **{"params.yaml": "model: [\n"})
    commit(clone)
    assert folders.find(Git(clone.root)) == (SMALL, Model("models-of/churn", ""))


def test_find__a_folder_without_a_repository_of_dvc_is_refused(clone: Clone) -> None:
    model(clone.root, "fraud", "fraud", own_dvc=False)
    commit(clone)
    with pytest.raises(
        LoopError, match=r"^fraud: expected a DVC repository of its own, got no \.dvc/config; run `dvc init --subdir`"
    ):
        folders.find(Git(clone.root))


def test_find__a_folder_that_no_output_can_hold_is_refused(clone: Clone) -> None:
    model(clone.root, "my models", "mine")
    commit(clone)
    with pytest.raises(LoopError, match=r"^'my models': expected a folder of letters"):
        folders.find(Git(clone.root))


def test_chosen__takes_the_top_without_a_choice() -> None:
    models = (SMALL, CHURN)
    assert [folders.chosen(models, each) for each in ("", ".", "models-of/churn/", "./models-of/churn")] == [
        SMALL, SMALL, CHURN, CHURN,
    ]  # fmt: skip
    with pytest.raises(LoopError, match=r"^folder: expected one with .*, which are \., models-of/churn, got 'x'$"):
        folders.chosen(models, "x")


def about(clone: Clone, name: str, **event: Any) -> Model:
    git = Git(clone.root)
    return folders.about(git, folders.find(git), name, event)


def test_about__a_push_is_the_model_that_it_promotes(clone: Clone) -> None:
    before = clone.run("rev-parse", "HEAD")
    put(clone.root, "", **{"README.md": "new\n", "params.yaml": "model: small\nx: 1\n"})
    model(clone.root, "models-of/churn", "churn", version=2)
    after = commit(clone)
    assert about(clone, "push", before=before) == CHURN
    assert about(clone, "push", before="0" * 40) == SMALL
    model(clone.root, "", "small", version=2)
    commit(clone)
    assert about(clone, "push", before=after) == SMALL
    with pytest.raises(LoopError, match=r"^push: promotes the models in \. and models-of/churn; start \*Actions"):
        about(clone, "push", before=before)


def test_about__a_pull_request_is_the_model_that_it_changes(clone: Clone) -> None:
    base = clone.run("rev-parse", "HEAD")
    event = {"pull_request": {"base": {"sha": base}}}
    put(clone.root, "", **{"README.md": "new\n"})
    commit(clone)
    assert about(clone, "pull_request", **event) == SMALL
    put(clone.root, "models-of/churn", **{"params.yaml": "model: churn\nx: 1\n"})
    commit(clone)
    assert about(clone, "pull_request", **event) == CHURN
    model(clone.root, "", "small", version=2)
    commit(clone)
    assert about(clone, "pull_request", **event) == SMALL


def test_code__files_that_a_loop_changes_are_none_in_a_folder_either(clone: Clone) -> None:
    clone.run("checkout", "--quiet", "-b", "side")
    put(clone.root, "models-of/churn", **{"params.yaml": "model: churn\nx: 1\n", "src/features.py": "x = 1\n"})
    commit(clone)
    clone.run("checkout", "--quiet", "main")
    clone.run("merge", "--quiet", "--no-ff", "-m", "merge", "side")
    assert skips.code(Git(clone.root), [CHURN.folder]) == ["models-of/churn/src/features.py"]


def test_check_files__passes_over_another_models_pipeline_as_dvc_does(clone: Clone) -> None:
    put(clone.root, "models-of/churn", **{"dvc.yaml": "stages: &x {}\n"})
    dvc.check_files(clone.root)
    with pytest.raises(LoopError, match=r"dvc\.yaml at line 1"):
        dvc.check_files(clone.root / "models-of/churn")


def test_records__of_a_folder_are_its_own(clone: Clone, tmp_path_factory: pytest.TempPathFactory) -> None:
    origin = tmp_path_factory.mktemp("origin")
    Clone(origin).run("init", "--quiet", "--bare")
    clone.run("remote", "add", "origin", str(origin))
    for folder, name in (("", "small"), ("models-of/churn/", "churn")):
        git = Git(clone.root / folder)
        content = {
            "format": 2,
            "kind": Kind.MONITOR.value,
            "outcome": "ok",
            "model": name,
            "time": "2026-01-01T00:00:00Z",
        }
        records.write(git, Record(f"records/2026-01-01/{folder}monitor-1-1.json", content), overview=name.encode())
    for folder, name in (("", "small"), ("models-of/churn", "churn")):
        git = Git(clone.root / folder)
        assert [each["model"] for each in records.read(git)] == [name]
        assert records.kept(git, "overview") == name.encode()
    assert records.kept(Git(clone.root), "other") is None


def test_lineage__knows_the_versions_of_its_own_model(clone: Clone) -> None:
    """Numbers of two models do not push each other up, in history and in tags."""
    for folder, name, version in (("", "small", 2), ("models-of/churn", "churn", 5), ("", "small", 3)):
        model(clone.root, folder, name)
        card = f'{{"version": {version}, "model": "{name}"}}\n'
        put(clone.root, folder, **{"models/production/card.json": card})
        commit(clone)
        clone.run("tag", f"{name}@v{version}.0.0")
    top, below = Git(clone.root), Git(clone.root / "models-of/churn")
    assert [change.card.version for change in lineage.read(below)] == [1, 5]
    assert [change.card.version for change in lineage.read(top)] == [1, 2, 3]
    assert (lineage.highest(top, "small"), lineage.highest(below, "churn")) == (3, 5)


def test_doctor__reads_the_schedule_that_measures_the_folder(clone: Clone) -> None:
    put(
        clone.root,
        ".github/workflows",
        **{"monitor.yml": '- cron: "1 2 * * *"\n', "models.yml": '- cron: "3 4 * * *"\n'},
    )
    for folder, cron in ((".", "1 2 * * *"), ("models-of/churn", "3 4 * * *")):
        git = Git(clone.root / folder)
        found = local.read(git.root, git, now=datetime.now(tz=UTC), hosted=None, in_run=True)
        assert found.crons == (cron,)

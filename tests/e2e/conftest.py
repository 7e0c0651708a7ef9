from __future__ import annotations

import json
import os
import re
import shutil
from datetime import date, timedelta
from typing import TYPE_CHECKING

import handed
import pytest
from architecture import SRC
from hub import Clone
from once import copy_ours, once
from runner.language import HERE, Language
from runner.project import Project, made
from runner.setting import Setting, setting, tools
from runner.values import Left, WorkflowJob

from driftloop import dvc
from driftloop.store.files import CARD, write_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEMPLATES = SRC / "driftloop/project/templates"


@pytest.fixture(scope="session")
def language() -> Iterator[Language]:
    """GitHub's parser and evaluator; `make test` installs them."""
    if not (HERE / "node_modules/@actions").is_dir():
        why = (
            "GitHub's parser of workflows is not installed: `make test` does it, where the npm registry can be reached"
        )
        (pytest.fail if os.environ.get("DRIFTLOOP_REQUIRE_NODE") else pytest.skip)(why)
    with Language() as found:
        yield found


@pytest.fixture(scope="session")
def project(language: Language, tmp_path_factory: pytest.TempPathFactory) -> Project:  # noqa: ARG001 - skips first
    """This repository, made once for all workers."""
    return made(tmp_path_factory)


@pytest.fixture(scope="session")
def left(language: Language, project: Project, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Left]:
    """What the jobs that measure and train leave where ann has labelled the alert; made once for all workers."""

    def make(root: Path) -> None:
        with setting(root / "world", language, tools(root / "tools", project.cache, project.fits)) as shop:
            shop.begin(project.repo)
            shop.alert(project.decision)
            shop.runner.without = {"propose"}
            shop.label(1, "retrain-model")
            for run in (*shop.runner.deliver(), shop.runner.schedule(shop.repo, "monitor.yml")):
                assert run.result == "success", run.log
                (name,) = run.jobs.keys() & uploads
                (root / f"{name}.json").write_text(json.dumps(run.jobs[name].outputs), encoding="utf-8")
                shutil.copytree(run.artifacts[uploads[name]].parent, root / uploads[name])

    uploads = {"measure": "measured", "train": "handover"}
    root = once(tmp_path_factory, "left", make)
    return {
        name: Left(
            WorkflowJob(name, name, "success", json.loads((root / f"{name}.json").read_text("utf-8"))),
            {artifact: root / artifact},
        )
        for name, artifact in uploads.items()
    }


@pytest.fixture
def world(tmp_path: Path, language: Language) -> Iterator[Setting]:
    """A world with a runner, and next to nothing in its repository."""
    with setting(
        tmp_path / "world", language, tools(tmp_path / "tools", tmp_path / "cache", tmp_path / "fits")
    ) as opened:
        yield opened


@pytest.fixture
def fresh(tmp_path: Path, language: Language, project: Project) -> Iterator[Setting]:
    """A world that finds the project's results in DVC's cache, and whose repository nobody has pushed to."""
    with setting(tmp_path / "world", language, tools(tmp_path / "tools", project.cache, project.fits)) as opened:
        yield opened


def with_workflows(made: handed.Made, folder: Path, old: str, new: str) -> Clone:
    """Copy a small project, put what ships of this repository into it, and move the end of its data."""
    clone = Clone(made.copy("repo", folder / "repo"))
    copy_ours(clone.root, ".github", "pyproject.toml", "uv.lock", "README.md", "LICENSE")
    params = clone.root / "params.yaml"
    params.write_text(params.read_text("utf-8").replace(old, new), encoding="utf-8")
    return clone


@pytest.fixture
def rolled(tmp_path: Path, language: Language, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    """A small project whose production is v2, with what a rollback to v1 computes in DVC's cache."""
    made = handed.rolled(tmp_path_factory)
    # The button has no date: from here on the next step of simulated data is the day that was computed.
    clone = with_workflows(made, tmp_path, handed.BETTER, "2025-05-05")
    clone.run("add", ".")
    clone.run("commit", "--quiet", "-m", "workflows")
    kept = tools(tmp_path / "tools", made.repo / ".dvc/cache", made.repo / ".cache/refits")
    with setting(tmp_path / "world", language, kept) as opened:
        opened.begin(clone.root)
        yield opened


@pytest.fixture
def small(tmp_path: Path, language: Language, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    """A small project with the workflows that ship, a step of data before habits have changed for good."""
    made = handed.made(tmp_path_factory)
    clone = with_workflows(made, tmp_path, "2025-01-06", f"{date.fromisoformat(handed.BETTER) - timedelta(days=7)}")
    (clone.root / "dvc.lock").unlink(missing_ok=True)
    dvc.repro(clone.root)
    clone.run("add", ".")
    clone.run("commit", "--quiet", "-m", "workflows")
    kept = tools(tmp_path / "tools", clone.root / ".dvc/cache", made.repo / ".cache/refits")
    with setting(tmp_path / "world", language, kept) as opened:
        opened.begin(clone.root)
        yield opened


@pytest.fixture
def two(tmp_path: Path, language: Language, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    """A small project with a second model in a folder, whose newest data is from after habits have changed."""
    made = handed.made(tmp_path_factory)
    clone = Clone(made.copy("repo", tmp_path / "repo"))
    cache = clone.root / ".dvc/cache"
    until = date.fromisoformat(handed.BETTER) - timedelta(days=7)  # simulated data goes a week further in each run
    add_model(clone.root, "models-of/churn", until=f"{until}")
    (clone.root / "models-of/churn/.dvc/config.local").write_text(f"[cache]\n    dir = {cache}\n")
    for folder in (".", "models-of/churn"):
        (clone.root / folder / "dvc.lock").unlink(missing_ok=True)
        dvc.repro(clone.root / folder)
    copy_ours(clone.root, ".github", "pyproject.toml", "uv.lock", "README.md", "LICENSE")
    (clone.root / ".github/workflows/ci.yml").unlink()  # projects of teams have none
    shutil.copy(TEMPLATES / "workflow-models.yml", clone.root / ".github/workflows/models.yml")
    clone.run("add", ".")
    clone.run("commit", "--quiet", "-m", "two models")
    kept = tools(tmp_path / "tools", cache, made.repo / ".cache/refits")
    with setting(tmp_path / "world", language, kept) as opened:
        opened.begin(clone.root)
        yield opened


def add_model(root: Path, folder: str, *, until: str) -> None:
    """Put the model of the top folder into another one as well, under the name of that folder."""
    place, name = root / folder, folder.rpartition("/")[2]
    listed = (
        "params.yaml",
        "dvc.yaml",
        "driftloop.lock",
        ".dvc",
        ".dvcignore",
        ".gitignore",
        "src",
        "models/production",
    )
    for path in listed:
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        if (root / path).is_dir():
            shutil.copytree(root / path, place / path, ignore=shutil.ignore_patterns("cache", "tmp", "__pycache__"))
        else:
            shutil.copy(root / path, place / path)
    params, card = place / "params.yaml", place / CARD
    text = params.read_text("utf-8").replace(f"model: {handed.MODEL}", f"model: {name}")
    params.write_text(re.sub(r"(?m)^  until: .*", f"  until: '{until}T00:00Z'", text), encoding="utf-8")
    write_json(card, json.loads(card.read_text("utf-8")) | {"model": name})


@pytest.fixture
def shop(fresh: Setting, project: Project) -> Setting:
    """A world whose repository is this one, with Pages on."""
    fresh.begin(project.repo)
    return fresh

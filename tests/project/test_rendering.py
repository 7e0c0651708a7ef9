"""The files of a project: this repository's root is one of them."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
import yaml
from architecture import SRC

from driftloop.params import parse_params
from driftloop.project import demo, rendering
from driftloop.project.rendering import Answers, render
from driftloop.project.requirement import Requirement

ROOT = SRC.parent
# The workshop has a README, a Makefile and packages of its own, and its parameters name their schema.
OWN = {"README.md", "Makefile", "pyproject.toml"}
INDEX = Requirement("==0.1.0", "", "")


def test_root__is_the_project_that_the_templates_make() -> None:
    made = render(Answers(model="city-bikes", requirement=INDEX, workshop=True))
    root = {path: (ROOT / path).read_text("utf-8") for path in made.keys() - OWN}
    root["params.yaml"] = root["params.yaml"].partition("\n")[2]
    assert {path: made[path] for path in root} == root


def test_render__gives_a_project_without_the_workshop() -> None:
    made = render(demo.answers(INDEX))
    assert made.keys() == rendering.TEMPLATES.keys()
    offenders = [
        f"{path}: {word}"
        for path, text in made.items()
        for word in ("make lint", "tests/runner", "src/driftloop", "REQUIRE_NODE", "npm", "[%", "[[ ", "yaml-language")
        if word in text
    ]
    assert offenders == []


def test_render__writes_yaml_and_toml_that_can_be_read() -> None:
    made = render(demo.answers(Requirement("", '{ path = "vendor/x.whl" }', "")))
    for path, text in made.items():
        if path.endswith((".yml", ".yaml")):
            yaml.safe_load(text)
    project = tomllib.loads(made["pyproject.toml"])
    assert project["project"]["dependencies"] == ["driftloop"]
    assert project["tool"]["uv"]["sources"] == {"driftloop": {"path": "vendor/x.whl"}}
    assert "sources" not in tomllib.loads(render(demo.answers(INDEX))["pyproject.toml"])["tool"]["uv"]


def test_render__puts_values_and_comments_into_params() -> None:
    made = render(
        Answers(
            model="shop",
            requirement=INDEX,
            values={"source.kind": "files", "source.path": "data/source/shop.csv", "data.key": ["order id"],
                    "data.target": "sales", "train.params": {"max_iter": 100}},
            comments={"data.key": "unique in all rows"},
        )
    )  # fmt: skip
    text = made["params.yaml"]
    assert "  key: [order id]             # unique in all rows\n" in text
    params = parse_params(text, where="params.yaml")
    assert (params.model, params.source.path, params.data.key) == ("shop", "data/source/shop.csv", ["order id"])
    assert params.train.params == {"max_iter": 100}
    assert params.monitor.alert_at_days == 8


def test_render__a_key_that_params_do_not_have_is_a_bug() -> None:
    with pytest.raises(KeyError, match=r"data\.nonsense"):
        render(Answers(model="m", requirement=INDEX, values={"data.nonsense": 1}))


def test_templates__are_all_used_and_those_taken_unchanged_are_links_to_the_root() -> None:
    there = [path for path in (SRC / "driftloop/project/templates").iterdir() if path.name != "__pycache__"]
    assert {path.name for path in there} == {*rendering.TEMPLATES.values(), rendering.MODELS}
    links = {path.name: Path(path.resolve()).relative_to(ROOT).as_posix() for path in there if path.is_symlink()}
    wrong = {name: to for name, to in links.items() if rendering.TEMPLATES.get(to) != name}
    assert wrong == {}
    assert {path.name for path in there if not path.is_symlink()} == {
        rendering.MODELS,
        *(name for name in rendering.TEMPLATES.values() if name.endswith(".j2")),
    }

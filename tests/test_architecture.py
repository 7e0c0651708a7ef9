"""The shape of the project, held by reading its source."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from architecture import SRC, closure, files, imports

from driftloop.params import OWN

if TYPE_CHECKING:
    from pathlib import Path

ROOT = SRC.parent
STAGES: dict[str, Any] = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
MODULES = sorted(
    ".".join(path.relative_to(SRC).with_suffix("").parts).removesuffix(".__init__")
    for path in (SRC / "driftloop").rglob("*.py")
)

# Each layer may import itself and what stands before it.
LAYERS = [
    {"driftloop", "driftloop.errors", "driftloop.foreign", "driftloop.processes"},
    {"driftloop.params"},
    {"driftloop.core"},
    {
        "driftloop.artifacts",
        "driftloop.dvc",
        "driftloop.fits",
        "driftloop.trainwindows",
        "driftloop.models",
        "driftloop.progress",
        "driftloop.unreadable",
        "driftloop.paramsfile",
        "driftloop.sources",
    },
    {"driftloop.report", "driftloop.github", "driftloop.rehearsal"},
    {"driftloop.stages", "driftloop.loop"},
    {"driftloop.ci", "driftloop.ci_jobs", "driftloop.cli"},
]


def layer_of(module: str) -> int:
    names = [module, ".".join(module.split(".")[:2])]
    return next(place for place, layer in enumerate(LAYERS) if layer & set(names))


@pytest.mark.parametrize("stage", STAGES)
def test_dvc_yaml__lists_every_module_that_a_stage_imports(stage: str) -> None:
    code = [dep for dep in STAGES[stage]["deps"] if dep.startswith("src/")]
    imported = closure(f"driftloop.stages.{stage}") | closure("driftloop.params")
    assert sorted(code) == sorted([*files(imported), "src/run.py"])


@pytest.mark.parametrize("stage", STAGES)
def test_dvc_yaml__runs_the_code_beside_it(stage: str) -> None:
    assert STAGES[stage]["cmd"] == f"python src/run.py {stage}"


@pytest.mark.parametrize("module", MODULES)
def test_imports__point_one_way(module: str) -> None:
    for imported in imports(module, typing_only=True):
        assert layer_of(imported) <= layer_of(module), f"{module} imports {imported}"


def test_stages__know_nothing_of_the_loop_or_of_github() -> None:
    beyond = ("driftloop.loop", "driftloop.github", "driftloop.rehearsal")
    for stage in STAGES:
        assert not any(name.startswith(beyond) for name in closure(f"driftloop.stages.{stage}"))


@pytest.mark.parametrize(
    ("package", "only"),
    [("evidently", "report/evidently.py"), ("skops", "core/modelfile.py"), ("github", "github/hub.py")],
)
def test_package__is_imported_by_one_module(package: str, only: str) -> None:
    importers = {
        path.relative_to(SRC / "driftloop").as_posix()
        for path in (SRC / "driftloop").rglob("*.py")
        if any(package == name.split(".")[0] for name in imported_by(path))
    }
    assert importers == {only}


def test_subprocess__is_left_to_the_module_that_sets_limits() -> None:
    """The stand-in for GitHub aside, which is no part of a job."""
    importers = {
        path.relative_to(SRC / "driftloop").as_posix()
        for path in (SRC / "driftloop").rglob("*.py")
        if "subprocess" in imported_by(path)
    }
    assert importers == {"processes.py", "rehearsal/bare.py"}


@pytest.mark.parametrize("path", sorted((SRC / "driftloop/core").glob("*.py")), ids=lambda path: path.name)
def test_core__touches_no_file_clock_or_network(path: Path) -> None:
    assert not {"os", "pathlib", "time", "subprocess", "socket", "urllib", "requests"} & {
        name.split(".")[0] for name in imported_by(path)
    }
    calls = {node.attr for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Attribute)}
    assert not {"today", "utcnow", "read_parquet", "to_parquet", "read_csv", "to_csv"} & calls


def imported_by(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def test_own_columns__are_named_in_one_place() -> None:
    old = {"_ts", "_row", "_day", "production_loss", "refit_loss", "production:prediction"}
    home = SRC / "driftloop" / "core" / "names.py"
    found = [
        f"{path.relative_to(SRC)}:{node.lineno}: {node.value}"
        for path in sorted((SRC / "driftloop").rglob("*.py"))
        if path != home
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if node.value in old or re.match(rf"{OWN}\S", node.value)
    ]
    assert found == []

"""The shape of the project, held by reading its source: rooms, the one direction of imports, and who may touch what."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from architecture import SRC, closure, imports

from driftloop.core.columns import SCORE
from driftloop.lock import check, source
from driftloop.params import OWN, load_params
from driftloop.store.imports import path_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ROOT = SRC.parent
CODE = SRC / "driftloop"
STAGES: dict[str, Any] = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
MODULES = sorted(
    ".".join(path.relative_to(SRC).with_suffix("").parts).removesuffix(".__init__") for path in CODE.rglob("*.py")
)

# Each row may import itself and the rows before it.
ROOMS: Sequence[str] = (
    "driftloop errors foreign processes",
    "params",
    "core",
    "store sources dvc progress engine own_code lock",
    "report",
    "git github githubstub",
    "nothing folders publication alerting acceptance watching doctor setup retraining experiments backtest comparison records lineage release refresh promote rollback explain replay dvc_remote skips stages",
    "rehearsal inspection project testing",
    "ci verbs cli",
)
# The same within core.
CORE_ROOMS: Sequence[str] = (
    "columns dates intervals windows text figures",
    "models",
    "data",
    "alarms",
    "judging",
    "decision",
    "overview backtest",
)


def place(module: str) -> tuple[int, int]:
    """Find a module's row, and its row within core."""
    parts = [*module.split("."), "", ""]
    row = next(at for at, names in enumerate(ROOMS) if (parts[1] or "driftloop") in names.split())
    if parts[1] != "core" or not parts[2]:
        return row, 0
    return row, next(at for at, names in enumerate(CORE_ROOMS) if parts[2] in names.split())


def test_imports__point_one_way() -> None:
    offenders = [
        f"{module} imports {imported}"
        for module in MODULES
        for imported in imports(module, typing_only=True)
        if place(imported) > place(module)
    ]
    assert offenders == []


def test_imports__make_no_cycle() -> None:
    """Between modules, imports for types included; a package and what stands in it count as apart."""
    left = {module: set(imports(module, typing_only=True)) - {module} for module in MODULES}
    left = {module: {name for name in names if not module.startswith(f"{name}.")} for module, names in left.items()}
    while free := [module for module, names in left.items() if not names & left.keys()]:
        for module in free:
            del left[module]
    assert left == {}


def test_dvc_yaml__every_stage_depends_on_its_entry_of_the_lock_and_on_code_of_the_project_that_it_runs() -> None:
    offenders = []
    for stage, about in STAGES.items():
        if about["cmd"] != f"driftloop stage {stage}":
            offenders.append(f"{stage}: {about['cmd']}")
        if {"driftloop.lock": [f"stages.{stage}"]} not in about["params"]:
            offenders.append(f"{stage}: no entry of driftloop.lock")
        runs = bool({source.RUNS_FEATURES, source.RUNS_MODELS} & closure(f"driftloop.stages.{stage}"))
        if ("src" in about["deps"]) is not runs:
            offenders.append(f"{stage}: src")
    assert offenders == []
    assert STAGES.keys() | {"backtest"} == source.STAGES.keys()


def test_driftloop_lock__is_that_of_this_code() -> None:
    assert check.stale(ROOT, load_params(ROOT / "params.yaml")) == ""


def test_stages__know_nothing_of_git_or_github() -> None:
    beyond = tuple(
        f"driftloop.{name}" for name in ["git", "github", "githubstub", "alerting", "retraining", "comparison"]
    )
    offenders = [
        f"{stage}: {name}"
        for stage in STAGES
        for name in closure(f"driftloop.stages.{stage}")
        if name.startswith(beyond)
    ]
    assert offenders == []


def test_stages__that_ask_the_database_nothing_import_no_ibis() -> None:
    """It takes as long to import as pandas; and who imports it depends on its version."""
    offenders = [
        f"{stage}: {name}"
        for stage in ("alarms", "monitor", "train", "evaluate")
        for name in sorted(closure(f"driftloop.stages.{stage}"))
        if (path := path_of(name, (SRC,))) and any(each.split(".")[0] == "ibis" for each in imported_by(path))
    ]
    assert offenders == []


@pytest.mark.parametrize(
    ("package", "only"),
    [
        ("duckdb", {"engine/duckdb.py"}),
        ("pyspark", {"engine/spark.py"}),
        ("evidently", {"report/evidently/rendering.py"}),
        ("skops", {"core/models/archive.py"}),
        ("github", {"github/hub.py"}),
        ("psycopg", {"sources/sql/postgres.py"}),  # where it is installed
        ("subprocess", {"processes.py", "githubstub/bare.py"}),  # the stand-in for GitHub is no part of a job
    ],
)
def test_package__is_imported_by_one_module(package: str, only: set[str]) -> None:
    importers = {
        path.relative_to(CODE).as_posix()
        for path in CODE.rglob("*.py")
        if any(package == name.split(".")[0] for name in imported_by(path))
    }
    assert importers == only


def test_engine__is_named_where_it_is_opened_and_asked() -> None:
    """Another engine for the profile begins with these modules; see CONTRIBUTING."""
    named = {
        path.relative_to(CODE).as_posix()
        for path in sorted(CODE.rglob("*.py"))
        for node in walk(path)
        if (isinstance(node, ast.Attribute) and node.attr == "duckdb")
        or (isinstance(node, ast.Constant) and node.value == "duckdb")
    }
    assert named == {
        "engine/duckdb.py",
        "params/engine.py",
        "core/data/query.py",
        "lock/source.py",
        "sources/features.py",
        *("params/urls.py", "sources/sql/__init__.py", "sources/sql/duckdbfile.py"),  # a team's own file of DuckDB
    }


def test_core__touches_no_file_clock_or_network() -> None:
    modules = {"os", "pathlib", "time", "subprocess", "socket", "urllib", "requests"}
    calls = {"today", "utcnow", "read_parquet", "to_parquet", "read_csv", "to_csv"}
    offenders = [
        f"{path.relative_to(CODE)}: {name}"
        for path in sorted((CODE / "core").rglob("*.py"))
        for name in sorted(
            modules & {name.split(".")[0] for name in imported_by(path)}
            | calls & {node.attr for node in walk(path) if isinstance(node, ast.Attribute)}
        )
    ]
    assert offenders == []


def test_own_columns__are_named_in_one_place() -> None:
    old = {"_ts", "_row", "_day", "production_loss", "refit_loss", "production:prediction", SCORE}
    offenders = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {node.value}"
        for folder in (CODE, ROOT / "benchmarks", ROOT / "tests" / "support")
        for path in sorted(folder.rglob("*.py"))
        if path != CODE / "core" / "columns.py"
        for node in walk(path)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if node.value in old or re.match(rf"{OWN}\S", node.value)
    ]
    assert offenders == []


def imported_by(path: Path) -> set[str]:
    names = set()
    for node in walk(path):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def walk(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))

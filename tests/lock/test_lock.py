"""driftloop.lock: what makes a stage run again, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from architecture import closure

from driftloop.errors import LoopError
from driftloop.lock import check, content, source
from driftloop.params import Params
from driftloop.store.files import CARD, write_json, write_text

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def params() -> Params:
    return Params.model_validate(
        {
            "model": "m",
            "source": {"kind": "simulator", "until": "2024-05-06T00:00Z"},
            "data": {"timestamp": "ts", "key": ["ts"], "target": "y", "numerical": ["x"]},
            "train": {"estimator": "sklearn.linear_model.Ridge"},
        }
    )


@pytest.fixture
def root(tmp_path: Path, params: Params) -> Path:
    check.write(tmp_path, params)
    return tmp_path


def edit(root: Path, stage: str, **packages: str) -> None:
    tree = json.loads((root / check.LOCK).read_text("utf-8"))
    tree["stages"][stage]["packages"] |= packages
    write_json(root / check.LOCK, tree)


def test_write__says_what_changed_and_then_nothing(root: Path, params: Params) -> None:
    assert check.write(root, params) == {}
    assert check.stale(root, params) == ""
    edit(root, "train", **{"scikit-learn": "1.0"})
    changed = check.write(root, params)
    assert changed.keys() == {"train"}
    assert changed["train"][0].startswith("scikit-learn 1.0 → ")
    assert check.write(root, params) == {}


def test_stale__is_one_line_with_reason_and_remedy(root: Path, params: Params) -> None:
    edit(root, "train", **{"scikit-learn": "1.0"})
    said = check.stale(root, params)
    assert said.startswith("driftloop.lock: not what is installed: scikit-learn 1.0 → ")
    assert said.endswith(
        "(stages train); install what it names (`uv sync`), or run `driftloop lock` and then `dvc repro`"
    )


def test_require__refuses_only_the_stage_that_differs(root: Path) -> None:
    edit(root, "train", **{"scikit-learn": "1.0"})
    check.require(root, "refit")
    with pytest.raises(LoopError, match=r"stage train: not what is installed: scikit-learn 1\.0 → "):
        check.require(root, "train")


def test_require__a_package_that_is_not_installed_is_named(root: Path) -> None:
    edit(root, "train", lightgbm="4.0")
    with pytest.raises(LoopError, match=r"lightgbm 4\.0 → none"):
        check.require(root, "train")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "driftloop.lock: not valid JSON; run `driftloop lock`"),
        ("{}", "driftloop.lock: driftloop: Field required; run `driftloop lock`"),
        ('{"driftloop": "1", "stages": {"train": {}}}', "driftloop.lock: stages.train.code: Field required; "),
        ("<<<<<<< a\n", "driftloop.lock at line 1: expected a merged file"),
    ],
)
def test_read__anything_else_is_refused_and_then_written_anew(root: Path, params: Params, text: str, said: str) -> None:
    write_text(root / check.LOCK, text)
    with pytest.raises(LoopError, match=f"^{said}"):
        check.read(root)
    check.write(root, params)
    assert check.stale(root, params) == ""


def test_installed__knows_the_package_of_an_estimator_and_of_own_code_where_models_run(tmp_path: Path) -> None:
    write_text(tmp_path / "src/mine.py", "import hypothesis.strategies\n")
    write_text(tmp_path / "src/driftloop/ours.py", "import pytest\n")
    found = content.installed(["statsmodels.api.OLS"], src=tmp_path / "src")
    having = {
        package: {name for name, stage in found.stages.items() if package in stage.packages}
        for package in ("statsmodels", "hypothesis", "pytest", "ruff", "pydantic", "rich")
    }
    models = {"refit", "monitor", "train", "evaluate", "backtest"}
    assert having == {
        "statsmodels": models, "hypothesis": models | {"collect"},
        "pytest": set(), "ruff": set(), "pydantic": set(), "rich": set(),
    }  # fmt: skip


def test_current__keeps_the_package_of_productions_estimator(tmp_path: Path, params: Params) -> None:
    write_json(tmp_path / CARD, {"recipe": {"estimator": "statsmodels.api.OLS"}})
    assert "statsmodels" in check.current(tmp_path, params).stages["monitor"].packages


def test_every_decisive_package__is_installed_and_in_some_stage() -> None:
    wanted = {package for packages in source.DECISIVE.values() for package in packages}
    found = {package for stage in content.installed().stages.values() for package in stage.packages}
    assert wanted == found


def test_digest__covers_what_a_stage_really_imports() -> None:
    """Whatever a stage has loaded once its module is imported stands in its closure."""
    code = "import sys, driftloop.stages.{0}; print(*(n for n in sys.modules if n.split('.')[0] == 'driftloop'))"
    offenders = []
    for name in ("collect", "monitor", "evaluate"):
        loaded = subprocess.run(
            [sys.executable, "-c", code.format(name)], check=True, capture_output=True, text=True
        ).stdout.split()
        offenders += sorted({*loaded} - closure(source.STAGES[name]) - closure("driftloop.params"))
    assert offenders == []

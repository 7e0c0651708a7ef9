"""A project from a file, as a team makes it: real uv, git and DVC, in an environment of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
import yaml
from once import once

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = [
    pytest.mark.extended,
    pytest.mark.skipif(
        not shutil.which("uv") and not Path(".uv/bin/uv").exists(), reason="needs uv, which make setup installs"
    ),
]
UV = Path(".uv/bin").resolve()
ENV: Mapping[str, str] = {
    **{name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH", "UV_NO_DEV")},
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{UV}{os.pathsep}{os.environ['PATH']}",
    "DVC_NO_ANALYTICS": "true",
}


def sh(root: Path, *command: str, code: int = 0) -> str:
    done = subprocess.run(command, cwd=root, env=ENV, capture_output=True, text=True, check=False)
    assert done.returncode == code, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def daily(path: Path) -> None:
    """Write nine months of sales in one shop, twice a day, with a quarter more from April on; more would only be fitted longer."""
    rng = np.random.default_rng(7)
    day = pd.date_range("2023-10-01", "2024-06-30", freq="12h")
    temperature = 12 - 9 * np.cos(2 * np.pi * day.dayofyear / 365.25) + rng.normal(0, 2, len(day))
    sales = 40 + 2 * temperature + 8 * (day.hour == 12) + rng.normal(0, 3, len(day))
    sales = sales * np.where(day >= pd.Timestamp("2024-04-01"), 1.25, 1)
    frame = pd.DataFrame({"at": day, "temperature": temperature.round(2), "till": 1, "sales": sales.round(2)})
    frame["net"] = (frame["sales"] / 1.19).round(6)
    frame.to_csv(path, index=False)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of those sales; made once for all workers."""

    def make(root: Path) -> None:
        daily(root / "shop.csv")
        made = sh(root, sys.executable, "-c", "from driftloop.cli import main; main()", "init", "shop", "--from", "shop.csv",
                  "--target", "sales", "--label-delay-days", "3", "--yes")  # fmt: skip
        (root / "said.txt").write_text(made)

    return once(tmp_path_factory, "init", make)


def test_init__says_what_it_saw_and_what_one_would_have_been_told(shop: Path) -> None:
    said = (shop / "said.txt").read_text()
    for row in (r"at timestamp", "till left out constant", "net left out leak: sales follows from it exactly",
                "temperature numerical", "sales target a number"):  # fmt: skip
        assert row in " ".join(said.split()), row
    assert "outdated: retraining would have paid" in said
    assert "lower than never retraining" in said


def test_init__leaves_a_repository_that_is_committed_whole(shop: Path) -> None:
    root = shop / "shop"
    assert sh(root, "git", "status", "--porcelain") == ""
    files = sh(root, "git", "ls-files").split()
    assert {"params.yaml", "driftloop.lock", "uv.lock", "data/source/shop.csv", "models/production/model.skops"} <= {
        *files
    }
    assert len([name for name in files if not name.startswith(("data/", "metrics/", "models/", ".github/"))]) <= 18
    params = yaml.safe_load((root / "params.yaml").read_text("utf-8"))
    assert params["data"]["numerical"] == ["temperature", "hour"]
    assert params["data"]["categorical"] == ["weekday"]


def test_init__every_package_comes_from_a_public_index_or_from_the_project(shop: Path) -> None:
    lines = (shop / "shop/uv.lock").read_text("utf-8").splitlines()
    registries = {line.split('registry = "')[1].split('"')[0] for line in lines if 'registry = "' in line}
    assert registries == {"https://pypi.org/simple"}


def test_project__has_nothing_to_do_and_passes_its_own_tests(shop: Path) -> None:
    root = shop / "shop"
    assert "Data and pipelines are up to date" in sh(root, "uv", "run", "--quiet", "--frozen", "dvc", "repro")
    assert "2 passed" in sh(root, "make", "test")
    assert sh(root, "uv", "run", "--quiet", "--frozen", "driftloop", "ci", "lock").startswith("dvc.lock is up to date")


def test_project__a_package_that_was_upgraded_is_noticed(shop: Path, tmp_path: Path) -> None:
    shutil.copytree(shop / "shop", tmp_path / "shop", symlinks=True, ignore=shutil.ignore_patterns(".venv"))
    lock = tmp_path / "shop/driftloop.lock"
    lock.write_text(lock.read_text().replace('"scikit-learn": "', '"scikit-learn": "0.'))
    said = sh(tmp_path / "shop", "make", "repro", code=2)
    assert "driftloop.lock: not what is installed: scikit-learn 0." in said


def test_init__never_overwrites(shop: Path) -> None:
    said = sh(shop, sys.executable, "-c", "from driftloop.cli import main; main()", "init", "shop", code=1)
    assert "shop: expected a new or an empty folder" in said


def test_project__is_upgraded_with_what_a_team_edited(shop: Path, tmp_path: Path) -> None:
    """From an older rendering, with the package itself renewed."""
    root = tmp_path / "shop"
    shutil.copytree(shop / "shop", root, symlinks=True, ignore=shutil.ignore_patterns(".venv", ".dvc"))
    shutil.copytree(shop / "shop/.dvc", root / ".dvc")
    base, monitor = root / ".driftloop/base.json", root / ".github/workflows/monitor.yml"
    base.write_text(base.read_text().replace("timeout-minutes: 20", "timeout-minutes: 10"))
    monitor.write_text(
        monitor.read_text().replace("timeout-minutes: 20", "timeout-minutes: 10").replace("23 5 *", "1 2 *")
    )
    sh(root, "git", "commit", "--quiet", "--all", "--message", "as it was")
    driftloop = (sys.executable, "-c", "from driftloop.cli import main; main()")
    before = monitor.read_text()
    assert "merged    .github/workflows/monitor.yml" in sh(root, *driftloop, "upgrade", "--dry-run")
    assert monitor.read_text() == before
    said = sh(root, *driftloop, "upgrade")
    assert "driftloop.lock" in said
    assert "as a wheel in vendor/" in said
    assert "timeout-minutes: 20" in monitor.read_text()
    assert 'cron: "1 2 * * *"' in monitor.read_text()
    assert "timeout-minutes: 10" not in monitor.read_text()
    assert "Data and pipelines are up to date" in sh(root, "uv", "run", "--quiet", "--frozen", "dvc", "repro")


def test_init__in_a_repository_of_driftloop_adds_a_model(shop: Path, tmp_path: Path) -> None:
    """In a folder of its own, in the environment of the repository, with one commit; no name is taken twice."""
    root = tmp_path / "shop"
    shutil.copytree(shop / "shop", root, symlinks=True, ignore=shutil.ignore_patterns(".venv"))
    driftloop = (sys.executable, "-c", "from driftloop.cli import main; main()")
    head, *rows = (shop / "shop.csv").read_text("utf-8").splitlines()
    newest = [row for row in rows if row >= "2024-03"]  # more would only be fitted longer
    (tmp_path / "second.csv").write_text("\n".join([head, *newest]), encoding="utf-8")
    source = ("--from", str(tmp_path / "second.csv"), "--target", "sales", "--label-delay-days", "3", "--yes")
    adding = ("init", "tills/second", *source)
    taken = sh(root, *driftloop, *adding, "--model", "shop", code=1)
    assert (
        "params.yaml and tills/second/params.yaml: model: expected a name of its own in each folder, got 'shop'"
        in taken
    )
    assert not (root / "tills").exists()

    before = sh(root, "git", "rev-parse", "HEAD").strip()
    said = sh(root, *driftloop, *adding)
    assert "tills/second becomes one more model in it" in said
    assert "Next: cd tills/second && uv run dvc repro" in said
    assert sh(root, "git", "status", "--porcelain") == ""
    changed = sh(root, "git", "diff", "--name-only", before, "HEAD").split()
    outside = [path for path in changed if not path.startswith("tills/second/")]
    assert outside == [".driftloop/base.json", ".github/workflows/models.yml"]
    assert "tills/second/models/production/model.skops" in changed
    uv = ("uv", "run", "--quiet", "--frozen")
    for folder in (root, root / "tills/second"):
        assert "Data and pipelines are up to date" in sh(folder, *uv, "dvc", "repro")
        assert sh(folder, *uv, "driftloop", "ci", "lock").startswith("dvc.lock is up to date")
    assert sh(root / "tills/second", *uv, "driftloop", "status").startswith("second v1")

    pipeline = root / "tills/second/dvc.yaml"
    for file in (
        pipeline,
        root / "tills/second/.driftloop/base.json",
        root / "dvc.yaml",
        root / ".driftloop/base.json",
    ):
        file.write_text(file.read_text("utf-8").replace("writes the entries.", "wrote them."), encoding="utf-8")
    sh(root, "git", "commit", "--quiet", "--all", "--message", "as it was")
    upgraded = sh(root, *driftloop, "upgrade")
    assert "replaced  dvc.yaml" in upgraded
    assert "replaced  tills/second/dvc.yaml" in upgraded
    assert "writes the entries." in pipeline.read_text("utf-8")
    assert (root / ".github/workflows/models.yml").is_file()

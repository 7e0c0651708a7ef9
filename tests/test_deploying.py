"""The example by which a service fetches the current model, exactly as the manual has it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from architecture import SRC
from hub import Clone

from driftloop import lineage
from driftloop.store.files import CARD, MODEL

if TYPE_CHECKING:
    from pathlib import Path

PAGE = SRC.parent / "docs/operations.md"
ADDRESS = 'REPOSITORY, VERSION = "https://github.com/acme/bikes", "bikes@v2.0.0"'


@pytest.fixture
def repository(tmp_path: Path) -> Clone:
    """Our own production, released."""
    made = Clone(tmp_path / "repository")
    for path in (CARD, MODEL):
        (made.root / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(SRC.parent / path, made.root / path)
    made.run("init", "--quiet", "--initial-branch=main")
    made.run("add", ".")
    made.run("commit", "--quiet", "-m", "v1")
    made.run("tag", "-a", lineage.tag_of("bikes", 1), "-m", "bikes v1")
    return made


def run(repository: Clone, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the example with another address."""
    (section,) = re.findall(
        r"^## Deploy the current model\n(.*?)^## ", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    (example,) = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    assert ADDRESS in example
    here = f'REPOSITORY, VERSION = "file://{repository.root}", "{lineage.tag_of("bikes", 1)}"'
    folder.mkdir()
    (folder / "service.py").write_text(example.replace(ADDRESS, here), encoding="utf-8")
    env = {**os.environ, "PYTHONPATH": str(SRC)}
    return subprocess.run(
        [sys.executable, "service.py"], cwd=folder, env=env, capture_output=True, text=True, check=False
    )


def test_example__fetches_the_model_and_scores_a_row(repository: Clone, tmp_path: Path) -> None:
    done = run(repository, tmp_path / "service")
    assert done.returncode == 0, done.stderr
    found = re.fullmatch(r"v1 predicts \[\{'prediction': ([\d.]+)\}\]\n", done.stdout)
    assert found, done.stdout
    assert 100 < float(found[1]) < 1000  # rentals in the morning of a working day

    (repository.root / MODEL).write_bytes(b"PK")
    repository.run("commit", "--quiet", "-am", "tampered")
    repository.run("tag", "-a", "--force", lineage.tag_of("bikes", 1), "-m", "moved")
    refused = run(repository, tmp_path / "other")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == "model.skops is not the file that card.json names\n"

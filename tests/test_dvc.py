"""DVC as a program: what it inherits, and which files it never sees."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest
from strangers import LOCK, PIPELINE

from driftloop import dvc
from driftloop.errors import LoopError

TOKENS = ("GITHUB_TOKEN", "GH_TOKEN", "ACTIONS_RUNTIME_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL",
          "GH_ENTERPRISE_TOKEN")  # fmt: skip


def make(root: Path, pipeline: str, lock: str | None = None) -> Path:
    (root / ".dvc").mkdir()
    (root / ".dvc/config").write_text("[core]\n    no_scm = true\n")
    (root / "dvc.yaml").write_text(pipeline)
    if lock is not None:
        (root / "dvc.lock").write_text(lock)
    return root


def test_environment__holds_no_token_and_this_python() -> None:
    given = {
        **dict.fromkeys(TOKENS, "secret"),
        "PATH": "/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_SECRET_ACCESS_KEY": "mine",
    }
    found = dvc.environment(given)
    assert "secret" not in found.values()
    assert found["PATH"] == f"{Path(sys.executable).parent}{os.pathsep}/bin"
    assert found["AWS_SECRET_ACCESS_KEY"] == "mine", "the team's own secrets are for its stages and its remote"
    assert found["DVC_NO_ANALYTICS"] == "true"
    assert "PYTHONDONTWRITEBYTECODE" not in found


@pytest.mark.slow
def test_run__gives_stages_no_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in TOKENS:
        monkeypatch.setenv(name, "secret")
    make(tmp_path, "stages: {a: {cmd: 'env > said'}}\n")
    assert dvc.run(tmp_path, "repro", seconds=100).code == 0
    assert "secret" not in (tmp_path / "said").read_text()


def bomb(levels: int = 12) -> str:
    first = "x0: &x0 [a, a, a, a, a, a, a, a, a]\n"
    return first + "".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]\n" for n in range(1, levels))


@pytest.mark.parametrize("place", ["dvc.lock", "dvc.yaml", "params.yaml", "sub/dvc.lock", "sub/x.dvc"])
def test_stale__does_not_show_dvc_what_would_keep_it_busy(tmp_path: Path, place: str) -> None:
    """A pull request of a fork can bring any of them to `driftloop ci lock`."""
    make(tmp_path, PIPELINE.decode(), LOCK.decode())
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/dvc.yaml").write_text("stages: {}\n")
    with (tmp_path / place).open("a") as stream:
        stream.write(bomb())
    start = time.monotonic()
    with pytest.raises(LoopError, match=rf"^{place} at line \d+, column 5: expected a value, got an anchor \(&x0\)"):
        dvc.stale(tmp_path)
    assert time.monotonic() - start < 20


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_stale__reads_no_file_without_end(tmp_path: Path, kind: str) -> None:
    make(tmp_path, PIPELINE.decode())
    if kind == "link":
        (tmp_path / "dvc.lock").symlink_to("/dev/zero")
    else:
        os.mkfifo(tmp_path / "dvc.lock")
    with pytest.raises(LoopError, match=r"^dvc\.lock: cannot be read: not a regular file$"):
        dvc.stale(tmp_path)


def test_stale__refuses_stages_that_the_pipeline_does_not_have(tmp_path: Path) -> None:
    make(tmp_path, PIPELINE.decode(), LOCK.decode() + "  other:\n    cmd: x\n")
    with pytest.raises(LoopError, match=r"^dvc\.lock: stages: expected those of dvc\.yaml, got 'other'"):
        dvc.stale(tmp_path)
    dvc.check_files(tmp_path)  # DVC itself leaves the entries of stages that are gone


def test_stale__of_a_merge_that_is_not_done_gives_advice_that_works(tmp_path: Path) -> None:
    make(tmp_path, "stages: {}\n", "<<<<<<< HEAD\nschema: '2.0'\n=======\nschema: '2.0'\n>>>>>>> other\n")
    with pytest.raises(
        LoopError, match=r"^dvc\.lock at line 1: .* run `git checkout --theirs dvc\.lock`, then `dvc repro`$"
    ):
        dvc.stale(tmp_path)

"""A decision derived anew, with the real git and the real DVC, and a pipeline that takes a moment."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from decisions import make_decision
from factories import make_params

from driftloop import dvc_remote, records, replay
from driftloop.errors import LoopError
from driftloop.explain import Subject
from driftloop.git import Git
from driftloop.records import Kind, Record, Run
from driftloop.store import files
from driftloop.store.files import write_json, write_text

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow
# The decision stands in the source; the end of the data, which no commit holds, has to be the recorded one too.
PIPELINE = """stages:
  collect:
    cmd: mkdir -p data/raw && cp source.json data/raw/x
    deps: [source.json]
    outs: [data/raw]
  monitor:
    cmd: mkdir -p reports && grep -q 2025-04-14 params.yaml && cp data/raw/x reports/decision.json
    deps: [data/raw]
    params: [source.until]
    outs: [reports/decision.json]
"""
WHO = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")


def run(root: Path, *command: str) -> str:
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    return subprocess.run(command, cwd=root, env=env, check=True, capture_output=True, text=True).stdout.strip()


def params(root: Path, until: str) -> None:
    found = make_params(source={"until": until, "fingerprint": None}).model_dump(mode="json", exclude_unset=True)
    write_text(root / "params.yaml", yaml.safe_dump(found))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Record]:
    """What a run left here, whose end of data was not committed, and its record."""
    root = tmp_path_factory.mktemp("replay")
    run(root, "git", "init", "--quiet")
    run(root, sys.executable, "-m", "dvc", "init", "--quiet")
    write_text(root / "dvc.yaml", PIPELINE)
    write_text(root / ".gitignore", "/reports\n/data\n")
    write_json(root / "source.json", make_decision().model_dump(mode="json"))
    params(root, "2025-04-07T00:00Z")
    run(root, "git", "add", ".")
    run(root, "git", *WHO, "commit", "--quiet", "-m", "start")
    params(root, "2025-04-14T00:00Z")
    run(root, sys.executable, "-m", "dvc", "repro", "--quiet")
    done = Run(Kind.MONITOR, "ok", datetime(2025, 4, 14, tzinfo=UTC), revision=run(root, "git", "rev-parse", "HEAD"))
    found = records.collect(root, done)
    # Since then the world has moved on.
    run(root, "git", "checkout", "--quiet", "params.yaml")
    write_text(root / "source.json", "{}")
    return root, found


def replayed(root: Path, record: Record | None) -> replay.Replayed:
    return replay.replay(root, Git(root), Subject(make_decision(), None, standing=False, source="", record=record))


def changed(record: Record, **over: Any) -> Record:
    return replace(record, content=record.content | over)


def test_replay__derives_the_recorded_decision_to_the_bit_and_writes_nothing_here(made: tuple[Path, Record]) -> None:
    root, record = made
    before = run(root, "git", "status", "--porcelain", "--ignored"), sorted(map(str, root.rglob("*")))
    found = replayed(root, record)
    assert found == replay.Replayed(
        agrees=True,
        text="Replayed from commit, data, parameters and packages: reports/decision.json came out the same, to the bit",
    )
    assert (run(root, "git", "status", "--porcelain", "--ignored"), sorted(map(str, root.rglob("*")))) == before


def test_replay__of_another_result_says_so(made: tuple[Path, Record], tmp_path: Path) -> None:
    """Without the cache the rows are collected anew, where the commit still gives the same."""
    root, record = made
    copy = shutil.copytree(root, tmp_path / "copy", symlinks=True)
    shutil.rmtree(copy / ".dvc/cache")
    data = {**record.content["data"], "monitor": {files.DECISION.as_posix(): "0" * 32}}
    found = replayed(copy, changed(record, data=data))
    assert not found.agrees
    assert found.text.startswith("Replayed: reports/decision.json came out differently (MD5 ")


def test_replay__of_rows_that_only_the_remote_has(made: tuple[Path, Record], tmp_path: Path) -> None:
    """Monitor leaves them there for an alert. The source gives others by now, and nobody has them in a cache."""
    root, record = made
    copy = shutil.copytree(root, tmp_path / "copy", symlinks=True)
    write_json(copy / "data/raw/x", make_decision(rows=7).model_dump(mode="json"))
    run(copy, sys.executable, "-m", "dvc", "commit", "--force", "--quiet", "collect")
    run(copy, sys.executable, "-m", "dvc", "remote", "add", "-d", "store", str(tmp_path / "remote"))
    assert dvc_remote.push_rows(copy) == "pushed data/raw to store"
    assert len([path for path in (tmp_path / "remote").rglob("*") if path.is_file()]) == len(["folder", "file"])
    result = hashlib.md5((copy / "data/raw/x").read_bytes(), usedforsecurity=False).hexdigest()
    run(copy, "git", "checkout", "--quiet", ".dvc/config")
    run(copy, sys.executable, "-m", "dvc", "remote", "add", "--local", "-d", "store", str(tmp_path / "remote"))
    data = {"collect": records.outs(copy / "dvc.lock")["collect"], "monitor": {files.DECISION.as_posix(): result}}
    shutil.rmtree(copy / ".dvc/cache")
    shutil.rmtree(copy / "data")
    assert replayed(copy, changed(record, data=data)).agrees


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ({"revision": "0" * 40}, "the recorded commit 000000000000 is not in this clone"),
        ({"packages": {"numpy": "1.0"}}, r"other packages than recorded: numpy 1\.0 \(here "),
        ({"params": "0" * 64}, "the recorded parameters are not those of the commit"),
        ({"source": None}, "the recorded parameters are not those of the commit"),
        ({"data": {}}, "the record does not name its data"),
    ],
)
def test_replay__names_the_input_that_is_missing(made: tuple[Path, Record], over: dict[str, Any], said: str) -> None:
    root, record = made
    with pytest.raises(LoopError, match=said):
        replayed(root, changed(record, **over))


def test_replay__names_data_that_is_nowhere_any_more(made: tuple[Path, Record]) -> None:
    root, record = made
    data = {**record.content["data"], "collect": {files.RAW.as_posix(): f"{'0' * 32}.dir"}}
    with pytest.raises(LoopError, match=r"data/raw, MD5 000000000000\) is neither in the cache nor on a DVC remote"):
        replayed(root, changed(record, data=data))


def test_replay__of_a_tree_with_changes_asks_for_a_commit(made: tuple[Path, Record]) -> None:
    with pytest.raises(LoopError, match=r"source\.json: not as in the commit"):
        replayed(made[0], None)

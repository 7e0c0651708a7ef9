"""A real cluster of two workers prepares rows as DuckDB does, to the byte, also when one of them is killed meanwhile; and fits."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import awkward
import pytest
from once import once
from spaces import again, contents, prepared_from

from driftloop.engine import spark
from driftloop.errors import LoopError
from driftloop.store import fits
from driftloop.store.files import CACHE, RAW, REFITS, TRAIN_WINDOW

if TYPE_CHECKING:
    from collections.abc import Callable

    from workspace import Workspace

pyspark = pytest.importorskip("pyspark", reason="the extra spark is not installed")
from spark_cluster import INTERPRETED, LOCAL, OPTIONS, cluster  # noqa: E402

HOLDING = """
import sys, time
from pathlib import Path
from spark_cluster import cluster
with cluster(Path(sys.argv[1]), workers=0) as found:
    print(found.pid, flush=True)
    time.sleep(60)
"""
OWN = """
import os
from pathlib import Path
from sklearn.tree import DecisionTreeRegressor

class Tree(DecisionTreeRegressor):
    def fit(self, X, y):
        with Path(__file__).with_name("processes").open("a") as stream:
            stream.write(f"{os.getpid()}\\n")
        return super().fit(X, y)
"""
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not spark.java(), reason="there is no java")]


def when(there: Callable[[], object], act: Callable[[], None]) -> None:
    """Act as soon as something is there, from another thread."""

    def wait() -> None:
        while not there():
            time.sleep(0.01)
        act()

    threading.Thread(target=wait, daemon=True).start()


def growing(root: Path, base: Workspace) -> Workspace:
    """Prepare rows for refits of a recipe whose estimator is the project's own, and whose window is chosen."""
    space = base.copy(root).set(
        source={"until": "2024-05-20T00:00Z"},
        windows={"train_days": "auto", "candidates": ["all", 56]},
        train={"estimator": "grown.Tree", "trusted": ["grown.Tree"]},
    )
    (root / "src").mkdir()
    (root / "src/grown.py").write_text(OWN)
    return space.run("prepare")


def fit(space: Workspace, patch: pytest.MonkeyPatch) -> None:
    """Make the refits, with its own estimator."""
    patch.syspath_prepend(str(space.root / "src"))
    sys.modules.pop("grown", None)
    space.run("refit")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, healthy_base: Workspace) -> Path:
    """Both engines' results, and lines of errors; made once for all workers of the tests, on one cluster."""

    def make_all(root: Path) -> None:
        with pytest.MonkeyPatch.context() as patch, cluster(root / "cluster") as found:
            for name, value in LOCAL.items():
                patch.setenv(name, value)
            there = {"kind": "spark", "master": found.master, "options": OPTIONS | INTERPRETED}
            here = growing(root / "fits", healthy_base)
            elsewhere = here.copy(root / "fits-spark").set(engine={**there, "fits": "cluster"})
            fit(here, patch)
            with patch.context() as at_once:
                at_once.setattr(fits, "WORTH_SECONDS", 0)
                fit(elsewhere, at_once)
            series = prepared_from(root / "series", awkward.series)
            broken = again(series, root / "broken", **there)
            damage(broken.root / RAW / "2025-03.parquet")
            (root / "broken.txt").write_text(said(broken))
            with patch.context() as short:
                short.setattr(spark, "WORKER_SECONDS", 2)
                greedy = {"options": OPTIONS | {"spark.executor.memory": "900g"}}
                (root / "greedy.txt").write_text(said(again(series, root / "greedy", **there | greedy)))
            killed = again(series, root / "series-spark", **there)
            when(lambda: list((killed.root / CACHE).glob("pieces/*.profile")), found.workers[0].kill)
            killed.run("prepare")
            assert found.workers[0].poll() is not None

    return once(tmp_path_factory, "spark", make_all)


def said(space: Workspace) -> str:
    with pytest.raises(LoopError) as caught:
        space.run("prepare")
    return str(caught.value).replace(str(space.root.resolve()), "ROOT")


def damage(path: Path) -> None:
    """Overwrite the pages of a Parquet file, and leave its footer."""
    content = bytearray(path.read_bytes())
    content[4 : len(content) // 2] = b"\xff" * (len(content) // 2 - 4)
    path.write_bytes(content)


def is_the_same(mine: dict[str, bytes], theirs: dict[str, bytes]) -> None:
    assert mine.keys() == theirs.keys()
    assert [name for name in mine if mine[name] != theirs[name]] == []


def test_prepare__writes_the_same_bytes_on_a_cluster(prepared: Path) -> None:
    """One of two workers was killed after the profile."""
    is_the_same(contents(prepared / "series"), contents(prepared / "series-spark"))


@pytest.mark.extended
def test_prepare__writes_the_same_bytes_of_one_row_an_hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With code that Spark generates, as it does by default."""
    single = prepared_from(tmp_path / "single", awkward.single)
    with cluster(tmp_path / "cluster") as found:
        for name, value in LOCAL.items():
            monkeypatch.setenv(name, value)
        other = again(single, tmp_path / "spark", kind="spark", master=found.master, options=OPTIONS).run("prepare")
    is_the_same(contents(single.root), contents(other.root))


def test_refit__writes_the_same_bytes_on_a_cluster(prepared: Path) -> None:
    for name in (REFITS, TRAIN_WINDOW):
        assert (prepared / "fits" / name).read_bytes() == (prepared / "fits-spark" / name).read_bytes()
    processes = (prepared / "fits-spark/src/processes").read_text().split()
    assert len(set(processes)) > 2, "the first fits are made here, and tell whether the cluster is worth it"


def test_prepare__says_in_one_line_which_file_a_worker_cannot_read(prepared: Path) -> None:
    line = (prepared / "broken.txt").read_text()
    assert line == "$OUT/2025-03.parquet: expected Parquet, got a file that cannot be read; write it again"


def test_prepare__waits_for_workers_no_longer_than_it_says(prepared: Path) -> None:
    line = (prepared / "greedy.txt").read_text()
    assert "expected a worker within 2 s, got none; start workers, or ask for less by spark.executor.memory" in line


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children when their parent ends")
def test_cluster__ends_when_the_tests_are_killed(tmp_path: Path) -> None:
    """Or each run that is broken off would leave Java behind, on whoever's machine."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(tmp_path / "cluster")],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[1] / "support",
    )
    assert process.stdout
    with process.stdout:
        master = int(process.stdout.readline())
    ended = os.pidfd_open(master)
    process.kill()
    process.wait()
    assert select.select([ended], [], [], 10)[0]
    os.close(ended)

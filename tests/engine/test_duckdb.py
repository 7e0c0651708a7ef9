"""DuckDB's settings change no result, and what it lacks is one line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import awkward
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from spaces import again, contents, prepared_from

from driftloop import engine
from driftloop.core.data import query
from driftloop.engine import spark
from driftloop.errors import DataError, LoopError
from driftloop.params import Engine

if TYPE_CHECKING:
    from workspace import Workspace


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return prepared_from(tmp_path_factory.mktemp("engine") / "series", awkward.series)


def refusal(space: Workspace) -> str:
    with pytest.raises(LoopError) as caught:
        space.run("prepare")
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("threads", [1, 2])
def test_prepare__the_number_of_threads_changes_no_byte(space: Workspace, tmp_path: Path, threads: int) -> None:
    other = again(space, tmp_path / "w", threads=threads, spill=str(tmp_path / "spill")).run("prepare")
    assert contents(other.root) == contents(space.root)
    assert list((tmp_path / "spill").iterdir()) == []


def test_prepare__too_little_memory(space: Workspace, tmp_path: Path) -> None:
    other = again(space, tmp_path / "w", memory_limit="1MB")
    remedy = "raise it, set engine.threads lower, or leave out long texts"
    assert refusal(other) == f"engine.memory_limit: too little for these rows; {remedy}"


def test_opened__a_disk_without_room_for_what_is_spilled(tmp_path: Path) -> None:
    wide = "CREATE TEMP TABLE wide AS SELECT hash(i) a, hash(i + 1) b, hash(i + 2) c FROM range(5000000) t(i)"
    with engine.opened(Engine(memory_limit="40MB"), tmp_path) as con:
        con.raw_sql("SET max_temp_directory_size = '1MB'")
        with (
            pytest.raises(LoopError, match=r"^engine\.spill: no space left on the disk .*; make room"),
            engine.translated(tmp_path),
        ):
            con.raw_sql(wide)


def test_opened__a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(LoopError, match=r"^engine\.spill: .*file/spill: cannot be written: "),
        engine.opened(Engine(spill="file/spill"), tmp_path),
    ):
        pass


def test_opened__spills_into_a_folder_of_the_project_that_is_gone_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # as the program is run: the project is the folder that it is in
    with engine.opened(Engine(memory_limit="30MB", threads=1), Path()) as con:
        con.raw_sql("CREATE TEMP TABLE large AS SELECT random() AS x FROM range(8_000_000)")
        assert list(tmp_path.glob(".cache/engine-*/*"))
    assert not list(tmp_path.glob(".cache/*"))


def test_translated__damaged_pages_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "2025-01.parquet"
    pq.write_table(pa.table({"x": range(5000)}), path)
    content = bytearray(path.read_bytes())
    content[4 : len(content) // 2] = b"\xff" * (len(content) // 2 - 4)
    path.write_bytes(content)
    with (
        pytest.raises(DataError, match="expected Parquet, got a file that cannot be read"),
        engine.translated(tmp_path),
        engine.opened(Engine(), tmp_path) as con,
    ):
        query.arrow(engine.parquet(con, [path], "given"))


def test_parquet__a_column_of_two_types(tmp_path: Path) -> None:
    for name, kind in {"2025-01": pa.int64(), "2025-02": pa.string()}.items():
        pq.write_table(pa.table({"x": pa.array([1]).cast(kind)}), tmp_path / f"{name}.parquet")
    with pytest.raises(LoopError) as caught, engine.opened(Engine(), tmp_path) as con:
        engine.parquet(con, sorted(tmp_path.glob("*.parquet")), "given")
    line = f"{tmp_path}/2025-02.parquet: column x: expected int64 as in 2025-01.parquet, got string; write both alike"
    assert str(caught.value) == line


def test_spark__a_master_that_nobody_is(space: Workspace, tmp_path: Path) -> None:
    pytest.importorskip("pyspark", reason="the extra spark is not installed")
    if not spark.java():
        pytest.skip("there is no java")
    other = again(space, tmp_path / "w", kind="spark", master="spark://127.0.0.1:1")
    assert refusal(other).startswith("engine.master: spark://127.0.0.1:1 cannot be reached: Connection refused; ")


def test_spark__no_java(space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyspark", reason="the extra spark is not installed")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    other = again(space, tmp_path / "w", kind="spark", master="local[1]")
    assert refusal(other).startswith("engine.kind: expected Java 17 or newer for spark, found no java on the PATH")


def test_spark__not_installed(space: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    other = again(space, tmp_path / "w", kind="spark", master="local[1]")
    assert refusal(other).endswith("which are not installed; `uv add 'driftloop[spark]'`")

"""Months of plain files: what is taken over from the last run is what a run that remembers nothing would write."""
# ruff: noqa: DTZ001 (times in UTC, as the files have them)

from __future__ import annotations

import os
import random
import shutil
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from driftloop.core.columns import ROW, TS
from driftloop.errors import DataError
from driftloop.params import Params
from driftloop.sources import collect, monthly, partitions, plan, tables
from driftloop.sources.monthly import Last
from driftloop.store.digests import Digests
from driftloop.store.files import digest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

START = datetime(2025, 1, 1)


def make_params(path: Path | str, **over: Any) -> Params:
    source = {"kind": "files", "path": str(path), "until": "2025-06-01", **over}
    data = {
        "timestamp": "ts",
        "key": ["id"],
        "target": "y",
        "numerical": ["x"],
        "categorical": ["c"],
        "timezone": "Asia/Tokyo",
    }
    train = {"estimator": "sklearn.linear_model.LinearRegression"}
    return Params.model_validate({"model": "test", "source": source, "data": data, "train": train})


class Project:
    """Collects as the stage does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.raw = folder / "raw"
        self.said: list[str] = []

    def collect(self, params: Params, *, made_by: str = "code 1") -> dict[str, str]:
        out = self.folder / "out"
        out.mkdir(parents=True)
        last = Last(self.raw, self.folder, made_by)
        collect(params, out, cache=self.folder / "downloads", say=self.said.append, last=last)
        shutil.rmtree(self.raw, ignore_errors=True)
        out.rename(self.raw)
        return digests_of(self.raw)

    def reused(self) -> int:
        """Say how many months the last run took over."""
        return int(self.said[-1].partition("; ")[2].partition(" ")[0] or 0)


def digests_of(folder: Path) -> dict[str, str]:
    return {path.name: digest(path) for path in sorted(folder.iterdir())}


def anew(params: Params, tmp_path: Path) -> dict[str, str]:
    out = tmp_path / "anew"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    collect(params, out, cache=tmp_path / "anew-cache", say=print)
    return digests_of(out)


def put(path: Path, rows: Sequence[dict[str, Any]], types: dict[str, pa.DataType] | None = None) -> None:
    """Write rows as the suffix says, with an old time of change, as files have that lie there for a while."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        table = pa.Table.from_pylist(list(rows))
        for name, kind in (types or {}).items():
            table = table.set_column(table.column_names.index(name), name, table[name].cast(kind))
        pq.write_table(table, path)
    else:
        names = list(rows[0])
        cells = [",".join("" if row[name] is None else str(row[name]) for name in names) for row in rows]
        path.write_text("\n".join([",".join(names), *cells]) + "\n", encoding="utf-8")
    settle(path)


def settle(path: Path) -> None:
    before = path.stat().st_mtime - 60
    os.utime(path, (before, before))


def make_rows(day: int, number: int, *, draw: random.Random) -> list[dict[str, Any]]:
    def moment() -> datetime:
        return START + timedelta(days=day + draw.randrange(4), seconds=draw.randrange(86_400))

    return [
        {
            "ts": None if draw.random() < 0.02 else moment(),
            "id": draw.randrange(1_000_000),
            "x": None if day > 60 and draw.random() < 0.1 else draw.randrange(100),  # gaps in some months only
            "c": draw.choice(["a", "b", "ü"]),
            "y": draw.random(),
        }
        for _ in range(number)
    ]


@pytest.mark.parametrize("suffix", [pytest.param("csv", marks=pytest.mark.extended), "parquet"])
def test_collect__same_bytes_as_a_run_that_remembers_nothing(  # noqa: C901 (a list of changes)
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    """Files come in order and late, are corrected, moved and removed, and differ in types and columns."""
    draw, folder, project = random.Random(7), tmp_path / "in", Project(tmp_path / "project")
    for day in range(0, 90, 6):
        put(folder / f"{day:03}.{suffix}", make_rows(day, 40, draw=draw))
    put(folder / f"000-all.{suffix}", [row for day in range(0, 80, 8) for row in make_rows(day, 5, draw=draw)])
    params = make_params(folder)

    def late() -> None:
        put(folder / f"033.{suffix}", make_rows(33, 7, draw=draw))

    def corrected() -> None:
        put(folder / f"060.{suffix}", make_rows(60, 40, draw=draw))

    def shorter() -> None:
        put(folder / f"072.{suffix}", make_rows(72, 3, draw=draw))

    def removed() -> None:
        (folder / f"048.{suffix}").unlink()

    def without_a_column() -> None:
        put(
            folder / f"121.{suffix}",
            [{k: v for k, v in row.items() if k != "c"} for row in make_rows(121, 9, draw=draw)],
        )

    def other_types() -> None:
        types = {"x": pa.float64(), "ts": pa.timestamp("us", "UTC"), "id": pa.string()}
        put(folder / f"122.{suffix}", make_rows(122, 9, draw=draw), types)

    def blank() -> None:
        rows = make_rows(9, 1, draw=draw)
        put(folder / f"009.{suffix}", rows)
        if suffix == "parquet":
            pq.write_table(pq.read_table(folder / "009.parquet").slice(0, 0), folder / "009.parquet")
        else:
            (folder / "009.csv").write_text("")

    def renamed() -> None:
        (folder / f"066.{suffix}").rename(folder / f"999.{suffix}")

    assert project.collect(params) == anew(params, tmp_path)
    reused = []
    for changes in ([late], [corrected, shorter], [removed, without_a_column], [other_types, blank, renamed]):
        for change in changes:
            change()
        monkeypatch.setattr(plan, "MOST_CELLS", draw.choice([1, 2_000, 1_000_000]))
        assert project.collect(params) == anew(params, tmp_path), changes
        reused.append(project.reused())
    assert sum(reused) > 3

    out = tmp_path / "whole"
    out.mkdir()
    with partitions.workspace(tmp_path / "work", zone="Asia/Tokyo") as (con, work):
        given = tables.read(con, tables.find(str(folder), where="test"), wanted=("ts",), folder=work)
        partitions.write(con, partitions.declare(given, params, where="test"), params, out)
    assert sorted(path.name for path in out.iterdir()) == sorted(digests_of(project.raw))
    for path in out.iterdir():
        whole, here = pq.read_table(path), pq.read_table(project.raw / path.name)
        assert whole.schema.types == here.schema.types
        assert whole.sort_by([(TS, "ascending"), (ROW, "ascending")]).to_pylist() == here.to_pylist()


def test_collect__end_of_the_data_concerns_the_months_that_it_cuts(tmp_path: Path) -> None:
    project, draw = Project(tmp_path / "project"), random.Random(1)
    for month in range(4):
        put(tmp_path / f"in/{month}.csv", make_rows(month * 31, 20, draw=draw))
    counts = []
    for until in ("2025-02-02", "2025-02-03", "2025-03-20", "2025-03-21"):
        params = make_params(tmp_path / "in", until=until, since="2025-01-02")
        assert project.collect(params) == anew(params, tmp_path)
        counts.append(project.reused())
    assert counts == [0, 2, 2, 4]


def test_collect__takes_nothing_over_that_is_not_what_it_wrote(tmp_path: Path) -> None:
    put(tmp_path / "in/a.csv", make_rows(0, 20, draw=random.Random(1)))
    params, project = make_params(tmp_path / "in"), Project(tmp_path / "project")
    first = project.collect(params)
    project.collect(params)
    assert project.reused() == len(first)
    (project.raw / "2025-01.parquet").write_bytes(b"PAR1 of somebody else")
    assert project.collect(params) == first
    assert project.reused() == len(first) - 1
    (project.folder / "collected.json").write_text('{"base": ')
    assert project.collect(params) == first
    assert project.reused() == 0
    assert project.collect(params, made_by="code 2") == first
    assert project.reused() == 0


def test_collect__names_folders_as_columns(tmp_path: Path) -> None:
    """The folder names a column that is kept, so that the content of a file is not all."""
    rows = [{"ts": START, "id": 1, "x": 1, "y": 1.0}]
    for name in ("a", "b"):
        put(tmp_path / f"in/c={name}/1.parquet", rows)
    params, project = make_params(tmp_path / "in"), Project(tmp_path / "project")
    assert not monthly.suits(params)
    project.collect(params)
    assert pq.read_table(project.raw / "2024-12.parquet")["c"].to_pylist() == ["a", "b"]


def test_collect__file_that_is_being_written(tmp_path: Path) -> None:
    put(tmp_path / "in/a.parquet", make_rows(0, 20, draw=random.Random(1)))
    whole = (tmp_path / "in/a.parquet").read_bytes()
    (tmp_path / "in/b.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"^\S+b\.parquet: expected Parquet, got a file that cannot be read"):
        Project(tmp_path / "project").collect(make_params(tmp_path / "in"))


def test_digests__read_again_what_may_have_changed(tmp_path: Path) -> None:
    file, memory = tmp_path / "a", tmp_path / "memory.json"
    file.write_bytes(b"one")
    first = Digests(memory)
    one = first.of(file)
    first.save()
    file.write_bytes(b"two")  # the same size, perhaps within one tick of the clock
    assert Digests(memory).of(file) != one
    settle(file)
    second = Digests(memory)
    two = second.of(file)
    second.save()
    stat = file.stat()
    file.write_bytes(b"six")
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert Digests(memory).of(file) == two  # which is the assumption
    settle(file)
    assert Digests(memory).of(file) not in {one, two}


def test_digests__refuse_a_file_that_changes_meanwhile(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"one")
    digests = Digests(None)
    digests.of(file)
    digests.refuse_changed()
    file.write_bytes(b"more")
    with pytest.raises(DataError, match="expected a file that stays as it is while it is read"):
        digests.refuse_changed()

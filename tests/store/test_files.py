"""Files are written whole or not at all, and what the file system refuses is one line."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pandas as pd
import pytest
from factories import make_params

from driftloop.core.decision.values import Drift
from driftloop.core.models.card import Card
from driftloop.errors import DataError, LoopError, ModelError
from driftloop.store import files

if TYPE_CHECKING:
    from collections.abc import Callable


def tree(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def write_half(path: Path, error: BaseException) -> NoReturn:
    path.write_text("half")
    raise error


def test_replacing__leaves_the_old_file_when_the_block_fails(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(ZeroDivisionError), files.replacing(tmp_path / "a.txt") as temporary:
        write_half(temporary, ZeroDivisionError())
    assert tree(tmp_path) == {"a.txt": b"old"}


def test_replacing__leaves_nothing_of_a_new_file_when_the_block_fails(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), files.replacing(tmp_path / "new/a.txt") as temporary:
        write_half(temporary, KeyboardInterrupt())
    assert tree(tmp_path) == {}


def test_replacing__shows_the_new_file_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("old")
    with files.replacing(tmp_path / "a.txt") as temporary:
        temporary.write_text("new")
        assert (tmp_path / "a.txt").read_text() == "old"
        assert temporary.parent == tmp_path, "a rename across disks would not be atomic"
    assert tree(tmp_path) == {"a.txt": b"new"}
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o644


def test_replacing_folder__leaves_the_old_one_when_the_block_fails(tmp_path: Path) -> None:
    files.write_text(tmp_path / "f/a.txt", "old")
    with pytest.raises(ZeroDivisionError), files.replacing_folder(tmp_path / "f") as out:
        write_half(out / "a.txt", ZeroDivisionError())
    assert tree(tmp_path) == {"f/a.txt": b"old"}


def test_replacing_folder__leaves_nothing_of_the_old_one(tmp_path: Path) -> None:
    files.write_text(tmp_path / "f/old/a.txt", "old")
    with files.replacing_folder(tmp_path / "f") as out:
        assert list(out.iterdir()) == []
        (out / "b.txt").write_text("new")
    assert tree(tmp_path) == {"f/b.txt": b"new"}
    assert [path.name for path in tmp_path.iterdir()] == ["f"]
    assert (tmp_path / "f").stat().st_mode & 0o777 == 0o755


def test_replacing_folder__makes_a_new_one_with_its_parents(tmp_path: Path) -> None:
    with files.replacing_folder(tmp_path / "a/b") as out:
        (out / "c").write_text("new")
    assert tree(tmp_path) == {"a/b/c": b"new"}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_write_json__refuses_what_is_no_json(tmp_path: Path, value: float) -> None:
    files.write_json(tmp_path / "a.json", {"a": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write_json(tmp_path / "a.json", {"a": value})
    assert tree(tmp_path) == {"a.json": b'{\n  "a": 1\n}\n'}


# What the file system refuses


def frame() -> pd.DataFrame:
    return pd.DataFrame({"a": range(5)})


WRITERS: dict[str, Callable[[Path], Any]] = {
    "text": lambda path: files.write_text(path, "x"),
    "json": lambda path: files.write_json(path, {"x": 1}),
    "frame": lambda path: files.write_frame(path, frame()),
    "folder": lambda path: files.replacing_folder(path).__enter__(),
}


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize(("below", "reason"), [("file/deep/x", "Not a directory"), ("file/x", "File exists")])
def test_write__below_a_file_is_one_line(writer: str, below: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LoopError) as caught:
        WRITERS[writer](tmp_path / below)
    parent = (tmp_path / below).parent
    assert str(caught.value) == f"{parent}: cannot be written: {reason}"
    assert tree(tmp_path) == {"file": b"in the way"}


def test_write__over_a_folder_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(LoopError) as caught:
        files.write_text(tmp_path / "a", "x")
    assert str(caught.value) == f"{tmp_path / 'a'}: cannot be written: Is a directory"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_replacing_folder__over_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("in the way")
    with pytest.raises(LoopError) as caught, files.replacing_folder(tmp_path / "a"):
        pass
    assert str(caught.value) == f"{tmp_path / 'a'}: cannot be written: Not a directory"
    assert tree(tmp_path) == {"a": b"in the way"}


@pytest.mark.parametrize("kind", ["bytes", "frame", "folder"])
def test_write__that_a_full_disk_stops_is_one_line_and_leaves_the_old_file(kind: str, tmp_path: Path) -> None:
    """No file may grow above 4 kB, which stops a write in the middle as a full disk does."""
    old = tmp_path / "out" / ("f/a.bin" if kind == "folder" else "a.bin")
    files.write_text(old, "old")
    program = f"""
        import random, resource, sys
        from pathlib import Path
        import pandas as pd
        from driftloop.store import files
        from driftloop.errors import LoopError

        sys.dont_write_bytecode = True  # or halves of compiled modules stay behind, which nothing can import
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        out, big = Path({str(tmp_path / "out")!r}), random.Random(0).randbytes(100_000)
        try:
            if {kind!r} == "bytes":
                files.write_bytes(out / "a.bin", big)
            elif {kind!r} == "frame":
                files.write_frame(out / "a.bin", pd.DataFrame({{"a": list(big)}}))
            else:
                with files.replacing_folder(out / "f") as folder:
                    (folder / "a.bin").write_bytes(big)
        except LoopError as exc:
            print(exc)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True)
    name = tmp_path / "out" / ("f" if kind == "folder" else "a.bin")
    assert done.stdout.startswith(f"{name}: cannot be written: ")
    assert done.stdout.endswith("File too large\n")
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""
    assert list(tree(tmp_path).values()) == [b"old"]


def test_write__names_another_file_that_failed_inside(tmp_path: Path) -> None:
    with pytest.raises(LoopError) as caught, files.replacing_folder(tmp_path / "f"):
        Path(tmp_path / "nowhere/x").write_text("x")
    assert str(caught.value) == f"{tmp_path / 'nowhere/x'}: cannot be written: No such file or directory"


# Reading


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "not found; run `dvc repro`"),
        (b"", "not valid JSON; run `dvc repro`"),
        (b'{"a": 1', "not valid JSON; run `dvc repro`"),
        (b"\xff\xfe", "not valid JSON; run `dvc repro`"),
        (b'{"a": 1, "a": 2}', "not valid JSON; run `dvc repro`"),
        (b'{"a": NaN}', "not valid JSON; run `dvc repro`"),
        (b'{"a": 1e999}', "expected finite numbers, got infinity; run `dvc repro`"),
        (b"[" * 100 + b"]" * 100, "expected at most 32 levels, got more; run `dvc repro`"),
        (b"[" * 100_000, "not valid JSON; run `dvc repro`"),
    ],
)
def test_read_json__says_what_to_do(content: bytes | None, said: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(LoopError) as caught:
        files.read_json(path)
    assert str(caught.value) == f"{path}: {said}"


def test_read_json__says_that_a_merge_is_not_done(tmp_path: Path) -> None:
    (tmp_path / "card.json").write_text('{\n<<<<<<< HEAD\n"a": 1\n=======\n"a": 2\n>>>>>>> other\n}\n')
    with pytest.raises(
        LoopError, match=r"card\.json at line 2: expected a merged file, got a marker of a merge conflict"
    ):
        files.read_json(tmp_path / "card.json")


def test_read_json__of_a_folder_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(LoopError) as caught:
        files.read_json(tmp_path)
    assert str(caught.value) == f"{tmp_path}: cannot be read: Is a directory"


@pytest.mark.parametrize("content", ["null", "[]", "1", '{"share": "much"}', '{"stranger": 1}'])
def test_read_value__of_another_version_says_what_to_do(content: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(content)
    with pytest.raises(LoopError) as caught:
        files.read_value(path, Drift)
    assert str(caught.value) == f"{path}: not a drift of this version of driftloop; run `dvc repro`"


@pytest.mark.parametrize("content", [b"", b"PAR1", b"a,b\n1,2\n", "cut"])
def test_read_frame__of_a_broken_file_says_what_to_do(content: bytes | str, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    files.write_frame(path, frame())
    path.write_bytes(path.read_bytes()[:-10] if isinstance(content, str) else content)
    with pytest.raises(DataError) as caught:
        files.read_frame(path)
    assert str(caught.value) == f"{path}: not a readable Parquet file; delete it and run `dvc repro`"


def test_read_frame__without_a_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        files.read_frame(tmp_path / "a.parquet")
    assert str(caught.value) == f"{tmp_path / 'a.parquet'}: not found; run `dvc repro`"


def test_read_frame__gives_what_was_written(tmp_path: Path) -> None:
    files.write_frame(tmp_path / "a.parquet", frame())
    assert files.read_frame(tmp_path / "a.parquet").equals(frame())


def test_read_card__without_a_file_says_where_it_is(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        files.read_card(tmp_path, make_params())
    assert str(caught.value) == (
        "models/production/card.json: not found; restore it with `git checkout -- models/production/card.json`"
    )


def test_read_card__begins_with_version_0(tmp_path: Path) -> None:
    files.write_json(tmp_path / files.CARD, Card().model_dump(mode="json"))
    assert files.read_card(tmp_path, make_params()) == Card()

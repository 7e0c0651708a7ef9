"""What the source says of each stage is remembered, and never believed of another source."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from driftloop.lock import source
from driftloop.store.remembered import recall, remember

if TYPE_CHECKING:
    from pathlib import Path

ASK = """
import sys
from pathlib import Path
from driftloop.lock import source
print(source.INSTALLED, *(each.code for each in source.stages(Path(sys.argv[1]), remembering=True).values()))
"""


def asked(src: Path, memory: Path) -> dict[str, str]:
    """What driftloop below another folder says of each stage."""
    env = {**os.environ, "PYTHONPATH": str(src)}
    command = [sys.executable, "-c", ASK, str(memory)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    installed, *codes = done.stdout.split()
    assert installed == str(src)
    return dict(zip(source.STAGES, codes, strict=True))


def test_stages__after_an_edit_are_those_of_the_new_source(tmp_path: Path) -> None:
    src, memory = tmp_path / "src", tmp_path / "memory"
    shutil.copytree(source.INSTALLED / "driftloop", src / "driftloop", symlinks=False)
    before = asked(src, memory)
    assert asked(src, memory) == before == {name: found.code for name, found in source.stages().items()}
    edited = src / "driftloop/core/alarms/find.py"
    stat = edited.stat()
    edited.write_text(edited.read_text("utf-8").replace("import", "import ", 1), "utf-8")
    os.utime(edited, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    after = asked(src, memory)
    assert {name for name in before if before[name] != after[name]} == {"alarms", "backtest"}
    edited.write_text(edited.read_text("utf-8") + "import driftloop.core.data.hints\n", "utf-8")
    assert asked(src, memory)["alarms"] != after["alarms"]


def test_stages__are_remembered_where_that_is_asked_for_alone(tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    found = source.stages(memory)
    assert not memory.exists()
    assert source.stages(memory, remembering=True) == found
    told = recall(memory)
    assert told
    altered = told.replace(found["alarms"].code.encode(), b"remembered")
    remember(memory, altered)
    assert source.stages(memory)["alarms"].code == "remembered"


@pytest.mark.parametrize("how", ["damaged", "of another source", "of another version"])
def test_stages__believe_no_memory_that_is_not_of_this_source(tmp_path: Path, how: str) -> None:
    memory = tmp_path / "memory"
    found = source.stages(memory, remembering=True)
    told = (recall(memory) or b"").replace(found["alarms"].code.encode(), b"wrong")
    if how == "damaged":
        memory.write_bytes(memory.read_bytes().replace(found["alarms"].code.encode(), b"wrong"))
    elif how == "of another source":
        remember(memory, told.replace(b'{"source":"', b'{"source":"0'))
    else:
        remember(memory, told.replace(b'"code"', b'"digest"'))
    assert source.stages(memory, remembering=True) == found == source.stages(memory)


def test_stages__are_known_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert source.stages(tmp_path / "file" / "memory", remembering=True) == source.stages()

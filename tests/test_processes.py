"""Children that take too long, or write too much."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import pytest

from driftloop import processes
from driftloop.processes import SlowError

if TYPE_CHECKING:
    from pathlib import Path


def test_run__gives_all_output_and_the_end_of_complaints() -> None:
    code = "import sys; print('x' * 1_000_000); sys.stderr.write('y' * 1_000_000 + 'z'); sys.exit(3)"
    done = processes.run([sys.executable, "-c", code], name="x", seconds=60)
    assert (done.code, len(done.out)) == (3, 1_000_001)
    assert done.err == b"y" * (processes.MOST_SAID - 1) + b"z"


def test_run__passes_its_input_on() -> None:
    copy = "import sys, shutil; shutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer)"
    data = b"x" * 1_000_000
    assert processes.run([sys.executable, "-c", copy], name="x", seconds=60, data=data).out == data


def test_run__ends_the_whole_group_of_what_is_too_slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also what keeps the output open, and what does not end when asked to."""
    program = f"trap '' TERM; sleep 600 & echo $! > {tmp_path}/pid.part; mv {tmp_path}/pid.part {tmp_path}/pid; wait"
    monkeypatch.setattr(processes, "GRACE_SECONDS", 1)
    start = time.monotonic()
    with pytest.raises(SlowError, match=r"^dvc repro: expected an end within 2 s, still running; it was ended$"):
        processes.run(["sh", "-c", program], name="dvc repro", seconds=2)
    assert time.monotonic() - start < 2 * processes.GRACE_SECONDS + 10
    pid = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 10
    while _alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _alive(pid)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stream:  # noqa: PTH123
            return stream.read().rsplit(")", 1)[1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False

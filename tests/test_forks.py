"""Programs that tests start are forks of one that has imported our libraries; each is as good as one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import forks
import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere each is one of its own")
FAKE = """import os, sys, time
def main():
    print("numpy" in sys.modules, sys.argv, os.getcwd(), os.environ["GIVEN"], sys.stdin.read(), flush=True)
    {then}
"""
MAIN = (sys.executable, "-c", "from driftloop.cli import main; main()", "a", "b")


def fake(folder: Path, then: str) -> dict[str, str]:
    """Write a driftloop of the test's own, and give the environment that finds it."""
    (folder / "driftloop").mkdir()
    (folder / "driftloop/__init__.py").touch()
    (folder / "driftloop/cli.py").write_text(FAKE.format(then=then))
    return {**os.environ, "PYTHONPATH": forks.python_path(folder), "GIVEN": "this"}


@pytest.mark.parametrize(
    ("then", "code", "err"),
    [
        ("sys.exit(3)", 3, ""),
        ("sys.exit('no')", 1, "no\n"),
        ("1 / 0", 1, "ZeroDivisionError: division by zero\n"),
        ("os.kill(os.getpid(), 9)", -9, ""),
        ("__import__('atexit').register(os.write, 2, b'at the end')", 0, "at the end"),
    ],
)
@pytest.mark.parametrize("alone", [True, False])
def test_fork__ends_as_a_program_of_its_own(tmp_path: Path, *, then: str, code: int, err: str, alone: bool) -> None:
    env = fake(tmp_path, then)
    done = subprocess.run(
        MAIN,
        env=forks.without(env) if alone else env,
        cwd=tmp_path,
        input="said",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == f"{not alone} ['-c', 'a', 'b'] {tmp_path} this said\n"
    assert done.returncode == code
    assert done.stderr.endswith(err)
    assert bool(done.stderr) == bool(err)


def test_fork__is_killed_with_the_program(tmp_path: Path) -> None:
    env = fake(tmp_path, "print(os.getpid(), flush=True); time.sleep(60)")
    with subprocess.Popen(MAIN, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout
        _, pid = running.stdout.readline(), int(running.stdout.readline())
        running.kill()
    deadline = time.monotonic() + 30
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize("words", [["-m", "json.tool"], ["-P", "-c", "import sys; print('numpy' in sys.modules)"]])
def test_fork__is_no_other_program(words: list[str]) -> None:
    done = subprocess.run([sys.executable, *words], input="1", capture_output=True, text=True, check=True)
    assert done.stdout in {"1\n", "False\n"}

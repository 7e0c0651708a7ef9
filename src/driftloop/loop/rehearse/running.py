"""Programs in process groups of their own: what they say is kept, and an interruption leaves none of them behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from driftloop.errors import LoopError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

GRACE_SECONDS = 10
DVC = (sys.executable, "-m", "dvc")
DRIFTLOOP = (sys.executable, "-c", "from driftloop.cli import main; main()")
# Facts of another run, tokens, and settings that would lead git or DVC elsewhere.
FOREIGN = ("GITHUB_", "GH_", "ACTIONS_", "RUNNER_", "GIT_", "DVC_", "DRIFTLOOP_")


def environment(folder: Path) -> dict[str, str]:
    """Give what programs inherit: this Python, no token, no configuration of git or DVC, and a folder for their leftovers."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith(FOREIGN)}
    (folder / "tmp").mkdir(exist_ok=True)
    return {
        **kept,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}",
        "TMPDIR": str(folder / "tmp"),
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "DVC_SITE_CACHE_DIR": str(folder / "tmp"),
        "DVC_GLOBAL_CONFIG_DIR": str(folder / "tmp"),
        "DVC_SYSTEM_CONFIG_DIR": str(folder / "tmp"),
        "DVC_NO_ANALYTICS": "1",
        "TERM": "dumb",
    }


def run(command: Sequence[str], *, shown: str, cwd: Path, env: Mapping[str, str], log: Path) -> str:
    """Run a program, keep what it writes in `log`, and give its standard output.

    Raises
    ------
    LoopError
        If it fails: with the last line that it wrote.
    """
    with log.open("wb") as out, log.with_suffix(".err").open("wb") as err:
        process = subprocess.Popen(  # noqa: S603 (Python, git: ours)
            command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True
        )
        with _ended(process):
            code = process.wait()
    said = log.read_text(encoding="utf-8", errors="replace")
    if code:
        complaint = log.with_suffix(".err").read_text(encoding="utf-8", errors="replace")
        lines = [line.strip() for line in f"{said}\n{complaint}".splitlines() if line.strip()]
        msg = f"`{shown}` ended with exit code {code}: {_decisive(lines)}"
        raise LoopError(msg)
    return said


def _decisive(lines: Sequence[str]) -> str:
    """Pick the line that says why; after that of a stage DVC writes one of its own."""
    others = [line for line in lines if not line.startswith(("ERROR: failed to reproduce", "dvc repro: ended"))]
    return (others or [*lines, "it said nothing"])[-1][:500]


@contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """End the whole group when we are interrupted: first as Ctrl-C would, then for certain."""
    try:
        yield
    except BaseException:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise

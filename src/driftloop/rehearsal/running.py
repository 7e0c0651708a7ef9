"""Programs in process groups of their own: what they say is kept, and an interruption leaves none of them behind."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

from driftloop import dvc, processes
from driftloop.errors import LoopError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

MOST_SECONDS = 24 * 3600
DRIFTLOOP = (sys.executable, "-c", "from driftloop.cli import main; main()")
# Facts of another run, tokens, and settings that would lead git or DVC elsewhere.
FOREIGN = ("GITHUB_", "GH_", "ACTIONS_", "RUNNER_", "GIT_", "DVC_", "DRIFTLOOP_")


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of programs: this Python, no token, no settings of git or DVC, a folder for temporary files."""
    kept = {name: text for name, text in dvc.environment(os.environ).items() if not name.startswith(FOREIGN)}
    (folder / "tmp").mkdir(exist_ok=True)
    return {
        **kept,
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
    """Run a program, keep what it writes in `log`, and return its standard output.

    Raises
    ------
    LoopError
        If it fails: with the last line that it wrote.
    """
    with log.open("wb") as out, log.with_suffix(".err").open("wb") as err:
        code = processes.wait(
            command, name=shown, seconds=MOST_SECONDS, cwd=cwd, env=env, stdout=out, stderr=err, by=signal.SIGINT
        )
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

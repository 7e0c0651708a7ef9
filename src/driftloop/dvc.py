"""DVC, run as a program: one rule for its environment, and only files that `foreign` accepts."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from driftloop import foreign, processes
from driftloop.errors import LoopError
from driftloop.foreign import files, lockfile, yamlfile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

COMMAND = (sys.executable, "-m", "dvc")
# What GitHub gives to jobs, and its client reads: no stage, and none of the code that it runs, may act in our name.
TOKENS = ("GITHUB_TOKEN", "GH_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")
RUNTIME = ("ACTIONS_RUNTIME_", "ACTIONS_ID_TOKEN_", "ACTIONS_CACHE_", "ACTIONS_RESULTS_")
# With it, each stage would compile pandas and scikit-learn anew.
SLOWING = "PYTHONDONTWRITEBYTECODE"
HIDDEN = "."  # folders such as .git, .dvc and .venv: DVC looks for pipelines in none of them

CHECK_SECONDS = 120
READ_SECONDS = 600
TRANSFER_SECONDS = 6 * 3600  # as long as a job of Actions may take
RUN_SECONDS = 7 * 24 * 3600  # stages take what they take; where nobody waits for a job, a week is a hang


@dataclass(frozen=True)
class Done:
    """The result of a command of DVC."""

    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The line that says why it failed."""
        said = self.err.strip().splitlines()
        lines = [line for line in said if line.startswith("ERROR")] or said
        return lines[-1][:300] if lines else f"exit code {self.code}, no reason given"


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of DVC and its stages: this Python, no token, and no usage statistics."""
    kept = {
        name: value for name, value in given.items() if name not in {*TOKENS, SLOWING} and not name.startswith(RUNTIME)
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"
    return {**kept, "PATH": path, "DVC_NO_ANALYTICS": "true"}


def run(root: Path, *args: str, seconds: float, first: Path | None = None) -> Done:
    """Run a command of DVC in a working tree, and keep what it says.

    Parameters
    ----------
    root, args
        The working tree, and the command.
    seconds
        Limit of its time.
    first
        Folder in which its stages look for Python code before anywhere else.

    Raises
    ------
    LoopError
        If a dvc.yaml or dvc.lock is none that DVC should see, or the command took longer.
    """
    check_files(root)
    env = environment(os.environ) | ({"PYTHONPATH": str(first.resolve())} if first else {})
    done = processes.run([*COMMAND, *args], name=f"dvc {args[0]}", seconds=seconds, cwd=root, env=env)
    return Done(done.code, *(said.decode("utf-8", "replace") for said in (done.out, done.err)))


def repro(root: Path) -> None:
    """Run the pipeline; what it says is seen as it comes."""
    check_files(root)
    sys.stdout.flush()
    env = environment(os.environ)
    if code := processes.wait([*COMMAND, "repro"], name="dvc repro", seconds=RUN_SECONDS, cwd=root, env=env):
        msg = f"dvc repro: ended with exit code {code}, see above"
        raise LoopError(msg)


def stale(root: Path) -> str:
    """Return why dvc.lock does not match a working tree; empty if it does. No data is needed, and nothing runs."""
    check_files(root, others=False)
    done = run(root, "repro", "--allow-missing", "--dry", seconds=CHECK_SECONDS)
    stages = [line.split("'")[1] for line in done.out.splitlines() if line.startswith("Running stage '")]
    if not done.code and not stages and "Running stage" not in done.out:
        return ""
    said = done.err.strip().splitlines()
    return f"stage {', '.join(stages)[:300]} would run" if stages else (said[0][:300] if said else "no reason given")


def check_files(root: Path, *, others: bool = True) -> None:
    """Refuse what DVC would read of a working tree and take long over: it reads each pipeline that it finds.

    DVC expands aliases: 420 bytes of them keep it busy for hours.

    Parameters
    ----------
    root
        The working tree.
    others
        Whether a dvc.lock may hold stages that its dvc.yaml has no more: DVC leaves them there.
    """
    for path in _read_by_dvc(root):
        where = path.relative_to(root).as_posix()
        if path.name != lockfile.PIPELINE:
            yamlfile.read(_content(path, where), where=where)
            continue
        stages = lockfile.pipeline(_content(path, where), where=where)
        lock = path.with_name(lockfile.LOCK)
        if lock.exists():
            where = lock.relative_to(root).as_posix()
            lockfile.lock(_content(lock, where), stages=None if others else stages, where=where)


def check_merged(root: Path) -> None:
    """Refuse a dvc.lock in which a merge is not done: DVC says so too, but not what to do."""
    try:
        text = files.read_bytes(root / lockfile.LOCK).decode("utf-8", "replace")
    except OSError:
        return
    foreign.check_merged(text, where=lockfile.LOCK)


def _read_by_dvc(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        # A folder with a repository of DVC's own is another model's: DVC passes over it too.
        folders[:] = [
            name for name in folders if not name.startswith(HIDDEN) and not (Path(folder) / name / ".dvc").is_dir()
        ]
        for name in names:
            if name in {lockfile.PIPELINE, "params.yaml"} or Path(name).suffix == ".dvc":
                yield Path(folder) / name


def _content(path: Path, where: str) -> bytes:
    try:
        return files.read_bytes(path, where=where)
    except OSError as exc:
        msg = f"{where}: cannot be read: {exc.strerror}"
        raise LoopError(msg) from exc

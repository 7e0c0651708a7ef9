"""Programs that a new project needs: git, uv, and driftloop and DVC as the project's own environment has them."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from driftloop import dvc, processes
from driftloop.errors import LoopError

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = 3600
# The environment that this process runs in is not the project's.
OURS = ("VIRTUAL_ENV", "PYTHONPATH", "UV_PROJECT_ENVIRONMENT", "UV_NO_DEV")
NOBODY = ("-c", "user.name=driftloop", "-c", "user.email=driftloop@localhost")


@dataclass(frozen=True)
class Tools:
    """Runs programs in the folder of a project."""

    root: Path

    def run(self, *command: str) -> str:
        """Run a program and give what it wrote.

        Raises
        ------
        LoopError
            With the last line that it wrote, if it failed or cannot be started.
        """
        env = {name: value for name, value in dvc.environment(os.environ).items() if name not in OURS}
        name = " ".join(command[:6])
        try:
            done = processes.run(command, name=name, seconds=SECONDS, cwd=self.root, env=env)
        except OSError as exc:
            msg = f"{command[0]}: cannot be started: {exc.strerror}; install it"
            raise LoopError(msg) from exc
        if done.code:
            said = (done.err.decode("utf-8", "replace") or done.out.decode("utf-8", "replace")).strip().splitlines()
            msg = f"{name}: exit code {done.code}: {said[-1].strip()[:500] if said else 'no reason given'}"
            raise LoopError(msg)
        return done.out.decode("utf-8", "replace")

    def uv(self, *arguments: str) -> str:
        """Run uv: that of the PATH, or one that the Makefile puts into the project."""
        found = shutil.which("uv")
        if not found:
            top = next(
                (each for each in (self.root.resolve(), *self.root.resolve().parents) if _has_makefile(each)), None
            )
            Tools(top or self.root).run("make", "--silent", ".uv/bin/uv")
            found = f"{(top or self.root) / '.uv/bin/uv'}"
        return self.run(found, *arguments)

    def program(self, *command: str) -> str:
        """Run a program of the project's environment."""
        return self.uv("run", "--quiet", "--frozen", *command)

    def commit(self, message: str) -> None:
        """Commit everything, as the person whom git knows, or as driftloop if it knows nobody."""
        self.run("git", "add", "--all")
        try:
            self.run("git", "var", "GIT_COMMITTER_IDENT")
            known: tuple[str, ...] = ()
        except LoopError:
            known = NOBODY
        self.run("git", *known, "commit", "--quiet", "--message", message)


def _has_makefile(folder: Path) -> bool:
    return (folder / "Makefile").is_file()

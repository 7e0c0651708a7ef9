"""Repositories to rehearse: ours as it lies here, with a small model, in a folder of its own."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import forks
import yaml
from architecture import SRC
from hub import Clone
from workspace import SMALL, Workspace, merged

from driftloop.params import Params

if TYPE_CHECKING:
    from pathlib import Path

    from handed import Made

# Jobs that a script starts in the background ignore SIGINT, and their children with them.
MAIN = "import signal as s; s.signal(s.SIGINT, s.default_int_handler); from driftloop.cli import main; main()"


@dataclass(frozen=True)
class User:
    """A user's repository, and a folder for temporary files."""

    root: Path
    tmp: Path

    @classmethod
    def copy(cls, made: Made, base: Path) -> User:
        """Copy a repository with production, whose DVC cache holds much of what a rehearsal needs."""
        (base / "tmp").mkdir(parents=True)
        return cls(made.copy("repo", base / "repo"), base / "tmp")

    @classmethod
    def create(cls, base: Path, **over: Any) -> User:
        """Make a repository of ours without production, with the small parameters and `over` on top."""
        user = cls(base / "repo", base / "tmp")
        user.tmp.mkdir(parents=True)
        for name in ("src", ".dvc/config", ".dvc/.gitignore", ".dvcignore", ".gitignore", "dvc.yaml", "driftloop.lock"):
            (user.root / name).parent.mkdir(parents=True, exist_ok=True)
            ours, ignore = SRC.parent / name, shutil.ignore_patterns("__pycache__")
            (
                shutil.copytree(ours, user.root / name, ignore=ignore)
                if ours.is_dir()
                else shutil.copy2(ours, user.root / name)
            )
        Workspace.create(user.root)
        user.set(
            **Params.model_validate(merged(SMALL, over)).model_dump(mode="json")
        )  # DVC wants every key to be there
        clone = Clone(user.root)
        clone.run("init", "--quiet", "--initial-branch=main")
        clone.run("add", ".")
        clone.run("commit", "--quiet", "-m", "start")
        return user

    def set(self, **over: Any) -> None:
        """Change parameters, and commit nothing."""
        path = self.root / "params.yaml"
        params = merged(yaml.safe_load(path.read_text("utf-8")), over)
        path.write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")

    def start(self, *, alone: bool = False) -> subprocess.Popen[str]:
        """Begin a rehearsal; a token of the user's must not get into it. `alone`: see `forks`."""
        env = {**os.environ, "TMPDIR": str(self.tmp), "GITHUB_TOKEN": "secret", "PYTHONUNBUFFERED": "1"}
        return subprocess.Popen(
            [sys.executable, "-c", MAIN, "rehearse"],
            cwd=self.root,
            env=forks.without(env) if alone else env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def rehearse(self) -> tuple[int, str, str]:
        """Rehearse, and give exit code, output and errors."""
        with self.start() as process:
            out, err = process.communicate()
        return process.returncode, out, err

    def text(self, name: str) -> str:
        return (self.root / "rehearsal" / name).read_text("utf-8")

    def files(self) -> dict[str, str]:
        """Sum up every file; DVC's cache is shared, and `rehearsal/` is what is made."""
        found = (path for path in sorted(self.root.rglob("*")) if path.is_file())
        names = {path.relative_to(self.root).as_posix(): path for path in found}
        ours = ("rehearsal/", ".dvc/cache/")
        return {
            name: f"{hashlib.sha256(path.read_bytes()).hexdigest()} {path.stat().st_mtime_ns} {path.stat().st_mode}"
            for name, path in names.items()
            if not name.startswith(ours)
        }

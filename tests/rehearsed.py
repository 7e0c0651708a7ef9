"""Repositories to rehearse: ours as it lies here, with a small model, in a folder of its own."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml
from architecture import SRC
from workspace import SMALL, merged

from driftloop.artifacts import CARD, write_json
from driftloop.core.production import Card
from driftloop.params import Params

if TYPE_CHECKING:
    from pathlib import Path

MAIN = "from driftloop.cli import main; main()"
QUIET = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}


@dataclass(frozen=True)
class User:
    """A user's repository, and a folder for temporary files."""

    root: Path
    tmp: Path

    @classmethod
    def create(cls, base: Path, **over: Any) -> User:
        """Copy what is tracked here, without production, and commit it."""
        user = cls(base / "repo", base / "tmp")
        user.tmp.mkdir(parents=True)
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "src", ".dvc", ".gitignore", "dvc.yaml"],
            cwd=SRC.parent, check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        for name in (name for name in listed.split("\0") if name and (SRC.parent / name).exists()):
            (user.root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(SRC.parent / name, user.root / name)
        write_json(user.root / CARD, Card().model_dump(mode="json"))
        user.set(**over)
        user.git("init", "--quiet", "--initial-branch=main")
        user.git("add", ".")
        user.git("-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "--quiet", "-m", "start")
        return user

    def set(self, **over: Any) -> None:
        """Write params.yaml: the small ones, and `over` on top."""
        complete = Params.model_validate(merged(SMALL, over)).model_dump(mode="json")  # DVC wants every key to be there
        (self.root / "params.yaml").write_text(yaml.safe_dump(complete, sort_keys=False), encoding="utf-8")

    def git(self, *args: str) -> str:
        done = subprocess.run(
            ["git", *args], cwd=self.root, env=os.environ | QUIET, capture_output=True, text=True, check=True
        )
        return done.stdout

    def start(self) -> subprocess.Popen[str]:
        """Begin a rehearsal; a token of the user's must not get into it."""
        return subprocess.Popen(
            [sys.executable, "-c", MAIN, "rehearse"],
            cwd=self.root,
            env={**os.environ, "TMPDIR": str(self.tmp), "GITHUB_TOKEN": "secret", "PYTHONUNBUFFERED": "1"},
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

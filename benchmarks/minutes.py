"""Seconds of Monitor's two jobs, step by step, as the workflow has them: each job in a fresh clone with an environment of its own.

uv run python benchmarks/minutes.py [PROJECT]

`PROJECT` is a committed project; without it, this repository. GitHub is the stand-in; what its own actions take, such as fetching
an artifact, is not in it. Packages come from uv's cache, as they would from a fast mirror.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from driftloop.githubstub import GitHubServer, World
from driftloop.rehearsal.remote import NAME, Remote

MEASURED = ("params.yaml", "dvc.lock", "metrics", "reports")
KEPT = (".cache", ".dvc/cache", "data/raw")  # with DRIFTLOOP_CACHE
MAY = {"contents": "write", "issues": "write", "actions": "write", "pull_requests": "read", "checks": "read"}
SHELL = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")


class Day:
    """One run of Monitor in a repository on the stand-in; what an earlier one has kept can be given to it."""

    def __init__(self, server: GitHubServer, remote: Remote, folder: Path, until: str, kept: Path | None) -> None:
        self.server, self.remote, self.folder, self.until, self.kept = server, remote, folder, until, kept
        self.spent: list[tuple[str, str, float]] = []

    def job(self, name: str) -> Path:
        """Run the steps of a job that are commands, one after the other."""
        root = self.folder / name
        self.timed(name, "git clone", "git", "clone", "--quiet", "--depth=1", self.remote.origin, str(root))
        steps = yaml.safe_load((root / ".github/workflows/monitor.yml").read_text("utf-8"))["jobs"][name]["steps"]
        if name == "measure" and self.kept:
            for path in KEPT:
                shutil.copytree(self.kept / path, root / path, dirs_exist_ok=True)
        if name == "act":
            for path in MEASURED:
                copy = shutil.copytree if (self.folder / "measure" / path).is_dir() else shutil.copy
                (root / "measured").mkdir(exist_ok=True)
                copy(self.folder / "measure" / path, root / "measured" / path)
        self.timed(name, "uv sync", "uv", "sync", "--frozen", cwd=root)
        for step in steps:
            if "run" in step:
                self.timed(name, step["run"].partition("#")[0].strip(), *SHELL, step["run"], cwd=root)
        return root

    def timed(self, job: str, what: str, *command: str, cwd: Path | None = None) -> None:
        """Run a command with what a step of a schedule gets, and note its seconds."""
        event = self.folder / "event.json"
        event.write_text("{}")
        own = {
            "UV_NO_DEV": "1", "DVC_NO_ANALYTICS": "1", "NO_PROXY": "127.0.0.1", "GITHUB_REPOSITORY": NAME,
            "GITHUB_TOKEN": self.server.world.actions_token(self.remote.repo, **MAY).value,
            "GITHUB_API_URL": self.server.url, "GITHUB_SERVER_URL": "https://github.example", "GITHUB_RUN_ID": "1",
            "GITHUB_EVENT_NAME": "schedule", "GITHUB_EVENT_PATH": str(event), "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_STEP_SUMMARY": os.devnull, "GITHUB_OUTPUT": os.devnull, "DRIFTLOOP_DRY_RUN": "false",
            "DRIFTLOOP_UNTIL": self.until,
        }  # fmt: skip
        env = {name: text for name, text in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")} | own
        begun = time.perf_counter()
        done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
        self.spent.append((job, what, time.perf_counter() - begun))
        if done.returncode:
            print(
                f"{what}: exit code {done.returncode}: {(done.stderr or done.stdout).strip()[-300:]}", file=sys.stderr
            )


def main(project: Path) -> None:
    table: dict[tuple[str, str], list[float]] = {}
    with tempfile.TemporaryDirectory() as name, GitHubServer(World(Path(name) / "github")) as server:
        folder, remote = Path(name), Remote(server=server)
        subprocess.run(["git", "push", "--quiet", remote.origin, "HEAD:refs/heads/main"], cwd=project, check=True)
        kept: Path | None = None
        until = str(yaml.safe_load((project / "params.yaml").read_text("utf-8"))["source"]["until"])
        for number, end in enumerate((until, "", "")):  # as committed, nothing kept; one step further; nothing new
            (folder / f"{number}").mkdir()
            day = Day(server, remote, folder / f"{number}", end, kept)
            kept = day.job("measure")
            day.job("act")
            for job, what, seconds in day.spent:
                table.setdefault((job, what), []).append(seconds)
    print("| job | step | nothing kept, s | a week more, s | the same data, s |\n|---|---|---|---|---|")
    for (job, what), days in table.items():
        print(f"| {job} | `{what}` | {' | '.join(f'{seconds:.1f}' for seconds in days)} |")
    for job in ("measure", "act"):
        rows = [days for (where, _), days in table.items() if where == job]
        print(f"| **{job}** | all | {' | '.join(f'{sum(day):.0f}' for day in zip(*rows, strict=True))} |")
    print(json.dumps({"cores": os.cpu_count(), "python": sys.version.split()[0]}))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1])

"""The machine that a job gets: folders of its own, a clean environment, and files by which steps talk to Actions."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from runner.language import UnknownError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from runner.values import Happening

    from driftloop.githubstub import Token

SYSTEM_PATH = ("/usr/local/bin", "/usr/bin", "/bin")
SHELLS = {"": ["bash", "-e"], "bash": ["bash", "--noprofile", "--norc", "-eo", "pipefail"]}
COMMANDS = {"error", "warning", "notice", "debug", "group", "endgroup", "add-mask", "stop-commands"}
FILES = ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STEP_SUMMARY")
LONGEST_STEP = 600.0  # seconds


class ActionError(Exception):
    """A step fails for a reason that its log tells."""


class Said(NamedTuple):
    """What a step left: exit code, log, outputs, lines of its summary, annotations."""

    code: int
    log: str
    outputs: dict[str, str]
    summary: str
    annotations: tuple[str, ...]


@dataclass
class Machine:
    """A job's machine.

    Attributes
    ----------
    folder
        Of this job alone.
    tools
        What the composite set-up and `setup-*` find, by name: folders for the PATH.
    given
        Environment of every step, beneath what the workflow says.
    env, path
        What steps have added by GITHUB_ENV and GITHUB_PATH.
    """

    folder: Path
    event: Happening
    token: Token
    permissions: Mapping[str, str]
    given: Mapping[str, str]
    tools: Mapping[str, Path]
    server_url: str
    environment: Mapping[str, str] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    path: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for each in (self.home, self.temp, self.workspace):
            each.mkdir(parents=True)

    @property
    def home(self) -> Path:
        """HOME of the job."""
        return self.folder / "home"

    @property
    def temp(self) -> Path:
        """RUNNER_TEMP."""
        return self.folder / "temp"

    @property
    def workspace(self) -> Path:
        """GITHUB_WORKSPACE, which lies in folders named like the repository."""
        name = self.event.repo.name.partition("/")[2]
        return self.folder / "work" / name / name

    def located(self, path: str) -> Path:
        """Find a path as actions do: from the workspace or from home."""
        return self.home / path[2:] if path.startswith("~/") else self.workspace / path

    def run(self, script: str, *, shell: str, folder: str, env: Mapping[str, str], seconds: float | None) -> Said:
        """Run a script as a step does."""
        if shell not in SHELLS:
            msg = f"shell: expected bash, got {shell!r}"
            raise UnknownError(msg)
        name = uuid.uuid4().hex
        file = self.temp / f"{name}.sh"
        file.write_text(script, encoding="utf-8")
        talk = {each: self.temp / f"{each}_{name}" for each in FILES}
        for each in talk.values():
            each.touch()
        where = self.workspace / folder
        if not where.is_dir():
            return Said(1, f"no such folder: {folder}", {}, "", ())
        code, log = self._bash([*SHELLS[shell], str(file)], where, self._all(env, talk), seconds or LONGEST_STEP)
        return self._collect(code, log, talk)

    def _all(self, env: Mapping[str, str], talk: Mapping[str, Path]) -> dict[str, str]:
        path = os.pathsep.join([*reversed(self.path), *SYSTEM_PATH])
        files = {name: str(file) for name, file in talk.items()}
        return {"PATH": path, "HOME": str(self.home), **self.given, **self.env, **env, **files}

    def _bash(self, command: list[str], where: Path, env: dict[str, str], seconds: float) -> tuple[int, str]:
        with subprocess.Popen(
            command, cwd=where, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as running:  # fmt: skip
            try:
                log = running.communicate(timeout=seconds)[0]
            except subprocess.TimeoutExpired:
                os.killpg(running.pid, 9)
                return 1, running.communicate()[0].decode("utf-8", "replace") + f"\ntimed out after {seconds:.0f} s"
        return running.returncode, log.decode("utf-8", "replace")

    def _collect(self, code: int, log: str, talk: Mapping[str, Path]) -> Said:
        if self.token.value in log:
            msg = f"the token was printed:\n{log.replace(self.token.value, '***')}"
            raise AssertionError(msg)
        commands = re.findall(r"^::([\w-]+)[^\n:]*::(.*)$", log, flags=re.MULTILINE)
        if unknown := {name for name, _ in commands} - COMMANDS:
            msg = f"workflow commands: the runner does not know {sorted(unknown)}"
            raise UnknownError(msg)
        told = tuple(f"{name}: {text}" for name, text in commands if name in {"error", "warning", "notice"})
        try:
            self.env |= {
                name: value for name, value in pairs(talk["GITHUB_ENV"].read_text("utf-8")).items() if _settable(name)
            }
            outputs = pairs(talk["GITHUB_OUTPUT"].read_text("utf-8"))
        except ActionError as exc:
            code, log, outputs = 1, f"{log}\n{exc}", {}
        self.path += talk["GITHUB_PATH"].read_text("utf-8").split("\n")[:-1]
        return Said(code, log, outputs, talk["GITHUB_STEP_SUMMARY"].read_text("utf-8"), told)

    def remove(self) -> None:
        """Throw the machine away."""
        shutil.rmtree(self.folder)


def _settable(name: str) -> bool:
    if name.startswith(("GITHUB_", "RUNNER_")) or name in {"CI", "NODE_OPTIONS"}:
        msg = f"GITHUB_ENV: {name} cannot be set"
        raise ActionError(msg)
    return True


def pairs(text: str) -> dict[str, str]:
    """Read `name=value` and `name<<END … END`, as steps write them for Actions."""
    found: dict[str, str] = {}
    lines = iter(text.split("\n"))
    for line in lines:
        if match := re.fullmatch(r"([^=\n]+?)<<(.+)", line):
            value = []
            for each in lines:
                if each == match[2]:
                    break
                value.append(each)
            else:
                msg = f"{line}: no line {match[2]} that ends it"
                raise ActionError(msg)
            found[match[1]] = "\n".join(value)
        elif "=" in line:
            name, _, given = line.partition("=")
            found[name] = given
        elif line:
            msg = f"{line!r}: expected name=value"
            raise ActionError(msg)
    return found

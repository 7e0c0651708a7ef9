"""Every kind of fault between us and GitHub, and a git that breaks off."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from driftloop.githubstub import BAD_GATEWAY, ERROR, LOST, RESET, UNAVAILABLE, secondary_limit

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

# A call that hangs ends like one that is reset or lost, after its timeout: `github/test_faults` lets every write hang.
FAULTS = {
    "500": ERROR,
    "502": BAD_GATEWAY,
    "503": UNAVAILABLE,
    "reset": RESET,
    "lost": LOST,
    "limit": secondary_limit(1),
}

SCRIPT = """#!/bin/sh
count=$(($(cat "{count}") + 1))
echo $count > "{count}"
[ $count -ge {first} ] && [ {when} = before ] && exit 1
"{git}" "$@"
code=$?
[ $count -ge {first} ] && exit 1
exit $code
"""


class BreakingGit:
    """The real git, until a command from which on each fails: before it does its work, or after."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        real = shutil.which("git")
        assert real
        self.git, self.script, self.count = real, folder / "bin" / "git", folder / "count"
        self.script.parent.mkdir()
        self.mend()
        patch.setenv("PATH", str(self.script.parent), prepend=":")

    def mend(self) -> None:
        self.from_command(10**6, "before")

    def from_command(self, first: int, when: str) -> None:
        self.count.write_text("0")
        self.script.write_text(SCRIPT.format(count=self.count, first=first, when=when, git=self.git))
        self.script.chmod(0o755)

    @property
    def commands(self) -> int:
        return int(self.count.read_text())

"""`driftloop …` as a job of Actions runs it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest

from driftloop import cli

if TYPE_CHECKING:
    from pathlib import Path


class Done(NamedTuple):
    """How a run of the program ended."""

    code: int
    out: str
    err: str


def run(patch: pytest.MonkeyPatch, caught: pytest.CaptureFixture[str], root: Path, *arguments: str, **env: str) -> Done:
    """Run it in a folder, with these variables and no others of Actions."""
    patch.chdir(root)
    patch.setattr(sys, "argv", ["driftloop", *arguments])
    for name in ("GITHUB_SERVER_URL", "GITHUB_EVENT_NAME", "GITHUB_EVENT_PATH", "GITHUB_SHA", "DRIFTLOOP_LOGIN"):
        patch.delenv(name, raising=False)
    for name, value in ({"TERM": "dumb"} | env).items():
        patch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    code = ended.value.code
    assert isinstance(code, int)
    return Done(code, *caught.readouterr())

"""What a step leaves behind on Actions: a text on the page of the run, and values for later steps."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from driftloop.core import text as texts
from driftloop.errors import LoopError

if TYPE_CHECKING:
    from collections.abc import Mapping


def say(text: str) -> None:
    """Print on standard output; nothing in it is a command to the runner, or steers a terminal."""
    sys.stdout.write(f"{texts.log(text)}\n")
    sys.stdout.flush()


def summarise(env: Mapping[str, str], text: str) -> bool:
    """Add to the page of the run, where there is one; what was done stays done if that fails."""
    page = env.get("GITHUB_STEP_SUMMARY", "")
    return bool(page) and _append(page, f"{text}\n\n", "GITHUB_STEP_SUMMARY")


def output(env: Mapping[str, str], name: str, value: str) -> None:
    """Hand a value to later steps, if there are any.

    Raises
    ------
    LoopError
        If it could be read as more than one value.
    """
    if not re.fullmatch(r"[\w./+@-]*", value, re.ASCII):
        msg = f"GITHUB_OUTPUT: {name}: expected one word, got {value!r}"
        raise LoopError(msg)
    file = env.get("GITHUB_OUTPUT")
    if file and not _append(file, f"{name}={value}\n", "GITHUB_OUTPUT"):
        msg = f"GITHUB_OUTPUT: {name} could not be handed to later steps"
        raise LoopError(msg)


def _append(file: str, text: str, where: str) -> bool:
    try:
        with Path(file).open("a", encoding="utf-8", errors="replace") as page:
            page.write(text)
    except OSError as exc:
        sys.stderr.write(f"{where}: cannot be written: {exc.strerror}\n")
        return False
    return True

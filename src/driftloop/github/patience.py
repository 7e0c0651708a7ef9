"""Trying again, a few times, with pauses: for reads as they are, for writes because each of them looks first."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from driftloop.errors import GitHubError
from driftloop.github.refusals import UnsettledError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

TRIES = 4
LONGEST_WAIT = 60.0  # seconds; more is not worth a running job


def patiently(where: str, step: Callable[[], T], sleep: Callable[[float], None]) -> T:
    """Take a step that looks before it writes, until it is settled.

    After an answer that was lost nobody knows whether the write was done. The step is taken again from its beginning: it
    looks, and writes only what is not there yet.

    Raises
    ------
    GitHubError
        If it is not settled after four tries, or GitHub asks to wait for more than a minute.
    """
    for attempt in range(TRIES):
        try:
            return step()
        except UnsettledError as exc:
            wait = 2.0**attempt if exc.wait is None else exc.wait
            cause = str(exc)
        if wait > LONGEST_WAIT:
            msg = f"{where}: {cause}: GitHub asks to wait {wait:.0f} s; run it again then"
            raise GitHubError(msg)
        if attempt < TRIES - 1:
            sleep(wait)
    msg = f"{where}: no answer from GitHub after {TRIES} tries: {cause}; run it again later"
    raise GitHubError(msg)

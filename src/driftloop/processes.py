"""Child processes: each in a group of its own and with a time limit; when we are interrupted, none of the group is left."""

from __future__ import annotations

import os
import select
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING

from driftloop.errors import LoopError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

GRACE_SECONDS = 10
MOST_SAID = 64 << 10  # of what a program complains about, nobody reads more


class SlowError(LoopError):
    """A program took longer than its limit, and was ended."""


@dataclass(frozen=True)
class Done:
    """The result of a program.

    Attributes
    ----------
    code
        Its exit code; negative: the signal that ended it.
    out, err
        All that it wrote to standard output, and the end of what it wrote to standard error.
    """

    code: int
    out: bytes = field(repr=False)
    err: bytes = field(repr=False)


def run(
    command: Sequence[str],
    *,
    name: str,
    seconds: float,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    data: bytes = b"",
) -> Done:
    """Run a program, and keep what it writes; files take it meanwhile, so that no pipe fills up.

    Parameters
    ----------
    command, cwd, env
        As for `subprocess`.
    name
        For messages.
    seconds
        Limit of its time.
    data
        Its standard input.

    Raises
    ------
    SlowError
        If it took longer.
    OSError
        If it cannot be started.
    """
    with TemporaryFile() as given, TemporaryFile() as out, TemporaryFile() as err:
        given.write(data)
        given.seek(0)
        code = wait(command, name=name, seconds=seconds, cwd=cwd, env=env, stdin=given, stdout=out, stderr=err)
        out.seek(0)
        return Done(code, out.read(), tail(err, MOST_SAID))


def wait(
    command: Sequence[str] | str,
    *,
    name: str,
    seconds: float,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: IO[bytes] | None = None,
    stdout: IO[bytes] | None = None,
    stderr: IO[bytes] | None = None,
    by: signal.Signals = signal.SIGTERM,
) -> int:
    """Run a program, or a line of the shell, and return its exit code; a group that has to end gets `by`, then SIGKILL.

    Without a file for them, standard output and error are ours. Errors are those of `run`.
    """
    process = subprocess.Popen(  # noqa: S603 (callers run Python, git, and the user's own command)
        command,
        shell=isinstance(command, str),
        cwd=cwd,
        env=env,
        stdin=stdin or subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
    )
    try:
        return _wait(process, seconds)
    except subprocess.TimeoutExpired:
        _end(process, by)
    except BaseException:
        _end(process, by)
        raise
    # Outside of the handler, so that the error leads to no traceback whose locals hold tokens in the environment.
    msg = f"{name}: expected an end within {seconds:,.0f} s, still running; it was ended"
    raise SlowError(msg)


def _wait(process: subprocess.Popen[bytes], seconds: float) -> int:
    """Wait as `Popen.wait` does, which with a limit looks again and again, up to 50 ms late; the kernel tells at once."""
    try:
        told = os.pidfd_open(process.pid)
    except (AttributeError, OSError):  # macOS, and sandboxes that do not allow it
        return process.wait(seconds)
    try:
        poll = select.poll()
        poll.register(told, select.POLLIN)
        if not poll.poll(seconds * 1000):
            raise subprocess.TimeoutExpired(process.args, seconds)
    finally:
        os.close(told)
    return process.wait()


def tail(stream: IO[bytes], most: int) -> bytes:
    """Read the end of a file."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - most))
    return stream.read()


def _end(process: subprocess.Popen[bytes], by: signal.Signals) -> None:
    """End the whole group: first as a person would, then for certain."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, by)
    with suppress(subprocess.TimeoutExpired):
        process.wait(GRACE_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()

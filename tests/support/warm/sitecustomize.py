"""Lets `tests/support/forks.py` run driftloop, DVC and Evidently, if it is there; Python imports this first, from PYTHONPATH.

Most of what a stage takes are its imports. Any other program, and any with options of Python's own, runs as always.
"""

from __future__ import annotations

import os
import sys

PROGRAMS = ("driftloop", "dvc")
EVIDENTLY = "import driftloop.report.evidently.rendering as page; page._child()"


def _is_ours(words: list[str]) -> bool:
    """Whether these words, after the name of Python, start one of them."""
    if (words[:4] == ["-P", "-W", "ignore", "-c"] and words[4].endswith(EVIDENTLY)) or words[:2] == ["-m", "dvc"]:
        return True
    if words[:1] == ["-c"]:
        return words[1].startswith("from driftloop.cli import main")
    return bool(words) and words[0].endswith(tuple(f"/bin/{name}" for name in PROGRAMS))


def _hand_over(address: str) -> int:
    """Have a fork run this program with our files, and return its exit code; where we end, it is killed."""
    import json
    import signal
    import socket

    mask = os.umask(0)
    os.umask(mask)
    here = os.getcwd()  # noqa: PTH109 - pathlib takes longer to import than all of this
    asked = {"words": sys.orig_argv, "path": sys.path, "env": dict(os.environ), "cwd": here, "mask": mask}
    content = json.dumps(asked).encode()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(address)
        socket.send_fds(connection, [len(content).to_bytes(8, "big")], [0, 1, 2])
        connection.sendall(content)
        answer = connection.recv(2)
    return int.from_bytes(answer, "big", signed=True) if answer else 1


_address = os.environ.get("FORKS_OF_TESTS")
if _address and os.environ.get("PYTHONHASHSEED", "0") == "0" and _is_ours(sys.orig_argv[1:]):
    _code = _hand_over(_address)
    if _code < 0:
        os.kill(os.getpid(), -_code)
    os._exit(_code)

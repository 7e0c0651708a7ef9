"""A process that has imported our libraries, and forks for each driftloop, DVC and Evidently that is started as a program.

The fork gets arguments, environment, folder and files of the program, imports driftloop from where that would find it, and
ends as it would. Nothing of driftloop is imported before. What all forks share is what they would import alike, and the seed
of hashes: tests of programs that are killed, or that must come to equal results twice, run them as they are, `without`.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
import warnings
from contextlib import contextmanager, suppress
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache, wraps
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ADDRESS = "FORKS_OF_TESTS"
FOLDER = Path(__file__).with_name("warm")
LIBRARIES = (
    "scipy.special", "skops.io", "sklearn.compose", "sklearn.ensemble", "sklearn.impute", "sklearn.inspection",
    "sklearn.pipeline", "scipy.stats", "pandas.api.internals", "narwhals._pandas_like.dataframe", "pyarrow.dataset",
    "pyarrow.pandas_compat", "ibis", "ibis.backends.duckdb", "ibis.backends.duckdb.converter", "duckdb", "pydantic.main",
    "pydantic.type_adapter", "typer._adapters", "tzdata", "ruamel.yaml", "yaml", "jinja2", "rich.console", "github",
    "platformdirs", "networkx", "dulwich.repo", "dvc.cli.parser", "dvc.cachemgr", "dvc.lock", "dvc.rwlock", "dvc.scm",
    "dvc.data_cloud", "dvc.repo.artifacts", "dvc.repo.datasets", "dvc.repo.graph", "dvc.repo.index", "dvc.repo.open_repo",
    "dvc.repo.stage", "dvc.repo.trie", "dvc.repo.reproduce", "dvc.repo.metrics.diff", "dvc.repo.params.diff",
    "dvc.repo.experiments.utils", "dvc.stage.run", "dvc.utils.strictyaml", "dvc_render.html", "dvc_data.hashfile.status",
)  # fmt: skip
EVIDENTLY = ("evidently.core.report", "evidently.presets")


def remember_yaml() -> None:
    """Let DVC have a copy of what it has read before: it reads params.yaml a hundred times in a run, which is half of its own time."""
    module: Any = import_module("dvc.utils.serialize._yaml")
    if not hasattr(module.parse_yaml, "__wrapped__"):
        real, known = module.parse_yaml, cache(module.parse_yaml)

        @wraps(real)
        def parse_yaml(text: str, path: str, typ: str = "safe") -> Any:
            return deepcopy(known(text, path)) if typ == "safe" else real(text, path, typ)

        vars(module)["parse_yaml"] = parse_yaml


@contextmanager
def opened(folder: Path) -> Iterator[Mapping[str, str]]:
    """Give the environment in which driftloop and DVC are forks."""
    if sys.platform != "linux":
        yield {}
        return
    address = folder / "forks"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(address))
        listening.listen(64)
        command = [sys.executable, __file__, str(listening.fileno())]
        server = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            pass_fds=[listening.fileno()],
            env={**os.environ, "PYTHONHASHSEED": "0", "DO_NOT_TRACK": "1"},
        )
    sys.path.append(str(FOLDER))  # Evidently's process gets it as its PYTHONPATH
    try:
        path = [str(FOLDER), *filter(None, [os.environ.get("PYTHONPATH")])]
        yield {ADDRESS: str(address), "PYTHONPATH": os.pathsep.join(path)}
    finally:
        assert server.stdin
        server.stdin.close()
        sys.path.remove(str(FOLDER))
        server.wait()


def python_path(folder: Path) -> str:
    """Return a PYTHONPATH by which programs import from a folder first."""
    return os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])


def without(env: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which each program is one of its own."""
    return {name: text for name, text in env.items() if name != ADDRESS}


@dataclass
class Server:
    """Forks when it is asked, until its standard input ends.

    Attributes
    ----------
    running
        Forks by their file descriptor: process, and the connection of who asked.
    """

    listening: socket.socket
    poll: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    running: dict[int, tuple[int, socket.socket]] = field(default_factory=dict)

    def next(self) -> dict[str, Any] | None:
        """Return what to run, in the fork that is to run it; None at the end."""
        self.poll.register(self.listening, selectors.EVENT_READ, self._asked)
        self.poll.register(0, selectors.EVENT_READ)
        while True:
            for key, _ in self.poll.select():
                if key.data is None:
                    self._end()
                    return None
                if (asked := key.data()) is not None:
                    return asked  # type: ignore[no-any-return]

    def _asked(self) -> dict[str, Any] | None:
        connection, _ = self.listening.accept()
        head, files, _, _ = socket.recv_fds(connection, 8, 3)
        with connection.makefile("rb") as stream:
            asked: dict[str, Any] = json.loads(stream.read(int.from_bytes(head, "big")))
        for name in (*LIBRARIES, *(EVIDENTLY if "-P" in asked["words"] else ())):
            import_module(name)
        import_module(
            "pydantic.plugin._loader"
        ).get_plugins()  # else each fork looks through all packages that are installed
        gc.freeze()  # what is never looked at is never copied
        if process := os.fork():
            for file in files:
                os.close(file)
            watched = os.pidfd_open(process)
            self.running[watched] = process, connection
            self.poll.register(watched, selectors.EVENT_READ, lambda: self._ended(watched))
            self.poll.register(connection, selectors.EVENT_READ, lambda: self._left(watched))
            return None
        os.setsid()
        for number, file in enumerate(files):
            os.dup2(file, number)
        os.closerange(3, 1024)
        return asked

    def _ended(self, watched: int) -> None:
        """Tell the exit code, or the signal as a negative number."""
        process, connection = self.running.pop(watched)
        code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        self.poll.unregister(watched)
        os.close(watched)
        with suppress(KeyError):
            self.poll.unregister(connection)
        with connection, suppress(OSError):
            connection.sendall(code.to_bytes(2, "big", signed=True))

    def _left(self, watched: int) -> None:
        """Kill what nobody waits for any more."""
        process, connection = self.running[watched]
        self.poll.unregister(connection)
        with suppress(ProcessLookupError):
            os.killpg(process, signal.SIGKILL)

    def _end(self) -> None:
        for process, _ in self.running.values():
            with suppress(ProcessLookupError):
                os.killpg(process, signal.SIGKILL)


def be(asked: dict[str, Any]) -> NoReturn:
    """Run the program to its end, but for what Python takes down only then: that would cost more than all the rest."""
    code = 0
    try:
        run(asked)
    except SystemExit as exc:
        code = exc.code if isinstance(exc.code, int) else int(exc.code is not None)
        if isinstance(exc.code, str):
            sys.stderr.write(f"{exc.code}\n")
    except BaseException:  # noqa: BLE001 - as Python does
        traceback.print_exc()
        code = 1
    threading._shutdown()  # type: ignore[attr-defined] # noqa: SLF001 - waits for threads, as at any end
    atexit._run_exitfuncs()  # noqa: SLF001
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def run(asked: dict[str, Any]) -> None:
    """Start as Python would."""
    os.environ.clear()
    os.environ.update(asked["env"])
    time.tzset()
    os.chdir(asked["cwd"])
    os.umask(asked["mask"])
    _, *words = sys.orig_argv = asked["words"]
    sys.path[:] = asked["path"]
    if words[0] == "-P":
        warnings.simplefilter("ignore")
        sys.argv = words[3:4]
        exec(words[4], {"__name__": "__main__"})
    elif words[0] == "-c":
        sys.argv, sys.path[:0] = ["-c", *words[2:]], [""]
        exec(words[1], {"__name__": "__main__"})
    elif words[0] == "-m":
        sys.argv, sys.path[:0] = words[1:], [asked["cwd"]]
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv, sys.path[:0] = words, [str(Path(words[0]).parent)]
        runpy.run_path(words[0], run_name="__main__")


if __name__ == "__main__":
    found = Server(socket.socket(fileno=int(sys.argv[1]))).next()
    be(found) if found is not None else os._exit(0)

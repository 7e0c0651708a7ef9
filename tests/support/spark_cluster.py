"""A standalone Spark cluster on this machine: a master and workers, each a process that ends with ours, however ours ends."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT = 120  # seconds until a process says that it is ready
PR_SET_PDEATHSIG = 1
LOCAL = {"SPARK_LOCAL_IP": "127.0.0.1"}
CHEAP = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]  # nobody runs long enough for more to pay
INTERPRETED = {  # for few rows, compiling each query takes longer than the query
    "spark.sql.codegen.wholeStage": False,
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}
OPTIONS = {  # of an application that is as cheap
    "spark.driver.memory": "512m",
    "spark.driver.extraJavaOptions": " ".join(CHEAP),
    "spark.executor.memory": "512m",
    "spark.executor.extraJavaOptions": " ".join(CHEAP),
    "spark.sql.shuffle.partitions": 2,
}
LIBC = ctypes.CDLL(None)


class Cluster:
    """Where the master listens, its number as a process, and the workers' processes."""

    def __init__(self, master: str, pid: int, workers: list[subprocess.Popen[bytes]]) -> None:
        self.master, self.pid, self.workers = master, pid, workers


@contextmanager
def cluster(folder: Path, *, workers: int = 2, memory: str = "1g") -> Iterator[Cluster]:
    """Start a master and workers of one core each, which write below `folder`; stop all of them at the end."""
    with ExitStack() as stack:
        process = stack.enter_context(_started("master.Master", folder / "master"))
        master = _line(folder / "master", r"Starting Spark master at (\S+)", process)
        homes = [folder / f"worker{number}" for number in range(workers)]
        options = ["--cores", "1", "--memory", memory]
        processes = [
            stack.enter_context(_started("worker.Worker", home, *options, "--work-dir", str(home), master))
            for home in homes
        ]
        for home, worker in zip(homes, processes, strict=True):
            _line(home, "Successfully registered with master (.*)", worker)
        yield Cluster(master, process.pid, processes)


@contextmanager
def _started(what: str, home: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a class of Spark, which logs into the folder `home`."""
    import pyspark

    spark = Path(pyspark.__file__).parent
    home.mkdir(parents=True)
    command = ["java", "-Xmx256m", *CHEAP, "-cp", f"{spark}/jars/*", f"org.apache.spark.deploy.{what}"]
    command += ["--host", "127.0.0.1", "--port", "0", "--webui-port", "0", *options]
    env = {"SPARK_HOME": str(spark), "SPARK_SCALA_VERSION": "2.13", "SPARK_LOCAL_DIRS": str(home), **LOCAL}
    with (home / "log").open("wb") as out:
        process = subprocess.Popen(
            command,
            stdout=out,
            stderr=out,
            env={**os.environ, **env},
            cwd=home,
            preexec_fn=_die_with_us,  # noqa: PLW1509 (it takes no lock)
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _die_with_us() -> None:
    """Leave the group that Ctrl-C reaches, and end when our parent does; executors end when their worker does."""
    os.setpgid(0, 0)
    if sys.platform == "linux":
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _line(home: Path, pattern: str, process: subprocess.Popen[bytes]) -> str:
    """Wait for a line of a log, and return what it names."""
    until = time.monotonic() + LIMIT
    while time.monotonic() < until and process.poll() is None:
        if found := re.search(pattern, (home / "log").read_text(errors="replace")):
            return found[1]
        time.sleep(0.05)
    raise AssertionError((home / "log").read_text(errors="replace")[-3000:])

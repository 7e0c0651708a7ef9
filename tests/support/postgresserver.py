"""A PostgreSQL server of the tests' own, on loopback: a real one, in a temporary folder, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

USER, PASSWORD = "owner", "p@ss/wörd:of%tests"


@dataclass(frozen=True)
class PostgresServer:
    """A server that runs."""

    port: int

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """Connect as the owner of everything, who can write."""
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=USER, password=PASSWORD, dbname=database, autocommit=True
        )

    def url(self, database: str) -> str:
        """Return the address as params.yaml has it."""
        return f"postgresql://$SHOP_USER:$SHOP_PASSWORD@127.0.0.1:{self.port}/{database}"


class Shop:
    """A database of its own on the server."""

    def __init__(self, server: PostgresServer, name: str) -> None:
        self.server = server
        self.name = name
        with server.connect() as con:
            con.execute(f"CREATE DATABASE {self.name}")
        self.url = server.url(self.name)

    def run(self, *statements: str) -> None:
        """Run statements as the owner."""
        with self.server.connect(self.name) as con:
            for statement in statements:
                con.execute(statement)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with self.server.connect(self.name) as con:
            return con.execute(query).fetchall()

    def load(self, table: str, frame: pd.DataFrame) -> None:
        """Put a frame into a table that is there."""
        with self.server.connect(self.name) as con, con.cursor().copy(f"COPY {table} FROM STDIN") as copy:
            for row in frame.astype(object).where(frame.notna(), None).itertuples(index=False):
                copy.write_row(row)


def programs() -> Path | None:
    """Find the folder of the newest server that is installed; Debian has it outside of PATH."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if initdb := shutil.which("initdb"):
        found.append(Path(initdb).resolve().parent)
    return max(found, key=lambda path: path.as_posix(), default=None)


@contextmanager
def running(bin_folder: Path) -> Iterator[PostgresServer]:
    """Run a server; it refuses to be root, and is nobody then."""
    folder = Path(tempfile.mkdtemp(prefix="driftloop-pg-"))  # pytest's own folders are closed to other users
    user: dict[str, Any] = {}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    secret = folder / "password"
    secret.write_text(PASSWORD)
    secret.chmod(0o644)
    env = {"LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]}
    data = folder / "data"
    subprocess.run(
        [bin_folder / "initdb", "-D", data, "-U", USER, f"--pwfile={secret}", "-A", "scram-sha-256", "-E", "UTF8", "--no-sync"],
        check=True, stdout=subprocess.DEVNULL, cwd=folder, env=env, **user,
    )  # fmt: skip
    try:
        for _ in range(5):
            port = free_port()
            settings = [f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={folder}", "fsync=off"]
            process = subprocess.Popen(
                [bin_folder / "postgres", "-D", data, *(part for setting in settings for part in ("-c", setting))],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, env=env, **user,
            )  # fmt: skip
            server = PostgresServer(port)
            try:
                if answers(server, process):
                    yield server
                    return
            finally:
                process.send_signal(signal.SIGQUIT)  # at once: nothing is to be kept
                process.wait(30)
        msg = "PostgreSQL did not start"
        raise RuntimeError(msg)
    finally:
        shutil.rmtree(folder)


def answers(server: PostgresServer, process: subprocess.Popen[bytes]) -> bool:
    """Wait until a server answers; False if it has ended, such as for a port that was taken meanwhile."""
    while process.poll() is None:
        try:
            server.connect().close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return True
    return False


def free_port() -> int:
    """Find a port that is free now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])

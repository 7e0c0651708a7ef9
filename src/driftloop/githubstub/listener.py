"""HTTP on loopback, and the ways in which a connection can fail."""

from __future__ import annotations

import json
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from driftloop.githubstub.answers import Reply

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping

    from driftloop.githubstub.faults import Fault


@dataclass
class Seen:
    """One call that was made; `status` stays None if it was never handled."""

    method: str
    path: str
    login: str | None = None
    status: int | None = None
    fault: str | None = None


class Application(Protocol):
    """What answers the calls that a listener reads."""

    closing: threading.Event

    def note(self, method: str, path: str) -> tuple[Seen, Fault | None]:
        """Record a call, and return the fault that is planned for it."""

    def handle(self, seen: Seen, target: str, headers: Mapping[str, str], data: bytes) -> Reply:
        """Answer a call."""


class Listener(ThreadingHTTPServer):
    """Listens on a free port for an application that answers."""

    daemon_threads = True

    def __init__(self, app: Application) -> None:
        self.app = app
        self.connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), Handler)

    def drop_connections(self) -> None:
        """Close what clients keep open."""
        for connection in list(self.connections):
            with suppress(OSError):  # it may be gone already
                connection.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads from it, which closes it

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore connections that were broken by the client, or on purpose."""


class Handler(BaseHTTPRequestHandler):
    """Reads one call, lets it fail where that is planned, and writes the answer."""

    server: Listener
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet per answer: unbuffered headers cost 40 ms each
    disable_nagle_algorithm = True

    def setup(self) -> None:
        """Remember the connection."""
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        """Forget it."""
        self.server.connections.discard(self.connection)
        super().finish()

    def log_message(self, *args: Any) -> None:
        """Log nothing: `calls` records every call."""

    def _serve(self) -> None:
        app = self.server.app
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        seen, fault = app.note(self.command, urlsplit(self.path).path)
        if fault and fault.kind == "status":
            seen.status = fault.status
            headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
            self._send(Reply(fault.status, {"message": fault.message}, headers))
            return
        if fault and fault.kind == "hang":
            app.closing.wait(fault.seconds)
        if fault and fault.kind in {"hang", "reset"}:
            self._break()
            return
        reply = app.handle(seen, self.path, dict(self.headers), data)
        if fault:
            self._break()
        else:
            self._send(reply)

    def _send(self, reply: Reply) -> None:
        text = b"" if reply.payload is None else json.dumps(reply.payload).encode()
        self.send_response(reply.status)
        limits = {"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "4999", "X-RateLimit-Reset": "4102444800"}
        for name, value in {**limits, **reply.headers}.items():
            self.send_header(name, value)
        if reply.payload is not None:
            self.send_header("Content-Type", "application/json; charset=utf-8")
        if reply.status != 204:  # noqa: PLR2004
            self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def _break(self) -> None:
        """Drop the connection without an answer, as a reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815

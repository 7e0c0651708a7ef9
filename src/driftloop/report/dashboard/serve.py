"""Show the dashboard on this computer alone, and bring it up to date when a run ends."""

from __future__ import annotations

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from jinja2 import PackageLoader

from driftloop.errors import LoopError
from driftloop.store.files import CARD, DECISION, OVERVIEW, VERDICT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WATCHED = (DECISION, OVERVIEW, VERDICT, CARD)
HOST = "127.0.0.1"
# Only what is served here may ask this server whether there is something new; the files do not.
RELOADS = (b"default-src 'none';", b"default-src 'none'; connect-src 'self';"), (
    b"</head>",
    b'<script src="reload.js" defer></script>\n</head>',
)  # fmt: skip


class Server(ThreadingHTTPServer):
    """Serves a site, and builds it anew when what it is made of has changed.

    Attributes
    ----------
    url
        Where to open it.
    """

    daemon_threads = True

    def __init__(self, root: Path, out: Path, *, build: Callable[[], Path], port: int = 0) -> None:
        """Build the site, and listen; port 0 takes a free one."""
        self.root, self.out, self.rebuild = root, out, build
        self.seen = self._look()
        build()
        super().__init__((HOST, port), partial(_Handler, directory=str(out)))
        self.url = f"http://{HOST}:{self.server_port}/"

    def revision(self) -> str:
        """Name the state of the page, after building it anew where a run has ended since."""
        now = self._look()
        if now != self.seen:
            try:
                self.rebuild()
            except LoopError:  # a run is under way: it has removed what it will write again
                return str(hash(self.seen))
            self.seen = now
        return str(hash(self.seen))

    def _look(self) -> tuple[int, ...]:
        paths = (self.root / path for path in WATCHED)
        return tuple(path.stat().st_mtime_ns if path.exists() else 0 for path in paths)


class _Handler(SimpleHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if self.headers.get("Host", "").partition(":")[0] not in (HOST, "localhost"):
            self.send_error(403)  # another name leads here: a page elsewhere may not read this one
        elif path == "/revision":
            self._send(self.server.revision().encode(), "text/plain")
        elif path == "/reload.js":
            source = PackageLoader("driftloop.report.dashboard", "static").get_source(None, "reload.js")[0]  # type: ignore[arg-type]
            self._send(source.encode(), "text/javascript")
        elif path in ("/", "/index.html"):
            page = (self.server.out / "index.html").read_bytes()
            for before, after in RELOADS:
                page = page.replace(before, after, 1)
            self._send(page, "text/html; charset=utf-8")
        else:
            super().do_GET()

    def log_message(self, *_: object) -> None:
        """Stay quiet."""

    def _send(self, content: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)

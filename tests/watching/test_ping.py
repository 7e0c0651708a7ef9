"""A ping never fails the run, goes nowhere but where it may, and never prints its address."""

from __future__ import annotations

import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest

from driftloop.watching.ping import allowed, ping

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "s3cret-check"


class Answers(BaseHTTPRequestHandler):
    """Answers as the path asks for."""

    def do_GET(self) -> None:
        self.server.seen.append(self.path)  # type: ignore[attr-defined]
        what = self.path.rpartition("/")[2]
        if what == "hang":
            self.server.done.wait(10)  # type: ignore[attr-defined]
            return
        if what == "garbage":
            self.wfile.write(b"no http\r\n\r\n")
            return
        places = {
            "file": "file:///etc/passwd",
            "there": f"/{SECRET}/200",
            "ftp": "ftp://127.0.0.1/x",
            "plain": "http://example.org/",
        }
        self.send_response(302 if what in places else int(what))
        if what in places:
            self.send_header("Location", places[what])
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HTTPServer]:
    monkeypatch.setenv("no_proxy", "*")
    found = HTTPServer(("127.0.0.1", 0), Answers)
    found.seen, found.done = [], threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=found.serve_forever, args=(0.02,))
    thread.start()
    yield found
    found.done.set()  # type: ignore[attr-defined]
    found.shutdown()
    thread.join()
    found.server_close()


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("200", "pinged: 200"),
        ("there", "pinged: 200"),
        ("404", "the ping failed (404); the run is good all the same"),
        ("500", "the ping failed (500); the run is good all the same"),
        ("file", "the ping failed (302, a redirect that is not followed); the run is good all the same"),
        ("ftp", "the ping failed (302, a redirect that is not followed); the run is good all the same"),
        ("plain", "the ping failed (302, a redirect that is not followed); the run is good all the same"),
        ("hang", "the ping failed (TimeoutError); the run is good all the same"),
        ("garbage", "the ping failed (BadStatusLine); the run is good all the same"),
    ],
)
def test_ping__says_what_came_of_it(server: HTTPServer, path: str, said: str) -> None:
    assert ping(f"http://127.0.0.1:{server.server_port}/{SECRET}/{path}", seconds=0.3) == said
    assert server.seen[0] == f"/{SECRET}/{path}"  # type: ignore[attr-defined]


def test_ping__of_a_server_that_is_not_there_is_no_failure(server: HTTPServer) -> None:
    port = server.server_port
    server.server_close()
    said = ping(f"http://127.0.0.1:{port}/{SECRET}", seconds=0.3)
    # Somebody else's process may have taken the port meanwhile, and refuses in its own way.
    assert re.fullmatch(r"the ping failed \(Connection(Refused|Reset)Error\); the run is good all the same", said)


@pytest.mark.parametrize(
    "url",
    [f"http://example.org/{SECRET}", f"file:///{SECRET}", f"ftp://127.0.0.1/{SECRET}", SECRET, f"https://[{SECRET}"],
)
def test_ping__of_no_https_address_sends_nothing(url: str) -> None:
    assert not allowed(url)
    assert ping(url) == "no ping: the secret DRIFTLOOP_PING_URL is no https:// address"


def test_ping__without_an_address_is_none() -> None:
    assert ping("") == "no ping: the secret DRIFTLOOP_PING_URL is not set"

"""The token for Git reaches its own server, and no message and no other server."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from exposed import exposed

from driftloop.git import Git, GitError, credentials
from driftloop.github.runtime import Token

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = Token("ghs_notToBeSeenAnywhere")
BASIC = "eC1hY2Nlc3MtdG9rZW46Z2hzX25vdFRvQmVTZWVuQW55d2hlcmU="


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_SSL_NO_VERIFY", "1")


class Listener:
    """An https server that refuses everything and keeps what it was sent."""

    def __init__(self, folder: Path) -> None:
        self.headers: list[list[str]] = []
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                listener.headers.append(self.headers.get_all("Authorization") or [])
                self.send_response(403)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                """Say nothing."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate(folder))
        self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self.http.server_port}"
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.02,))


def certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    private = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(key.private_bytes(*private) + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Listener]:
    found = Listener(tmp_path)
    found.thread.start()
    yield found
    found.http.shutdown()
    found.thread.join()
    found.http.server_close()


@pytest.fixture
def root(tmp_path: Path, server: Listener) -> Path:
    path = tmp_path / "clone"
    subprocess.run(["git", "init", "--quiet", str(path)], check=True)
    config(path, "remote.origin.url", f"{server.url}/acme/bikes.git")
    return path


def config(root: Path, name: str, value: str) -> None:
    subprocess.run(["git", "config", "--add", name, value], cwd=root, check=True)


def ask(git: Git) -> str:
    with pytest.raises(GitError, match="403") as caught:
        git.remote_head("main")
    return exposed(caught.value)


def test_token__reaches_its_server_and_no_message(server: Listener, root: Path) -> None:
    said = ask(Git(root, token=TOKEN, server_url=server.url))
    assert server.headers == [[f"basic {BASIC}"]]
    assert TOKEN.value not in said
    assert BASIC not in said
    assert BASIC not in (root / ".git" / "config").read_text(encoding="utf-8")


def test_token__takes_the_place_of_what_checkout_left(server: Listener, root: Path) -> None:
    config(root, f"http.{server.url}/.extraheader", "AUTHORIZATION: basic b2xkOm9sZA==")
    ask(Git(root, token=TOKEN, server_url=server.url))
    assert server.headers == [[f"basic {BASIC}"]]


def test_no_token__leaves_what_checkout_left(server: Listener, root: Path) -> None:
    config(root, f"http.{server.url}/.extraheader", "AUTHORIZATION: basic b2xkOm9sZA==")
    ask(Git(root, server_url=server.url))
    assert server.headers == [["basic b2xkOm9sZA=="]]


def test_token__goes_to_no_other_server(server: Listener, root: Path) -> None:
    ask(Git(root, token=TOKEN, server_url="https://github.com"))
    ask(Git(root, token=TOKEN, server_url=server.url.replace("https", "http")))
    assert server.headers == [[], []]


def test_token__adds_to_the_configuration_in_the_environment(
    server: Listener, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "remote.other.url")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", f"{server.url}/acme/other.git")
    ask(Git(root, "other", TOKEN, server.url))
    assert server.headers == [[f"basic {BASIC}"]]


def test_credentials__are_for_https_and_a_token_only() -> None:
    assert credentials(None, "https://github.com") == {}
    assert credentials(TOKEN, "http://127.0.0.1:80") == {}

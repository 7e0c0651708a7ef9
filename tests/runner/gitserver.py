"""Git over HTTPS, as github.com speaks it: the real `git http-backend` behind the tokens of the stand-in."""

from __future__ import annotations

import base64
import os
import re
import ssl
import subprocess
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from runner.certificate import certificate

from driftloop.githubstub import observe_pushes

if TYPE_CHECKING:
    from pathlib import Path

    from driftloop.githubstub import GitHubServer, Repository, Token

# Runs in the bare repository at each push that comes by HTTPS; people's clones push to the folder and have no REMOTE_USER.
PRE_RECEIVE = """#!/bin/sh
[ -n "$REMOTE_USER" ] || exit 0
while read -r old new ref; do
  if git config --get-all driftloop.protected | grep -qxF -- "$ref"; then
    echo "error: GH006: Protected branch update failed for $ref." >&2
    exit 1
  fi
  case $new in *[!0]*) ;; *) continue ;; esac
  if [ "$REMOTE_USER" = actions ] &&
     git log --format= --name-only "$new" --not --all | grep -q '^\\.github/workflows/'; then
    echo "refusing to allow a GitHub App to create or update workflow without \\`workflows\\` permission" >&2
    exit 1
  fi
done
"""


def open_to_pushes(repo: Repository) -> None:
    """Let a bare repository be pushed to under GitHub's rules."""
    hook = repo.git.path / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(PRE_RECEIVE)
    hook.chmod(0o755)
    repo.git.run("config", "http.receivepack", "true")


def protect(repo: Repository, branch: str) -> None:
    """Refuse direct pushes to a branch, as a protection rule does."""
    repo.git.run("config", "--add", "driftloop.protected", f"refs/heads/{branch}")


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    hub: GitHubServer


@dataclass
class GitServer:
    """The server; a context manager. `url` is GITHUB_SERVER_URL."""

    hub: GitHubServer
    folder: Path

    def __enter__(self) -> Self:
        self._http = _Listener(("127.0.0.1", 0), _Handler)
        self._http.hub = self.hub
        self.ca, key = certificate(self.folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.ca, key)
        self._http.socket = context.wrap_socket(self._http.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"https://localhost:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: _Listener
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        parts, data = urlsplit(self.path), self._body()
        match = re.fullmatch(
            r"/([\w.-]+/[\w.-]+?)(?:\.git)?(/(?:info/refs|git-upload-pack|git-receive-pack))", parts.path
        )
        world, token = self.server.hub.world, self._token()
        repo = world.repositories.get(match[1]) if match else None
        pushes = "git-receive-pack" in self.path
        if repo is None or match is None or (token and not repo.visible(token)):
            self._answer(404, b"Repository not found.")
        elif token is None and (pushes or repo.private):
            self._answer(401, b"", ("WWW-Authenticate", 'Basic realm="GitHub"'))
        elif token and not repo.allows(token, "contents", "write" if pushes else "read", "write" if pushes else "read"):
            said = f"Permission to {repo.name}.git denied to {token.actor.login}.\n"
            self._answer(403, said.encode(), ("Content-Type", "text/plain"))
        elif pushes and token:
            with self.server.hub._lock:  # noqa: SLF001 - else a call could come in between, and see somebody else's push
                observe_pushes(world)
                self._git(repo, match[2], parts.query, data, token.kind)
                observe_pushes(world, by=token)
        else:
            self._git(repo, match[2], parts.query, data, "")

    def _token(self) -> Token | None:
        kind, _, given = self.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "basic":
            return None
        return self.server.hub.world.tokens.get(base64.b64decode(given).decode().partition(":")[2])

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        data = b""
        while size := int(self.rfile.readline(), 16):
            data += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return data

    def _git(self, repo: Repository, path: str, query: str, data: bytes, user: str) -> None:
        env = {
            "PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_PROJECT_ROOT": str(repo.git.path), "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path, "QUERY_STRING": query,
            "REQUEST_METHOD": self.command, "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(data)), "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""), "REMOTE_USER": user,
        }  # fmt: skip
        done = subprocess.run(["git", "http-backend"], env=env, input=data, capture_output=True, check=False)
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        pairs = [line.split(": ", 1) for line in head.decode().splitlines()]
        status = next((int(value.split()[0]) for name, value in pairs if name == "Status"), 200)
        self._answer(status, body, *((name, value) for name, value in pairs if name != "Status"))

    def _answer(self, status: int, body: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

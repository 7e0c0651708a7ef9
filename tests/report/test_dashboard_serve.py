"""The dashboard served on this computer: it is brought up to date when a run has ended, and nobody else may read it."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest
from sites import BUILT, fill, make_overview

from driftloop.report import site
from driftloop.report.dashboard.serve import Server
from driftloop.store.files import DECISION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    root, out = fill(tmp_path / "repo", make_overview()), tmp_path / "out"
    with Server(root, out, build=lambda: site.build(root, out, built=BUILT)) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def get(server: Server, path: str, host: str | None = None) -> str:
    asked = urllib.request.Request(server.url + path, headers={"Host": host} if host else {})
    with urllib.request.urlopen(asked) as answer:
        return str(answer.read().decode())


def test_server__shows_the_page_and_what_lies_beside_it(server: Server) -> None:
    assert '<script src="reload.js" defer>' in get(server, "")
    assert "connect-src 'self'" in get(server, "index.html")
    assert "--paper" in get(server, "dashboard.css")
    assert "location.reload" in get(server, "reload.js")
    assert "reload.js" not in (server.out / "index.html").read_text("utf-8")


def test_server__is_new_after_a_run(server: Server) -> None:
    before = get(server, "revision")
    assert get(server, "revision") == before
    fill(server.root, make_overview(), status="healthy")
    assert get(server, "revision") != before
    assert "bikes v1 is healthy" in " ".join(get(server, "").replace("<bdi>", "").replace("</bdi>", "").split())


def test_server__waits_while_a_run_is_under_way(server: Server) -> None:
    before = get(server, "revision")
    (server.root / DECISION).unlink()
    assert get(server, "revision") == before
    assert "bikes" in get(server, "")


def test_server__answers_to_no_other_name(server: Server) -> None:
    with pytest.raises(urllib.error.HTTPError, match="403"):
        get(server, "", host="evil.example")

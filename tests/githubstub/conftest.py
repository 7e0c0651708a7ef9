from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hub import Hub, make_hub

from driftloop.githubstub import GitHubServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def lax(tmp_path: Path) -> Iterator[Hub]:
    """For tests that ask what GitHub's description forbids."""
    hub = make_hub(tmp_path, GitHubServer)
    with hub.server:
        yield hub
        for api in hub.open:
            api.close()


@pytest.fixture
def hub(lax: Hub) -> Iterator[Hub]:
    yield lax
    assert lax.server.violations == []

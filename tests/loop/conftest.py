from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from adapter import Site
from hub import make_hub

from driftloop.rehearsal import GitHubServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A stand-in for GitHub; whatever was asked or answered against GitHub's description fails the test."""
    found = Site(make_hub(tmp_path, GitHubServer))
    with found.stand.server:
        yield found
        for hub in found.open:
            hub.__exit__()
        for api in found.stand.open:
            api.close()
    assert found.stand.server.violations == []

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from adapter import Site
from hub import make_hub

from driftloop.rehearsal import GitHubServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from driftloop.github.hub import Hub


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    found = Site(make_hub(tmp_path, GitHubServer))
    with found.stand.server:
        yield found
        for hub in found.open:
            hub.__exit__()
        for api in found.stand.open:
            api.close()
    assert found.stand.server.violations == []


@pytest.fixture
def hub(site: Site) -> Hub:
    return site.hub()


@pytest.fixture
def count(site: Site) -> Callable[[], int]:
    """How many calls came since the last look."""

    def counted() -> int:
        found = len(site.stand.server.calls)
        site.stand.server.calls.clear()
        return found

    return counted

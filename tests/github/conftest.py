from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapter import Site

    from driftloop.github.hub import Hub


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

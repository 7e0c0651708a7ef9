from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import postgresserver
import pytest
from postgresserver import PASSWORD, USER, PostgresServer, Shop

if TYPE_CHECKING:
    from collections.abc import Iterator

NUMBERS = count()


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    """A real server, once for each worker."""
    programs = postgresserver.programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    with postgresserver.running(programs) as found:
        yield found


@pytest.fixture
def shop(server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """An empty database, and the environment by which it is entered."""
    monkeypatch.setenv("SHOP_USER", USER)
    monkeypatch.setenv("SHOP_PASSWORD", PASSWORD)
    return Shop(server, f"shop{next(NUMBERS)}")

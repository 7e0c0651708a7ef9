from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from workspace import Workspace

from driftloop.sources.simulator import SINCE, simulate

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


@pytest.fixture(scope="session")
def calm() -> pd.DataFrame:
    """Simulated hours without any event."""
    return simulate(SINCE, datetime(2024, 7, 1, tzinfo=UTC), events=())


@pytest.fixture(scope="session")
def healthy_base(tmp_path_factory: pytest.TempPathFactory, calm: pd.DataFrame) -> Workspace:
    """A pipeline on a CSV file, with production promoted and five calm weeks since."""
    root = tmp_path_factory.mktemp("healthy")
    calm.to_csv(root / "rows.csv", index=False)
    space = Workspace.create(root, source={"kind": "files", "path": str(root / "rows.csv")})
    space.run("collect", "prepare", "refit", "train", "evaluate").promote(first=True)
    return space.set(source={"until": "2024-06-17T00:00Z"}).run()


@pytest.fixture
def healthy(healthy_base: Workspace, tmp_path: Path) -> Workspace:
    """A copy of it to break."""
    space = healthy_base.copy(tmp_path / "w")
    return space.set(source={"path": str(space.root / "rows.csv")})

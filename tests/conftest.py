from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import forks
import pytest
import scipy.special  # noqa: F401 - first, for the reason that driftloop.stages.running gives
from adapter import Site
from hub import make_hub
from once import once
from workspace import Workspace

from driftloop.githubstub import GitHubServer
from driftloop.sources.simulator import SINCE, simulate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let texts be written anew, to be reviewed as a diff."""
    parser.addoption("--rewrite-golden", action="store_true", help="write tests/report/golden/ from what the code says")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, so that no worker begins it when the others have ended."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(autouse=True)
def _no_run_of_actions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests that run on Actions write nothing on the page of their own run."""
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session", autouse=True)
def _forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What tests start as programs need not import our libraries anew."""
    with pytest.MonkeyPatch.context() as patch, forks.opened(tmp_path_factory.mktemp("forks")) as env:
        for name, text in env.items():
            patch.setenv(name, text)
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_proxy() -> Iterator[None]:
    """Nothing on this machine is asked through a proxy; to look for one takes as long as a request."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "127.0.0.1,localhost")
        yield


@pytest.fixture(scope="session")
def calm() -> pd.DataFrame:
    """Simulated hours without any event."""
    return simulate(SINCE, datetime(2024, 7, 1, tzinfo=UTC), events=())


@pytest.fixture(scope="session")
def healthy_base(tmp_path_factory: pytest.TempPathFactory, calm: pd.DataFrame) -> Workspace:
    """A pipeline on a CSV file, with production promoted and five calm weeks since; made once for all workers."""

    def make(root: Path) -> None:
        calm.to_csv(root / "rows.csv", index=False)
        space = Workspace.create(root, source={"kind": "files", "path": str(root / "rows.csv")})
        space.run("collect", "prepare", "refit", "alarms", "train", "evaluate").promote(first=True)
        space.set(source={"until": "2024-06-17T00:00Z"}).run()

    return Workspace(once(tmp_path_factory, "healthy", make))


@pytest.fixture
def healthy(healthy_base: Workspace, tmp_path: Path) -> Workspace:
    """A copy of it to break."""
    space = healthy_base.copy(tmp_path / "w")
    return space.set(source={"path": str(space.root / "rows.csv")})


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

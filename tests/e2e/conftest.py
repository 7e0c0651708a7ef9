from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from runner.language import HERE, Language
from runner.setting import Setting, Tools, setting, tools

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def language() -> Iterator[Language]:
    """GitHub's parser and evaluator; `make test` installs them."""
    if not (HERE / "node_modules/@actions").is_dir():
        why = (
            "GitHub's parser of workflows is not installed: `make test` does it, where the npm registry can be reached"
        )
        (pytest.fail if os.environ.get("DRIFTLOOP_REQUIRE_NODE") else pytest.skip)(why)
    with Language() as found:
        yield found


@pytest.fixture(scope="session")
def found(tmp_path_factory: pytest.TempPathFactory) -> Tools:
    """What machines find; DVC's cache is shared by all tests of a worker."""
    root = tmp_path_factory.mktemp("tools")
    return tools(root, root / "cache")


@pytest.fixture
def world(tmp_path: Path, language: Language, found: Tools) -> Iterator[Setting]:
    """A world with a runner."""
    with setting(tmp_path, language, found) as made:
        yield made
